"""Requests to OpenSearch: who asks, how long, how often again, and what went wrong; knows no tip."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

from bharatchef.errors import BharatChefError, ConfigurationError, EndpointError

Service = Literal["es", "aoss", "none"]
# Too many requests, and what stands before a node that restarts: the same call may succeed a moment later.
RETRIED_STATUS = frozenset({429, 502, 503, 504})
_FIRST_PAUSE_S = 0.1
_LONGEST_PAUSE_S = 2.0
_LONGEST_REASON = 300


@dataclass(frozen=True)
class Cluster:
    """Where OpenSearch is, how a request to it is signed, and how long is waited.

    Args:
        url: its address, ``https://…``; plain ``http`` only where nothing is signed, or on this machine.
        service: ``es`` for a domain, ``aoss`` for a serverless collection, ``none`` for a cluster that asks
            for no signature.
        region: the AWS region that a signature is for.
        timeout_s: the longest wait for a connection, and for each part of an answer, seconds.
        deadline_s: how long a call with all its retries may take, seconds.
        attempts: how often a call is tried at most.
        ca_file: certificates to trust in place of the usual ones; certificates are always checked.
    """

    url: str
    service: Service = "es"
    region: str = "ap-south-1"
    timeout_s: float = 5.0
    deadline_s: float = 15.0
    attempts: int = 5
    ca_file: str | None = None

    def __post_init__(self) -> None:
        where = urlsplit(self.url)
        if where.scheme not in ("http", "https") or not where.hostname or where.query or where.fragment:
            raise ConfigurationError(
                "The address of OpenSearch is none: expected https://HOST.", "Set BHARATCHEF_OPENSEARCH_URL."
            )
        if where.username or where.password:
            raise ConfigurationError(
                "The address of OpenSearch holds a user's name or password; addresses end up in logs.",
                "Leave them out; requests are signed with the credentials of AWS.",
            )
        here = where.hostname in ("127.0.0.1", "::1", "localhost")
        if self.service != "none" and where.scheme == "http" and not here:
            raise ConfigurationError(
                f"Signed requests to {where.hostname} would go unencrypted over http.",
                "Write the address of OpenSearch with https.",
            )

    @property
    def name(self) -> str:
        """Its host, for messages."""
        return urlsplit(self.url).hostname or self.url


class Refusal(EndpointError):
    """OpenSearch answered, and will not: ``status`` is HTTP's, ``kind`` its own word for the failure."""

    def __init__(
        self, message: str, remedy: str = "", retryable: bool = False, status: int = 0, kind: str = ""
    ) -> None:
        super().__init__(message, remedy, retryable)
        self.status = status
        self.kind = kind

    def __reduce__(self) -> tuple[type[Refusal], tuple[str, str, bool, int, str]]:  # type: ignore[override]
        return type(self), (self.message, self.remedy, self.retryable, self.status, self.kind)


class Calls:
    """One cluster's requests; the client is made at the first of them and is safe to share by threads.

    Args:
        cluster: where and how long.
        credentials: botocore's credentials; ``None`` takes what AWS's usual places hold, at the first call.
        pause: sleeps between attempts, seconds.
    """

    def __init__(
        self, cluster: Cluster, credentials: Any = None, pause: Callable[[float], None] = time.sleep
    ) -> None:
        self.cluster = cluster
        self._credentials = credentials
        self._pause = pause
        self._client: Any = None
        self._lock = threading.Lock()

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        params: Mapping[str, Any] | None = None,
        *,
        repeatable: bool = True,
        timeout_s: float | None = None,
        deadline_s: float | None = None,
    ) -> Any:
        """The decoded answer to one request; ``bool`` for HEAD.

        Args:
            body: what is sent as JSON; a ``str`` or ``bytes`` goes as it is.
            repeatable: whether the request may be sent again when it is not known if it was carried out.
            timeout_s, deadline_s: in place of the cluster's.

        Raises:
            Refusal: OpenSearch answered with an error.
            EndpointError: it did not answer, or with something that is no JSON.
            ConfigurationError: a library or credentials are not there.
        """
        client = self._made()
        began = time.monotonic()
        limit_s = self.cluster.deadline_s if deadline_s is None else deadline_s
        wait_s = self.cluster.timeout_s if timeout_s is None else timeout_s
        for attempt in range(1, self.cluster.attempts + 1):
            left_s = limit_s - (time.monotonic() - began)
            done, answer = self._tried(client, method, path, body, params, max(0.05, min(wait_s, left_s)))
            if done:
                return answer
            failure = answer
            again = failure.retryable and (repeatable or getattr(failure, "status", 0) == 429)
            # Full jitter: callers that were throttled together do not come back together.
            pause_s = random.uniform(0, min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2**attempt))
            left_s = limit_s - (time.monotonic() - began)
            # A try that has no time left for an answer only adds to the load.
            if not again or attempt == self.cluster.attempts or left_s - pause_s < wait_s / 2:
                raise failure
            self._pause(pause_s)
        raise AssertionError("a cluster is tried at least once")

    def close(self) -> None:
        """End the connections; the next call makes new ones."""
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            client.close()

    def _tried(
        self, client: Any, method: str, path: str, body: Any, params: Mapping[str, Any] | None, wait_s: float
    ) -> tuple[bool, Any]:
        """True and the answer, or false and the failure.

        The failure is raised elsewhere so that it does not drag the library's along: AWS's answer to a wrong
        signature repeats the headers that were signed, the session token among them.
        """
        from opensearchpy.exceptions import OpenSearchException

        try:
            answer = client.transport.perform_request(
                method,
                path,
                params=dict(params or {}),
                body=body,
                timeout=wait_s,
            )
        except OpenSearchException as error:
            return False, _failure(error, self.cluster, wait_s)
        if isinstance(answer, str) and method != "HEAD" and answer:
            return False, _no_json(self.cluster)
        return True, answer

    def _made(self) -> Any:
        with self._lock:
            if self._client is None:
                self._client = self._make()
            return self._client

    def _make(self) -> Any:
        try:
            from opensearchpy import OpenSearch, Urllib3HttpConnection
        except ImportError as error:
            raise ConfigurationError(
                "Expected the library opensearch-py for the tips on OpenSearch, it is not installed.",
                "Install the project with its extra: pip install 'bharatchef[aws]'.",
            ) from error
        _hush()
        secure = self.cluster.url.startswith("https://")
        return OpenSearch(
            hosts=[self.cluster.url],
            connection_class=Urllib3HttpConnection,
            http_auth=self._signer(),
            use_ssl=secure,
            **({"verify_certs": True, "ca_certs": self.cluster.ca_file} if secure else {}),
            timeout=self.cluster.timeout_s,
            # This class tries again, within a deadline; two layers of retries would multiply.
            max_retries=0,
            retry_on_status=(),
            pool_maxsize=8,
        )

    def _signer(self) -> Any:
        if self.cluster.service == "none":
            return None
        try:
            from opensearchpy import Urllib3AWSV4SignerAuth

            credentials = self._credentials
            if credentials is None:
                import boto3

                credentials = boto3.Session(region_name=self.cluster.region).get_credentials()
        except ImportError as error:
            raise ConfigurationError(
                "Expected the library boto3 to sign requests to OpenSearch, it is not installed.",
                "Install the project with its extra: pip install 'bharatchef[aws]'.",
            ) from error
        if credentials is None:
            raise ConfigurationError(
                "Expected AWS credentials to sign requests to OpenSearch, found none.",
                "Give the worker a role, or set AWS_PROFILE.",
            )
        return Urllib3AWSV4SignerAuth(credentials, self.cluster.region, self.cluster.service)


