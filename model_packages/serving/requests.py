"""Reads requests and writes answers of the hosts' HTTP interface; knows nothing of models."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from model_packages.serving.package import JSON, Manifest, PackageError

Scope = Mapping[str, Any]
Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

# A client that is still sending reads no answer, and closing on it resets the connection: what it sends is
# read and thrown away, up to so much and so long.
_DRAIN_BYTES = 64 * 1024 * 1024
_DRAIN_S = 5.0
# Says in each answer which weights gave it.
WEIGHTS_HEADER = "x-model-weights-sha256"
# TorchServe has no route that may be open to clients and says which model it has: a request for a prediction
# with this header asks for that instead.
ASK_HEADER, ASK_MODEL = "x-bharatchef-ask", "model"
# SageMaker passes on this one header of a request and of its answer, and none of the others.
SAGEMAKER_HEADER = "x-amzn-sagemaker-custom-attributes"
SAGEMAKER_ASK, SAGEMAKER_WEIGHTS = "bharatchef-ask=model", "weights-sha256="
# An asynchronous answer is an object in S3 with no header beside it: who asks so finds the weights within it.
SAGEMAKER_ASK_WITHIN, WEIGHTS_WITHIN = "bharatchef-say=weights", "answeredByWeightsSha256"
# The kind of failure that a package means by its status; any other is the package's own.
_KINDS = {400: "broken_body", 413: "too_large", 415: "content_type"}
_KINDS |= dict.fromkeys((408, 429, 502, 503, 504), "package_unavailable")


class Refused(Exception):
    """A request that gets an error for an answer.

    Args:
        status: the HTTP status.
        kind: a stable word for the class of failure.
        message: what was expected and what came, without a byte of the input.
        headers: more headers of the answer.
    """

    def __init__(
        self, status: int, kind: str, message: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.kind = kind
        self.message = message
        self.headers = dict(headers or {})


def refusal_of(error: PackageError) -> Refused:
    """What a client is told when a package did not answer."""
    headers = {"retry-after": "1"} if error.status in (429, 503) else {}
    return Refused(error.status, _KINDS.get(error.status, "package"), error.public, headers)


def error_body(refused: Refused) -> dict[str, Any]:
    """The JSON object that says what was refused."""
    return {"error": {"kind": refused.kind, "message": refused.message}}


def named(manifest: Manifest, ready: bool) -> dict[str, Any]:
    """The JSON object that says which model a host has."""
    fields = {"analyser", "name", "version", "weights_sha256", "engine", "trained_on"}
    return {**manifest.model_dump(include=fields), "ready": ready}


def asks_for_model(scope: Scope) -> bool:
    """Whether a request for a prediction asks which model there is instead."""
    return header(scope, ASK_HEADER) == ASK_MODEL or header(scope, SAGEMAKER_HEADER) == SAGEMAKER_ASK


def answered_by(manifest: Manifest) -> dict[str, str]:
    """The headers that say which weights gave an answer."""
    sha256 = manifest.weights_sha256
    return {WEIGHTS_HEADER: sha256, SAGEMAKER_HEADER: f"{SAGEMAKER_WEIGHTS}{sha256}"}


def with_weights_within(scope: Scope, raw: bytes, manifest: Manifest) -> bytes:
    """The answer as it is sent: with the weights as one more member of the object where that is asked."""
    if header(scope, SAGEMAKER_HEADER) != SAGEMAKER_ASK_WITHIN:
        return raw
    # Spliced in: an answer has megabytes, and is not read and written once more for this.
    others = raw.rstrip().removesuffix(b"}").rstrip()
    member = json.dumps({WEIGHTS_WITHIN: manifest.weights_sha256})[1:].encode()
    return others + (b"" if others.endswith(b"{") else b",") + member


class ClientGone(Exception):
    """The client closed the connection; nobody is there to answer."""


class Body:
    """The body of one request, read once, within a limit."""

    def __init__(self, scope: Scope, receive: Receive, max_bytes: int) -> None:
        self._receive = receive
        self._max_bytes = max_bytes
        self._said_length = _content_length(scope)
        # A client that asks first whether it may send waits for a word, and sends nothing when refused.
        self._asks_first = header(scope, "expect").lower() == "100-continue"
        self._complete = False
        self._started = False

    async def read(self) -> bytes:
        """All of it.

        Raises:
            Refused: it is larger than the limit, or empty.
            ClientGone: the connection closed before its end.
        """
        if self._said_length is not None and self._said_length > self._max_bytes:
            raise self._too_large()
        parts: list[bytes] = []
        size = 0
        while not self._complete:
            part = await self._next()
            size += len(part)
            if size > self._max_bytes:
                raise self._too_large()
            parts.append(part)
        if size == 0:
            raise Refused(400, "broken_body", "Expected a body, got an empty one.")
        return b"".join(parts)

    async def gone(self) -> None:
        """Return when the client has closed the connection; only after the body was read."""
        received = ""
        while received != "http.disconnect":
            received = (await self._receive())["type"]

    async def drain(self) -> None:
        """Throw away what is still to come, within bounds, so that the answer can be read."""
        if self._complete or (self._asks_first and not self._started):
            return
        size = 0
        try:
            async with asyncio.timeout(_DRAIN_S):
                while not self._complete and size <= _DRAIN_BYTES:
                    size += len(await self._next())
        except (TimeoutError, ClientGone):
            return

    async def _next(self) -> bytes:
        self._started = True
        message = await self._receive()
        if message["type"] == "http.disconnect":
            self._complete = True
            raise ClientGone
        self._complete = not message.get("more_body", False)
        body: bytes = message.get("body", b"")
        return body

    def _too_large(self) -> Refused:
        came = f"{self._said_length}" if self._said_length is not None else "more"
        return Refused(413, "too_large", f"Expected a body of at most {self._max_bytes} bytes, got {came}.")


def header(scope: Scope, name: str) -> str:
    """A request header's value, all of them joined where it came more than once; empty where it is absent."""
    wanted = name.encode()
    return ", ".join(value.decode("latin-1").strip() for key, value in scope["headers"] if key == wanted)


