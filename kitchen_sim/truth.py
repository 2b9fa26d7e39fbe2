"""What is true of a drawn film, as plain data taken from what is drawn; knows nothing of encoding."""

from __future__ import annotations

import math
from typing import Any

from kitchen_sim.scene import Scene
from kitchen_sim.script import MistakeKind, PlantedMistake, Script
from kitchen_sim.storyboard import motion_of
from kitchen_sim.things import SERVE_FORMS

BACKGROUND = "background"
NOTE = "This film is drawn. It shows no real person, kitchen or food; its truth is known, not observed."
_SAMPLES_PER_S = 2
_GOOD_LIKENESS, _LIKENESS_PER_FAULT = 95, 25
_POOR_REMARKS = ("Spilled round the serving place.", "The rim and the outside are smeared.")
DEVIATIONS: dict[MistakeKind, str] = {
    "skipped": "missing",
    "swapped": "out_of_order",
    "repeated": "repeated",
    "too_long": "too_long",
    "too_short": "too_short",
    "heat_too_high": "wrong_heat",
    "heat_too_low": "wrong_heat",
    "wrong_ingredient": "wrong_ingredient",
    "missing_ingredient": "wrong_ingredient",
    "poor_plating": "poor_plating",
}


def frame_span(script: Script, start_s: float, end_s: float) -> tuple[int, int]:
    """(first frame, one past the last) shown from ``start_s`` up to ``end_s``."""
    first = math.ceil((start_s - 1e-6) * script.rate)
    past = math.ceil((end_s - 1e-6) * script.rate)
    return max(0, first), min(script.frames, past)


def actions_per_second(script: Script) -> list[str]:
    """For each second of the film, what the hands do in most of its frames; a tie goes to the action."""
    labels: list[str] = []
    for second in range(math.ceil(script.duration_s - 1e-6)):
        first, past = frame_span(script, second, second + 1)
        counts: dict[str, int] = {}
        for number in range(first, past):
            step = script.step_at(script.time_of(number))
            label = BACKGROUND if step is None else motion_of(step.action)
            counts[label] = counts.get(label, 0) + 1
        labels.append(
            max(counts, key=lambda name: (counts[name], name != BACKGROUND)) if counts else BACKGROUND
        )
    return labels


def truth_of(scene: Scene, film_name: str, film_sha256: str) -> dict[str, Any]:
    """All that is known of a drawn film; seconds from its first frame, boxes as shares of the picture."""
    script = scene.script
    times = [k / _SAMPLES_PER_S for k in range(math.ceil(script.duration_s * _SAMPLES_PER_S - 1e-6))]
    boxes: list[dict[str, Any]] = []
    flames: list[dict[str, Any]] = []
    burning: list[dict[str, Any]] = []
    for time_s in times:
        # A sample is what the frame shown at that time shows.
        frame_s = script.time_of(math.floor(time_s * script.rate + 1e-6))
        boxes += [{"timeSeconds": time_s, "label": b.label, "box": list(b.box)} for b in scene.boxes(frame_s)]
        flame, level = scene.flame(frame_s)
        flames.append({"timeSeconds": time_s, "flame": flame, "level": level})
        smoke, scorch = scene.board.burning(frame_s)
        burning.append({"timeSeconds": time_s, "smoke": round(smoke, 4), "burning": round(scorch, 4)})
    return {
        "format": "kitchen-sim-truth",
        "version": 1,
        "drawn": True,
        "note": NOTE,
        "film": {
            "name": film_name,
            "sha256": film_sha256,
            "codec": "h264",
            "widthPixels": script.width_px,
            "heightPixels": script.height_px,
            "rotationDegrees": script.rotation_degrees,
            "fps": script.fps,
            "frames": script.frames,
            "durationSeconds": script.duration_s,
            "timeScale": script.time_scale,
        },
        "style": {
            "group": scene.style.group,
            "seed": script.seed,
            "camera": script.camera,
            "mirrored": scene.style.mirrored,
            "leftHanded": scene.style.left_handed,
            "flame": "yellow" if scene.style.yellow_flame else "blue",
        },
        "scriptSha256": script.sha256(),
        "dish": script.dish,
        "actionsPerSecond": actions_per_second(script),
        "steps": [_step_truth(script, index) for index in range(len(script.steps))],
        "heat": _heat_marks(script),
        "flame": flames,
        "burning": burning,
        "ingredients": ingredients_seen(scene),
        "boxTimesSeconds": times,
        "boxes": boxes,
        "plate": plate_of(scene),
        "mistakes": [_mistake_truth(script, mistake) for mistake in script.mistakes],
    }


