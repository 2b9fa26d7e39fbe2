"""A film without an action model is judged by its likeness to an expert's film, through the whole flow."""

import shutil
from pathlib import Path

import pytest

import model_packages.resnet
from bharatchef.results import EvaluationResult
from kitchen_sim.film import draw_film
from kitchen_sim.laying_out import script_from_steps
from kitchen_sim.script import Script

STEPS = (
    ("cut-onion", "chop", ("knife",), ("onion",)),
    ("beat-eggs", "whisk", ("bowl", "whisk"), ("eggs",)),
    ("fry-onion", "fry", ("frying-pan", "spatula"), ("onion",)),
    ("add-eggs", "pour", ("frying-pan", "bowl"), ("eggs",)),
)


def script(order: tuple[int, ...], seed: int) -> Script:
    rows, before = [], ()
    for step_id, action, objects, ingredients in (STEPS[k] for k in order):
        rows.append(
            {"step_id": step_id, "action": action, "objects": objects, "ingredients": ingredients}
            | {"must_come_after": before, "min_s": 6.0, "max_s": 8.0}
        )
        before = (step_id,)
    return script_from_steps(
        rows, dish="bhurji", seed=seed, style_group="hostel", width_px=456, height_px=256, fps=8,
        mirrored=False, left_handed=False, camera="front",
    )  # fmt: skip


def dish_file(expert: Script) -> str:
    steps = "".join(
        f"  - {{id: {step}, action: {action}, text: {step}, time: 2-30 s, any_time: true}}\n"
        for step, action, _, _ in STEPS
    )
    actions = "".join(
        f"      - {{step: {s.step_id}, start: {s.start_s:.2f}, end: {s.end_s:.2f}}}\n" for s in expert.steps
    )
    return (
        'dish: bhurji\nname: Bhurji\nversion: "1"\ncreated: 2026-11-22\ntotal_time: 1 min\nsource: A test.\n'
        f"steps:\n{steps}"
        f"expert_performances:\n  - id: asha\n    video: experts/asha.mp4\n    actions:\n{actions}"
    )


@pytest.mark.slow
def test_steps_are_found_by_likeness_where_no_action_model_answers(bharatchef, tmp_path: Path) -> None:
    home = tmp_path / "bharatchef"
    (home / "dishes").mkdir(parents=True)
    expert = script((0, 1, 2, 3), 11)
    (home / "dishes" / "bhurji.yaml").write_text(dish_file(expert))
    packages = Path(model_packages.resnet.__file__).parent
    shutil.copytree(packages, home / "models" / "plate", ignore=shutil.ignore_patterns("__pycache__"))
    trainee = script((1, 0, 2, 3), 12)
    film = draw_film(trainee, tmp_path / "film.mp4").film
    words = ("evaluate", film, "--dish", "bhurji", "--json")

    done = bharatchef(*words)
    assert done.returncode == 0, done.stderr
    before = EvaluationResult.model_validate_json(done.stdout).performance
    assert before.source.kind == "none"
    assert "The film of the dish's expert 'asha' cannot be used" in before.segments_unavailable.reason

    (home / "objects" / "experts").mkdir()
    shutil.copy(draw_film(expert, tmp_path / "expert.mp4").film, home / "objects" / "experts" / "asha.mp4")
    done = bharatchef(*words, "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    result = EvaluationResult.model_validate_json(done.stdout)
    source = result.performance.source
    assert (source.kind, source.name.split()[0]) == ("example", "asha")
    assert result.action_probabilities.kind == "unavailable"
    hit = [
        t.step_id
        for t in trainee.steps
        for s in result.performance.segments
        if s.step_id == t.step_id
        and min(s.end_s, t.end_s) - max(s.start_s, t.start_s) >= 0.5 * (t.end_s - t.start_s)
    ]
    assert len(hit) >= 3, result.performance.segments
    starts = {s.step_id: s.start_s for s in result.performance.segments}
    assert starts["beat-eggs"] < starts["cut-onion"]
    assert "likeness to an expert" in (tmp_path / "out" / "report.html").read_text()
    assert "by example" in [stage.stage for stage in result.stages]
