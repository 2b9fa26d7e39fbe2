"""Draws cooks at work with what they do known each moment, and keeps it in files; knows no network.

Only training and evaluation use this; answering does not. A film is drawn at the size of the program's action
proxy, goes once through H.264 as the proxy does, and is kept as the small pictures that answering would see.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from kitchen_sim.laying_out import script_from_steps
from kitchen_sim.scene import Scene
from kitchen_sim.script import Script, ScriptStep
from kitchen_sim.storyboard import motion_of, motions
from kitchen_sim.styles import data_file
from kitchen_sim.things import HOB_FORMS, SERVE_FORMS, VESSEL_WORDS
from kitchen_sim.truth import BACKGROUND
from model_packages.training.kitchens import CALIBRATION_GROUPS, TEST_GROUPS, TRAINING_GROUPS, dishes
from model_packages.training.variation import vary

from .pictures import FPS, Pictures, decoded, encoded

LABELS = (BACKGROUND, *motions())
SIZE = (256, 144)
_DRAWN = (456, 256)
_SECONDS = 64.0
_HEATS = ("low", "medium", "high")


@dataclass(frozen=True)
class Drawn:
    """A drawn film: small pictures (I420), and the place in ``LABELS`` of what each one shows."""

    i420: Pictures
    labels: npt.NDArray[np.int16]
    group: str
    camera: str


@cache
def _rows_by_motion() -> dict[str, list[dict[str, Any]]]:
    """Steps that dishes have, by what the hands do in them."""
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in motions()}
    for rows in dishes().values():
        for row in rows:
            found[motion_of(row["action"])].append(row)
    return found


@cache
def _ingredients() -> tuple[str, ...]:
    return tuple(
        sorted({name for rows in dishes().values() for r in rows for name in r.get("ingredients", ())})
    )


def _vessels(place: str) -> tuple[str, ...]:
    forms: tuple[str, ...] = {"hob": HOB_FORMS, "bowl": ("bowl",), "serve": SERVE_FORMS}.get(place, ())
    return tuple(word for word, kind in VESSEL_WORDS.items() if kind in forms)


def mixed_script(
    rng: np.random.Generator, seed: int, words: Sequence[str], group: str, **film: Any
) -> Script:
    """A film of the motions in ``words``, one after the other, on things chosen at random."""
    hob, bowl, serve = (str(rng.choice(_vessels(place))) for place in ("hob", "bowl", "serve"))
    rows = data_file("actions.yaml")["motions"]
    at_s, steps = float(rng.uniform(0.5, 2.0)), []
    for number, word in enumerate(words):
        place = rows[word]["place"]
        known = _rows_by_motion()[word]
        objects = {"hob": (hob,), "bowl": (bowl,), "serve": (serve,)}.get(place, ())
        given = tuple(str(n) for n in rng.choice(_ingredients(), size=int(rng.integers(0, 3)), replace=False))
        if known and rng.random() < 0.6:
            given = tuple(known[int(rng.integers(len(known)))].get("ingredients", ()))[:3]
        heat = str(rng.choice(_HEATS)) if place == "hob" and rng.random() < 0.5 else None
        length_s = float(rng.uniform(2.2, 6.0))
        steps.append(
            ScriptStep(
                step_id=f"s{number}",
                action=word,
                objects=objects,
                ingredients=given,
                start_s=round(at_s, 2),
                end_s=round(at_s + length_s, 2),
                heat="off" if word == "turn-off" else heat,
            )
        )
        at_s += length_s + float(rng.uniform(0.4, 1.4) if rng.random() < 0.7 else rng.uniform(1.4, 4.0))
    end_s = round(at_s + 0.5, 2)
    return Script(dish="mixed", seed=seed, steps=tuple(steps), duration_s=end_s, style_group=group, **film)


def dish_script(rng: np.random.Generator, seed: int, group: str, **film: Any) -> Script:
    """A whole dish in the order in which it is done, its steps a few seconds long."""
    names = sorted(dishes())
    dish = names[int(rng.integers(len(names)))]
    rows: list[dict[str, Any]] = []
    for row in dishes()[dish]:
        length_s = float(rng.uniform(2.5, 6.0))
        new = {**row, "min_s": length_s, "max_s": length_s + 1.0}
        if rows:
            new["must_come_after"] = [rows[-1]["step_id"]]
        rows.append(new)
    return script_from_steps(rows, dish=dish, seed=seed, longest_step_s=8.0, style_group=group, **film)


def scene_for(seed: int, group: str, *, varied: bool, dish: bool) -> Scene:
    """The scene of a film: of all motions mixed, or (``dish``) of a dish; the same seed gives the same."""
    rng = np.random.default_rng([0x510F, seed])
    camera = str(rng.choice(["front", "side"]))
    film: dict[str, Any] = {"width_px": _DRAWN[0], "height_px": _DRAWN[1], "fps": FPS, "camera": camera}
    if dish:
        script = dish_script(rng, seed, group, **film)
    else:
        # One shuffled round of all motions is dealt out to four films, so that all are drawn equally often.
        deck = np.random.default_rng([0xDECC, seed // 4]).permutation(motions())
        script = mixed_script(rng, seed, [str(w) for w in np.array_split(deck, 4)[seed % 4]], group, **film)
    while True:
        scene = Scene(script)
        if not varied or vary(scene, rng):
            return scene


def drawn_film(seed: int, group: str, *, varied: bool, dish: bool, seconds: float = _SECONDS) -> Drawn:
    """A film and its truth; of a longer one ``seconds`` from somewhere within."""
    rng = np.random.default_rng([0xD2A3, seed])
    scene = scene_for(seed, group, varied=varied, dish=dish)
    script = scene.script
    start_s = float(rng.uniform(0, max(0.0, script.duration_s - seconds)))
    times = start_s + np.arange(int(min(seconds, script.duration_s - start_s) * FPS)) / FPS
    labels = [script.step_at(float(t)) for t in times]
    pictures = [scene.frame(float(t)) for t in times]
    film = encoded(pictures, FPS, int(rng.integers(22, 31)) if varied else 25)
    small = decoded(film, SIZE)
    numbers = [0 if step is None else LABELS.index(motion_of(step.action)) for step in labels]
    return Drawn(
        small.i420[: len(times)], np.array(numbers, np.int16), script.style_group or "", script.camera
    )


@dataclass(frozen=True)
class Part:
    """One of the sets of films: which kitchens, how many films, from which seed on."""

    name: str
    groups: tuple[str, ...]
    films: int
    first_seed: int
    varied: bool


def parts(films: int, held_out: int, seed: int) -> tuple[Part, ...]:
    """Training, calibration and test; no seed and no style group is in two of them."""
    return (
        Part("training", TRAINING_GROUPS, films, seed, True),
        Part("calibration", CALIBRATION_GROUPS, held_out, seed + 1_000_000, False),
        Part("test", TEST_GROUPS, held_out, seed + 2_000_000, False),
    )


def film_path(work: Path, part: Part, number: int) -> Path:
    return work / part.name / f"{part.first_seed + number:08d}.npz"


def draw_part(work: Path, part: Part, *, seconds: float = _SECONDS, every: tuple[int, int] = (0, 1)) -> None:
    """Draw what is not there yet of a part into ``work``; ``every`` (k, n) takes each n-th film from k on.

    Two films in three mix all motions, so that each is seen as often as any other; the third is a dish.
    """
    (work / part.name).mkdir(parents=True, exist_ok=True)
    for number in range(every[0], part.films, every[1]):
        path = film_path(work, part, number)
        if path.exists():
            continue
        seed = part.first_seed + number
        group = part.groups[number % len(part.groups)]
        # The third film of three is a dish; the others keep whole rounds of all motions.
        dish = number % 3 == 2
        film = drawn_film(
            seed if dish else part.first_seed + number - number // 3,
            group,
            varied=part.varied,
            dish=dish,
            seconds=seconds,
        )
        whole = path.with_suffix(".part")
        with whole.open("wb") as file:
            np.savez(
                file, i420=film.i420, labels=film.labels, about=np.array([film.group, film.camera, str(dish)])
            )
        whole.replace(path)


def draw_shared(work: Path, part: Part, workers: int, seconds: float = _SECONDS) -> None:
    """``draw_part``, its films dealt out to ``workers`` processes."""
    jobs = [(work, part, seconds, (share, workers)) for share in range(workers)]
    if workers == 1:
        _draw(jobs[0])
        return
    # One forked while a library holds a lock of its threads would wait for ever.
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        list(pool.map(_draw, jobs))


def _draw(job: tuple[Path, Part, float, tuple[int, int]]) -> None:
    cv2.setNumThreads(1)
    work, part, seconds, every = job
    draw_part(work, part, seconds=seconds, every=every)


def films_of(work: Path, part: Part) -> Iterator[Path]:
    """The films of a part that are drawn so far, in their order."""
    return (path for n in range(part.films) if (path := film_path(work, part, n)).exists())


def main(arguments: Sequence[str] | None = None) -> None:
    """Draw a share of the films, so that several processes can share the work."""
    parser = argparse.ArgumentParser(prog="python -m model_packages.slowfast.drawing")
    parser.add_argument("--work", type=Path, default=Path(".train/slowfast"))
    parser.add_argument("--films", type=int, default=240)
    parser.add_argument("--held-out", type=int, default=36)
    parser.add_argument("--seed", type=int, default=1000)
    parser.add_argument("--share", type=int, nargs=2, default=(0, 1))
    given = parser.parse_args(arguments)
    cv2.setNumThreads(1)
    first, of = given.share
    for part in parts(given.films, given.held_out, given.seed):
        draw_part(given.work, part, every=(first, of))


if __name__ == "__main__":
    main()
