"""ministack for tests: S3, DynamoDB, SQS, SNS, EventBridge, Secrets and more, on a port of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from servers.emulators import emulator

ACCOUNT_ID = "123456789012"
REGION = "ap-south-1"
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "emulator",
    "AWS_SECRET_ACCESS_KEY": "emulator-secret",
    "AWS_REGION": REGION,
    "AWS_DEFAULT_REGION": REGION,
}
"""What a client of the emulator finds in its environment."""


@contextmanager
def ministack(**environment: str) -> Iterator[str]:
    """The address of a fresh ministack that keeps all in memory; ``environment`` sets more of its own."""
    with emulator(
        "ministack",
        lambda _port: (),
        "/_ministack/health",
        **{
            "GATEWAY_PORT": "{port}",
            "EDGE_PORT": "{port}",
            "BIND_HOST": "127.0.0.1",
            "MINISTACK_HOST": "127.0.0.1",
            "MINISTACK_ACCOUNT_ID": ACCOUNT_ID,
            "MINISTACK_REGION": REGION,
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            "PERSIST_STATE": "0",
            "S3_PERSIST": "0",
            "STATE_DIR": "{folder}/state",
            "S3_DATA_DIR": "{folder}/s3",
            "LOG_LEVEL": "WARNING",
            **CREDENTIALS,
            **environment,
        },
    ) as url:
        yield url
