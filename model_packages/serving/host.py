"""The ASGI app that answers for one model package; knows nothing of sockets, signals or of what answers mean.

``GET /ping`` (200 once the model is loaded and warmed up), ``POST /invocations``, ``GET /model``,
``GET /metrics``. Model calls run one after the other in one thread of their own, so that the event loop
stays free to say that the host is alive.
"""

from __future__ import annotations

import asyncio
import logging
import math
import time
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from model_packages.serving.metrics import CONTENT_TYPE, Histogram, Metrics
from model_packages.serving.package import Answer, Package, PackageError
from model_packages.serving.requests import (
    Body,
    ClientGone,
    Message,
    Receive,
    Refused,
    Scope,
    Send,
    answer,
    answer_error,
    answer_json,
    answered_by,
    asks_for_model,
    check_accept,
    content_type_of,
    named,
    refusal_of,
    with_weights_within,
)

T = TypeVar("T")
log = logging.getLogger("bharatchef.host")
_ROUTES = {"/ping": "GET", "/model": "GET", "/metrics": "GET", "/invocations": "POST"}
# A call that runs for so many deadlines is taken to hang: nobody waits for it, and everybody waits behind it.
_HUNG_DEADLINES = 2.0


@dataclass(frozen=True)
class Limits:
    """What one host takes on.

    ``max_body_bytes``: SageMaker passes 6 MB on. ``deadline_s``: from the first byte of a request to its
    answer. ``queue``: requests that may wait while another is answered; one more is turned away.
    """

    max_body_bytes: int = 6 * 1024 * 1024
    deadline_s: float = 60.0
    queue: int = 16