def content_type_of(scope: Scope, taken: Sequence[str]) -> str:
    """The media type of the body, without parameters.

    Raises:
        Refused: it is not among ``taken``, or the body is encoded.
    """
    given = header(scope, "content-type").split(";")[0].strip().lower()
    if given not in taken:
        came = "another one" if given else "none"
        raise Refused(415, "content_type", f"Expected the content type {' or '.join(taken)}, got {came}.")
    if header(scope, "content-encoding").lower() not in ("", "identity"):
        raise Refused(415, "content_type", "Expected a body without Content-Encoding.")
    return given


def check_accept(scope: Scope) -> None:
    """Answers are JSON.

    Raises:
        Refused: the client takes no JSON.
    """
    accept = header(scope, "accept").lower()
    ranges = {part.split(";")[0].strip() for part in accept.split(",")}
    if not ranges & {"", "*/*", "application/*", JSON}:
        raise Refused(406, "accept", f"Answers are {JSON}; expected an Accept header that allows it.")


def _content_length(scope: Scope) -> int | None:
    given = header(scope, "content-length")
    return int(given) if given.isascii() and given.isdigit() else None


async def answer(
    send: Send,
    status: int,
    body: bytes,
    content_type: str = JSON,
    headers: Mapping[str, str] | None = None,
) -> None:
    """Send one whole answer."""
    lines = {"content-type": content_type, "content-length": str(len(body)), **(headers or {})}
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [(name.encode(), value.encode("latin-1")) for name, value in lines.items()],
        }
    )
    await send({"type": "http.response.body", "body": body})


async def answer_json(
    send: Send, status: int, value: Mapping[str, Any], headers: Mapping[str, str] | None = None
) -> None:
    """Send a JSON object."""
    await answer(send, status, json.dumps(value, ensure_ascii=False).encode(), headers=headers)


async def answer_error(send: Send, refused: Refused) -> None:
    """Send ``{"error": {"kind", "message"}}`` with its status."""
    await answer_json(send, refused.status, error_body(refused), refused.headers)
