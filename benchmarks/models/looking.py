"""What the packages saw of a drawn film, kept beside it: to read and judge it again takes no model."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Sequence
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
    Performance,
    PlatedDish,
    Unavailable,
)
from bharatchef.perception.analysers import Piece, Seen, answer_of, pieces_of, seen_by
from bharatchef.perception.performance import performance_from
from bharatchef.records import Dish
from kitchen_sim.film import draw_film, truth_path
from kitchen_sim.script import Script

_OneSeen = Annotated[
    ActionProbabilities | Detections | HeatTrace | PlatedDish | Unavailable, Field(discriminator="kind")
]


class Looked(BaseModel):
    """A film's facts and what each analyser said of it.

    ``cpu_s`` is what preparing and asking took, ``preparing_s`` the first part of that.
    """

    model_config = ConfigDict(frozen=True)
    media: MediaInfo
    seen: dict[Analyser, _OneSeen]
    cpu_s: float
    preparing_s: float = 0.0


def drawn(script: Script, folder: Path) -> Path:
    """The film of a script, drawn where it is not there yet; its name is the script's sha256."""
    path = folder / f"{script.sha256()[:16]}.mp4"
    if not (path.exists() and truth_path(path).exists()):
        draw_film(script, path)
    return path


def looked_at(path: Path, dish: Dish, models: LocalModels) -> Looked:
    """What the packages say of a film: from the files beside it, else by asking them.

    The files are named for the weights, so other weights look anew; delete them where their settings change.
    What is said of the flame lies in a file of its own, for it is of no dish and costs a second preparation,
    which ``cpu_s`` leaves out.
    """
    others = [analyser for analyser in Analyser if analyser is not Analyser.HEAT]
    looked = _kept(path, _digest(models, dish), others, dish, models)
    flame = models.identify(Analyser.HEAT)
    if isinstance(flame, Unavailable):
        return looked.model_copy(update={"seen": looked.seen | {Analyser.HEAT: flame}})
    heat = _kept(path, f"heat-{flame.weights_sha256[:12]}", [Analyser.HEAT], dish, models)
    asking_s = heat.cpu_s - heat.preparing_s
    return looked.model_copy(update={"seen": looked.seen | heat.seen, "cpu_s": looked.cpu_s + asking_s})


def _kept(path: Path, name: str, analysers: Sequence[Analyser], dish: Dish, models: LocalModels) -> Looked:
    kept = path.with_name(f"{path.stem}.{name}.seen.json")
    if kept.exists():
        return Looked.model_validate_json(kept.read_text("utf-8"))
    began = time.process_time()
    store = FolderObjects(path.parent / "objects")
    media = probe(path)
    prefix = f"media/{media.sha256}/"
    prepared = prepare(path, media, store, prefix=prefix)
    preparing_s = time.process_time() - began
    seen: dict[Analyser, Seen] = {}
    for analyser in analysers:
        model = models.identify(analyser)
        if isinstance(model, Unavailable):
            seen[analyser] = model
            continue
        pieces: Sequence[Piece] = pieces_of(analyser, prepared)
        answers: list[Any] = []
        for piece in pieces:
            try:
                answers.append(answer_of(analyser, piece, store.get_bytes(piece.key), models))
            except EndpointError as error:
                answers.append(error)
        seen[analyser] = seen_by(model, pieces, answers, dish)
    for key in store.list_keys(prefix):
        store.delete(key)
    looked = Looked(
        media=prepared.media, seen=seen, cpu_s=time.process_time() - began, preparing_s=preparing_s
    )
    partial = kept.with_suffix(".partial")
    partial.write_text(looked.model_dump_json(by_alias=True), encoding="utf-8")
    partial.replace(kept)
    return looked


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


def _digest(models: LocalModels, dish: Dish) -> str:
    told = [dish.dish_id]
    for analyser in Analyser:
        model = models.identify(analyser)
        unasked = isinstance(model, Unavailable) or analyser is Analyser.HEAT
        told.append("none" if unasked else model.weights_sha256)
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:12]


@cache
def models_in(folders: tuple[Path, ...]) -> LocalModels:
    """The packages of some folders, found once a process."""
    return LocalModels(folders)
