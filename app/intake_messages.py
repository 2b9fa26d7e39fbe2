"""What the messages of the three queues mean; must not know how they arrive or what is done about them."""

from __future__ import annotations

import hashlib
import json
import re
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError

from bharatchef.errors import InputError
from bharatchef.vocabulary import Slug, UserId

Queue = Literal["video-processing-queue", "cv-analysis-queue", "ai-coaching-queue"]
View = Literal["front", "side"]
ExpertPart = Literal["front", "side", "segments"]

_ENDINGS = ("mp4", "mov", "mkv", "webm")
_user = TypeAdapter(UserId)
_slug = TypeAdapter(Slug)
_view: TypeAdapter[View] = TypeAdapter(View)
_part: TypeAdapter[ExpertPart] = TypeAdapter(ExpertPart)


@dataclass(frozen=True)
class _Layout:
    """How keys of a kind are laid out: in words, as a pattern, and what its first groups name.

    The last group that is matched says what part of the whole lies under the key.
    """

    words: str
    pattern: re.Pattern[str]
    names: tuple[TypeAdapter[str], ...]


_FILM = _Layout(
    "a film under trainee/{user}/{dish}/{attempt}/front.mp4 (or side.mp4)",
    re.compile(
        rf"trainee/([^/]+)/([^/]+)/([^/]+)/(front|side)\.(?:{'|'.join(_ENDINGS)})", re.IGNORECASE | re.ASCII
    ),
    (_user, _slug, _slug),
)
_EXPERT = _Layout(
    "an expert's film under expert/{dish}/{film}/front.mp4 (and segments.json or segments.csv beside it)",
    re.compile(
        rf"expert/([^/]+)/([^/]+)/(?:(front|side)\.(?:{'|'.join(_ENDINGS)})"
        r"|(segments)[^/]{0,64}\.(?:json|csv))",
        re.IGNORECASE | re.ASCII,
    ),
    (_slug, _slug),
)


@dataclass(frozen=True)
class Upload:
    """An object that was put into a bucket; ``version`` is its version's id, else its etag."""

    bucket: str
    key: str
    version: str
    size_bytes: int
    reason: str = ""

    @property
    def is_folder(self) -> bool:
        """Whether it only marks a folder, as consoles put them there."""
        return self.key.endswith("/")

    @property
    def idempotency_key(self) -> str:
        """The same for the same bytes under the same name, however often they are announced."""
        return f"upload-{_digest(self.bucket, self.key, self.version)}"


@dataclass(frozen=True)
class FilmPlace:
    """Whose film of which dish it is, which attempt, and from which side, as its key says."""

    user_id: str
    dish_id: str
    attempt: str
    view: View

    @property
    def folder(self) -> str:
        """Where all films of the attempt lie, with the slash at its end."""
        return f"trainee/{self.user_id}/{self.dish_id}/{self.attempt}/"


@dataclass(frozen=True)
class ExpertPlace:
    """Of which dish an expert's film is, and what of it lies under a key, as the key says."""

    dish_id: str
    film: str
    part: ExpertPart

    @property
    def folder(self) -> str:
        """Where the film and what was said of it lie, with the slash at its end."""
        return f"expert/{self.dish_id}/{self.film}/"


@dataclass(frozen=True)
class Reanalysis:
    """A wish to analyse the films of an evaluation again, because models changed."""

    evaluation_id: str
    model_version: str

    @property
    def idempotency_key(self) -> str:
        return f"again-{_digest(self.evaluation_id, self.model_version)}"


@dataclass(frozen=True)
class Rewording:
    """A wish to word the feedback of an evaluation once more, because no model could word it; from 1."""

    evaluation_id: str
    attempt: int

    @property
    def idempotency_key(self) -> str:
        return f"reword-{_digest(self.evaluation_id, str(self.attempt))}"


Message = Upload | Reanalysis | Rewording