class Host:
    """One package behind HTTP.

    Args:
        package: a package without a problem.
        limits: what it takes on.
        prepare: run in the model's thread right after loading, before the warm-up; sets thread counts.
    """

    def __init__(
        self, package: Package, limits: Limits | None = None, prepare: Callable[[], None] = lambda: None
    ) -> None:
        if package.manifest is None or package.problem:
            raise PackageError(package.problem, package.remedy)
        self.package = package
        self.manifest = package.manifest
        self.limits = limits or Limits()
        self.metrics = Metrics()
        self.ready = False
        self.draining = False
        self._prepare = prepare
        self._model_thread = ThreadPoolExecutor(1, thread_name_prefix="model")
        # First come, first served; it is given back by the call that ends, not by the request that gave up.
        self._turn = asyncio.Semaphore(1)
        self._running_since: float | None = None
        self._admitted = 0
        self._waiting = 0
        self._ended = asyncio.Event()

    @property
    def busy(self) -> bool:
        """Whether the package's code is running at this moment."""
        return self._running_since is not None

    async def load(self) -> None:
        """Load the package and warm it up; ``/ping`` says 200 from then on.

        Raises:
            PackageError: it could not be loaded, or did not answer about its own sample.
        """

        def work() -> None:
            self.package.load()
            self._prepare()
            self.package.warm_up()

        began = time.perf_counter()
        await self._in_model_thread(work)
        self.metrics.load_s = time.perf_counter() - began
        self.metrics.model_s = Histogram()
        self.ready = True

    def stop_taking(self) -> None:
        """Turn new requests away; those taken may end."""
        self.draining = True

    def end(self) -> None:
        """Give up on the requests that are still without an answer."""
        self._ended.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise RuntimeError(f"expected an HTTP request, got {scope['type']}")
        path = scope["path"]
        route = path if path in _ROUTES else "other"
        body = Body(scope, receive, self.limits.max_body_bytes)
        statuses: list[int] = []

        async def counting(message: Message) -> None:
            if message["type"] == "http.response.start":
                statuses.append(message["status"])
            await send(message)

        try:
            if route == "other":
                raise Refused(404, "not_found", f"Expected one of {', '.join(_ROUTES)}.")
            if scope["method"] != _ROUTES[route]:
                allowed = _ROUTES[route]
                raise Refused(405, "method", f"Expected {allowed} {route}.", {"allow": allowed})
            if route == "/invocations":
                await self._invocation(scope, body, counting)
            else:
                await self._small(route, counting)
        except Refused as refused:
            if refused.status != 408:
                await body.drain()
            await answer_error(counting, refused)
        except ClientGone:
            self.metrics.errors["client_gone"] += 1
        # A mistake of the host itself is answered like any other failure, and told in the log alone.
        except Exception:
            log.exception("the host failed to answer %s", route)
            self.metrics.errors["internal"] += 1
            if not statuses:
                await answer_error(counting, Refused(500, "internal", "The host failed; its log says why."))
        for status in statuses:
            self.metrics.requests[route, status] += 1

    async def _small(self, route: str, send: Send) -> None:
        manifest = self.manifest
        if route == "/model":
            await answer_json(send, 200, named(manifest, self.ready))
        elif route == "/metrics":
            text = self.metrics.text(
                ready=self.ready,
                queue_length=self._waiting,
                running=int(self.busy),
                model={
                    "analyser": manifest.analyser,
                    "name": manifest.name,
                    "version": manifest.version,
                    "weights_sha256": manifest.weights_sha256,
                },
            )
            await answer(send, 200, text.encode(), CONTENT_TYPE)
        else:
            self._check_ready()
            ran_s = time.perf_counter() - (self._running_since or time.perf_counter())
            if ran_s > _HUNG_DEADLINES * self.limits.deadline_s:
                raise Refused(503, "hung", f"The model has not come back from a call for {ran_s:.0f} s.")
            await answer_json(send, 200, {"status": "ready"})

    def _check_ready(self) -> None:
        if self.draining:
            raise Refused(503, "stopping", "This host is stopping.", {"connection": "close"})
        if not self.ready:
            raise Refused(503, "loading", "The model is still loading.", {"retry-after": "1"})

    async def _invocation(self, scope: Scope, body: Body, send: Send) -> None:
        began = time.perf_counter()
        try:
            self._check_ready()
            if asks_for_model(scope):
                await body.drain()
                await answer_json(send, 200, named(self.manifest, self.ready), answered_by(self.manifest))
                return
            content_type = content_type_of(scope, self.manifest.content_types)
            check_accept(scope)
            # Counted before the body is read: what waits bounds the memory that waits.
            if self._admitted > self.limits.queue:
                raise Refused(
                    429,
                    "busy",
                    f"{self.limits.queue} requests wait already; ask again later.",
                    {"retry-after": str(self._wait_s())},
                )
            self._admitted += 1
            try:
                said = await self._answer(body, content_type, began + self.limits.deadline_s)
            finally:
                self._admitted -= 1
            raw = with_weights_within(scope, said.raw, self.manifest)
            await answer(send, 200, raw, headers=answered_by(self.manifest))
        except Refused as refused:
            self.metrics.errors[refused.kind] += 1
            raise
        finally:
            self.metrics.request_s.add(time.perf_counter() - began)

    async def _answer(self, body: Body, content_type: str, until: float) -> Answer:
        try:
            async with asyncio.timeout(until - time.perf_counter()):
                content = await body.read()
        except TimeoutError:
            raise Refused(
                408, "slow_body", f"The body did not arrive within {self.limits.deadline_s:g} s."
            ) from None
        call = asyncio.ensure_future(self._call(content, content_type))
        gone = asyncio.ensure_future(body.gone())
        ended = asyncio.ensure_future(self._ended.wait())
        try:
            await asyncio.wait(
                {call, gone, ended},
                timeout=max(0.0, until - time.perf_counter()),
                return_when=asyncio.FIRST_COMPLETED,
            )
            if call.done():
                return call.result()
            if gone.done():
                raise ClientGone
            if ended.done():
                raise Refused(503, "stopping", "This host stopped before the model answered.")
            raise Refused(504, "deadline", f"The model did not answer within {self.limits.deadline_s:g} s.")
        finally:
            # A request that waits leaves the queue; a call that runs cannot be stopped and ends unheard.
            for task in (call, gone, ended):
                task.cancel()

    async def _call(self, content: bytes, content_type: str) -> Answer:
        try:
            return await self._in_model_thread(lambda: self.package.answer(content, content_type))
        except PackageError as error:
            log.warning("%s%s", error.message, _place_of(error) if error.status == 500 else "")
            raise refusal_of(error) from None

    async def _in_model_thread(self, work: Callable[[], T]) -> T:
        """What ``work`` gives; it begins when all that came before it has ended."""
        self._waiting += 1
        try:
            await self._turn.acquire()
        finally:
            self._waiting -= 1
        self._running_since = time.perf_counter()
        future = asyncio.get_running_loop().run_in_executor(self._model_thread, _outcome, work)
        future.add_done_callback(self._call_ended)
        # Shielded: who asked may give up, while the thread, and with it the turn, stays taken.
        result = await asyncio.shield(future)
        if isinstance(result, PackageError):
            raise result
        return result

    def _call_ended(self, _future: object) -> None:
        began, self._running_since = self._running_since, None
        if began is not None:
            self.metrics.model_s.add(time.perf_counter() - began)
        self._turn.release()

    def _wait_s(self) -> int:
        """Seconds after which a place should be free: the mean call, as often as requests wait."""
        mean_s = self.metrics.model_s.mean_s() or 1.0
        return max(1, math.ceil(min(mean_s, self.limits.deadline_s)))


def _place_of(error: PackageError) -> str:
    # Where it failed, without the exception's own words: these may be as long as the input.
    if error.__cause__ is None:
        return ""
    return "\n" + "".join(traceback.format_tb(error.__cause__.__traceback__)).rstrip()


def _outcome(work: Callable[[], T]) -> T | PackageError:
    # Given back, not raised: asyncio would report the error of a call that nobody waits for as lost.
    try:
        return work()
    except PackageError as error:
        return error
    # Code of a package that ends its thread, by sys.exit for one, ends this call and not the host.
    except BaseException as error:
        ended = PackageError(f"The model package's code ended with {type(error).__name__}.")
        ended.__cause__ = error
        return ended
