"""microburst for tests: a proxy before a server that fails as AWS does, when and how a test says."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from servers.emulators import emulator


@dataclass(frozen=True)
class Microburst:
    """A proxy that runs; ``url`` is what a client is given in place of the server's own address."""

    url: str

    def fail(self, **rule: Any) -> None:
        """Fail from now on as ``rule`` says, besides the rules given before (microburst's own words)."""
        self._ask("PATCH", "/_microburst/rules", [rule])

    def clear(self) -> None:
        """Pass everything on unchanged again, and forget what was made to fail."""
        self._ask("POST", "/_microburst/rules", [])
        self._ask("DELETE", "/_microburst/fired")

    def fired(self) -> list[dict[str, Any]]:
        """What was made to fail since the last ``clear``, oldest first: service, operation, action."""
        events = self._ask("GET", "/_microburst/fired?limit=10000")
        assert isinstance(events, list)
        return events

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        request = urllib.request.Request(
            self.url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as response:
            return json.loads(response.read() or b"null")


@contextmanager
def microburst(upstream: str) -> Iterator[Microburst]:
    """A fresh proxy before ``upstream`` that passes everything on until it is told to fail."""
    with emulator(
        "microburst",
        lambda port: ("--upstream", upstream, "--port", str(port), "--host", "127.0.0.1", "--no-resign"),
        "/_microburst/health",
    ) as url:
        yield Microburst(url)
