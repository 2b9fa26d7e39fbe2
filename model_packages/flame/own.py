"""One training on people's own films, whole: split, learned, fitted, measured; writes nothing.

Whole people and kitchens are kept out of what is learned from: some for calibration, some for the test.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from model_packages.training.calibration import calibration_error
from model_packages.training.chunks import FPS
from model_packages.training.last_layer import Floats
from model_packages.training.parting import split

from .adapting import Chunk, Start, fitted_head, looked_through
from .answering import (
    STATES,
    WORDS,
    Model,
    Numbers,
    answers_of,
    confidence_of,
    samples_of,
    word_of,
)
from .fitting import with_confidence
from .inference import input_fn
from .labelled import chunks_of, labelled_films
from .metrics import Film
from .register import FOUND, SET_ASIDE

OWN_FILMS = "people's own films"
_LEARNED_ON = f"; its last layer on {OWN_FILMS}"


@dataclass(frozen=True)
class Learned:
    """What came of a training: the first network's bytes as they were, the second, numbers, figures."""

    where: bytes
    what: Any
    numbers: Numbers
    told: dict[str, Any]


def learned_on(folder: Path, start_folder: Path, work: Path, say: Callable[[str], None]) -> Learned:
    """Teach the last layer of a package from labelled films.

    Args:
        folder: the films, as ``labelled.py`` says.
        start_folder: the package that is learned on from.
        work: what was seen of each film is kept here; the same call goes on from there.

    Raises:
        ValueError: too few people or kitchens, no labelled moment, or no such package.
    """
    began = time.monotonic()
    start = Start(start_folder)
    parts = split(labelled_films(folder))
    say(", ".join(f"{len(films)} films of {name}" for name, films in parts.items()))
    seen = {
        name: [chunk for film in looked_through(start, films, work) for chunk in film]
        for name, films in parts.items()
    }
    for name, chunks in seen.items():
        if not any(word for chunk in chunks for word in chunk.words):
            raise ValueError(f"expected labelled moments in the films of {name}, got none: mark longer spans")
    head = fitted_head(seen["training"])
    # Steadiness and temper stay the champion's: fitted on a handful of films they cost 2 % of the pictures.
    numbers, *_ = with_confidence(start.numbers, _films(seen["calibration"], head))
    say(f"fitted: {numbers}")
    # Who is asked for corrections gives few: the head that is served learns from all of them, and the figures
    # are of the one that learned from three fifths. Retraining measures what is served on films of its own.
    served = start.with_head(*fitted_head([chunk for chunks in seen.values() for chunk in chunks]))
    told = {
        "date": datetime.now(UTC).date().isoformat(),
        "startedFrom": start.sha256,
        "trainedOn": _trained_on(start_folder).split(_LEARNED_ON)[0] + _LEARNED_ON,
        "trainingFilms": len(parts["training"]),
        "trainingPictures": sum(bool(word) for chunk in seen["training"] for word in chunk.words),
        "trainingSeconds": round(time.monotonic() - began, 1),
        "calibrationFilms": len(parts["calibration"]),
        "testFilms": len(parts["test"]),
        "numbers": numbers.__dict__,
        "calibration": _figures(numbers, _films(seen["calibration"], head)),
        "test": _figures(numbers, _films(seen["test"], head)),
        "testBefore": _figures(start.numbers, _films(seen["test"], (0 * head[0], 0 * head[1]))),
    }
    return Learned(start.where, served, numbers, told)


def counts_on(model: Model, folder: Path) -> list[dict[str, Any]]:
    """For each labelled film under ``folder``: seconds by the marked word and by what was said of them.

    The film goes through the program's own form of proxy and the package's own functions. ``confidence`` is
    the mean of what was said of these seconds; films without any labelled second are left out.
    """
    told = []
    for labelled in labelled_films(folder):
        counts: dict[str, dict[str, int]] = {}
        sure: list[float] = []
        for start_s, body in chunks_of(labelled.film):
            for sample in samples_of(model, input_fn(body, "video/mp4"))[::FPS]:
                truth, _ = labelled.said_at(start_s + sample.time_s)
                if truth:
                    said = word_of(sample.flame, sample.level)
                    row = counts.setdefault(truth, {})
                    row[said] = row.get(said, 0) + 1
                    sure.append(sample.confidence)
        if sure:
            confidence = round(sum(sure) / len(sure), 4)
            told.append(
                {
                    "film": labelled.film.stem,
                    "group": labelled.film.parent.name,
                    "counts": counts,
                    "confidence": confidence,
                }
            )
    return told


