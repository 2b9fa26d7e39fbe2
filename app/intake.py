"""``bharatchef intake``: turns messages of the queues into runs on Prefect, one message at a time a queue.

A message is deleted last: whatever dies before, it comes again, and its idempotency key makes the run that
is there the run it asks for. Knows the order of these things; what a message means is decided elsewhere.
"""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Callable
from typing import TypeVar

from adapters.aws.queues import Received, SqsQueue, sqs_client
from adapters.aws.uploads import Uploads
from app.console import err, out, print_json
from app.intake_deciding import Nothing, Start, World, check_buckets, decide
from app.intake_messages import Queue, queue_of, read_message
from app.intake_prefect import PrefectRuns
from app.prefect_server import is_healthy, set_prefect_environment
from bharatchef.consent import check_may_evaluate
from bharatchef.errors import BharatChefError, ConfigurationError, EndpointError, InputError
from bharatchef.notices import ConfirmedUpload
from bharatchef.settings import Settings, load_settings
from tasks.noticing import confirm_upload
from tasks.runtime import ports_here
from tasks.speaking import language_of

POLL_S = 10
"""How long one receive waits; with it, how long a stop may take."""
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 30.0
_PLACES: dict[Queue, str] = {
    "video-processing-queue": "video_processing_queue",
    "cv-analysis-queue": "cv_analysis_queue",
    "ai-coaching-queue": "ai_coaching_queue",
}
_STARTED_WITHIN_S = 300.0
_CONFIRM_AGAIN_S = 30

Answer = TypeVar("Answer")


def run_intake(debug: bool) -> None:
    """Serve the three queues until SIGTERM or Ctrl-C; the message in hand is finished or given back.

    Raises:
        ConfigurationError: a queue, a bucket's name, a deployment or Prefect's address is lacking.
    """
    settings = load_settings()
    check_buckets(settings)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stop.set())
    api_url = _prefect_address(settings, debug)
    queues, dead = _queues(settings)
    gate = HealthGate(api_url, stop)
    if not gate.passed(_STARTED_WITHIN_S):
        if stop.is_set():
            return
        raise ConfigurationError(
            f"No healthy Prefect server answered at {api_url} within {_STARTED_WITHIN_S:.0f} s.",
            "Start it, or correct PREFECT_API_URL (it ends in /api).",
        )
    flows = _deployments_there(settings, api_url)
    ports = ports_here()
    world = World(
        settings,
        Uploads(settings),
        ports.dishes,
        ports.evaluations,
        flows,
        check_consent=lambda user_id: check_may_evaluate(ports.objects, settings, user_id),
        confirm=lambda film: confirm_upload(ports, film, language_of(ports, settings, film.user_id)),
    )
    failed: list[BaseException] = []

    def serve(queue: SqsQueue, name: Queue) -> None:
        try:
            Consumer(name, queue, dead, world, PrefectRuns(api_url), gate, stop).serve()
        except BaseException as error:
            failed.append(error)
        finally:
            stop.set()

    threads = [
        threading.Thread(target=serve, args=(queue, name), name=f"intake {name}")
        for name, queue in queues.items()
    ]
    for thread in threads:
        thread.start()
    _say("serving", queues=[queue.name for queue in queues.values()], flows=sorted(flows))
    while any(thread.is_alive() for thread in threads):
        threads[0].join(timeout=0.5)
        for thread in threads[1:]:
            thread.join(timeout=0.01 if not stop.is_set() else 0.5)
    if failed:
        raise failed[0]
    _say("stopped")


class HealthGate:
    """Nothing is received while Prefect is not well: a receive in vain brings a message nearer its end."""

    def __init__(self, api_url: str, stop: threading.Event) -> None:
        self._api_url = api_url
        self._stop = stop

    def passed(self, within_s: float | None = None) -> bool:
        """Wait until Prefect is healthy; false where it is time to stop, or ``within_s`` is over."""
        until = None if within_s is None else time.monotonic() + within_s
        pause_s, told = _FIRST_PAUSE_S, False
        while not self._stop.is_set():
            if is_healthy(self._api_url, timeout_s=5.0):
                if told:
                    _say("Prefect is well again")
                return True
            if until is not None and time.monotonic() > until:
                return False
            if not told:
                _say("Prefect is not well: nothing is received until it is", api=self._api_url)
                told = True
            self._stop.wait(pause_s)
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
        return False