def read_message(body: str) -> Message:
    """What a message says, wherever it came from: its form tells what it is.

    An upload is EventBridge's ``Object Created`` event, whole or as the rule's transformer leaves it.
    The others are JSON with ``evaluationId`` and ``modelVersion``, or ``evaluationId`` and ``rewording``.

    Raises:
        InputError: it says nothing that is known here.
    """
    try:
        said = json.loads(body)
    except ValueError as error:
        raise InputError(
            f"Expected a message in JSON, got {body[:60]!r}.", "See docs/runbooks/intake.md."
        ) from error
    if not isinstance(said, dict):
        raise InputError(f"Expected a JSON object, got {body[:60]!r}.", "See docs/runbooks/intake.md.")
    if "detail" in said:
        return _upload(said)
    evaluation_id = said.get("evaluationId")
    if isinstance(evaluation_id, str) and evaluation_id:
        if isinstance(version := said.get("modelVersion"), str) and version:
            return Reanalysis(evaluation_id, version)
        attempt = said.get("rewording")
        if isinstance(attempt, int) and not isinstance(attempt, bool) and attempt >= 1:
            return Rewording(evaluation_id, attempt)
    raise InputError(
        "Expected an Object Created event, or evaluationId with modelVersion or rewording;"
        f" got the keys {sorted(said)[:8]}.",
        "See docs/runbooks/intake.md.",
    )


def queue_of(message: Message) -> Queue:
    """The queue on which a message of this kind belongs."""
    if isinstance(message, Upload):
        return "video-processing-queue"
    return "cv-analysis-queue" if isinstance(message, Reanalysis) else "ai-coaching-queue"


def film_place(key: str) -> FilmPlace:
    """Whose film it is, from its key.

    Raises:
        InputError: the key is not laid out as asked; the message says how it should be.
    """
    (user_id, dish_id, attempt), view = _place(_FILM, key)
    return FilmPlace(user_id, dish_id, attempt, _view.validate_python(view))


def expert_place(key: str) -> ExpertPlace:
    """What of which expert's film lies under a key.

    Raises:
        InputError: the key is not laid out as asked; the message says how it should be.
    """
    (dish_id, film), part = _place(_EXPERT, key)
    return ExpertPlace(dish_id, film, _part.validate_python(part))


def _place(layout: _Layout, key: str) -> tuple[tuple[str, ...], str]:
    """The names that a key bears, and what part it is, in small letters."""
    found = layout.pattern.fullmatch(key)
    if found is not None and found.lastindex is not None:
        names = found.groups()[: len(layout.names)]
        with suppress(ValidationError):
            for name, kind in zip(names, layout.names, strict=True):
                kind.validate_python(name)
            return names, found[found.lastindex].lower()
    raise InputError(
        f"Expected {layout.words}, ending in {', '.join(_ENDINGS)}; dish, attempt and film are named by at"
        f" most 64 small letters, digits, '-' or '_'; got {key[:200]!r}.",
        "Upload it again under such a key.",
    )


def expert_key(front: str, front_version: str, segments: str | None, segments_version: str | None) -> str:
    """The idempotency key of an expert's film with what a person said of it, whichever was announced."""
    return f"expert-{_digest(front, front_version, segments or '', segments_version or '')}"


def attempt_key(front: str, front_version: str, side: str | None, side_version: str | None) -> str:
    """The idempotency key of an attempt of which both films are there, whichever of them was announced."""
    return f"attempt-{_digest(front, front_version, side or '', side_version or '')}"


def _upload(event: dict[str, Any]) -> Upload:
    kind = event.get("detail-type")
    detail = event.get("detail")
    if kind != "Object Created" or not isinstance(detail, dict):
        raise InputError(
            f"Expected an event of the kind 'Object Created', got {kind!r}.",
            "The rule that feeds the queue lets something else through.",
        )
    made = detail.get("object")
    bucket = detail.get("bucket")
    name = bucket.get("name") if isinstance(bucket, dict) else None
    key = made.get("key") if isinstance(made, dict) else None
    if not isinstance(made, dict) or not isinstance(name, str) or not isinstance(key, str) or not key:
        raise InputError("Expected detail.bucket.name and detail.object.key in the event.")
    # AWS's event says etag, an emulator's eTag; a bucket without versions sends no version id or "null".
    versions = (made.get("version-id"), made.get("versionId"), made.get("etag"), made.get("eTag"))
    version = next((str(v).strip('"') for v in versions if v and v != "null"), None)
    if version is None:
        raise InputError(
            f"Expected detail.object.version-id or detail.object.etag in the event of {key[:200]!r}.",
            "Without either, the same film announced twice could not be told from two films.",
        )
    size = made.get("size")
    return Upload(name, key, version, size if isinstance(size, int) else 0, str(detail.get("reason") or ""))


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:40]
