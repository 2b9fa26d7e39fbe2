"""The flow build_knowledge_base as a real Prefect run, and the commands on the tips."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import urllib.request

import pytest
from running import ROOT, own_environment

from knowledge_base.advice import ADVICE_DIR, read_advice

FLOW = """
import json
from flows.build_knowledge_base import KnowledgeRequest, build_knowledge_base
for anew in (False, False, True):
    done = build_knowledge_base(KnowledgeRequest(anew=anew, strict=False))
    print(json.dumps([done.tips, done.embedded, done.changed, done.model_name]))
"""


def test_a_run_indexes_the_tips_and_a_second_finds_nothing_to_do(tmp_path, prefect_api):
    environment = own_environment(tmp_path, PREFECT_API_URL=prefect_api, BHARATCHEF_EMBEDDING="none")
    done = subprocess.run(
        [sys.executable, "-c", FLOW], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    count = len(read_advice().tips)
    assert [json.loads(line) for line in done.stdout.splitlines() if line.startswith("[")] == [
        [count, 0, True, None],
        [count, 0, False, None],
        [count, 0, True, None],
    ]
    request = urllib.request.Request(
        f"{prefect_api}/flow_runs/filter",
        json.dumps({"flows": {"name": {"any_": ["build-knowledge-base"]}}}).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert [run["state_type"] for run in json.load(answer)] == ["COMPLETED"] * 3


def test_search_shows_both_ranks_and_keeps_to_the_dish(bharatchef):
    done = bharatchef(
        "knowledge",
        "search",
        "onions burnt",
        "--dish",
        "chicken-curry",
        "--json",
        BHARATCHEF_EMBEDDING="none",
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert len(found) == 5
    assert all(one["vectorRank"] is None and one["mistake"] and one["correction"] for one in found)
    tips = read_advice()
    ranks: dict[bool, list[int]] = {True: [], False: []}
    for one in found:
        tip = tips.tip(one["tipId"])
        places = [*tip.dishes, *tip.steps, *tip.points]
        assert not places or any(place.startswith("chicken-curry") for place in places)
        ranks[bool(places)].append(one["keywordRank"])
    # What names the dish may stand before what holds for every dish; otherwise the words decide.
    assert min(ranks[True] + ranks[False]) == 1
    assert all(mine == sorted(mine) for mine in ranks.values())
    nothing = bharatchef("knowledge", "search", "zeppelin", BHARATCHEF_EMBEDDING="none")
    assert (nothing.returncode, nothing.stdout.strip()) == (0, "No tip shares a word with this question.")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--dish", "masala-chay"], "masala-chai"),
        (["--step", "boil-water"], "the dish of step"),
        (["--dish", "masala-chai", "--step", "fly"], "has no step 'fly'"),
        (["--severity", "grave"], "low, medium or high"),
    ],
)
def test_a_place_that_is_not_there_is_told(bharatchef, words, said):
    done = bharatchef("knowledge", "search", "tea", *words, BHARATCHEF_EMBEDDING="none")
    assert done.returncode == 4
    assert said in done.stderr


def test_check_passes_the_programs_tips_and_names_a_planted_fault(bharatchef, tmp_path):
    assert bharatchef("knowledge", "check").returncode == 0
    folder = shutil.copytree(ADVICE_DIR, tmp_path / "advice")
    file = sorted(folder.glob("*.yaml"))[0]
    file.write_text(file.read_text().replace("severity: medium", "severity: medium\n    dishes: [pasta]", 1))
    done = bharatchef("knowledge", "check", folder)
    assert done.returncode == 4
    assert "pasta" in done.stdout + done.stderr
