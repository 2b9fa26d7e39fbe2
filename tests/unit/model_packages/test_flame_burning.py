"""What smokes or burns over the burner is drawn in pairs, learned, packed and answered."""

import hashlib
import json
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("torch")

from kitchen_sim.planting import burnt
from model_packages import flame
from model_packages.flame import answering, burning, drawing, evaluate, train_burning
from model_packages.flame.burning import PART_PX, Burning, Curve
from model_packages.flame.drawing_smoke import KEPT_PX, SEEN_FROM, drawn_smoke
from model_packages.flame.inference import WEIGHTS, input_fn, model_fn
from model_packages.flame.register import FOUND
from model_packages.members import members_in, with_members
from model_packages.serving.package import read_package

PACKAGE = Path(flame.__file__).resolve().parent


@pytest.fixture(scope="module")
def films() -> dict[str, bytes]:
    """The same half minute of cooking with nothing that burns, and with something that does."""
    rng = np.random.default_rng(2)
    script = drawing.random_script(rng, "upma", 91, "hostel", width_px=640, height_px=360)
    step = next(s for s in script.steps if s.heat not in (None, "off"))
    hot = burnt(script, step.step_id, after_s=0.2)
    calm = hot.model_copy(update={"steps": [s.model_copy(update={"burns_after_s": None}) for s in hot.steps]})
    found = {}
    for name, one in (("calm", calm), ("hot", hot)):
        scene = drawing.FlameScene(one, None)
        moments = step.start_s + np.arange(0, min(30.0, one.duration_s - step.start_s - 0.5), 0.5)
        pictures = [scene.shown(float(t), scene.level(float(t)))[0] for t in moments]
        found[name] = drawing.encoded([drawing.small(picture, (640, 360)) for picture in pictures])
    return found


def test_a_pair_shows_the_same_kitchen_and_only_the_smoke_differs() -> None:
    drawn = drawn_smoke(51_001, "village", varied=True)
    assert drawn.clean.shape == drawn.smoked.shape == (6, KEPT_PX, KEPT_PX, 3)
    assert drawn.truth.shape == (6, 2)
    assert 0 < drawn.truth.max() <= 1
    change = np.abs(drawn.clean.astype(int) - drawn.smoked).max(3) > 24
    strongest = int(drawn.truth.max(1).argmax())
    assert change[strongest].any()
    assert change[strongest].mean() < 0.6
    again = drawn_smoke(51_001, "village", varied=True)
    assert (again.smoked == drawn.smoked).all()


def test_the_package_sees_that_something_burns_and_not_where_nothing_does(films: dict[str, bytes]) -> None:
    package = read_package(PACKAGE)
    calm, hot = (
        [s["burningRisk"] for s in package.answer(films[name], "video/mp4").decoded["samples"]]
        for name in ("calm", "hot")
    )
    assert all(0 <= risk <= 1 for risk in calm + hot)
    assert max(hot) >= 0.5
    assert max(calm) < 0.5
    assert np.mean(hot) > np.mean(calm) + 0.2


def test_where_no_burner_is_in_view_nothing_is_said_of_smoke() -> None:
    rng = np.random.default_rng(8)
    wall = cv2.resize(rng.integers(0, 256, (5, 8, 3), np.uint8), (640, 360), interpolation=cv2.INTER_CUBIC)
    samples = read_package(PACKAGE).answer(drawing.encoded([wall] * 6), "video/mp4").decoded["samples"]
    assert {s["burningRisk"] for s in samples} == {None}


def test_one_smoky_look_alone_is_no_smoke_and_each_picture_gets_a_risk(films: dict[str, bytes]) -> None:
    shots = input_fn(films["calm"], "video/mp4")

    class One(Burning):
        def __init__(self, at: int) -> None:
            self.curve, self.at = Curve(1.0, 0.0), at

        def scores(self, parts):
            return np.array([9.0 if k == self.at else -9.0 for k in range(len(parts))])

    for count in (1, 2, 7, len(shots)):
        places = ((320.0, 180.0),) * count
        risks = One(min(3, (count - 1) // 2)).risks(shots[:count], places)
        assert risks.shape == (count,)
        assert count < 3 or risks.max() < 0.5


def test_without_the_network_nothing_looks_for_smoke(films: dict[str, bytes], tmp_path: Path) -> None:
    whole = (PACKAGE / WEIGHTS).read_bytes()
    bare = with_members(whole, burning.MEMBERS, {})
    (tmp_path / WEIGHTS).write_bytes(bare)
    assert burning.burning_from(tmp_path / WEIGHTS) is None
    samples = answering.samples_of(model_fn(str(tmp_path)), input_fn(films["hot"], "video/mp4"))
    assert {sample.burning_risk for sample in samples} == {None}
    members = members_in(PACKAGE / WEIGHTS, burning.MEMBERS)
    assert with_members(bare, burning.MEMBERS, members) == whole, "packing is the same to the bit"
    assert answering.bodies_in(tmp_path / WEIGHTS)[1] == model_fn(str(PACKAGE)).numbers


def test_training_is_measured_packed_and_goes_on_with_what_was_drawn(tmp_path: Path) -> None:
    work, out = tmp_path / "work", tmp_path / "out"
    how = {"kitchens": 3, "others": 2, "steps": 2, "seed": 51_000, "say": lambda _: None}
    told = train_burning.measured(PACKAGE, out, work, **how)
    kept = {path: path.stat().st_mtime_ns for path in (*work.glob("*.npz"), *work.glob("*.pt"))}
    assert len(kept) == 8
    first = (out / WEIGHTS).read_bytes()
    assert train_burning.measured(PACKAGE, out, work, **how)["test"] == told["test"]
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    assert (out / WEIGHTS).read_bytes() == first
    manifest = json.loads((out / FOUND).read_text())
    assert manifest["weights_sha256"] == hashlib.sha256(first).hexdigest()
    assert json.loads((out / "metrics.json").read_text())["burning"]["test"] == told["test"]
    assert "| **test** |" in (out / "MODEL_CARD.md").read_text()
    assert read_package(out).manifest is not None


def test_pairs_of_films_in_kitchens_of_test_are_counted(capsys) -> None:
    assert evaluate.main(["--smoke", "2"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert 0 <= told["calmSuspected"] <= told["burningSuspected"] <= told["pairs"] <= 2


def test_the_curve_alarms_at_few_looks_at_nothing() -> None:
    rng = np.random.default_rng(4)
    scores = train_burning.Scored(rng.normal(-2, 2, 600), rng.normal(2, 2, 600), rng.uniform(0, 1, 600))
    curve = train_burning.curve_of(scores)
    told = train_burning.figures_of(curve, scores)
    assert told["alarmed"] <= 0.006
    assert told["burning"] == int((scores.strength >= SEEN_FROM).sum())
    assert 0.8 < told["auc"] < 1
    assert PART_PX < KEPT_PX
