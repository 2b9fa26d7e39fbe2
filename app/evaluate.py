"""``bharatchef evaluate``: checks what was given, runs the flow on a Prefect server, shows the result."""

from __future__ import annotations

import hashlib
import json
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from pydantic import TypeAdapter, ValidationError
from rich.markup import escape
from rich.progress import Progress, TaskID

from adapters.local.disk import check_room
from app.console import out, print_json, progress_bars
from app.prefect_server import prefect_server
from app.records_commands import find_evaluation, stored_result
from app.scorecard import print_scorecard, report_path
from bharatchef.consent import check_may_evaluate
from bharatchef.errors import BharatChefError, InputError, MediaError, StoreError, was_interrupted
from bharatchef.media.probe import probe
from bharatchef.notices import ConfirmedUpload
from bharatchef.perception.segments_file import read_segments
from bharatchef.ports import Ports
from bharatchef.records import User
from bharatchef.results import EvaluationResult
from bharatchef.settings import Settings, load_settings
from bharatchef.vocabulary import Language, UserId
from tasks.noticing import confirm_upload, told_upload_key
from tasks.publishing import announce_pending, result_key
from tasks.runtime import film_limits, listening, ports_here
from tasks.speaking import language_of

LARGEST_SEGMENTS_BYTES = 64_000_000


def evaluate_film(
    *,
    film: Path | None,
    dish_id: str,
    user_id: str,
    side: Path | None,
    segments: Path | None,
    segments_fps: float | None,
    language: str = "",
    out_dir: Path | None,
    force: bool,
    as_json: bool,
    debug: bool,
) -> None:
    """Evaluate one film and print its scorecard, or its whole result as JSON.

    Everything that was given is read and checked before anything is stored or started.

    Raises:
        BharatChefError: it could not be evaluated; says why and what to do.
    """
    settings = load_settings()
    ports = ports_here()
    if film is None and segments is None:
        raise InputError(
            "Expected a film, or segments, or both; got neither.",
            "For example: bharatchef evaluate film.mp4 --dish masala-chai",
        )
    if film is None and side is not None:
        raise InputError(
            "A side film goes with a front film, and none was given.", "Give the front film first."
        )
    if not dish_id:
        known = ", ".join(dish.dish_id for dish in ports.dishes.list_dishes())
        raise InputError("Expected --dish DISH: which dish the film is of.", f"There are: {known}.")
    check_user(user_id)
    check_may_evaluate(ports.objects, settings, user_id)
    told_in = _language(language)
    if segments_fps is not None and not 0 < segments_fps < float("inf"):
        raise InputError(
            f"Expected --fps to be a frame rate above 0, got {segments_fps:g}.", "For example --fps 25"
        )
    _check_out(out_dir)
    dish = ports.dishes.get(dish_id)
    if told_in is not None:
        _keep_language(ports, user_id, told_in)
    with stage_bars() as show, _taken_back_unless_used(ports) as stored:
        segments_bytes = read_segments_file(segments) if segments else None
        if segments and segments_bytes is not None:
            read_segments(segments_bytes, segments.name, dish, segments_fps)
        keys = {
            "film_key": _store_film(ports, settings, film, show, stored) if film else None,
            "side_key": _store_side(ports, settings, side, show, stored) if side else None,
            "segments_key": _store_segments(ports, segments, segments_bytes, stored),
        }
        request = {
            "dish_id": dish.dish_id,
            "user_id": user_id,
            "film_name": film.name if film else None,
            "side_name": side.name if side else None,
            "segments_name": segments.name if segments else None,
            "segments_fps": segments_fps,
            "language": told_in,
            "force": force,
            **keys,
        }
        if keys["film_key"]:
            told = told_in or language_of(ports, settings, user_id)
            _confirm(ports, user_id, dish.dish_id, keys["film_key"], told, stored)
        evaluation_id, was_done = run_flow(ports, settings, request, show, debug)
    announce_pending(ports)
    result = stored_result(ports, find_evaluation(ports, evaluation_id))
    if result is None:
        raise StoreError(
            f"Evaluation {evaluation_id} is complete, but its result is not there.", "Use --force."
        )
    report = _copy_out(ports, result, out_dir) if out_dir else report_path(result, settings)
    if as_json:
        print_json(json.loads(result.to_json()))
        return
    print_scorecard(result, settings, report)
    if was_done:
        out().print("This had been evaluated before; nothing was done again (--force does it anew).")


