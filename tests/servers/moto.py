"""moto for tests: the control plane of SageMaker (models, endpoints, packages), on a port of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from servers.emulators import emulator


@contextmanager
def moto() -> Iterator[str]:
    """The address of a fresh moto server."""
    with emulator(
        "moto_server",
        lambda port: ("-H", "127.0.0.1", "-p", str(port)),
        "/moto-api/",
        MOTO_ACCOUNT_ID="123456789012",
        AWS_DEFAULT_REGION="ap-south-1",
    ) as url:
        yield url
