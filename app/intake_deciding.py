"""What is to be done about a message: which run with which parameters, or nothing; starts nothing itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from app.intake_messages import (
    FilmPlace,
    Message,
    Reanalysis,
    Rewording,
    Upload,
    attempt_key,
    expert_key,
    expert_place,
    film_place,
)
from bharatchef.errors import ConfigurationError, InputError
from bharatchef.notices import ConfirmedUpload
from bharatchef.ports import DishStore, EvaluationStore
from bharatchef.settings import Settings
from bharatchef.vocabulary import Status


class FilmsUploaded(Protocol):
    """What lies in the bucket now."""

    def in_folder(self, bucket: str, folder: str) -> dict[str, str]: ...

    def version(self, bucket: str, key: str) -> str | None: ...


@dataclass(frozen=True)
class Start:
    """A run to be there, once, whatever happens.

    ``replaces`` is the idempotency key of a run that this one makes needless while it has not begun;
    ``wait_s`` is how long it has for that; ``confirms`` the film whose person is told that it arrived, once
    the run is there.
    """

    deployment: str
    parameters: dict[str, Any]
    idempotency_key: str
    tags: tuple[str, ...] = ()
    replaces: str | None = None
    wait_s: float = 0.0
    confirms: ConfirmedUpload | None = None


@dataclass(frozen=True)
class Nothing:
    """Nothing is to be done, and why."""

    why: str


@dataclass(frozen=True)
class World:
    """What a decision looks at."""

    settings: Settings
    films: FilmsUploaded
    dishes: DishStore
    evaluations: EvaluationStore
    flows: frozenset[str] = field(default_factory=frozenset)
    confirm: Callable[[ConfirmedUpload], bool] | None = None
    check_consent: Callable[[str], None] = lambda _user_id: None


def decide(message: Message, world: World) -> Start | Nothing:
    """What is to be done about a message.

    Raises:
        InputError: nothing can be done about it, ever, as it is; says why.
        StoreError: what has to be looked at could not be; later it may.
    """
    if isinstance(message, Reanalysis):
        return _again(message, world)
    if isinstance(message, Rewording):
        return _reworded(message, world)
    if message.is_folder:
        return Nothing("it only marks a folder")
    if message.bucket == world.settings.expert_bucket:
        return _expert(message, world)
    if message.bucket != world.settings.trainee_bucket:
        raise InputError(
            f"Expected an object of {world.settings.trainee_bucket!r} or {world.settings.expert_bucket!r},"
            f" got one of {message.bucket!r}.",
            "Correct the rule that feeds the queue, or BHARATCHEF_TRAINEE_BUCKET.",
        )
    return _attempt(message, film_place(message.key), world)


def check_buckets(settings: Settings) -> None:
    """Return where the settings say which buckets are watched.

    Raises:
        ConfigurationError: they do not; names the variables.
    """
    lacking = [
        f"BHARATCHEF_{name}_BUCKET"
        for name, bucket in (("TRAINEE", settings.trainee_bucket), ("EXPERT", settings.expert_bucket))
        if not bucket
    ]
    if lacking:
        raise ConfigurationError(
            f"Expected {' and '.join(lacking)}: intake tells films of trainees and experts apart by them."
        )


def _attempt(upload: Upload, place: FilmPlace, world: World) -> Start | Nothing:
    # Refused, it waits among the dead letters, and is replayed once the person has agreed.
    world.check_consent(place.user_id)
    world.dishes.get(place.dish_id)
    # What lies there now counts, not what the event says: two events of one key end as one run of the newest.
    films: dict[str, tuple[str, str]] = {}
    for key, version in world.films.in_folder(upload.bucket, place.folder).items():
        try:
            films[film_place(key).view] = (key, version)
        except InputError:
            continue
    if "front" not in films:
        if place.view == "side":
            return Nothing("its front film is not there yet; the side film joins when it comes")
        return Nothing("it was deleted again")
    front, front_version = films["front"]
    side, side_version = films.get("side", (None, None))
    alone = attempt_key(f"{upload.bucket}/{front}", front_version, None, None)
    return Start(
        world.settings.evaluation_deployment,
        {
            "request": {
                "dish_id": place.dish_id,
                "user_id": place.user_id,
                "film_key": front,
                "film_name": front.rsplit("/", 1)[-1],
                "film_version": front_version,
                **(
                    {
                        "side_key": side,
                        "side_name": side.rsplit("/", 1)[-1],
                        "side_version": side_version,
                    }
                    if side
                    else {}
                ),
            }
        },
        attempt_key(f"{upload.bucket}/{front}", front_version, side, side_version),
        tags=("upload",),
        replaces=alone if side else None,
        wait_s=0.0 if side else world.settings.side_film_wait_s,
        # A side film that joins makes another run, of an attempt that was confirmed before.
        confirms=ConfirmedUpload(upload_id=alone, dish_id=place.dish_id, user_id=place.user_id),
    )


def _expert(upload: Upload, world: World) -> Start | Nothing:
    deployment = world.settings.expert_deployment
    if deployment not in world.flows:
        # Nothing may be thrown away: in dlq-queue it waits for the flow, and is replayed once there is one.
        raise InputError(
            f"An expert's film came, {upload.key[:200]!r}; no deployment {deployment} is there to take it.",
            "Once that flow is deployed: bharatchef intake --replay-dlq",
        )
    place = expert_place(upload.key)
    if place.part == "side":
        return Nothing("an expert's side film is kept; nothing looks at it")
    world.dishes.get(place.dish_id)
    # As with attempts: what lies there now counts, and both announcements end as one run.
    there: dict[str, tuple[str, str]] = {}
    for key, version in sorted(world.films.in_folder(upload.bucket, place.folder).items()):
        try:
            there[expert_place(key).part] = (key, version)
        except InputError:
            continue
    if "front" not in there:
        if place.part == "segments":
            return Nothing("its film is not there yet; what was said of it joins when it comes")
        return Nothing("it was deleted again")
    front, front_version = there["front"]
    segments, segments_version = there.get("segments", (None, None))
    request = {"dish_id": place.dish_id, "film_key": front, "film_version": front_version}
    if segments:
        request |= {"segments_key": segments, "segments_name": segments.rsplit("/", 1)[-1]}
    named = f"{upload.bucket}/{front}"
    return Start(
        deployment,
        {"request": request},
        expert_key(named, front_version, segments, segments_version),
        tags=("expert",),
        replaces=expert_key(named, front_version, None, None) if segments else None,
    )


def _again(message: Reanalysis, world: World) -> Start | Nothing:
    evaluation = world.evaluations.get(message.evaluation_id)
    if evaluation is None:
        return Nothing("the evaluation was deleted")
    if evaluation.trainee_video_s3_key is None:
        raise InputError(
            f"Expected an evaluation of a film; {message.evaluation_id[:100]!r} was made of segments alone.",
            "There is nothing for a model to look at.",
        )
    request: dict[str, Any] = {
        "dish_id": evaluation.dish_id,
        "user_id": evaluation.user_id,
        "language": str(evaluation.language),
    }
    for view, key in (
        ("film", evaluation.trainee_video_s3_key),
        ("side", evaluation.side_video_s3_key),
    ):
        if key is None:
            continue
        version = world.films.version(world.settings.trainee_bucket, key)
        if version is None:
            return Nothing("its film was deleted")
        request |= {f"{view}_key": key, f"{view}_name": key.rsplit("/", 1)[-1], f"{view}_version": version}
    return Start(
        world.settings.evaluation_deployment,
        {"request": request},
        message.idempotency_key,
        tags=("re-analysis",),
    )


def _reworded(message: Rewording, world: World) -> Start | Nothing:
    if world.settings.rewording_deployment not in world.flows:
        raise InputError(
            f"Feedback is to be worded once more, and no deployment {world.settings.rewording_deployment} is"
            " there to do it.",
            "Once that flow is deployed: bharatchef intake --replay-dlq",
        )
    evaluation = world.evaluations.get(message.evaluation_id)
    if evaluation is None:
        return Nothing("the evaluation was deleted")
    # What is still PROCESSING will be complete soon, or FAILED: the flow looks, and comes back to it.
    if evaluation.status is Status.FAILED:
        return Nothing("the evaluation is FAILED")
    return Start(
        world.settings.rewording_deployment,
        {"request": {"evaluation_id": message.evaluation_id, "attempt": message.attempt}},
        message.idempotency_key,
        tags=("rewording",),
    )