@contextmanager
def stage_bars() -> Iterator[Progress]:
    """A bar a stage while stages report."""
    with progress_bars() as progress:
        bars: dict[str, TaskID] = {}

        def listen(stage: str, done: float, total: float) -> None:
            if stage not in bars:
                bars[stage] = progress.add_task(stage, total=total)
            progress.update(bars[stage], completed=done, total=total)

        with listening(listen):
            yield progress


@contextmanager
def _taken_back_unless_used(ports: Ports) -> Iterator[list[str]]:
    """A list of what was stored; it goes again where the work ends before a record speaks of it.

    Without a record a person could not delete it.
    """
    began = ports.clock.now()
    stored: list[str] = []
    try:
        yield stored
    except BaseException:
        with suppress(BharatChefError):
            if stored and not _begun_since(ports, began):
                for key in stored:
                    ports.objects.delete(key)
        raise


def _begun_since(ports: Ports, began: datetime) -> bool:
    """Whether any evaluation was begun, also by another program: it may be made of the same files."""
    return any(evaluation.created_at >= began for evaluation in ports.evaluations.find(""))


def check_user(user_id: str, option: str = "--user") -> None:
    """Return where it can be a person's id, given by ``option``.

    Raises:
        InputError: it cannot; says what one looks like.
    """
    try:
        TypeAdapter(UserId).validate_python(user_id)
    except ValidationError as error:
        raise InputError(
            f"Expected {option} to be a name of letters, digits, dots, dashes and @, got {user_id!r}.",
            f"For example {option} asha",
        ) from error


def _language(given: str) -> Language | None:
    """The language of that code; ``None`` where none was given."""
    if not given:
        return None
    if given.casefold() not in list(Language):
        raise InputError(
            f"Expected --language to be one of {', '.join(Language)}, got {given!r}.",
            "For example --language hi; hi-latn is Hindi in Latin letters.",
        )
    return Language(given.casefold())


def _keep_language(ports: Ports, user_id: str, language: Language) -> None:
    """Keep the language that a person has chosen, for the next time."""
    user = ports.evaluations.user(user_id) or User(user_id=user_id, created_at=ports.clock.now())
    if user.language is not language:
        ports.evaluations.put_user(user.model_copy(update={"language": language}))


def _check_out(out_dir: Path | None) -> None:
    if out_dir is None:
        return
    place = next(place for place in (out_dir, *out_dir.absolute().parents) if place.exists())
    if not place.is_dir():
        raise InputError(f"Expected --out to be a folder, {place} is a file.", "Name another place.")
    if not os.access(place, os.W_OK | os.X_OK):
        raise InputError(
            f"Expected a folder to write to at --out {out_dir}; this account may not write in {place}.",
            "Name another place.",
        )


def read_segments_file(path: Path) -> bytes:
    """The bytes of a segments file; ``InputError`` where it cannot be read, or is none."""
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST_SEGMENTS_BYTES + 1)
    except OSError as error:
        raise InputError(
            f"Expected a segments file to read at {path}: {error.strerror}.", "Check the name."
        ) from error
    if len(data) > LARGEST_SEGMENTS_BYTES or data[4:8] == b"ftyp":
        raise InputError(
            f"Expected a segments file (JSON or CSV) of at most {LARGEST_SEGMENTS_BYTES / 1e6:.0f} MB,"
            f" {path} is none.",
            "Is it the film? The film goes first, without --segments.",
        )
    return data