class Consumer:
    """Serves one queue, one message at a time."""

    def __init__(
        self,
        name: Queue,
        queue: SqsQueue,
        dead: SqsQueue,
        world: World,
        runs: PrefectRuns,
        gate: HealthGate,
        stop: threading.Event,
    ) -> None:
        self.name: Queue = name
        self._queue = queue
        self._dead = dead
        self._world = world
        self._runs = runs
        self._gate = gate
        self._stop = stop

    def serve(self) -> None:
        """Until it is time to stop."""
        pause_s = _FIRST_PAUSE_S
        while self._gate.passed():
            try:
                message = self._queue.receive(POLL_S)
                if message is not None:
                    with self._queue.kept_hidden(message, self._not_extended):
                        self.take(message)
                pause_s = _FIRST_PAUSE_S
            except BharatChefError as error:
                _say("will try again", queue=self.name, error=_loggable(error))
                self._stop.wait(pause_s)
                pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    def take(self, message: Received) -> None:
        """Do what a message asks, then delete it; where it is time to stop first, give it back."""
        try:
            read = read_message(message.body)
            if (belongs := queue_of(read)) != self.name:
                raise InputError(f"This message belongs on {belongs}; it came on {self.name}.")
            asked = self._patiently(lambda: decide(read, self._world))
            if asked is None:
                self._give_back(message)
                return
            if isinstance(asked, Nothing):
                _say("nothing to do", queue=self.name, message=message.message_id, why=asked.why)
            elif not self._start(asked, message):
                self._give_back(message)
                return
            elif asked.confirms is not None and not self._confirmed(asked.confirms, message):
                self._queue.hide(message, _CONFIRM_AGAIN_S)
                return
        except InputError as error:
            _say("not to be handled: to the dead letters", queue=self.name, message=message.message_id)
            self._dead.send(message.body, {"reason": str(error), "queue": self.name})
        self._queue.delete(message)

    def _start(self, asked: Start, message: Received) -> bool:
        answer = self._patiently(lambda: self._runs.ensure(asked))
        if answer is None:
            return False
        run_id, was_there = answer
        _say(
            "there is a run",
            queue=self.name,
            message=message.message_id,
            deployment=asked.deployment,
            run=str(run_id),
            new=not was_there,
        )
        return True

    def _confirmed(self, film: ConfirmedUpload, message: Received) -> bool:
        """Tell the person that the film has arrived; false where the message has to come again for that.

        Other messages are not kept waiting: whatever keeps people from being told, films are evaluated.
        """
        try:
            told = self._world.confirm is not None and self._world.confirm(film)
        except BharatChefError as error:
            _say(
                "an upload could not be confirmed; its message comes again",
                message=message.message_id,
                error=_loggable(error),
            )
            return False
        _say("its upload was confirmed", message=message.message_id, now=told)
        return True

    def _patiently(self, ask: Callable[[], Answer]) -> Answer | None:
        """What ``ask`` gives, asked again while it fails for reasons that pass; ``None``: time to stop.

        The message stays hidden meanwhile, so that an outage costs it no receive.
        """
        pause_s = _FIRST_PAUSE_S
        while not self._stop.is_set():
            try:
                return ask()
            except InputError:
                raise
            except BharatChefError as error:
                _say("will try again", queue=self.name, error=_loggable(error))
                self._stop.wait(pause_s)
                pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
                self._gate.passed()
        return None

    def _give_back(self, message: Received) -> None:
        _say("given back, because it is time to stop", queue=self.name, message=message.message_id)
        self._queue.hide(message, 0)

    def _not_extended(self, error: BharatChefError) -> None:
        _say("a message could not be kept hidden longer", queue=self.name, error=_loggable(error))


def replay_dead_letters(as_json: bool) -> None:
    """Send what waits in dlq-queue back to where it belongs; what cannot be read stays there.

    Only as many as waited at the start are looked at: what comes back as a dead letter meanwhile is for
    another time. A message is deleted there once it is on its queue again.

    Raises:
        ConfigurationError: a queue is lacking.
        EndpointError: SQS does not answer; repeat it, nothing was lost.
    """
    settings = load_settings()
    queues, dead = _queues(settings)
    sent: list[dict[str, str]] = []
    left: list[dict[str, str]] = []
    for _ in range(dead.waiting()):
        message = dead.receive(1)
        if message is None:
            break
        reason = message.attributes.get("reason", "received too often, or never delivered")
        try:
            belongs = queue_of(read_message(message.body))
        except InputError as error:
            left.append({"message": message.message_id, "reason": str(error)})
            continue
        queues[belongs].send(message.body)
        dead.delete(message)
        sent.append({"message": message.message_id, "queue": belongs, "reason": reason})
    if as_json:
        print_json({"sent": sent, "left": left})
        return
    for entry in sent:
        out().print(f"back on {entry['queue']}; it was here because: {entry['reason']}", markup=False)
    for entry in left:
        out().print(f"left in {dead.name}: {entry['reason']}", markup=False)
    out().print(f"{len(sent)} sent back, {len(left)} left.")


def _queues(settings: Settings) -> tuple[dict[Queue, SqsQueue], SqsQueue]:
    client = sqs_client(settings)

    def open_queue(name: str) -> SqsQueue:
        return SqsQueue(client, name, settings.queue_visibility_s)

    return {queue: open_queue(getattr(settings, setting)) for queue, setting in _PLACES.items()}, open_queue(
        settings.dlq_queue
    )


def _prefect_address(settings: Settings, debug: bool) -> str:
    set_prefect_environment(settings, debug)
    api_url = os.environ.get("PREFECT_API_URL", "")
    if not api_url:
        raise ConfigurationError(
            "Expected PREFECT_API_URL: the Prefect server on which runs are to be created.",
            "For example http://127.0.0.1:4200/api",
        )
    return api_url


def _deployments_there(settings: Settings, api_url: str) -> frozenset[str]:
    """Which of the deployments that messages ask for are there; without the first one nothing works."""
    runs = PrefectRuns(api_url)
    runs.deployment(settings.evaluation_deployment)
    there = {settings.evaluation_deployment}
    for name in (settings.rewording_deployment, settings.expert_deployment):
        try:
            runs.deployment(name)
            there.add(name)
        except ConfigurationError:
            _say("a deployment is not there: what asks for it goes to the dead letters", deployment=name)
    return frozenset(there)


def _loggable(error: BharatChefError) -> str:
    """What may be logged of an error: a store's names the object, and an object's key names a person."""
    return str(error) if isinstance(error, EndpointError | ConfigurationError) else type(error).__name__


_saying = threading.Lock()


def _say(what: str, **facts: object) -> None:
    """One line of JSON on stderr: an operator's log, without any person's name."""
    with _saying:
        err().file.write(json.dumps({"at": round(time.time(), 3), "what": what, **facts}) + "\n")
        err().file.flush()
