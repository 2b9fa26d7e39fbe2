"""What the domain needs of the world, as Protocols; ``adapters`` holds the two sides of each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, Protocol

from bharatchef.notices import ConfirmedUpload, Notice
from bharatchef.observed import Analyser, ModelIdentity, Unavailable
from bharatchef.records import ActionSequence, Dish, Evaluation, Feedback, User
from bharatchef.results import EvaluationResult
from bharatchef.vocabulary import DeviationKind


class Clock(Protocol):
    """The time, so that a test can hold it still."""

    def now(self) -> datetime:
        """The present moment in UTC, with its zone."""
        ...


@dataclass(frozen=True)
class StoredObject:
    """What is known of an object without reading it.

    ``archived`` is whether it lies where it has to be brought back from before it can be read.
    """

    key: str
    size_bytes: int
    modified_at: datetime
    archived: bool = False


class ObjectStore(Protocol):
    """Named bytes. Keys are relative paths with '/', never absolute, never with '..'.

    A write is atomic and durable: after it returns, the bytes survive a crash; before that, a reader
    sees the old bytes or none, never a part. A full disk raises ``StoreError`` and leaves what was.
    """

    def put_bytes(self, key: str, data: bytes, content_type: str) -> None: ...

    def put_file(self, key: str, path: Path, content_type: str) -> None:
        """Store a file's bytes under ``key``; the file itself stays where it is."""
        ...

    def get_bytes(self, key: str) -> bytes:
        """The bytes under ``key``; ``StoreError`` where there are none."""
        ...

    def as_file(self, key: str) -> AbstractContextManager[Path]:
        """The bytes under ``key`` as a file to read, for as long as the context lasts."""
        ...

    def exists(self, key: str) -> bool: ...

    def list_keys(self, prefix: str) -> Iterator[str]:
        """All keys that start with ``prefix``, in sorted order; half-written ones are never among them."""
        ...

    def delete(self, key: str) -> None:
        """Remove the bytes under ``key``; nothing happens where there are none."""
        ...

    def objects(self, prefix: str) -> Iterator[StoredObject]:
        """What is known of all objects whose keys start with ``prefix``, in the order of ``list_keys``."""
        ...

    def erase(self, key: str) -> int:
        """Remove what is under ``key``, or below it where it ends with '/', as if it had never been there.

        Where the store keeps earlier versions and marks of deletions, each of them goes too, also those of
        keys that are deleted now. Returns how many went, versions and marks counted one by one.
        """
        ...

    def erase_earlier(self, key: str) -> int:
        """Remove all that was under ``key`` before what is there now; returns how many versions went."""
        ...


@dataclass(frozen=True)
class Claim:
    """The answer to a claim of work.

    ``claimed``: the caller holds the lease on ``evaluation`` (``resumed``: a dead worker began it).
    ``held``: somebody alive holds it until ``until``. ``done``: it is COMPLETED; here it is.
    """

    outcome: Literal["claimed", "held", "done"]
    evaluation: Evaluation
    resumed: bool = False
    until: datetime | None = None


class EvaluationStore(Protocol):
    """Users, evaluations and what belongs to them.

    The claim is the one place where the same work done twice is prevented: it is a single
    conditional write on ``evaluation.work_key``.
    """

    def claim(self, evaluation: Evaluation, owner: str, lease_s: float) -> Claim:
        """Claim the work named by ``evaluation.work_key`` for ``owner``.

        No record, or the last one FAILED: ``evaluation`` is stored as PROCESSING and leased. A
        PROCESSING one whose lease ran out, or that ``owner`` itself holds, is taken over under its
        old evaluation id.
        """
        ...

    def renew(self, evaluation_id: str, owner: str, lease_s: float) -> None:
        """Hold the lease for ``lease_s`` from now; ``LeaseLost`` where another has it."""
        ...

    def complete(self, result: EvaluationResult, owner: str) -> None:
        """Store the evaluation, its action sequence and its feedback in ONE transaction, and end the lease.

        ``LeaseLost`` where another worker has it; nothing is then written.
        """
        ...

    def fail(self, evaluation_id: str, owner: str, reason: str) -> None:
        """Record FAILED with a reason a person understands, and end the lease."""
        ...

    def replace_feedback(self, old: Feedback, new: Feedback) -> bool:
        """Put ``new`` in the place of ``old``, where the evaluation is COMPLETED and ``old`` is its feedback.

        Returns:
            Whether ``new`` is its feedback now, by this call or one before; false: it has another one, or is
            gone, and nothing was written.
        """
        ...

    def get(self, evaluation_id: str) -> Evaluation | None: ...

    def find(self, prefix: str) -> Sequence[Evaluation]:
        """The evaluations whose id begins with ``prefix``, oldest first."""
        ...

    def action_sequence(self, evaluation_id: str) -> ActionSequence | None: ...

    def feedback(self, evaluation_id: str) -> Feedback | None: ...

    def history(
        self, user_id: str, dish_id: str | None = None, since: datetime | None = None
    ) -> Sequence[Evaluation]:
        """A user's evaluations, oldest first (index userId-timestamp)."""
        ...

    def expired(self) -> Sequence[Evaluation]:
        """PROCESSING evaluations whose lease ran out: nobody alive works on them."""
        ...

    def unannounced(self) -> Sequence[Evaluation]:
        """COMPLETED and FAILED evaluations that nobody was told of yet, oldest first."""
        ...

    def announced(self, evaluation_id: str) -> None:
        """Note that people were told; a crash between telling and this tells them twice, never not at all."""
        ...

    def delete(self, evaluation_id: str) -> bool:
        """Remove an evaluation and all that hangs on it; false where there was none."""
        ...

    def put_user(self, user: User) -> None: ...

    def user(self, user_id: str) -> User | None: ...

    def delete_user(self, user_id: str) -> bool:
        """Remove what is kept in Users of a person, not their evaluations; false where there was nothing."""
        ...


