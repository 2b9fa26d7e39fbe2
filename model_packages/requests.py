"""What every package says to a request that it cannot answer, and how it reads a request's head.

Knows no package. Behind a host ``status_code`` becomes the answer's status, and the words go to the client.
"""

from __future__ import annotations


class RequestError(ValueError):
    """A request that cannot be answered; ``status_code`` is the HTTP status that says so."""

    def __init__(self, message: str, status_code: int) -> None:
        super().__init__(message)
        self.status_code = status_code


def kind_of(content_type: str, *known: str) -> str:
    """The content type without its parameters, in small letters.

    Raises:
        RequestError: it is none of ``known`` (415).
    """
    kind = content_type.split(";")[0].strip().lower()
    if kind not in known:
        raise RequestError(f"expected a body of content type {' or '.join(known)}, got another", 415)
    return kind


def check_json_accepted(accept: str) -> None:
    """Return where an answer in JSON is wanted.

    Raises:
        RequestError: something else is asked for (406).
    """
    if accept.split(";")[0].strip().lower() not in ("application/json", "*/*", ""):
        raise RequestError("expected application/json to be accepted, got another content type", 406)
