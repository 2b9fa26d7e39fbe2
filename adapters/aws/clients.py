"""AWS clients as this program wants them, and what their errors mean; not what they are asked for."""

from __future__ import annotations

import importlib.util
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from bharatchef.errors import ConfigurationError, StoreError
from bharatchef.settings import Settings

_CONNECT_S = 3.0
_making = threading.Lock()
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}
SOON = {
    "InternalServerError",
    "InternalFailure",
    "InternalError",
    "ServiceUnavailable",
    "ServiceUnavailableException",
    "SlowDown",
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "TooManyRequestsException",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestTimeout",
    "RequestTimeoutException",
    "TransactionInProgressException",
}
"""Codes after which the same call may succeed soon."""
_REMEDIES = {
    "AccessDenied": "Allow this in the worker's role.",
    "AccessDeniedException": "Allow this in the worker's role.",
    "ExpiredToken": "Log in to AWS again.",
    "ExpiredTokenException": "Log in to AWS again.",
    "InvalidAccessKeyId": "Check the AWS credentials.",
    "SignatureDoesNotMatch": "Check the AWS credentials and this machine's clock.",
    "UnrecognizedClientException": "Check the AWS credentials.",
    "NoSuchBucket": "Check BHARATCHEF_TRAINEE_BUCKET, _EXPERT_BUCKET and _RESULTS_BUCKET.",
    "ResourceNotFoundException": "Check BHARATCHEF_TABLE_PREFIX and BHARATCHEF_AWS_REGION.",
}


def check_installed() -> None:
    """Return where the extra ``aws`` is installed; loads nothing of it.

    Raises:
        ConfigurationError: it is not.
    """
    if importlib.util.find_spec("boto3") is None:
        raise ConfigurationError(
            "Expected boto3, which AWS is asked with, but it is not installed.",
            "Install the extra: pip install 'bharatchef[aws]'; or set BHARATCHEF_PORTS=local.",
        )


def aws_client(
    service: str,
    settings: Settings,
    *,
    url: str | None = None,
    read_s: float = 20.0,
    attempts: int = 5,
    pool: int = 16,
    **options: Any,
) -> Any:
    """A client of ``service`` in the settings' region that speaks TLS 1.2 or later.

    Args:
        url: its address where that is not ``settings.aws_url`` nor the region's own.
        read_s: how long to wait for bytes, seconds.
        attempts: how often botocore sends one call at most, with its own full-jitter pauses.
        pool: connections kept.
        options: more of botocore's ``Config``.

    Raises:
        ConfigurationError: an address without TLS leads off this machine.
    """
    from botocore.config import Config

    address = url or settings.aws_url
    if address is not None:
        check_address(address)
    config = Config(
        connect_timeout=min(_CONNECT_S, read_s),
        read_timeout=read_s,
        retries={"total_max_attempts": attempts, "mode": "standard"},
        max_pool_connections=pool,
        **options,
    )
    # Clients may be used by many threads at once; making one may not.
    with _making:
        client = _session().client(
            service, region_name=settings.aws_region, endpoint_url=address, config=config
        )
    _require_tls_1_2(client)
    return client


def check_address(address: str) -> None:
    """Return where an address is reached by TLS, or does not leave this machine.

    Raises:
        ConfigurationError: it leaves this machine in the clear.
    """
    where = urlsplit(address)
    if where.scheme != "https" and where.hostname not in _LOOPBACK:
        raise ConfigurationError(
            f"Expected an address of AWS that begins with https://, got {address}.",
            "Films and scores are sent there; only a server of this machine is spoken to without TLS.",
        )


def _require_tls_1_2(client: Any) -> None:
    # botocore has no option for it; left alone, the oldest version is what this machine's OpenSSL was built
    # with. The context is the one that every connection of the client's pool is made with.
    pool = client._endpoint.http_session._manager
    context: ssl.SSLContext = pool.connection_pool_kw["ssl_context"]
    context.minimum_version = ssl.TLSVersion.TLSv1_2


@lru_cache(maxsize=1)
def _session() -> Any:
    # Reading the services' descriptions takes most of the time of making a client: they are read once.
    import boto3

    return boto3.Session()


def error_code(error: BaseException) -> str:
    """AWS's code for what went wrong (``SlowDown``, ``NoSuchKey``, ``404``), or the error's own name."""
    response = getattr(error, "response", None)
    if isinstance(response, dict):
        return str(response.get("Error", {}).get("Code", "")) or "an error"
    return type(error).__name__


@contextmanager
def telling_aws(doing: str) -> Iterator[None]:
    """Turns what AWS or the way to it answers inside the block into a ``StoreError``.

    Its message bears AWS's code and none of AWS's own words: those may quote what was sent.
    """
    from boto3.exceptions import Boto3Error
    from botocore.exceptions import (
        BotoCoreError,
        ClientError,
        HTTPClientError,
        NoCredentialsError,
        ResponseStreamingError,
    )
    from urllib3.exceptions import HTTPError

    try:
        yield
    except ClientError as error:
        code = error_code(error)
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        again = code in SOON or status in (429, 500, 502, 503, 504)
        remedy = _REMEDIES.get(code, "Repeat it in a while." if again else "")
        raise StoreError(f"Could not {doing}: AWS refused with {code}.", remedy) from error
    except NoCredentialsError as error:
        raise StoreError(
            f"Could not {doing}: no AWS credentials were found.", "Log in to AWS, or give the worker a role."
        ) from error
    except (HTTPClientError, ResponseStreamingError, HTTPError) as error:
        raise StoreError(
            f"Could not {doing}: AWS was not reached, or broke off ({type(error).__name__}).",
            "Check the network, and repeat it in a while.",
        ) from error
    except (BotoCoreError, Boto3Error) as error:
        cause = error.__cause__ or error.__context__
        reason = error_code(cause) if cause is not None else type(error).__name__
        raise StoreError(f"Could not {doing}: {reason}.", _REMEDIES.get(reason, "")) from error
