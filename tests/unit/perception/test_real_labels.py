"""Real recordings, labelled by people elsewhere, through every format that a person may give them in."""

import csv
import io
import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from bharatchef.perception.performance import performance_from
from bharatchef.perception.segments_file import read_segments
from bharatchef.records import Dish
from knowledge_base.captaincook4d import dish_from_captaincook4d, recordings_of, segments_from_captaincook4d
from knowledge_base.library import load_dish

pytestmark = pytest.mark.shared
RECIPES = ("cucumberraita", "scrambledeggs")


def recipe(shared_dir: Path, name: str) -> bytes:
    return (shared_dir / "benchmarks" / "captaincook4d" / "dev" / f"{name}.json").read_bytes()


def dish_of(data: bytes, folder: Path) -> Dish:
    path = folder / "real-dish.yaml"
    text = dish_from_captaincook4d(data, dish_id="real-dish", created=date(2026, 11, 22))
    path.write_text(text, encoding="utf-8")
    return load_dish(path)


def as_csv(document: dict[str, Any]) -> bytes:
    out = io.StringIO()
    table = csv.writer(out, delimiter=";")
    table.writerow(["Step", "Start time", "End time"])
    for s in document["segments"]:
        table.writerow([s["stepId"], f"{s['startTime']:.2f}".replace(".", ","), f"{s['endTime']:.2f}"])
    return out.getvalue().encode("utf-8-sig")


def as_label_studio(document: dict[str, Any], dish: Dish, fps: float) -> bytes:
    regions = [
        {
            "type": "timelinelabels",
            "value": {
                "ranges": [{"start": round(s["startTime"] * fps) + 1, "end": round(s["endTime"] * fps)}],
                "timelinelabels": [dish.step(s["stepId"]).description],
            },
        }
        for s in document["segments"]
    ]
    return json.dumps(
        [{"id": 1, "data": {"video": "r.mp4", "fps": fps}, "annotations": [{"result": regions}]}]
    ).encode()


@pytest.mark.parametrize("name", RECIPES)
def test_every_recording_says_the_same_in_all_three_formats(
    shared_dir: Path, tmp_path: Path, name: str
) -> None:
    data = recipe(shared_dir, name)
    dish = dish_of(data, tmp_path)
    recordings = recordings_of(data)
    assert {role for _, role in recordings} == {"expert", "trainee"}
    for recording_id, _ in recordings:
        document = segments_from_captaincook4d(data, recording_id, dish_id=dish.dish_id)
        given = read_segments(json.dumps(document).encode(), "r.json", dish)
        labelled = json.loads(data)
        truth = next(r for r in labelled["recordings"] if r["id"] == recording_id)
        assert [s.step_id for s in given.segments] == [f"step-{s['step']}" for s in truth["steps"]]
        assert [s.end_s for s in given.segments] == [s["end"] for s in truth["steps"]]
        performance = performance_from(dish, given=given)
        assert performance.segments == given.segments
        assert performance.duration_s >= truth["steps"][-1]["end"]
        for other in (as_csv(document), as_label_studio(document, dish, 30.0)):
            again = read_segments(other, "r", dish)
            assert sorted(s.step_id or "" for s in again.segments) == sorted(
                s.step_id or "" for s in given.segments
            )
            apart = [
                min(abs(s.start_s - t.start_s) for t in given.segments if t.step_id == s.step_id)
                for s in again.segments
            ]
            # A frame at 30 a second, and the two digits of the table.
            assert max(apart) <= 1 / 30 + 0.005
