"""What keys and content types an object store takes on every side; knows nothing of where bytes lie."""

from __future__ import annotations

import re

from bharatchef.errors import StoreError

_LONGEST_KEY_BYTES = 1024  # S3's own limit, so that a key which works on one side works on the other
_LONGEST_PART_BYTES = 255
_UNFIT = re.compile(r"[\x00-\x1f\x7f-\x9f\\\u2028\u2029]")
_CONTENT_TYPE = re.compile(r"[a-z]+/[a-z0-9][a-z0-9.+-]*(; ?charset=[a-z0-9-]+)?")


def key_parts(key: str) -> tuple[str, ...]:
    """The parts of a key between its slashes.

    Raises:
        StoreError: the key is empty, absolute or too long, or has a part that is empty, begins with a dot, or
            holds a backslash, a control character or what UTF-8 cannot write.
    """
    parts = tuple(key.split("/"))
    if any(is_bad_part(part) for part in parts) or len(key.encode("utf-8", "replace")) > _LONGEST_KEY_BYTES:
        raise StoreError(
            f"Expected a relative key like 'results/ev-1/report.html', got {key[:200]!r}.",
            "Each part between slashes has 1 to 255 bytes, does not begin with a dot, and holds no backslash "
            "and no control character; a key has at most 1,024 bytes.",
        )
    return parts


def shown(key: str) -> str:
    """A key as errors and logs may say it: a key names a person where it begins with whose it is."""
    first, _, rest = key.partition("/")
    if first in ("trainee", "people") and "/" in rest:
        return f"{first}/…/{rest.split('/', 1)[1]}"
    return f"{first}/…" if first in ("trainee", "people") else key


def is_bad_part(part: str) -> bool:
    """Whether what stands between two slashes may not stand there."""
    try:
        length = len(part.encode())
    except UnicodeEncodeError:
        return True
    return not 1 <= length <= _LONGEST_PART_BYTES or part.startswith(".") or _UNFIT.search(part) is not None


def check_content_type(content_type: str) -> None:
    """Return where it is one. A folder keeps none, S3 does: a wrong one is to show on both sides.

    Raises:
        StoreError: it is none.
    """
    if not _CONTENT_TYPE.fullmatch(content_type):
        raise StoreError(f"Expected a content type like 'image/jpeg', got {content_type!r}.")
