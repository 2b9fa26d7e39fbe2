"""SageMaker's batch transform for tests: its calls and its places in S3 before the project's own host.

What a job does is done: each object under its prefix is posted to the host, and each answer put as ``.out``.
"""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from servers.loopback import Answer, answering
from servers.on_aws import client


@dataclass
class Batches:
    """A control plane that serves, and the one host that all its jobs use.

    Attributes:
        go: jobs wait for it before they begin.
        jobs: what each was asked for, with its status.
        models: what each was made of.
    """

    host_url: str
    objects_url: str
    url: str = ""
    go: threading.Event = field(default_factory=threading.Event)
    jobs: dict[str, dict[str, Any]] = field(default_factory=dict)
    models: dict[str, dict[str, Any]] = field(default_factory=dict)

    def answer(self, _path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Status, headers and body for one request."""
        action = headers["X-Amz-Target"].removeprefix("SageMaker.")
        asked = json.loads(body)
        try:
            return 200, {}, json.dumps(getattr(self, f"_{action}")(asked)).encode()
        except LookupError as error:
            said = {"__type": "ValidationException", "message": str(error)}
            return 400, {"x-amzn-ErrorType": "ValidationException"}, json.dumps(said).encode()

    def _CreateModel(self, asked: dict[str, Any]) -> dict[str, str]:
        if asked["ModelName"] in self.models:
            raise LookupError("Cannot create already existing model")
        self.models[asked["ModelName"]] = asked
        return {"ModelArn": f"arn:aws:sagemaker:ap-south-1:123456789012:model/{asked['ModelName']}"}

    def _CreateTransformJob(self, asked: dict[str, Any]) -> dict[str, str]:
        name = asked["TransformJobName"]
        if asked["ModelName"] not in self.models or name in self.jobs:
            raise LookupError("no such model, or the job is there already")
        self.jobs[name] = {**asked, "TransformJobStatus": "InProgress"}
        threading.Thread(target=self._run, args=(self.jobs[name],), daemon=True).start()
        return {"TransformJobArn": f"arn:aws:sagemaker:ap-south-1:123456789012:transform-job/{name}"}

    def _DescribeTransformJob(self, asked: dict[str, Any]) -> dict[str, Any]:
        if asked["TransformJobName"] not in self.jobs:
            raise LookupError("Could not find requested job with name")
        return {**self.jobs[asked["TransformJobName"]], "CreationTime": 0}

    def _StopTransformJob(self, asked: dict[str, Any]) -> dict[str, Any]:
        self.jobs[asked["TransformJobName"]]["TransformJobStatus"] = "Stopped"
        return {}

    def _run(self, job: dict[str, Any]) -> None:
        self.go.wait(120)
        given, out = job["TransformInput"], urlsplit(job["TransformOutput"]["S3OutputPath"])
        place = urlsplit(given["DataSource"]["S3DataSource"]["S3Uri"])
        s3 = client("s3", self.objects_url)
        failed = ""
        listed = s3.list_objects_v2(Bucket=place.netloc, Prefix=place.path.lstrip("/"))
        for entry in listed.get("Contents", ()):
            if job["TransformJobStatus"] == "Stopped":
                return
            body = s3.get_object(Bucket=place.netloc, Key=entry["Key"])["Body"].read()
            told = {"Content-Type": given["ContentType"], "Accept": job["TransformOutput"]["Accept"]}
            status, said = _posted(self.host_url, told, body)
            if status != 200:
                failed = f"{entry['Key'].rsplit('/', 1)[-1]}: Bad HTTP status returned from invoke: {status}"
                continue
            key = f"{out.path.lstrip('/')}{entry['Key'].rsplit('/', 1)[-1]}.out"
            s3.put_object(Bucket=out.netloc, Key=key, Body=said)
        job["FailureReason"] = failed
        job["TransformJobStatus"] = "Failed" if failed else "Completed"


def _posted(url: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
    where = urlsplit(url)
    connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=60)
    try:
        connection.request("POST", "/invocations", body, headers)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


@contextmanager
def sagemaker_batches(host_url: str, objects_url: str) -> Iterator[Batches]:
    """Batch transform before a host, on a free port of the loopback interface; S3 is the emulator's."""
    batches = Batches(host_url, objects_url)
    batches.go.set()
    with answering(batches.answer) as batches.url:
        yield batches