def _films(chunks: Sequence[Chunk], head: tuple[Floats, Floats]) -> list[Film]:
    return [chunk.film(*head) for chunk in chunks]


def _figures(numbers: Numbers, films: Iterable[Film]) -> dict[str, Any]:
    """Of each labelled second: how often its word was right, as ``metrics.py`` counts drawn ones."""
    rows: list[tuple[str, str, float]] = []
    for seen, truth in films:
        flames, levels, odds = answers_of(seen, numbers)
        sure = confidence_of(odds, numbers)
        rows += [
            (
                word_of(truth.states[k], truth.levels[k]),
                word_of(flames[k], float(levels[k])),
                float(sure[k]),
            )
            for k in range(0, len(flames), FPS)
            if truth.states[k]
        ]
    shown = [row for row in rows if row[0] != "hidden"]
    table = {asked: [sum(r[:2] == (asked, said) for r in rows) for said in STATES] for asked in STATES}
    return {
        "seconds": len(shown),
        "heatAccuracy": _share([asked == said for asked, said, _ in shown]),
        "litOrOffAccuracy": _share(
            [said != "hidden" and (asked == WORDS[0]) == (said == WORDS[0]) for asked, said, _ in shown]
        ),
        "calibrationError": round(calibration_error([r[2] for r in rows], [r[0] == r[1] for r in rows]), 4),
        "hiddenSeconds": len(rows) - len(shown),
        "hiddenSaidHidden": _share([said == "hidden" for asked, said, _ in rows if asked == "hidden"]),
        "words": {"columns": list(STATES), "rows": table},
    }


def _share(values: Sequence[bool]) -> float | None:
    return round(sum(values) / len(values), 4) if values else None


def _trained_on(folder: Path) -> str:
    """What the package in ``folder`` says that it was trained on."""
    for name in (FOUND, SET_ASIDE):
        if (folder / name).is_file():
            return str(json.loads((folder / name).read_text("utf-8"))["trained_on"])
    raise ValueError(f"expected {FOUND} or {SET_ASIDE} in {folder.name}")


def own_card(told: dict[str, Any], *, bar: float) -> str:
    """``MODEL_CARD.md`` of a package that learned from people's own films; ``bar``, asked, is 0 to 1."""
    test, before = told["test"], told["testBefore"]
    columns = test["words"]["columns"]
    table = [f"| marked | {' | '.join(columns)} |", f"|---|{'---|' * len(columns)}"]
    table += [f"| {name} | {' | '.join(map(str, row))} |" for name, row in test["words"]["rows"].items()]
    reached = "is reached" if (test["heatAccuracy"] or 0.0) >= bar else "is not reached"
    return f"""# flame

Sees the flame under the pan in chunks of film: off, blue, yellow or hidden, its level from 0 to 1, and how
sure that is. **Trained on: {told["trainedOn"]}.**

## Training

- learned on from weights `{told["startedFrom"][:12]}`: only the last layer of the network that reads the
  flame, from what people marked; where the burner is was not taught
- {told["trainingFilms"]} films to learn from ({told["trainingPictures"]} labelled pictures),
  {told["calibrationFilms"]} to fit the confidence, {told["testFilms"]} to measure; no person and
  no kitchen in two of them. What is served learned from all; the figures are of what learned from the first
- {told["date"]}, {told["trainingSeconds"]:.0f} s, {told["engine"]}
- weights sha256: `{told["weightsSha256"]}`

## How well it does on {told["testFilms"]} films of people and kitchens that it did not learn from

Per labelled second; {test["seconds"]} seconds, and {test["hiddenSeconds"]} in which the flame was hidden.

- off, low, medium or high right: **{_percent(test["heatAccuracy"])}**, before
  {_percent(before["heatAccuracy"])} (asked: {bar:.0%}, which {reached})
- lit or not lit right: {_percent(test["litOrOffAccuracy"])}, before {_percent(before["litOrOffAccuracy"])}
- hidden said hidden: {_percent(test["hiddenSaidHidden"])}
- calibration error of the confidence (ten bins of equal mass): {test["calibrationError"]:.3f}

{chr(10).join(table)}

## Limits

- It knows the kitchens that people sent, and drawn ones; other hobs may be unknown to it.
- Only the burner that is in use is read; a second flame beside it is not reported. Smoke and burning are
  not seen: `burningRisk` is null in every answer.
"""


def _percent(share: float | None) -> str:
    return "not measured" if share is None else f"{share:.1%}"
