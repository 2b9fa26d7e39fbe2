"""The commands over what is kept, as a person uses them one after another in one home."""

from __future__ import annotations

import hashlib
import json
import urllib.request
from importlib import resources
from pathlib import Path

import pytest
from flow_inputs import correct_segments, write_film, write_segments

from bharatchef.results import EvaluationResult
from kitchen_sim.film import draw_film
from kitchen_sim.script import read_script
from knowledge_base.library import BUILT_IN_DISHES

DISH = "masala-chai"


def kept(home: Path) -> set[str]:
    """The keys in the object store of a home."""
    root = home / "objects"
    return (
        {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}
        if root.exists()
        else set()
    )


def runs_on(api_url: str) -> list[dict[str, object]]:
    """The last runs on a Prefect server."""
    asked = json.dumps({"sort": "START_TIME_DESC", "limit": 200}).encode()
    request = urllib.request.Request(
        f"{api_url}/flow_runs/filter", asked, {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        runs: list[dict[str, object]] = json.load(answer)
    return runs


def first_of(keys: set[str], prefix: str) -> set[str]:
    return {key for key in keys if key.startswith(prefix)}


@pytest.mark.slow
def test_two_attempts_are_followed_up_shown_backed_up_and_deleted(bharatchef, tmp_path, prefect_api):
    rows = [row for row in correct_segments(DISH) if row["stepId"] != "add-sugar"]
    end = max(row["endTime"] for row in correct_segments(DISH)) + 3
    film = write_film(tmp_path / "my first tea.mp4", end, fps=4)
    side = write_film(tmp_path / "side.mp4", end, fps=2, size=(160, 120))
    first_marks = write_segments(tmp_path / "first.json", DISH, rows)
    words = [
        "evaluate",
        film,
        "--dish",
        DISH,
        "--side",
        side,
        "--segments",
        first_marks,
        "--user",
        "asha",
        "--json",
    ]
    done = bharatchef(*words)
    assert done.returncode == 0, done.stderr
    first = EvaluationResult.model_validate_json(done.stdout)
    assert first.film.file_name == "my first tea.mp4"
    assert first.side_film.file_name == "side.mp4"
    assert [m.description for m in first.feedback.mistakes if "sugar" in m.description]
    assert first.stills
    assert any(entry.what == "the side film" for entry in first.not_assessed)
    assert first.side_sync is not None

    second_marks = write_segments(tmp_path / "second.json", DISH, correct_segments(DISH))
    done = bharatchef("evaluate", "--dish", DISH, "--segments", second_marks, "--user", "asha", "--json")
    second = EvaluationResult.model_validate_json(done.stdout)
    assert second.feedback.previous_evaluation_id == first.evaluation.evaluation_id
    assert [f.verdict for f in second.feedback.follow_ups if f.step_id == "add-sugar"] == ["fixed"]

    history = json.loads(bharatchef("history", "asha", "--json").stdout)
    assert [e["evaluationId"] for e in history["evaluations"]] == [
        first.evaluation.evaluation_id,
        second.evaluation.evaluation_id,
    ]
    (trend,) = history["trends"]
    assert trend["scores"] == [first.scorecard.overall, second.scorecard.overall]
    told = bharatchef("history", "asha").stdout
    assert first.evaluation.evaluation_id in told
    assert "over 2 attempts" in told

    shown = bharatchef("show", first.evaluation.evaluation_id, "--json")
    assert EvaluationResult.model_validate_json(shown.stdout) == first
    assert "sugar" in bharatchef("show", first.evaluation.evaluation_id).stdout
    ambiguous = bharatchef("show", DISH)
    assert ambiguous.returncode == 9
    assert "begins the ids of 2 evaluations" in ambiguous.stderr

    archive = tmp_path / "backup.tar.gz"
    assert bharatchef("backup", archive).returncode == 0
    home, other = tmp_path / "bharatchef", tmp_path / "other"
    before = kept(home)
    restored = bharatchef("restore", archive, BHARATCHEF_HOME=str(other))
    assert restored.returncode == 0, restored.stderr
    assert first_of(kept(other), "results/") == first_of(before, "results/")
    assert bharatchef("show", second.evaluation.evaluation_id, BHARATCHEF_HOME=str(other)).returncode == 0
    refused = bharatchef("restore", archive)
    assert refused.returncode != 0
    assert "--force" in refused.stderr

    unasked = bharatchef("delete", first.evaluation.evaluation_id)
    assert unasked.returncode != 0
    assert kept(home) == before
    deleted = bharatchef("delete", first.evaluation.evaluation_id, "--yes")
    assert deleted.returncode == 0, deleted.stderr
    left = kept(home)
    assert first_of(left, "films/") == set()
    assert first_of(left, f"media/{first.film.sha256}/") == set(), "what was made of the film goes with it"
    assert first_of(left, f"results/{first.evaluation.evaluation_id}/") == set()
    assert first_of(left, f"results/{second.evaluation.evaluation_id}/")
    segments = [hashlib.sha256(marks.read_bytes()).hexdigest() for marks in (first_marks, second_marks)]
    assert first_of(left, "segments/") == {f"segments/{segments[1]}.json"}
    named = [json.dumps(run["parameters"]) for run in runs_on(prefect_api)]
    assert not [text for text in named if segments[0] in text], "Prefect keeps no record of it"
    assert [text for text in named if segments[1] in text]
    assert first.evaluation.evaluation_id not in (home / "notifications.jsonl").read_text()
    assert bharatchef("show", first.evaluation.evaluation_id).returncode == 9

    anew = bharatchef(*words)
    assert anew.returncode == 0, anew.stderr
    again = EvaluationResult.model_validate_json(anew.stdout)
    assert again.scorecard == first.scorecard
    assert first_of(kept(home), f"media/{first.film.sha256}/"), "proxies that are gone are made again"


def test_dishes_are_listed_shown_checked_and_imported(bharatchef, tmp_path):
    listed = json.loads(bharatchef("dishes", "list", "--json").stdout)
    assert len(listed) >= 10
    assert "after" in bharatchef("dishes", "show", DISH).stdout
    assert bharatchef("dishes", "check").returncode == 0

    broken = tmp_path / "broken.yaml"
    broken.write_text("id: broken\nname: Broken\nsteps:\n  - id: one\n    action: fly\n")
    found = bharatchef("dishes", "check", broken)
    assert found.returncode == 4
    assert "broken.yaml:" in found.stdout
    refused = bharatchef("dishes", "import", "dish", broken)
    assert refused.returncode == 4
    assert "Traceback" not in refused.stderr
    assert not (tmp_path / "bharatchef" / "dishes").exists()


def test_an_order_is_proposed_from_several_experts_and_never_from_one(bharatchef, tmp_path):
    rows = correct_segments(DISH)
    one = write_segments(tmp_path / "a.json", DISH, rows)
    alone = json.loads(bharatchef("dishes", "suggest-order", DISH, one, "--json").stdout)
    assert alone["performances"] == 1
    assert alone["edges"] == []
    assert "one way to cook" in alone["note"]
    nobody = bharatchef("dishes", "suggest-order", DISH)
    assert nobody.returncode == 4
    assert "no file was given" in nobody.stderr

    # The sugar goes in at any time, so a swap of it and the step before it is another way to cook the dish.
    at = next(number for number, row in enumerate(rows) if row["stepId"] == "add-sugar")
    other = [dict(row) for row in rows]
    other[at]["stepId"], other[at - 1]["stepId"] = other[at - 1]["stepId"], other[at]["stepId"]
    files = [one] + [write_segments(tmp_path / f"{n}.json", DISH, other if n % 2 else rows) for n in range(5)]
    several = json.loads(bharatchef("dishes", "suggest-order", DISH, *files, "--json").stdout)
    assert several["performances"] == 6
    after = {(edge["afterStepId"], edge["stepId"]) for edge in several["edges"]}
    assert after
    assert not {("add-milk", "add-sugar"), ("add-sugar", "add-milk")} & after
    assert all(edge["seen"] == 6 for edge in several["binding"])
    assert "because: seen in 6 of 6" in bharatchef("dishes", "suggest-order", DISH, *files).stdout


@pytest.mark.slow
def test_a_film_is_set_beside_the_experts_and_segments_alone_are_not(bharatchef, tmp_path):
    rows = correct_segments(DISH)
    actions = "".join(
        f"      - {{step: {row['stepId']}, start: {row['startTime']}, end: {row['endTime']}}}\n"
        for row in rows
    )
    own = tmp_path / "bharatchef" / "dishes"
    own.mkdir(parents=True)
    (own / f"{DISH}.yaml").write_text(
        (BUILT_IN_DISHES / f"{DISH}.yaml").read_text()
        + f"\nexpert_performances:\n  - id: the-expert\n    actions:\n{actions}"
    )
    slower = [row | {"startTime": row["startTime"] * 1.5, "endTime": row["endTime"] * 1.5} for row in rows]
    segments = write_segments(tmp_path / "slower.json", DISH, slower)
    film = write_film(tmp_path / "film.mp4", slower[-1]["endTime"] + 2, fps=2, size=(160, 120))
    words = ["evaluate", "--dish", DISH, "--segments", segments, "--json"]

    done = bharatchef(*words, film)
    assert done.returncode == 0, done.stderr
    result = EvaluationResult.model_validate_json(done.stdout)
    match = result.expert_match
    assert match.performance_id == "the-expert"
    assert match.time_map.meaningless == ""
    assert match.time_map.second_s(rows[6]["startTime"]) == pytest.approx(slower[6]["startTime"], abs=2)
    long_steps = [row["stepId"] for row in rows if row["endTime"] - row["startTime"] > 15]
    assert [match.tempo[step] for step in long_steps] == pytest.approx([1.5] * len(long_steps), rel=0.15)
    assert "match" in [stage.stage for stage in result.stages]

    alone = EvaluationResult.model_validate_json(bharatchef(*words).stdout)
    assert alone.expert_match is None, "without a film there is nothing to set beside it"
    assert alone.scorecard.overall == result.scorecard.overall


def test_doctor_names_what_is_missing(bharatchef):
    found = json.loads(bharatchef("doctor", "--json").stdout)
    assert {line["what"] for line in found["Models"]} >= {"actions", "objects", "heat", "plate"}
    assert all(line["remedy"] for line in found["Models"] if line["state"] == "optional")
    assert {line["what"] for line in found["Ports"]} >= {"objects", "evaluations", "Prefect server"}
    assert any(line["what"] == "free" for line in found["Disk"])


@pytest.mark.slow
def test_the_film_from_the_side_is_set_on_the_front_films_clock(bharatchef, tmp_path):
    script = read_script(resources.files("kitchen_sim").joinpath("scripts", "masala-chai-demo.yaml"))
    script = script.model_copy(update={"width_px": 320, "height_px": 180, "fps": 15})
    late = [s.model_copy(update={"start_s": s.start_s + 4, "end_s": s.end_s + 4}) for s in script.steps]
    front = script.model_copy(update={"steps": tuple(late), "duration_s": script.duration_s + 4})
    film = draw_film(front, tmp_path / "front.mp4")
    side = draw_film(script.model_copy(update={"camera": "side"}), tmp_path / "side.mp4")
    done = bharatchef(
        *("evaluate", film.film, "--dish", DISH, "--segments", film.segments, "--side", side.film, "--json"),
        *("--out", tmp_path / "report"),
    )
    assert done.returncode == 0, done.stderr
    sync = EvaluationResult.model_validate_json(done.stdout).side_sync
    assert not sync.meaningless
    assert sync.side_begins_s == pytest.approx(4.0, abs=0.3)
    assert any(
        "s after it; both films move alike" in page.read_text()
        for page in (tmp_path / "report").rglob("*.html")
    )
