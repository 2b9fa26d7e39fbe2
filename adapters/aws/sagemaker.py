"""The models port on SageMaker endpoints; knows nothing of what answers mean, nor of what is behind one.

The container behind an endpoint is a host of ``model_packages/serving``. SageMaker passes a body and one
header on to it, so that header asks which model there is and says which weights answered.
"""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from adapters.aws.clients import SOON, aws_client, error_code
from adapters.aws.objects import S3Objects
from adapters.aws.sagemaker_async import AsyncCalls
from adapters.identifying import identity_said
from bharatchef.errors import ConfigurationError, EndpointError
from bharatchef.observed import Analyser, ModelIdentity, Unavailable
from bharatchef.ports import Models
from bharatchef.settings import Settings

# As model_packages/serving/requests.py has them; the two sides share no code, a test compares them.
SAGEMAKER_ASK, SAGEMAKER_WEIGHTS = "bharatchef-ask=model", "weights-sha256="
SAGEMAKER_ASK_WITHIN, WEIGHTS_WITHIN = "bharatchef-say=weights", "answeredByWeightsSha256"
_CALL_S = 65.0  # SageMaker gives up after 60 s and says so
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 20.0
_MOST_TRIES = 12
_AGAIN = SOON | {"ModelNotReadyException", "InternalDependencyException"}
_AGAIN_OF_MODEL = {429, 502, 503, 504}


@dataclass(frozen=True)
class _Said:
    decoded: Any
    weights_sha256: str
    variant: str