class Models(Protocol):
    """Models behind one contract: bytes in, decoded JSON out, wherever they run."""

    def identify(self, analyser: Analyser) -> ModelIdentity | Unavailable:
        """Which model would answer for ``analyser``, or why none would."""
        ...

    def invoke(self, analyser: Analyser, body: bytes, content_type: str) -> Mapping[str, Any]:
        """The model's answer to one body (a chunk ``video/mp4``, an ``image/jpeg``, ``application/json``).

        ``EndpointError`` where it does not answer, with ``retryable`` set.
        """
        ...


@dataclass(frozen=True)
class TipText:
    """A tip's words in one language; ``safety`` is quoted word for word, or empty."""

    mistake: str
    why: str
    correction: str
    safety: str = ""
    reviewed: bool = False


@dataclass(frozen=True)
class Tip:
    """One reviewed piece of advice; safety tips are quoted word for word.

    ``kinds`` are the deviations it answers; ``dishes``, ``steps`` ("dish:step") and ``points``
    ("dish:step:point") say where it holds: everywhere, where it names none. ``texts`` holds its words in
    other languages by their code.
    """

    tip_id: str
    text: str
    safety: bool
    source: str
    mistake: str = ""
    why: str = ""
    correction: str = ""
    severity: Literal["low", "medium", "high"] = "medium"
    texts: Mapping[str, TipText] = field(default_factory=dict)
    kinds: tuple[DeviationKind, ...] = ()
    actions: tuple[str, ...] = ()
    ingredients: tuple[str, ...] = ()
    dishes: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()
    points: tuple[str, ...] = ()


class TipStore(Protocol):
    """Reviewed cooking tips, searched."""

    def search(self, query: str, dish_id: str, limit: int) -> Sequence[Tip]:
        """The tips nearest to ``query`` in English words, best first."""
        ...

    def search_each(self, queries: Sequence[str], dish_id: str, limit: int) -> Sequence[Sequence[Tip]]:
        """What ``search`` finds for each question; asked together they cost less than one by one."""
        ...


@dataclass(frozen=True)
class ChatFacts:
    """What is known of a chat model before it is asked.

    Attributes:
        model_id: as its host names it; it goes into the result.
        input_price_id, output_price_id: what a token in and a token out cost, in the price table.
        pixels_per_token: how many pixels of a picture are billed as one token.
        overhead_tokens: tokens in that are billed beyond the text that is sent, for the asked form.
        stays_in_india: whether what is sent is processed in India alone.
        max_inr: most that one call may cost where no setting says otherwise, rupees before tax.
    """

    model_id: str
    input_price_id: str
    output_price_id: str
    pixels_per_token: float
    overhead_tokens: int
    stays_in_india: bool
    max_inr: float


@dataclass(frozen=True)
class ChatAnswer:
    """A chat model's answer and what it used, as its host counted it.

    ``stop``: ``whole``, ``cut_off`` (it came to its longest length), ``refused`` (the model would not), or
    ``blocked`` (a guardrail let it not through).
    """

    text: str
    stop: Literal["whole", "cut_off", "refused", "blocked"]
    input_tokens: int
    output_tokens: int


