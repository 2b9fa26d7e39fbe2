"""One client of Bedrock's runtime for all that asks it, built at its first use; and what its errors mean."""

from __future__ import annotations

import importlib.util
from typing import Any

from bharatchef.errors import ConfigurationError, EndpointError
from bharatchef.settings import Settings

_CONNECT_S = 3.0
_SOON = {
    "ThrottlingException",
    "TooManyRequestsException",
    "ServiceUnavailableException",
    "InternalServerException",
    "ModelNotReadyException",
    "ModelTimeoutException",
    "RequestTimeout",
}
_REMEDIES = {
    "AccessDeniedException": "Ask for access to the model in this account, and allow bedrock:InvokeModel.",
    "ResourceNotFoundException": "Check the model's id and the region.",
    "ExpiredTokenException": "Log in to AWS again.",
    "UnrecognizedClientException": "Check the AWS credentials.",
}


def check_installed() -> None:
    """Return where the extra ``aws`` is installed; loads nothing of it.

    Raises:
        ConfigurationError: it is not.
    """
    lacking = [name for name in ("boto3", "langchain_aws") if importlib.util.find_spec(name) is None]
    if lacking:
        raise ConfigurationError(
            f"Expected {' and '.join(lacking)}, which Bedrock is asked with, but it is not installed.",
            "Install the extra: pip install 'bharatchef[aws]'; or choose settings that use no AWS.",
        )


def runtime_client(settings: Settings, read_s: float, attempts: int = 1) -> Any:
    """A client of Bedrock's runtime in the settings' region.

    Args:
        read_s: how long to wait for bytes, seconds.
        attempts: how often botocore sends one call at most; tries multiply with those of whoever asks.
    """
    import boto3
    from botocore.config import Config

    return boto3.Session().client(
        "bedrock-runtime",
        region_name=settings.aws_region,
        endpoint_url=settings.bedrock_url,
        config=Config(
            connect_timeout=min(_CONNECT_S, read_s),
            read_timeout=read_s,
            retries={"total_max_attempts": attempts, "mode": "standard"},
            max_pool_connections=8,
        ),
    )


def as_endpoint_error(error: Exception) -> EndpointError:
    """What went wrong at Bedrock, in words, and whether the same call may succeed soon."""
    from botocore.exceptions import (
        BotoCoreError,
        ClientError,
        ConnectionError,
        HTTPClientError,
        NoCredentialsError,
        ReadTimeoutError,
    )

    if isinstance(error, ClientError):
        said = error.response.get("Error", {})
        code = str(said.get("Code", "")) or "an error"
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        soon = code in _SOON or status in (429, 500, 502, 503, 504)
        remedy = _REMEDIES.get(code, "Try again later." if soon else "The message says what did not fit.")
        return EndpointError(f"Bedrock refused with {code}.", remedy, retryable=soon)
    if isinstance(error, NoCredentialsError):
        return EndpointError("No AWS credentials were found.", "Log in to AWS, or give the worker a role.")
    if isinstance(error, ReadTimeoutError):
        return EndpointError("Bedrock did not answer in time.", "Give it more time.")
    if isinstance(error, ConnectionError | HTTPClientError):
        return EndpointError(
            f"Bedrock was not reached ({type(error).__name__}).", "Check the network.", retryable=True
        )
    if isinstance(error, BotoCoreError):
        return EndpointError(f"Bedrock could not be asked ({type(error).__name__}).", "Check the settings.")
    return EndpointError(f"Bedrock's answer could not be used ({type(error).__name__}).", "Ask again.")
