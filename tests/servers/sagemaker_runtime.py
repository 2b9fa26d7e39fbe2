"""SageMaker's runtime for tests: its path and its error forms before the project's own hosts, over real HTTP.

SageMaker is a router before containers; this is that router and nothing else. A host's answer passes through
as it is, a refusal becomes SageMaker's ``ModelError``, and of headers only that one goes on.
"""

from __future__ import annotations

import http.client
import json
import re
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from servers.loopback import Answer, answering
from servers.on_aws import client

_PATH = re.compile(r"/endpoints/([A-Za-z0-9-]+)/(async-)?invocations")
_ATTRIBUTES, _TARGET = "X-Amzn-SageMaker-Custom-Attributes", "X-Amzn-SageMaker-Target-Variant"


@dataclass
class Runtime:
    """A runtime that serves.

    Attributes:
        endpoints: variants by endpoint, each the address of a host; the first is asked where none is named.
        objects_url: where asynchronous calls find their bodies and put their answers.
        async_s: how long an asynchronous call waits for an instance, seconds.
        calls: (endpoint, variant, status) of all that was asked, oldest first.
        most_at_once: by endpoint, how many calls were under way at the same time at most.
    """

    endpoints: dict[str, dict[str, str]]
    objects_url: str = ""
    url: str = ""
    async_s: float = 0.0
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
        if match[2]:
            return self._taken(endpoint, variant, headers)
        return self._asked(endpoint, variant, headers, body)

    def _taken(self, endpoint: str, variant: str, headers: Mapping[str, str]) -> Answer:
        """An asynchronous call is taken: it is answered later, by an object."""
        call = headers["X-Amzn-SageMaker-Inference-Id"]
        body = urlsplit(headers["X-Amzn-SageMaker-InputLocation"])
        prefix = f"s3://{body.netloc}"
        # The call itself has no body: what the container is told of it comes under names of its own.
        told = {name: headers[f"X-Amzn-SageMaker-{name}"] for name in ("Content-Type", "Accept")}
        if _ATTRIBUTES in headers:
            told[_ATTRIBUTES] = headers[_ATTRIBUTES]
        places = {name: f"{name}/{endpoint}/{call}.out" for name in ("model-answers", "model-failures")}

        def work() -> None:
            time.sleep(self.async_s)
            s3 = client("s3", self.objects_url)
            try:
                sent = s3.get_object(Bucket=body.netloc, Key=body.path.lstrip("/"))["Body"].read()
            except s3.exceptions.NoSuchKey:
                return  # whoever asked waits no more
            status, _, said = self._asked(endpoint, variant, told, sent)
            where = places["model-answers" if status == 200 else "model-failures"]
            s3.put_object(Bucket=body.netloc, Key=where, Body=said)

        threading.Thread(target=work, daemon=True).start()
        answered = {
            "Content-Type": "application/json",
            "X-Amzn-SageMaker-OutputLocation": f"{prefix}/{places['model-answers']}",
            "X-Amzn-SageMaker-FailureLocation": f"{prefix}/{places['model-failures']}",
        }
        return 202, answered, json.dumps({"InferenceId": call}).encode()

    def _asked(self, endpoint: str, variant: str, headers: Mapping[str, str], body: bytes) -> Answer:
        variants = self.endpoints[endpoint]
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
def sagemaker_runtime(endpoints: dict[str, dict[str, str]], objects_url: str = "") -> Iterator[Runtime]:
    """A runtime before hosts, on a free port of the loopback interface.

    Args:
        objects_url: the emulator of S3 through which asynchronous calls go.
    """
    runtime = Runtime(endpoints, objects_url=objects_url)
    with answering(runtime.answer) as runtime.url:
        yield runtime