def _failure(error: Any, cluster: Cluster, wait_s: float) -> BharatChefError:
    from opensearchpy.exceptions import (
        ConnectionError,
        ConnectionTimeout,
        SerializationError,
        SSLError,
        TransportError,
    )

    if isinstance(error, SerializationError):
        return _no_json(cluster)
    if isinstance(error, SSLError):
        return EndpointError(
            f"The certificate of OpenSearch at {cluster.name} is not trusted.",
            "Check the address; a certificate of your own is named in the settings.",
        )
    if isinstance(error, ConnectionTimeout):
        return EndpointError(
            f"OpenSearch at {cluster.name} did not answer within {wait_s:.2g} s.",
            "Try again; if it stays so, see the domain's health.",
            retryable=True,
        )
    if isinstance(error, ConnectionError):
        return EndpointError(
            f"OpenSearch at {cluster.name} cannot be reached, or broke its answer off.",
            "Check the address and the network to it.",
            retryable=True,
        )
    if not isinstance(error, TransportError) or not isinstance(error.status_code, int):
        return EndpointError(f"OpenSearch at {cluster.name} failed ({type(error).__name__}).")
    return _refusal(error.status_code, error.error, error.info, cluster)


def _refusal(status: int, kind: Any, info: Any, cluster: Cluster) -> Refusal:
    if status in (401, 403):
        # Its words are left out: they repeat what was signed.
        return Refusal(
            f"OpenSearch at {cluster.name} refused who asks ({status}).",
            "Allow the role that this runs as in the domain's or the collection's access policy.",
            status=status,
        )
    reason = _reason(info)
    retryable = status in RETRIED_STATUS
    return Refusal(
        f"OpenSearch at {cluster.name} refused with {status}{f': {reason}' if reason else '.'}",
        "Try again later." if retryable else "",
        retryable=retryable,
        status=status,
        kind=str(kind or ""),
    )


def _reason(info: Any) -> str:
    error = info.get("error") if isinstance(info, dict) else None
    if isinstance(error, dict):
        causes = error.get("root_cause")
        first = causes[0] if isinstance(causes, list) and causes and isinstance(causes[0], dict) else error
        error = first.get("reason") or error.get("reason")
    if not isinstance(error, str) or not error:
        return ""
    words = " ".join(error.split())
    return words[:_LONGEST_REASON].rstrip(".") + ("…" if len(words) > _LONGEST_REASON else ".")


def _no_json(cluster: Cluster) -> EndpointError:
    return EndpointError(
        f"OpenSearch at {cluster.name} gave no JSON.",
        "See that the address is that of OpenSearch itself, not of a proxy's page.",
        retryable=True,
    )


class _BelowError(logging.Filter):
    """Drops the libraries' log: whole requests, what is signed, and failures that are raised anyway."""

    def filter(self, record: logging.LogRecord) -> bool:
        return record.levelno >= logging.ERROR


_QUIET = _BelowError()


def _hush() -> None:
    # addFilter takes the same filter only once.
    for name in ("opensearch", "opensearchpy.trace", "botocore.auth"):
        logging.getLogger(name).addFilter(_QUIET)
