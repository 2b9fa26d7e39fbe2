"""What the packages saw of a drawn film, kept beside it: to read and judge it again takes no model."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from adapters.local.models import LocalModels
from adapters.local.objects import FolderObjects
from bharatchef.errors import EndpointError
from bharatchef.media.prepare import prepare
from bharatchef.media.probe import probe
from bharatchef.observed import (
    ActionProbabilities,
    Analyser,
    Detections,
    HeatTrace,
    MediaInfo,
    ModelIdentity,
    Performance,
    PlatedDish,
    Unavailable,
)
from bharatchef.perception.analysers import Piece, answer_of, pieces_of, seen_by
from bharatchef.perception.performance import performance_from
from bharatchef.records import Dish
from kitchen_sim.film import draw_film, truth_path
from kitchen_sim.script import Script

_OneSeen = Annotated[
    ActionProbabilities | Detections | HeatTrace | PlatedDish | Unavailable, Field(discriminator="kind")
]


class Kept(BaseModel):
    """A film's facts and what one analyser said of it; what preparing the film and asking took."""

    model_config = ConfigDict(frozen=True)
    media: MediaInfo
    seen: _OneSeen
    preparing_s: float
    asking_s: float


class Looked(BaseModel):
    """A film's facts and what each analyser said of it; ``cpu_s``: preparing it once and asking them all."""

    model_config = ConfigDict(frozen=True)
    media: MediaInfo
    seen: dict[Analyser, _OneSeen]
    cpu_s: float


def drawn(script: Script, folder: Path) -> Path:
    """The film of a script, drawn where it is not there yet; its name is the script's sha256."""
    path = folder / f"{script.sha256()[:16]}.mp4"
    if not (path.exists() and truth_path(path).exists()):
        draw_film(script, path)
    return path


def looked_at(path: Path, dish: Dish, models: LocalModels) -> Looked:
    """What the packages say of a film: from the files beside it, else by asking them.

    The files are named for an analyser and its weights, so other weights look anew; delete them where their
    settings change.
    """
    told = {analyser: models.identify(analyser) for analyser in Analyser}
    there = {a: model for a, model in told.items() if not isinstance(model, Unavailable)}
    files = {
        a: path.with_name(f"{path.stem}.{a.value}-{model.weights_sha256[:12]}.seen.json")
        for a, model in there.items()
    }
    new = {a: model for a, model in there.items() if not files[a].exists()}
    if new:
        _look(path, dish, models, new, files)
    kept = {a: Kept.model_validate_json(file.read_text("utf-8")) for a, file in files.items()}
    preparing_s = max((one.preparing_s for one in kept.values()), default=0.0)
    return Looked(
        media=next(iter(kept.values())).media if kept else probe(path),
        seen=told | {a: one.seen for a, one in kept.items()},
        cpu_s=preparing_s + sum(one.asking_s for one in kept.values()),
    )


def _look(
    path: Path,
    dish: Dish,
    models: LocalModels,
    new: Mapping[Analyser, ModelIdentity],
    files: Mapping[Analyser, Path],
) -> None:
    """Prepare the film, ask each of the ``new`` about it, and keep what it says in its file."""
    began = time.process_time()
    store = FolderObjects(path.parent / "objects")
    media = probe(path)
    prefix = f"media/{media.sha256}/"
    prepared = prepare(path, media, store, prefix=prefix)
    preparing_s = time.process_time() - began
    for analyser, model in new.items():
        began = time.process_time()
        pieces: Sequence[Piece] = pieces_of(analyser, prepared)
        answers: list[Any] = []
        for piece in pieces:
            try:
                answers.append(answer_of(analyser, piece, store.get_bytes(piece.key), models))
            except EndpointError as error:
                answers.append(error)
        seen = seen_by(model, pieces, answers, dish)
        kept = Kept(
            media=prepared.media,
            seen=seen,
            preparing_s=preparing_s,
            asking_s=time.process_time() - began,
        )
        partial = files[analyser].with_suffix(".partial")
        partial.write_text(kept.model_dump_json(by_alias=True), encoding="utf-8")
        partial.replace(files[analyser])
    for key in store.list_keys(prefix):
        store.delete(key)


def performance_seen(dish: Dish, looked: Looked) -> tuple[Performance, list[str]]:
    """The performance that the analysers saw, and which of them gave nothing."""
    seen: dict[Analyser, Any] = dict(looked.seen)
    performance = performance_from(
        dish,
        film=looked.media,
        actions=seen[Analyser.ACTIONS],
        detections=seen[Analyser.OBJECTS],
        heat=seen[Analyser.HEAT],
        plate=seen[Analyser.PLATE],
    )
    lost = [f"{a.value}: {found.reason}" for a, found in seen.items() if isinstance(found, Unavailable)]
    return performance, lost


@cache
def models_in(folders: tuple[Path, ...]) -> LocalModels:
    """The packages of some folders, found once a process."""
    return LocalModels(folders)