class SageMakerModels:
    """Endpoints by analyser; analysers without one are answered for by ``others``.

    **The models of one evaluation answer as one**: when a model is identified, the variant that spoke is
    noted, and every call after that names it, so that no film is seen half by one model and half by another.
    The identity names endpoint and variant.

    A call is tried again after throttling, while a model is being loaded, and after an error of SageMaker's
    own side (5xx), after a pause drawn evenly from nothing to a bound that doubles. All tries of one
    evaluation end within ``settings.evaluation_deadline_s`` of its models being identified, give or take the
    call that is under way. What is left unanswered then is not to be tried again by whoever asked. botocore
    itself sends each call once.

    With ``settings.sagemaker_mode`` ``async`` bodies and answers are objects in S3 (``AsyncCalls``) that say
    no variant: such an endpoint is to have one. Which weights answered stands within, because the call asks.

    Args:
        sleep, jitter: how a pause is waited for and drawn; ``jitter(0, bound)`` gives seconds.
    """

    def __init__(
        self,
        settings: Settings,
        others: Models,
        sleep: Callable[[float], None] = time.sleep,
        jitter: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self._endpoints = {Analyser(name): where for name, where in settings.sagemaker_endpoints.items()}
        self._others = others
        self._deadline_s = settings.evaluation_deadline_s
        self._most_bytes = settings.sagemaker_max_body_bytes
        self._turns = {
            where.split("/")[0]: threading.BoundedSemaphore(settings.sagemaker_parallel)
            for where in self._endpoints.values()
        }
        self._sleep, self._jitter = sleep, jitter
        self._until: dict[Analyser, float] = {}
        self._named: dict[Analyser, _Said] = {}
        self._client: Any = aws_client(
            "sagemaker-runtime",
            settings,
            url=settings.sagemaker_url,
            read_s=_CALL_S,
            attempts=1,
            pool=max(10, len(self._turns) * settings.sagemaker_parallel),
        )
        self._by_objects = None
        if settings.sagemaker_mode == "async":
            if targeted := [where for where in self._endpoints.values() if "/" in where]:
                raise ConfigurationError(
                    f"An asynchronous endpoint takes no variant by name, got {targeted[0]!r}.",
                    "Name the endpoint alone in BHARATCHEF_SAGEMAKER_ENDPOINTS.",
                )
            if not settings.results_bucket:
                raise ConfigurationError(
                    "BHARATCHEF_SAGEMAKER_MODE=async needs BHARATCHEF_RESULTS_BUCKET, which is not set."
                )
            self._by_objects = AsyncCalls(self._client, S3Objects(settings), sleep)

    def identify(self, analyser: Analyser) -> ModelIdentity | Unavailable:
        if analyser not in self._endpoints:
            return self._others.identify(analyser)
        # An evaluation asks this first, and once: its time begins.
        self._until[analyser] = time.monotonic() + self._deadline_s
        self._named.pop(analyser, None)
        endpoint, _, variant = self._endpoints[analyser].partition("/")
        try:
            said = self._asked(
                analyser, b"{}", "application/json", variant, {"CustomAttributes": SAGEMAKER_ASK}
            )
        except EndpointError as error:
            return Unavailable(analyser=analyser, reason=error.message, remedy=error.remedy)
        identity = identity_said(
            analyser,
            said.decoded,
            f"The endpoint {endpoint}",
            "its container is a host of model_packages/serving",
            "its own endpoint in BHARATCHEF_SAGEMAKER_ENDPOINTS",
        )
        if isinstance(identity, Unavailable):
            return identity
        self._named[analyser] = _Said(None, identity.weights_sha256, said.variant)
        where = f"{endpoint}/{said.variant}" if said.variant else endpoint
        return identity.model_copy(update={"engine": f"{identity.engine} on SageMaker {where}"})

    def invoke(self, analyser: Analyser, body: bytes, content_type: str) -> Mapping[str, Any]:
        if analyser not in self._endpoints:
            return self._others.invoke(analyser, body, content_type)
        named = self._named.get(analyser)
        variant = named.variant if named else self._endpoints[analyser].partition("/")[2]
        # An asynchronous answer is an object, with nothing beside it: what says its weights stands within.
        within = {"CustomAttributes": SAGEMAKER_ASK_WITHIN} if self._by_objects is not None else {}
        said = self._asked(analyser, body, content_type, variant, within)
        if named is not None and said.weights_sha256 != named.weights_sha256:
            raise EndpointError(
                f"The endpoint for {analyser.value} answered with other weights than it had named: expected"
                f" {named.weights_sha256[:12]}…, got {said.weights_sha256[:12] or 'none'}….",
                "Evaluate the film again.",
            )
        answer: Mapping[str, Any] = said.decoded
        return answer

    def _asked(
        self, analyser: Analyser, body: bytes, content_type: str, variant: str, more: Mapping[str, str]
    ) -> _Said:
        if len(body) > self._most_bytes:
            raise EndpointError(
                f"A body for {analyser.value} has {len(body)} bytes; its endpoint takes {self._most_bytes}.",
                "Send shorter pieces of film, or set BHARATCHEF_SAGEMAKER_MAX_BODY_BYTES to what it takes.",
            )
        endpoint = self._endpoints[analyser].partition("/")[0]
        until = self._until.setdefault(analyser, time.monotonic() + self._deadline_s)
        arguments = {
            "EndpointName": endpoint,
            "Body": body,
            "ContentType": content_type,
            "Accept": "application/json",
            **({"TargetVariant": variant} if variant else {}),
            **more,
        }
        last = "its turn did not come"
        for number in range(_MOST_TRIES):
            left_s = until - time.monotonic()
            if left_s <= 0 or not self._turns[endpoint].acquire(timeout=left_s):
                break
            try:
                return self._sent(endpoint, arguments, until)
            except _TryAgainError as error:
                last = str(error)
            finally:
                self._turns[endpoint].release()
            # The pause is outside of the turn: others may ask meanwhile.
            bound_s = min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2**number)
            self._sleep(min(self._jitter(0.0, bound_s), max(0.0, until - time.monotonic())))
        else:
            raise _given_up(endpoint, f"{_MOST_TRIES} tries", last)
        raise _given_up(endpoint, f"the {self._deadline_s:g} s that one evaluation has", last)

    def _sent(self, endpoint: str, arguments: Mapping[str, Any], until: float) -> _Said:
        """One call's answer.

        Raises:
            _TryAgainError: throttled, not ready, or failed on SageMaker's side.
            EndpointError: refused; or the connection failed, which is ``retryable``.
        """
        from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError, ResponseStreamingError
        from urllib3.exceptions import HTTPError

        try:
            if self._by_objects is None:
                response = self._client.invoke_endpoint(**arguments)
                raw = response["Body"].read()
            else:
                response, raw = {}, self._by_objects.answered(arguments, until)
        except ClientError as error:
            code = error_code(error)
            status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
            of_model = error.response.get("OriginalStatusCode")
            if code == "ModelError":
                if of_model in _AGAIN_OF_MODEL:
                    raise _TryAgainError(f"its model answered {of_model}") from error
                raise EndpointError(
                    f"The model behind the endpoint {endpoint} refused with {of_model}.",
                    "The endpoint's log in CloudWatch says more.",
                ) from error
            if code in _AGAIN or status == 429 or status >= 500:
                raise _TryAgainError(f"SageMaker answered {code}") from error
            raise EndpointError(
                f"SageMaker refused to ask the endpoint {endpoint}: {code}.",
                "Check BHARATCHEF_SAGEMAKER_ENDPOINTS and the worker's role.",
            ) from error
        except (HTTPClientError, ResponseStreamingError, HTTPError) as error:
            raise EndpointError(
                f"The endpoint {endpoint} did not answer whole ({type(error).__name__}).",
                "Check the network and the endpoint's load.",
                retryable=True,
            ) from error
        except BotoCoreError as error:
            raise EndpointError(
                f"The endpoint {endpoint} could not be asked ({type(error).__name__}).",
                "Check the AWS credentials and the region.",
            ) from error
        try:
            decoded = json.loads(raw)
        except (ValueError, RecursionError):
            decoded = None
        if not isinstance(decoded, dict):
            raise EndpointError(
                f"The endpoint {endpoint} gave no JSON object.",
                "See that its container is a host of model_packages/serving.",
            )
        attributes = str(response.get("CustomAttributes", ""))
        weights = attributes.removeprefix(SAGEMAKER_WEIGHTS) if SAGEMAKER_WEIGHTS in attributes else ""
        weights = weights or str(decoded.pop(WEIGHTS_WITHIN, ""))
        return _Said(decoded, weights, str(response.get("InvokedProductionVariant", "")))


class _TryAgainError(Exception):
    """The same call may succeed soon; says why this one did not."""


def _given_up(endpoint: str, within: str, last: str) -> EndpointError:
    # Not retryable: the tries were made here, and those of whoever asks would multiply them.
    return EndpointError(
        f"The endpoint {endpoint} gave no answer within {within}: {last}.",
        "Look at its load and its scaling, then evaluate the film again.",
    )
