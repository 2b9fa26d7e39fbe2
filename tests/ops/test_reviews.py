"""A review's whole circle on a real Prefect server: a wrong finding, its appeal, its correction, trust."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from flow.flow_inputs import correct_segments, write_counting_package, write_film, write_segments
from running import ROOT, own_environment

from adapters import build_ports
from bharatchef.pseudonyms import pseudonym, pseudonym_key
from bharatchef.review.labels import audit_labels, training_labels
from bharatchef.review.trail import entries
from bharatchef.settings import load_settings

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
DISH = "masala-chai"
LEFT_OUT = "boil-water"
HOSTILE = "<script>alert(1)</script> I did [bold]boil[/bold] it\x1b[31m, says asha"
COLLECT = """
from flows.collect_reviews import CollectRequest, collect_reviews
print(collect_reviews(CollectRequest()).to_json())
"""


def _collect(tmp_path: Path, prefect_api: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-c", COLLECT],
        cwd=ROOT,
        env=own_environment(tmp_path, PREFECT_API_URL=prefect_api),
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert "asha" not in done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def _artifacts(prefect_api: str) -> list[list[dict[str, str]]]:
    request = urllib.request.Request(
        f"{prefect_api}/artifacts/filter",
        json.dumps({"artifacts": {"key": {"any_": ["reviews"]}}, "sort": "CREATED_DESC"}).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=20) as answer:
        return [json.loads(one["data"]) for one in json.load(answer)]


def _labelled(task: dict[str, Any], left_out: dict[str, object]) -> dict[str, Any]:
    """The task as Label Studio exports it after a person added the step that nobody had seen."""
    regions = [dict(region) for region in task["predictions"][0]["result"]]
    regions.append(
        {
            "id": "added",
            "from_name": "steps",
            "to_name": "moments",
            "type": "timeserieslabels",
            "value": {
                "start": left_out["startTime"],
                "end": left_out["endTime"],
                "instant": False,
                "timeserieslabels": [LEFT_OUT],
            },
        }
    )
    boxes = [region for region in regions if region["type"] == "rectanglelabels"]
    boxes[0]["value"] = {**boxes[0]["value"], "rectanglelabels": ["sugar"]}
    annotation = {
        "id": 1,
        "completed_by": {"email": "ravi@kitchen.example"},
        "was_cancelled": False,
        "ground_truth": False,
        "result": regions,
    }
    return {"id": 7, "data": task["data"], "annotations": [annotation], "predictions": []}


def test_a_wrong_finding_is_appealed_corrected_scored_again_signed_and_counted(
    tmp_path, prefect_api, bharatchef
):
    rows = correct_segments(DISH)
    left_out = next(row for row in rows if row["stepId"] == LEFT_OUT)
    marks = write_segments(tmp_path / "marks.json", DISH, [row for row in rows if row is not left_out])
    film = write_film(tmp_path / "chai.mp4", seconds=float(str(rows[-1]["endTime"])) + 1)
    settings = load_settings(home=tmp_path / "bharatchef", built_in_models=False)
    write_counting_package(settings.models_dir, "objects", tmp_path / "calls")

    def said(*words: str | Path, rc: int = 0) -> str:
        done = bharatchef(*words, timeout_s=280)
        assert done.returncode == rc, done.stderr
        return done.stderr if rc else done.stdout

    evaluated = json.loads(
        said("evaluate", film, "--dish", DISH, "--segments", marks, "--user", "asha", "--json")
    )
    original = evaluated["evaluation"]["evaluationId"]
    (mistake,) = evaluated["feedback"]["mistakes"]
    assert "missing" in mistake["deviationId"]
    ports, key = build_ports(settings), pseudonym_key(settings)
    stored = ports.objects.get_bytes(f"results/{original}/result.json")

    # The appeal: it waits, it is shown, and what was written is nothing but letters.
    assert "under appeal" in said("appeal", original, "1", "--why", HOSTILE)
    assert "already" in said("appeal", original, "1", "--why", "again", rc=4)
    listed = said("review")
    assert f"{original} {mistake['deviationId']}  appeal: <script>alert(1)</script>" in listed
    assert "\x1b" not in listed
    assert "asha" not in listed
    shown = json.loads(said("show", original, "--json"))
    assert shown["review"]["appeals"][0]["state"] == "under_appeal"
    page = ports.objects.get_bytes(f"results/{original}/report.html").decode()
    assert "This is under appeal" in page
    assert "<script" not in page
    summary = _collect(tmp_path, prefect_api)
    assert summary["appeals"] == 1
    assert _artifacts(prefect_api)[0][0]["evaluation"] == original
    assert "script" not in json.dumps(_artifacts(prefect_api))

    # Out to Label Studio and back: seconds and the film's sha256, and no frame.
    exported = tmp_path / "task.json"
    said("review", "export", original, "--out", exported)
    (task,) = json.loads(exported.read_text())
    assert task["data"]["media_sha256"] == evaluated["film"]["sha256"]
    assert "frame" not in exported.read_text().casefold()
    ElementTree.fromstring((tmp_path / "task.json.xml").read_text())
    corrected, other = tmp_path / "corrected.json", tmp_path / "other.json"
    labelled = _labelled(task, left_out)
    other.write_text(json.dumps([{**labelled, "data": {**task["data"], "media_sha256": "a" * 64}}]))
    assert "is of the film" in said("review", "import", original, other, "--by", "chef-ravi", rc=4)
    assert not training_labels(ports.objects) + audit_labels(ports.objects)
    corrected.write_text(json.dumps([labelled]))
    words = ("review", "import", original, corrected, "--by", "chef-ravi", "--json")
    taken = json.loads(said(*words))
    again = taken["evaluationId"]
    assert again != original
    assert taken["segmentsChanged"]
    assert taken["overallScore"] > taken["originalOverallScore"]
    assert json.loads(said(*words))["evaluationId"] == again

    # The original stands as it was; each of the two names the other.
    assert ports.objects.get_bytes(f"results/{original}/result.json") == stored
    now = json.loads(said("show", again, "--json"))
    assert now["review"]["rescoreOf"] == original
    assert now["feedback"]["mistakes"] == []
    assert now["feedback"]["followUps"] == []
    assert f"scored again as {again}" in said("show", original)
    history = json.loads(said("history", "asha", "--json"))
    assert [one["evaluationId"] for one in history["evaluations"]] == [original, again]
    assert history["trends"][0]["scores"] == [taken["overallScore"]]
    (labels,) = training_labels(ports.objects) + audit_labels(ports.objects)
    assert labels.evaluation_id == original
    assert labels.media_sha256 == evaluated["film"]["sha256"]
    assert (labels.person, labels.corrected_by) == (pseudonym("asha", key), pseudonym("chef-ravi", key))
    assert LEFT_OUT in [segment.step_id for segment in labels.segments]
    assert {box.label for box in labels.boxes} == {"milk", "sugar"}
    assert labels.box_times_s == tuple(task["data"]["still_seconds"])
    assert len(labels.box_times_s) > 20

    # Decided and signed: the level is no longer provisional, and what the scores gave stays beside it.
    said("review", "uphold", original, "1", "--by", "chef-ravi", "--reason", "It boils from 0:12.")
    decided = ("review", "dismiss", original, "1", "--by", "chef-ravi", "--reason", "No.")
    assert "was upheld already" in said(*decided, rc=4)
    assert "Expected --reason" in said(
        "review", "sign", again, "--by", "chef-ravi", "--level", "commis", rc=4
    )
    said(
        "review",
        "sign",
        again,
        "--by",
        "chef-ravi",
        "--level",
        "commis",
        "--reason",
        "Too slow for a service",
    )
    scorecard = said("show", again)
    assert "provisional" not in scorecard
    assert "set to commis" in scorecard
    assert json.loads(said("show", again, "--json"))["scorecard"]["level"] == now["scorecard"]["level"]
    assert "it was not a mistake" in said("show", original)
    assert _collect(tmp_path, prefect_api)["appeals"] == 0

    drawn = tmp_path / "trust.svg"
    trust = json.loads(said("report", "trust", "--json", "--svg", drawn))
    (kind,) = trust["kinds"]
    assert (kind["kind"], kind["appealed"], kind["upheld"]["count"], kind["open"]) == ("missing", 1, 1, 0)
    assert kind["upheld"]["interval"] == [pytest.approx(0.2065, abs=1e-3), 1.0]
    assert "Missing, upheld: 100%" in ElementTree.parse(drawn).getroot().findtext(
        "{http://www.w3.org/2000/svg}desc", ""
    )

    # Nobody is named in what is kept of it.
    kept = b"".join(
        ports.objects.get_bytes(name)
        for prefix in ("trail/", "labels/")
        for name in ports.objects.list_keys(prefix)
    )
    assert not [name for name in (b"asha", b"ravi") if name in kept]
    assert [entry.kind for entry in entries(ports.objects, original) if entry.kind != "drawn"] == [
        "appeal",
        "corrected",
        "rescored",
        "upheld",
    ]
