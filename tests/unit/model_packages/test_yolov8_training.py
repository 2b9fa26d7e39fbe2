"""Training from drawn pictures to a package that answers, end to end on a tiny set."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from adapters.local.models import LocalModels
from bharatchef.observed import Analyser
from model_packages.training.kitchens import TRAINING_GROUPS
from model_packages.yolov8 import train
from model_packages.yolov8.dataset import entries_of
from model_packages.yolov8.drawing import film_chunk, write_training_set
from model_packages.yolov8.labels import kitchen_classes
from model_packages.yolov8.learning import Plan, Stage, sampling_weights, trained
from model_packages.yolov8.shim import prepare

pytest.importorskip("torch", reason="torch is not installed")
prepare()
pytest.importorskip("ultralytics", reason="ultralytics is not installed")
pytest.importorskip("nncf", reason="nncf is not installed")

NAMES = kitchen_classes().names


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("work") / "drawn"
    write_training_set(folder, TRAINING_GROUPS, 40, 9000)
    return folder


def own_folder(drawn: Path, to: Path) -> Path:
    """The drawn pictures as a person's own: each film a kitchen."""
    for part, ending in (("images", ".jpg"), ("labels", ".txt")):
        for file in (drawn / part).glob(f"*{ending}"):
            seed, number = file.stem.split("-")
            place = to / part / f"kitchen-{seed}"
            place.mkdir(parents=True, exist_ok=True)
            (place / f"{number}{ending}").write_bytes(file.read_bytes())
    (to / "classes.txt").write_text("\n".join(NAMES))
    return to


@pytest.mark.slow
def test_from_pictures_to_a_package_that_answers(
    drawn: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = own_folder(drawn, tmp_path / "own")
    out = tmp_path / "models" / "mine"
    monkeypatch.setattr(train, "_QUANTISING_PICTURES", 4)
    words = ["--work", str(tmp_path / "work"), "--steps", "24", "2", "--batch", "4", "--rate", "0.002"]
    environment = {"SM_CHANNEL_TRAINING": str(own), "SM_MODEL_DIR": str(out), "SM_NUM_CPUS": "1"}
    assert train.main(words, environment) == 0
    told = json.loads((out / "metrics.json").read_text())
    curve = [row["box"] for row in told["learningCurve"]]
    assert told["learningCurve"][-1]["step"] == 26
    assert told["testGroups"]
    assert curve[-1] < 4.2
    assert told["weightsSha256"] in (out / "MODEL_CARD.md").read_text()
    film, _ = film_chunk(5, "hostel", "masala-chai", "front", every_s=20.0)
    models = LocalModels((tmp_path / "models",))
    answer = models.invoke(Analyser.OBJECTS, film, "video/mp4")
    assert answer["format"] == "bharatchef-objects"
    assert set(answer["labels"]) <= set(NAMES)


def test_going_on_gives_what_one_run_gives(drawn: Path, tmp_path: Path) -> None:
    import torch

    entries = entries_of(drawn, len(NAMES))[:6]
    plan = Plan(
        (Stage(2, (128, 96), (0.8, 1.0)), Stage(2, (160, 96), (0.8, 1.0))), batch=2, every=2, balanced_from=3
    )
    whole, curve, _ = trained(entries, len(NAMES), plan, tmp_path / "a.pt")

    class Stopped(Exception):
        pass

    def stop(words: str) -> None:
        # The checkpoint of step 2 is written after this is said: the next step stops it.
        if words.startswith("step 4"):
            raise Stopped

    with pytest.raises(Stopped):
        trained(entries, len(NAMES), plan, tmp_path / "b.pt", say=stop)
    again, curve_again, spent_s = trained(entries, len(NAMES), plan, tmp_path / "b.pt")
    assert curve == curve_again
    assert spent_s > 0
    for name, value in whole.state_dict().items():
        assert torch.allclose(value.float(), again.state_dict()[name].float(), atol=1e-5), name
    with pytest.raises(ValueError, match="another plan"):
        trained(entries, len(NAMES), replace(plan, seed=1), tmp_path / "b.pt")


def test_the_drawn_set_is_not_drawn_again(drawn: Path) -> None:
    before = {file: file.stat().st_mtime_ns for file in (drawn / "images").iterdir()}
    write_training_set(drawn, TRAINING_GROUPS, 40, 9000)
    assert before == {file: file.stat().st_mtime_ns for file in (drawn / "images").iterdir()}
    assert len(before) >= 40


def test_pictures_with_rare_things_are_drawn_more_often(drawn: Path) -> None:
    entries = entries_of(drawn, len(NAMES))
    weights = sampling_weights(entries, len(NAMES))
    assert weights.sum() == pytest.approx(1)
    shown = [set(entry.boxes[:, 0].astype(int)) for entry in entries]
    counts = {k: sum(k in s for s in shown) for s in shown for k in s}
    rarest = [min((counts[k] for k in s), default=len(entries)) for s in shown]
    assert weights[int(np.argmin(rarest))] == weights.max()


def test_what_cannot_be_trained_on_is_said_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train.main(["--pictures-of", str(tmp_path), "--work", str(tmp_path / "work")], {}) == 2
    assert "training stopped: expected different class names" in capsys.readouterr().err