class ChatModel(Protocol):
    """A language model that words what it is given: one try a call, it never tries again by itself."""

    @property
    def facts(self) -> ChatFacts: ...

    def word(
        self,
        system: str,
        user: str,
        images: Sequence[bytes],
        schema: Mapping[str, Any],
        max_tokens: int,
        deadline_s: float,
    ) -> ChatAnswer:
        """The model's answer, a JSON object of ``schema`` where it is ``whole``.

        Args:
            system: the instructions, the same whatever is worded.
            user: what is to be worded, as data.
            images: JPEG pictures.
            schema: JSON schema without limits on lengths and numbers.
            max_tokens: longest answer.
            deadline_s: how long to wait, seconds.

        Raises:
            EndpointError: no answer; ``retryable`` where the same call may succeed soon.
        """
        ...


class DishStore(Protocol):
    """The dishes that films can be judged against."""

    def get(self, dish_id: str) -> Dish:
        """The dish; ``KnowledgeError`` that names near misses where there is none."""
        ...

    def list_dishes(self) -> Sequence[Dish]: ...


class Notifier(Protocol):
    """Tells people that a film has arrived, and that an evaluation is complete or has failed.

    A call tells once, under an ``eventId`` that is the same for the same event. ``notice`` holds the words;
    without it the bare event is told.
    """

    def upload_confirmed(self, upload: ConfirmedUpload, notice: Notice | None = None) -> None: ...

    def evaluation_complete(self, evaluation: Evaluation, notice: Notice | None = None) -> None: ...

    def processing_failed(self, evaluation: Evaluation, notice: Notice | None = None) -> None: ...


class LaterWork(Protocol):
    """Work that is put off: it comes back as a run of its own flow, at least once.

    ``EndpointError`` where it could not be put off.
    """

    def reword(self, evaluation_id: str, attempt: int, delay_s: int) -> None:
        """Let the feedback be worded for the so-manieth time (from 1), after ``delay_s`` (at most 900)."""
        ...

    def leave_unworded(self, evaluation_id: str, attempt: int, reason: str) -> None:
        """Leave the so-manieth wording to a person, who has it tried once what is wrong is mended."""
        ...

    def analyse_again(self, evaluation_id: str, model_version: str) -> None:
        """Let the films of an evaluation be evaluated again, because ``model_version`` is there now."""
        ...


@dataclass(frozen=True)
class StageTime:
    """When a stage of an evaluation began and ended, by the worker's clock, and how it went."""

    stage: str
    began: datetime
    ended: datetime
    outcome: Literal["done", "cached", "unavailable", "failed"]


class Traces(Protocol):
    """Where an operator sees what the time of evaluations was spent on; raises nothing."""

    def evaluation(
        self, evaluation: Evaluation, stages: Sequence[StageTime], error: BaseException | None = None
    ) -> None:
        """Show an evaluation that has ended, by ``error`` where it failed."""
        ...


@dataclass(frozen=True)
class SeenLabel:
    """Something that a service saw in a picture; ``box`` is left, top, width and height, 0 to 1 each."""

    name: str
    confidence: float
    time_s: float
    box: tuple[float, float, float, float] | None = None


@dataclass(frozen=True)
class Looked:
    """What a general service saw in pictures of a film, beside the models of this program.

    ``unfit``: kinds of content that a person has to look at before anything of the film is shown.
    """

    service: str
    unfit: tuple[SeenLabel, ...] = ()
    scenes: tuple[SeenLabel, ...] = ()
    objects: tuple[SeenLabel, ...] = ()
    activities: tuple[SeenLabel, ...] = ()


class Looker(Protocol):
    """Looks pictures of a film over for what is not fit to be shown, and says what else it sees."""

    def look(self, pictures: Sequence[tuple[float, bytes]]) -> Looked:
        """What is in JPEG pictures, each given with its time in the film in seconds.

        Raises:
            EndpointError: it does not answer; ``retryable`` where it may soon.
        """
        ...


@dataclass(frozen=True)
class Ports:
    """One side of every port; ``chat`` holds the model that words and its backup, or nothing: rules alone.

    ``looker`` is ``None`` where films are looked over by nobody but the models, ``later`` where work cannot
    be put off: a person repeats it, ``traces`` where nobody looks at the time of stages but in the results.
    """

    objects: ObjectStore
    evaluations: EvaluationStore
    models: Models
    tips: TipStore
    dishes: DishStore
    notifier: Notifier
    clock: Clock
    chat: tuple[ChatModel, ...] = ()
    looker: Looker | None = None
    later: LaterWork | None = None
    traces: Traces | None = None
