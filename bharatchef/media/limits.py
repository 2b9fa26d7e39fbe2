"""What a film may cost to open: sizes, times and memory, and the watch that keeps to them.

Knows nothing of what is done with a film, nor of settings: a caller makes its own ``Limits``.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

from pydantic import Field

from bharatchef.errors import MediaError
from bharatchef.vocabulary import Record

_STATM = Path("/proc/self/statm")


class Limits(Record):
    """Bounds on one uploaded film; what lies outside is refused with a ``MediaError``.

    ``max_pixels`` bounds one picture (17 million: 5.3K action cameras fit, 8K does not);
    ``max_gap_s`` the time between two neighbouring pictures; ``max_memory_bytes`` the memory this
    process may gain while a film is open; the two timeouts bound wall-clock time.
    """

    max_duration_s: Annotated[float, Field(gt=0)] = 3600.0
    max_bytes: Annotated[int, Field(gt=0)] = 8_000_000_000
    max_pixels: Annotated[int, Field(gt=0)] = 17_000_000
    min_side_px: Annotated[int, Field(gt=0)] = 32
    max_side_ratio: Annotated[float, Field(gt=1)] = 10.0
    min_fps: Annotated[float, Field(gt=0)] = 1.0
    max_fps: Annotated[float, Field(gt=0)] = 250.0
    max_gap_s: Annotated[float, Field(gt=0)] = 30.0
    max_header_bytes: Annotated[int, Field(gt=0)] = 64_000_000
    max_memory_bytes: Annotated[int, Field(gt=0)] = 1_500_000_000
    inspect_timeout_s: Annotated[float, Field(gt=0)] = 120.0
    prepare_timeout_s: Annotated[float, Field(gt=0)] = 3600.0


def resident_bytes() -> int:
    """Memory this process holds now, in bytes; 0 where the system does not say."""
    try:
        return int(_STATM.read_bytes().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return 0


class Watch:
    """Ends work on a film that takes too long or too much memory, or that nobody wants any more.

    Args:
        timeout_s: wall-clock seconds from now.
        max_memory_bytes: how much this process may grow from now.
        cancelled: asked often; true ends the work.
    """

    def __init__(
        self, timeout_s: float, max_memory_bytes: int, cancelled: Callable[[], bool] | None = None
    ) -> None:
        self._timeout_s = timeout_s
        self._deadline = time.monotonic() + timeout_s
        self._max_memory_bytes = max_memory_bytes
        self._memory_at_start = resident_bytes()
        self._cancelled = cancelled

    def check(self) -> None:
        """Return where work may go on.

        Raises:
            MediaError: ``timeout``, ``memory`` or ``cancelled``.
        """
        if self._cancelled is not None and self._cancelled():
            raise MediaError("Work on this film was cancelled.", "Start it again to go on.", kind="cancelled")
        if time.monotonic() > self._deadline:
            raise MediaError(
                f"This film took longer than the {self._timeout_s:g} s that are allowed for it.",
                "Send a shorter film, or one in a smaller size such as 1280x720.",
                kind="timeout",
            )
        gained = resident_bytes() - self._memory_at_start
        if gained > self._max_memory_bytes:
            raise MediaError(
                f"Opening this film takes more than the {self._max_memory_bytes // 1_000_000} MB of memory"
                f" that are allowed ({gained // 1_000_000} MB so far).",
                "Send a film in a smaller size such as 1280x720, as the camera wrote it.",
                kind="memory",
            )