def segments_of(scene: Scene) -> dict[str, Any]:
    """The film's segments in the format that an evaluation takes from people and programs."""
    script = scene.script
    plain: dict[str, Any] = {
        "format": "bharatchef-segments",
        "version": 1,
        "source": {"kind": "drawn_truth", "name": "kitchen_sim"},
        "dish": script.dish,
        "durationSeconds": script.duration_s,
        "segments": [
            {
                "stepId": step.step_id,
                "actionType": step.action,
                "startTime": step.start_s,
                "endTime": step.end_s,
                "confidence": 1.0,
            }
            for step in script.steps
        ],
        "observed": [{"startSeconds": 0.0, "endSeconds": script.duration_s}],
        "heat": _heat_marks(script),
        "ingredients": ingredients_seen(scene),
    }
    plate = plate_of(scene)
    if plate is not None:
        plain["plate"] = {"likeness": plate["likeness"], "remarks": plate["remarks"]}
    return plain


def ingredients_seen(scene: Scene) -> list[dict[str, Any]]:
    """Each time that an ingredient goes in somewhere or is first worked on, in the order of time."""
    seen: dict[tuple[str, float], dict[str, Any]] = {}
    for plan in scene.board.plans:
        for name, food in zip(plan.step.ingredients, plan.foods, strict=True):
            moments = [
                (a.start_s + a.end_s) / 2
                for a in scene.board.additions
                if a.food == food and plan.step.start_s - 1e-6 <= a.start_s < plan.step.end_s
            ]
            if not moments and plan.target_id == "board":
                moments = [plan.step.start_s + plan.step.length_s / 2]
            for time_s in moments:
                time_s = round(time_s, 2)
                seen[name, time_s] = {"ingredient": name, "timeSeconds": time_s, "confidence": 1.0}
    return sorted(seen.values(), key=lambda row: (row["timeSeconds"], row["ingredient"]))


def plate_of(scene: Scene) -> dict[str, Any] | None:
    """The dish as it is served at the film's end; ``None`` where nothing has been put up.

    The likeness is a mark for the drawing: 95 for a clean plate, 25 less for each fault drawn.
    """
    script = scene.script
    for thing in scene.board.things.values():
        if thing.kind not in SERVE_FORMS:
            continue
        inside = scene.board.contents(thing.thing_id, script.duration_s)
        if inside.fill < 0.02:
            continue
        remarks = list(_POOR_REMARKS) if script.plating == "poor" else []
        boxes = [b.box for b in scene.boxes(script.time_of(script.frames - 1)) if b.label == thing.label]
        return {
            "label": thing.label,
            "timeSeconds": round(script.time_of(script.frames - 1), 3),
            "box": list(boxes[0]) if boxes else None,
            "fill": round(inside.fill, 3),
            "colour": [round(c) for c in inside.colour],
            "pieces": [food.name for food, _, _ in inside.pieces],
            "likeness": _GOOD_LIKENESS - _LIKENESS_PER_FAULT * len(remarks),
            "remarks": remarks,
        }
    return None


def _heat_marks(script: Script) -> list[dict[str, Any]]:
    return [{"startTime": a, "endTime": b, "level": heat} for a, b, heat in script.heat_spans()]


def _step_truth(script: Script, index: int) -> dict[str, Any]:
    step = script.steps[index]
    first, past = frame_span(script, step.start_s, step.end_s)
    return {
        "stepId": step.step_id,
        "action": step.action,
        "motion": motion_of(step.action),
        "startTime": step.start_s,
        "endTime": step.end_s,
        "startFrame": first,
        "endFrame": past,
        "ingredients": list(step.ingredients),
        "heat": step.heat,
    }


def _mistake_truth(script: Script, mistake: PlantedMistake) -> dict[str, Any]:
    shown = None if mistake.step_index is None else script.steps[mistake.step_index]
    return {
        "kind": mistake.kind,
        "deviation": DEVIATIONS[mistake.kind],
        "stepId": mistake.step_id,
        "relatedStepId": mistake.related_step_id,
        "startTime": None if shown is None else shown.start_s,
        "endTime": None if shown is None else shown.end_s,
        "expected": mistake.expected,
        "done": mistake.done,
    }
