"""Asynchronous calls of SageMaker endpoints: body and answer are objects in S3; knows not what they mean.

An asynchronous endpoint may have no instance at rest. A call then waits for one to come up: the deadline of
an evaluation must leave minutes for it.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from adapters.aws.objects import S3Objects
from bharatchef.errors import EndpointError, StoreError

CALLS_FOLDER = "model-calls"
"""Where bodies lie in the bucket of results; the endpoints' role may read them there."""
_FIRST_LOOK_S, _LONGEST_LOOK_S = 0.25, 5.0
_SHORTEST_TTL_S, _LONGEST_TTL_S, _LONGEST_CALL_S = 60, 21_600, 3_600


class AsyncCalls:
    """Calls that are answered in the object store.

    Args:
        client: of SageMaker's runtime.
        objects: the store whose bucket of results the endpoint reads and writes.
        sleep: how the time between two looks is waited for.
    """

    def __init__(self, client: Any, objects: S3Objects, sleep: Callable[[float], None]) -> None:
        self._client = client
        self._objects = objects
        self._sleep = sleep

    def answered(self, arguments: Mapping[str, Any], until: float) -> bytes:
        """The answer to a call, waited for until the monotonic clock says ``until``.

        Args:
            arguments: as ``invoke_endpoint`` takes them.

        Raises:
            EndpointError: the endpoint failed at it, there was no answer in time, or S3 did not do its part.
            ClientError: SageMaker did not take the call.
        """
        endpoint = arguments["EndpointName"]
        call = uuid.uuid4().hex
        key = f"{CALLS_FOLDER}/{endpoint}/{call}"
        left_s = max(1.0, until - time.monotonic())
        rest = {k: v for k, v in arguments.items() if k not in ("Body", "TargetVariant")}
        places: list[str] = [key]
        try:
            self._objects.put_bytes(key, arguments["Body"], arguments["ContentType"])
            taken = self._client.invoke_endpoint_async(
                **rest,
                InputLocation=f"s3://{self._objects.bucket_of(key)}/{key}",
                InferenceId=call,
                # What nobody waits for any more is not to cost an instance's time.
                RequestTTLSeconds=int(min(_LONGEST_TTL_S, max(_SHORTEST_TTL_S, left_s))),
                InvocationTimeoutSeconds=int(min(_LONGEST_CALL_S, max(1.0, left_s))),
            )
            answer, failure = (_key(taken.get(name, "")) for name in ("OutputLocation", "FailureLocation"))
            places += [answer, failure]
            return self._waited_for(endpoint, answer, failure, until)
        except StoreError as error:
            raise EndpointError(
                f"A call of the endpoint {endpoint} could not go through S3: {error.message}", error.remedy
            ) from error
        finally:
            self._clear(places)

    def _waited_for(self, endpoint: str, answer: str, failure: str, until: float) -> bytes:
        pause_s = _FIRST_LOOK_S
        while True:
            if self._objects.exists(answer):
                return self._objects.get_bytes(answer)
            if failure and self._objects.exists(failure):
                raise EndpointError(
                    f"The endpoint {endpoint} failed at an asynchronous call.",
                    "Its log in CloudWatch says more.",
                )
            left_s = until - time.monotonic()
            if left_s <= 0:
                raise EndpointError(
                    f"The endpoint {endpoint} gave no answer in the time that one evaluation has.",
                    "Give it more (BHARATCHEF_EVALUATION_DEADLINE_S): the first instance takes minutes.",
                )
            self._sleep(min(pause_s, left_s))
            pause_s = min(2 * pause_s, _LONGEST_LOOK_S)

    def _clear(self, places: list[str]) -> None:
        for key in filter(None, places):
            try:
                # With its earlier versions: what was asked about is a piece of somebody's film.
                self._objects.erase(key)
            except StoreError:
                continue  # a rule of the bucket's life ends what is left


def _key(location: str) -> str:
    return urlsplit(location).path.lstrip("/")