def _store_film(ports: Ports, settings: Settings, path: Path, show: Progress, stored: list[str]) -> str:
    """The key of a film, kept by its content's hash; inspected first, so that a bad one leaves nothing."""
    bar = show.add_task(f"taking in {escape(path.name[:16])}", total=None)
    media = probe(path, film_limits(settings))
    key = f"films/{media.sha256}{ending_of(path) or '.film'}"
    if not ports.objects.exists(key):
        stored.append(key)
        ports.objects.put_file(key, path, "application/octet-stream")
    show.update(bar, total=1, completed=1)
    return key


def _store_side(ports: Ports, settings: Settings, path: Path, show: Progress, stored: list[str]) -> str:
    try:
        return _store_film(ports, settings, path, show, stored)
    except MediaError as error:
        raise MediaError(f"The side film {path.name!r}: {error.message}", error.remedy, error.kind) from error


def _store_segments(ports: Ports, path: Path | None, data: bytes | None, stored: list[str]) -> str | None:
    if path is None or data is None:
        return None
    key = f"segments/{hashlib.sha256(data).hexdigest()}{ending_of(path)}"
    if not ports.objects.exists(key):
        stored.append(key)
        ports.objects.put_bytes(key, data, "application/octet-stream")
    return key


def ending_of(path: Path) -> str:
    """The ending of a file's name where it is an ordinary one; anything may stand after a last dot."""
    ending = path.suffix.lower()
    return ending if re.fullmatch(r"\.[a-z0-9]{1,8}", ending) else ""


def _confirm(
    ports: Ports, user_id: str, dish_id: str, film_key: str, language: Language, stored: list[str]
) -> None:
    """Tell the person that the film is taken in, once for a film of a dish; without it the work goes on.

    Args:
        stored: gets the key of the note that it was told, where there was none.
    """
    named = hashlib.sha256("\0".join((user_id, dish_id, film_key)).encode()).hexdigest()
    film = ConfirmedUpload(upload_id=f"film-{named[:40]}", dish_id=dish_id, user_id=user_id)
    note = told_upload_key(film.upload_id)
    with suppress(BharatChefError):
        if not ports.objects.exists(note):
            stored.append(note)
        confirm_upload(ports, film, language)


def run_flow(
    ports: Ports, settings: Settings, request: dict[str, object], show: Progress, debug: bool
) -> tuple[str, bool]:
    """The evaluation's id, and whether it had been done before."""
    began = ports.clock.now()
    bar = show.add_task("starting Prefect", total=None)
    with prefect_server(settings, debug):
        # Prefect reads its environment when it is imported: not before the server is known.
        from flows.evaluate_video import EvaluationRequest, evaluate_video

        show.update(bar, total=1, completed=1)
        try:
            evaluation_id = evaluate_video(EvaluationRequest.model_validate(request))
        except BharatChefError:
            raise
        except Exception as error:
            if not was_interrupted(error):
                check_room(
                    settings.home
                )  # Prefect says of a full disk what it stumbled over, not what it was
            raise
    evaluation = ports.evaluations.get(evaluation_id)
    if evaluation is None:
        raise StoreError(f"Evaluation {evaluation_id} was deleted while it was being made.")
    return evaluation_id, evaluation.completed_at is not None and evaluation.completed_at < began


def _copy_out(ports: Ports, result: EvaluationResult, out_dir: Path) -> Path:
    """Put the report and the result into a folder; each appears whole or not at all."""
    try:
        out_dir.mkdir(parents=True, exist_ok=True)
        for name in ("result.json", "report.html"):
            data = ports.objects.get_bytes(result_key(result.evaluation.evaluation_id, name))
            descriptor, part = tempfile.mkstemp(dir=out_dir, prefix=f".{name}.")
            try:
                with os.fdopen(descriptor, "wb") as file:
                    file.write(data)
                Path(part).chmod(0o644)
                Path(part).replace(out_dir / name)
            finally:
                Path(part).unlink(missing_ok=True)
    except OSError as error:
        raise StoreError(
            f"The report could not be put into {out_dir}: {error.strerror}.",
            f"It is kept as evaluation {result.evaluation.evaluation_id}: see `bharatchef show`.",
        ) from error
    return out_dir / "report.html"
