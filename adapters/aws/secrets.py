"""What Secrets Manager holds, read by name when it is needed; it is kept nowhere and never shown."""

from __future__ import annotations

import json
from typing import Any

from adapters.aws.clients import aws_client, telling_aws
from bharatchef.errors import ConfigurationError
from bharatchef.settings import Settings


def secret_text(settings: Settings, name: str) -> str:
    """The value of a secret.

    Raises:
        StoreError: it is not there, or may not be read.
    """
    client: Any = aws_client("secretsmanager", settings, read_s=10.0)
    with telling_aws(f"read the secret {name}"):
        return str(client.get_secret_value(SecretId=name)["SecretString"])


def login(settings: Settings, name: str) -> dict[str, str]:
    """``username`` and ``password`` of a secret as RDS keeps them.

    Raises:
        ConfigurationError: it holds something else.
        StoreError: it is not there, or may not be read.
    """
    try:
        found = json.loads(secret_text(settings, name))
        return {"username": found["username"], "password": found["password"]}
    except (ValueError, KeyError, TypeError):
        # Without its cause: that would quote the secret.
        raise ConfigurationError(
            f"Expected username and password as JSON in the secret {name}; it holds something else.",
            "Name the secret that RDS keeps the database's password in.",
        ) from None
