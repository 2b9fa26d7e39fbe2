"""``bharatchef evaluate``: checks what was given, runs the flow on a Prefect server, shows the result."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from app.console import err, out, print_json
from app.prefect_server import prefect_server
from app.records_commands import find_evaluation, stored_result
from app.scorecard import print_scorecard, report_path
from bharatchef.errors import BharatChefError, InputError, StoreError
from bharatchef.media.probe import probe
from bharatchef.perception.segments_file import read_segments
from bharatchef.ports import Ports
from bharatchef.results import EvaluationResult
from bharatchef.settings import Settings, load_settings
from tasks.publishing import announce_pending
from tasks.runtime import film_limits, listening, ports_here

LARGEST_SEGMENTS_BYTES = 64_000_000


def evaluate_film(
    *,
    film: Path | None,
    dish_id: str,
    user_id: str,
    side: Path | None,
    segments: Path | None,
    segments_fps: float | None,
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
    _check_out(out_dir)
    dish = ports.dishes.get(dish_id)
    with _progress() as show:
        segments_bytes = _read(segments) if segments else None
        if segments and segments_bytes is not None:
            read_segments(segments_bytes, segments.name, dish, segments_fps)
        keys = {
            "film_key": _store_film(ports, settings, film, show) if film else None,
            "side_key": _store_film(ports, settings, side, show) if side else None,
            "segments_key": _store_segments(ports, segments, segments_bytes),
        }
        request = {
            "dish_id": dish.dish_id,
            "user_id": user_id,
            "film_name": film.name if film else None,
            "side_name": side.name if side else None,
            "segments_name": segments.name if segments else None,
            "segments_fps": segments_fps,
            "force": force,
            **keys,
        }
        evaluation_id, was_done = _run_flow(ports, settings, request, show, debug)
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
def _progress() -> Iterator[Progress]:
    """A bar on stderr while stages report; where stderr is no terminal, nothing moves and nothing is lost."""
    columns = (TextColumn("{task.description:<28}"), BarColumn(), TextColumn("{task.percentage:>3.0f}%"))
    with Progress(*columns, TimeElapsedColumn(), console=err(), transient=True) as progress:
        bars: dict[str, TaskID] = {}

        def listen(stage: str, done: float, total: float) -> None:
            if stage not in bars:
                bars[stage] = progress.add_task(stage, total=total)
            progress.update(bars[stage], completed=done, total=total)

        with listening(listen):
            yield progress


def _check_out(out_dir: Path | None) -> None:
    if out_dir is not None and out_dir.exists() and not out_dir.is_dir():
        raise InputError(f"Expected --out to be a folder, {out_dir} is a file.", "Name another place.")


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_size > LARGEST_SEGMENTS_BYTES:
            raise InputError(
                f"Expected a segments file of at most {LARGEST_SEGMENTS_BYTES / 1e6:.0f} MB,"
                f" {path} has {path.stat().st_size / 1e6:.0f} MB.",
                "Is it the film? The film goes first, without --segments.",
            )
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"Expected a segments file to read at {path}: {error.strerror}.") from error


def _store_film(ports: Ports, settings: Settings, path: Path, show: Progress) -> str:
    """The key of a film, kept by its content's hash; inspected first, so that a bad one leaves nothing."""
    bar = show.add_task(f"taking in {path.name[:16]}", total=None)
    media = probe(path, film_limits(settings))
    key = f"films/{media.sha256}{path.suffix.lower() or '.film'}"
    if not ports.objects.exists(key):
        ports.objects.put_file(key, path, "application/octet-stream")
    show.update(bar, total=1, completed=1)
    return key


def _store_segments(ports: Ports, path: Path | None, data: bytes | None) -> str | None:
    if path is None or data is None:
        return None
    key = f"segments/{hashlib.sha256(data).hexdigest()}{path.suffix.lower()}"
    if not ports.objects.exists(key):
        ports.objects.put_bytes(key, data, "application/octet-stream")
    return key


def _run_flow(
    ports: Ports, settings: Settings, request: dict[str, object], show: Progress, debug: bool
) -> tuple[str, bool]:
    """The evaluation's id, and whether it had been done before."""
    began = ports.clock.now()
    bar = show.add_task("starting Prefect", total=None)
    with prefect_server(settings, debug):
        # Prefect reads its environment when it is imported: not before the server is known.
        from flows.evaluate_video import EvaluationRequest, evaluate_video

        show.update(bar, total=1, completed=1)
        evaluation_id = evaluate_video(EvaluationRequest.model_validate(request))
    evaluation = ports.evaluations.get(evaluation_id)
    if evaluation is None:
        raise BharatChefError(f"Evaluation {evaluation_id} was deleted while it was being made.")
    return evaluation_id, evaluation.completed_at is not None and evaluation.completed_at < began


def _copy_out(ports: Ports, result: EvaluationResult, out_dir: Path) -> Path:
    """Put the report and the result into a folder; each appears whole or not at all."""
    try:
        out_dir.mkdir(parents=True, exist_ok=True)
        for name in ("result.json", "report.html"):
            data = ports.objects.get_bytes(f"results/{result.evaluation.evaluation_id}/{name}")
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
