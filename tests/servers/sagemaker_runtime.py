"""SageMaker's runtime for tests: its path and its error forms before the project's own hosts, over real HTTP.

SageMaker is a router before containers; this is that router and nothing else. A host's answer passes through
as it is, a refusal becomes SageMaker's ``ModelError``, and of headers only that one goes on.
"""

from __future__ import annotations

import http.client
import json
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

_PATH = re.compile(r"/endpoints/([A-Za-z0-9-]+)/invocations")
_ATTRIBUTES, _TARGET = "X-Amzn-SageMaker-Custom-Attributes", "X-Amzn-SageMaker-Target-Variant"


@dataclass
class Runtime:
    """A runtime that serves.

    Attributes:
        endpoints: variants by endpoint, each the address of a host; the first is asked where none is named.
        calls: (endpoint, variant, status) of all that was asked, oldest first.
        most_at_once: by endpoint, how many calls were under way at the same time at most.
    """

    endpoints: dict[str, dict[str, str]]
    url: str = ""
    calls: list[tuple[str, str, int]] = field(default_factory=list)
    most_at_once: dict[str, int] = field(default_factory=dict)
    _now: dict[str, int] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, path: str, headers: Mapping[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body for one request."""
        match = _PATH.fullmatch(path)
        variants = self.endpoints.get(match[1]) if match else None
        target = headers.get(_TARGET)
        if match is None or not variants or (target and target not in variants):
            said = {"message": "Endpoint or variant not found for account 123456789012"}
            return 400, {"x-amzn-ErrorType": "ValidationError"}, json.dumps(said).encode()
        endpoint, variant = match[1], target or next(iter(variants))
        with self._lock:
            self._now[endpoint] = self._now.get(endpoint, 0) + 1
            self.most_at_once[endpoint] = max(self.most_at_once.get(endpoint, 0), self._now[endpoint])
        try:
            status, given, said_by_host = _passed_on(variants[variant], headers, body)
        finally:
            with self._lock:
                self._now[endpoint] -= 1
        self.calls.append((endpoint, variant, status))
        if status == 200:
            answered = {
                "Content-Type": given.get("content-type", ""),
                "x-Amzn-Invoked-Production-Variant": variant,
            }
            if _ATTRIBUTES.lower() in given:
                answered[_ATTRIBUTES] = given[_ATTRIBUTES.lower()]
            return 200, answered, said_by_host
        error: dict[str, Any] = {
            "ErrorCode": "CLIENT_ERROR_FROM_MODEL" if status < 500 else "INTERNAL_FAILURE_FROM_MODEL",
            "LogStreamArn": "",
            "Message": f'Received error ({status}) from primary with message "..."',
            "OriginalMessage": said_by_host.decode(errors="replace"),
            "OriginalStatusCode": status,
        }
        return 424, {"x-amzn-ErrorType": "ModelError"}, json.dumps(error).encode()


def _passed_on(url: str, headers: Mapping[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
    where = urlsplit(url)
    connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=60)
    passed = {name: headers[name] for name in ("Content-Type", "Accept", _ATTRIBUTES) if name in headers}
    try:
        connection.request("POST", "/invocations", body, passed)
        response = connection.getresponse()
        return response.status, {k.lower(): v for k, v in response.getheaders()}, response.read()
    except OSError:
        return 503, {}, b"no container answers"
    finally:
        connection.close()


@contextmanager
def sagemaker_runtime(endpoints: dict[str, dict[str, str]]) -> Iterator[Runtime]:
    """A runtime before hosts, on a free port of the loopback interface."""
    runtime = Runtime(endpoints)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status, headers, said = runtime.answer(self.path, self.headers, body)
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(said))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *_: Any) -> None:
            """Nothing: a test's own output is what counts."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    serving = threading.Thread(target=server.serve_forever, daemon=True)
    serving.start()
    runtime.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield runtime
    finally:
        server.shutdown()
        server.server_close()
        serving.join(10)
