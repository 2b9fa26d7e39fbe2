"""The models port over HTTP: model packages behind hosts, on this machine or another.

``model_packages/serving`` is the other end. It knows nothing of what answers mean, nor where packages lie.
"""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from adapters.identifying import identity_said
from bharatchef.errors import ConfigurationError, EndpointError
from bharatchef.observed import Analyser, ModelIdentity, Unavailable
from bharatchef.ports import Models
from model_packages.serving.requests import ASK_HEADER, ASK_MODEL

_RETRYABLE_STATUS = {408, 429, 502, 503, 504}
_MAX_ANSWER_BYTES = 64 * 1024 * 1024


class _NoSuchRouteError(EndpointError):
    """The host answered, and has nothing at that address."""


class HostedModels:
    """Hosts by analyser; analysers without a host are answered for by ``others``.

    Args:
        hosts: each analyser's host, ``http://127.0.0.1:8080``; a path in it goes before the routes.
        others: who answers for the rest.
        timeout_s: how long to wait for a host, seconds; longer than its deadline, so that it can say so.
    """

    def __init__(self, hosts: Mapping[str, str], others: Models, timeout_s: float = 65.0) -> None:
        self._hosts = {Analyser(analyser): url.rstrip("/") for analyser, url in hosts.items()}
        for analyser, url in self._hosts.items():
            _check_address(analyser, url)
        self._others = others
        self._timeout_s = timeout_s
        self._named: dict[Analyser, str] = {}
        self._lock = threading.Lock()

    def identify(self, analyser: Analyser) -> ModelIdentity | Unavailable:
        if analyser not in self._hosts:
            return self._others.identify(analyser)
        try:
            decoded = self._model(analyser)
        except EndpointError as error:
            return Unavailable(analyser=analyser, reason=error.message, remedy=error.remedy)
        identity = identity_said(
            analyser,
            decoded,
            f"The host for {analyser.value}",
            "the address in model_hosts is that of a model host",
            "the address of its own host in model_hosts",
        )
        if isinstance(identity, Unavailable):
            return identity
        with self._lock:
            self._named[analyser] = identity.weights_sha256
        return identity

    def invoke(self, analyser: Analyser, body: bytes, content_type: str) -> Mapping[str, Any]:
        if analyser not in self._hosts:
            return self._others.invoke(analyser, body, content_type)
        sha256, decoded = self._asked(analyser, "POST", "/invocations", body, content_type)
        with self._lock:
            named = self._named.get(analyser)
        # A result names the weights that it asked about; a host that was restarted with others must not speak
        # under that name.
        if named is not None and sha256 != named:
            raise EndpointError(
                f"The host for {analyser.value} answered with other weights than it had named:"
                f" expected {named[:12]}…, got {sha256[:12] or 'none'}….",
                "Evaluate the film again.",
            )
        return decoded

    def _model(self, analyser: Analyser) -> Mapping[str, Any]:
        """What a host says of its model."""
        try:
            return self._asked(analyser, "GET", "/model")[1]
        except _NoSuchRouteError:
            # TorchServe: it has no route of that kind, the package's handler answers in its place.
            asking = {ASK_HEADER: ASK_MODEL}
            return self._asked(analyser, "POST", "/invocations", b"{}", "application/json", asking)[1]

    def _asked(
        self,
        analyser: Analyser,
        method: str,
        path: str,
        body: bytes | None = None,
        content_type: str = "",
        more: Mapping[str, str] | None = None,
    ) -> tuple[str, Mapping[str, Any]]:
        """The weights' sha256 and the JSON object that a host answers with."""
        where = urlsplit(self._hosts[analyser])
        kind = http.client.HTTPSConnection if where.scheme == "https" else http.client.HTTPConnection
        connection = kind(where.hostname or "", where.port, timeout=self._timeout_s)
        headers = {"Accept": "application/json", "Connection": "close", **(more or {})}
        if content_type:
            headers["Content-Type"] = content_type
        try:
            connection.request(method, where.path + path, body, headers)
            response = connection.getresponse()
            said = response.read(_MAX_ANSWER_BYTES)
            # A read with a limit takes an answer that broke off for a whole one.
            if response.length:
                raise http.client.IncompleteRead(b"", response.length)
        except (OSError, http.client.HTTPException) as error:
            raise EndpointError(
                f"The host for {analyser.value} does not answer ({type(error).__name__}).",
                "Start it, or take it out of model_hosts.",
                retryable=True,
            ) from error
        finally:
            connection.close()
        try:
            decoded = json.loads(said)
        except (ValueError, RecursionError):
            decoded = None
        if response.status != 200:
            raise _refusal(analyser, response.status, decoded)
        if not isinstance(decoded, dict):
            raise EndpointError(
                f"The host for {analyser.value} gave no JSON object.",
                "See that the address in model_hosts is that of a model host.",
            )
        return response.headers.get("x-model-weights-sha256", ""), decoded


def _check_address(analyser: Analyser, url: str) -> None:
    try:
        where = urlsplit(url)
        usable = where.scheme in ("http", "https") and bool(where.hostname) and where.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise ConfigurationError(
            f"model_hosts: {url!r} is no address of a host for {analyser.value}.",
            "Write it as http://127.0.0.1:8080.",
        )


def _refusal(analyser: Analyser, status: int, decoded: Any) -> EndpointError:
    error = decoded.get("error") if isinstance(decoded, dict) else None
    words = error.get("message") if isinstance(error, dict) else None
    said = words[:500] if isinstance(words, str) else "it gave no reason."
    retryable = status in _RETRYABLE_STATUS
    return (_NoSuchRouteError if status == 404 else EndpointError)(
        f"The host for {analyser.value} refused with {status}: {said}",
        "Try again later." if retryable else "The host's log says more.",
        retryable=retryable,
    )
