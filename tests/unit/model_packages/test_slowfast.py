"""The slowfast package: the published network and checkpoints, clips of a film, training to a package."""

import gzip
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml

from bharatchef.observed import Analyser
from bharatchef.perception.answers import check_answer
from kitchen_sim.storyboard import motions
from model_packages.serving.package import read_package
from model_packages.slowfast import evaluate, inference, labelled, measuring, pictures
from model_packages.slowfast.drawing import parts

HERE = Path(__file__).resolve().parent
PACKAGE = Path(pictures.__file__).resolve().parent
torch = pytest.importorskip("torch")
network = pytest.importorskip("model_packages.slowfast.network")


def stripes(count: int = 40, size: tuple[int, int] = (456, 256), fps: float = 15) -> bytes:
    frames = []
    for k in range(count):
        picture = np.zeros((size[1], size[0], 3), np.uint8)
        picture[:, : size[0] * (k + 1) // count] = (40, 180, 220)
        frames.append(picture)
    return pictures.encoded(frames, fps, 20)


def test_names_and_shapes_are_those_of_the_published_r50_8x8() -> None:
    lines = gzip.decompress((HERE / "slowfast_r50_8x8_shapes.txt.gz").read_bytes()).decode().splitlines()
    ours = [
        f"{name} {'x'.join(map(str, shape)) or '-'}"
        for name, shape in network.names_and_shapes(network.SlowFast(network.R50_8X8)).items()
    ]
    assert len(ours) == 662
    assert ours == lines


def test_names_shapes_and_scores_are_those_of_the_pip_package() -> None:
    built = pytest.importorskip(
        "pytorchvideo.models.slowfast", reason="pytorchvideo is not installed", exc_type=Exception
    )
    theirs = built.create_slowfast().eval()
    ours = network.SlowFast(network.R50_8X8).eval()
    assert network.names_and_shapes(theirs) == network.names_and_shapes(ours)
    ours.load_state_dict(theirs.state_dict())
    clip = torch.randn(1, 3, 32, 224, 224)
    with torch.no_grad():
        wanted = theirs([clip[:, :, torch.linspace(0, 31, 8).long()], clip])
        assert torch.allclose(ours(clip), wanted, atol=1e-4)


def test_of_two_looks_one_is_before_the_middle_and_one_after_it_mirrored() -> None:
    film = np.zeros((60, 4, 6, 3), np.uint8)
    film[:, :, 0] = np.arange(60)[:, None, None]
    film[:, :, -1] = 200

    def edges(clips: pictures.Pictures) -> np.ndarray:
        return clips[:, :, 0, [0, -1], 0].mean(axis=1).astype(np.float32)

    def told(looks: int) -> np.ndarray:
        seen = pictures.looks_at(film.__getitem__, edges, np.array([2.0, 4.0]), 60, 8, looks, batch=1)
        return seen.mean(axis=1)

    middles = np.array([2.0, 4.0]) * pictures.FPS
    assert np.allclose(told(1), np.stack([middles, [200, 200]], 1), atol=1)
    early, late = (middles + aside * pictures.FPS for aside in (-0.25, 0.25))
    assert np.allclose(
        told(2), (np.stack([early, [200, 200]], 1) + np.stack([[200, 200], late], 1)) / 2, atol=1
    )


def tiny() -> "network.Shape":
    return network.Shape(
        classes=5, width=8, thin=4, frames=8, depths=(1, 1, 1, 1), fusion_kernel=5, window=None
    )


def test_a_network_in_training_sums_as_one_that_answers() -> None:
    torch.manual_seed(3)
    for times, kernel in ((1, (1, 3, 3)), (3, (3, 1, 1)), (5, (5, 7, 7))):
        conv = network.Conv(4, 6, kernel, padding=tuple(k // 2 for k in kernel), bias=False)
        given = torch.randn(2, 4, 5, 9, 11)
        trained = conv.train()(given)
        assert torch.allclose(trained, conv.eval()(given), atol=1e-5), times


def test_pictures_that_are_not_square_are_answered() -> None:
    net = network.SlowFast(tiny()).eval()
    with torch.no_grad():
        scores = network.FromPictures(net)(torch.zeros(2, 8, 64, 112, 3, dtype=torch.uint8))
    assert scores.shape == (2, 5)


def test_a_film_is_decoded_at_a_steady_rate_whatever_its_own() -> None:
    fast, slow = pictures.decoded(stripes(60, fps=15)), pictures.decoded(stripes(20, fps=5))
    assert fast.i420.shape == (30, 216, 256)
    assert abs(len(slow.i420) - 30) <= 1
    lit = (pictures.rgb_of(fast.i420)[:, 72].max(-1) > 90).mean(1)
    np.testing.assert_allclose(lit, (2 * np.arange(30) + 1) / 60, atol=0.03)
    assert pictures.small_size(455, 256) == (256, 144)
    assert pictures.small_size(256, 455) == (144, 256)
    with pytest.raises(ValueError, match="film"):
        pictures.decoded(b"no film at all")


def test_pictures_are_shrunk_as_a_film_is_decoded() -> None:
    film = stripes(20, (256, 144), pictures.FPS)
    whole, small = pictures.decoded(film, (256, 144)), pictures.decoded(film, (192, 112))
    assert np.array_equal(pictures.shrunk(whole.i420, (192, 112)), small.i420)


@pytest.mark.parametrize("labelled_films", [False, True])
def test_a_package_is_measured_on_pictures_of_the_size_that_it_answers_from(
    labelled_films: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = []

    def said_of(small: pictures.Small, model: inference.Model) -> inference.Said:
        shown.append(small.i420.shape[1:])
        times = np.arange(1, len(small.i420) / pictures.FPS)
        return inference.Said(times, np.full((len(times), len(model.labels)), 1 / 38), model.labels)

    monkeypatch.setattr(evaluate, "said_of", said_of)
    model = inference.model_fn(str(PACKAGE))
    if labelled_films:
        own_films(tmp_path)
        evaluate.counts_on(model, tmp_path)
    else:
        evaluate.figures_on(model, replace(parts(1, 1, 77)[2], films=1), seconds=4.0)
    width, height = pictures.small_size(256, 144, model.short_px)
    assert set(shown) == {(height * 3 // 2, width)}


def test_clips_are_centred_and_repeat_the_edges() -> None:
    places = pictures.clip_frames(np.array([0.0, 2.0]), 30, 8)
    assert places.tolist() == [[0, 0, 0, 0, 0, 1, 2, 3], [12, 13, 14, 15, 16, 17, 18, 19]]


def test_each_label_is_a_motion_and_enough_have_a_verb_of_epic_kitchens() -> None:
    rows = yaml.safe_load((PACKAGE / "labels.yaml").read_text())["labels"]
    assert set(rows) == {"background", *motions()}
    verbs = [row for row in rows.values() if row]
    assert len(verbs) >= 20
    assert all(0 <= row["id"] < 97 for row in verbs)


def test_figures_count_seconds_and_labels() -> None:
    chances = np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7], [0.6, 0.4]])
    told = measuring.figures_of(chances, np.array([0, 0, 1, 1]), ("a", "b"), ["x", "x", "x", "y"])
    assert told["accuracy"] == 0.75
    assert told["balancedAccuracy"] == 0.75
    assert told["byStyle"] == {"x": 1.0, "y": 0.0}
    scores = np.random.default_rng(0).normal(size=(2000, 4)) * 3
    shares = np.exp(scores) / np.exp(scores).sum(1, keepdims=True)
    truth = np.array([np.random.default_rng(k).choice(4, p=row) for k, row in enumerate(shares)])
    assert measuring.best_temperature(scores * 2, truth) == pytest.approx(2.0, rel=0.15)


def own_films(folder: Path, people: int = 3) -> None:
    for k in range(people):
        (folder / f"cook-{k}").mkdir(parents=True)
        (folder / f"cook-{k}" / "tea.mp4").write_bytes(stripes(75))
        rows = [
            {"stepId": "a", "actionType": "Stir", "startTime": 0.5, "endTime": 2.0, "confidence": 1.0},
            {"stepId": "b", "actionType": "saute", "startTime": 2.0, "endTime": 4.0, "confidence": 1.0},
        ]
        plain = {"format": "bharatchef-segments", "version": 1, "segments": rows}
        (folder / f"cook-{k}" / "tea.segments.json").write_text(json.dumps(plain))


def test_own_films_are_read_and_split_by_person(tmp_path: Path) -> None:
    own_films(tmp_path, 5)
    films = labelled.labelled_films(tmp_path)
    parts = labelled.split(films)
    people = [{film.whose for film in part} for part in parts.values()]
    assert sum(map(len, people)) == len(set.union(*people)) == 5
    labels = ("background", "stir", "fry")
    numbers = labelled.numbers_of(films[0].segments, 37, labels)
    assert [int(numbers[int(t * 7.5)]) for t in (0.2, 1.0, 3.0, 4.5)] == [0, 1, 2, 0]
    assert labelled.label_of("yodel", labels) == -1
    with pytest.raises(ValueError, match="at least 3 people"):
        labelled.split(films[:2])
    (tmp_path / "cook-1" / "tea.segments.json").write_text("{}")
    with pytest.raises(ValueError, match=r"tea\.segments\.json: its format is not"):
        labelled.labelled_films(tmp_path)


def test_a_checkpoint_of_another_shape_is_refused_with_what_differs(tmp_path: Path) -> None:
    checkpoint = pytest.importorskip("model_packages.slowfast.checkpoint")
    shape = tiny()
    state = network.SlowFast(shape).state_dict()
    torch.save({"model_state": state}, tmp_path / "good.pyth")
    net = checkpoint.loaded(checkpoint.state_in(tmp_path / "good.pyth"), shape)
    assert torch.equal(net.state_dict()["blocks.6.proj.weight"], state["blocks.6.proj.weight"])
    with pytest.raises(ValueError, match=r"6 differ|differ: .*blocks\.6\.proj\.weight is 7x"):
        checkpoint.loaded(network.SlowFast(replace(shape, classes=7)).state_dict(), shape)
    with pytest.raises(ValueError, match=r"is missing"):
        checkpoint.package_from_checkpoint(tmp_path / "good.pyth", tmp_path / "out")
    assert not (tmp_path / "out").exists()
    (tmp_path / "bad.pyth").write_bytes(b"nothing")
    with pytest.raises(ValueError, match="expected a PyTorch checkpoint"):
        checkpoint.state_in(tmp_path / "bad.pyth")


@pytest.mark.slow
def test_a_published_checkpoint_becomes_a_package_that_answers(tmp_path: Path) -> None:
    checkpoint = pytest.importorskip("model_packages.slowfast.checkpoint")
    torch.manual_seed(0)
    # The weights mean nothing: this is of names, shapes and the way into a package, not of what it sees.
    torch.save({"model_state": network.SlowFast(network.R50_8X8).state_dict()}, tmp_path / "r50.pyth")
    manifest = checkpoint.package_from_checkpoint(tmp_path / "r50.pyth", tmp_path / "out")
    package = read_package(manifest.parent)
    assert not package.problem, package.problem
    answer = package.answer(stripes(60), "video/mp4").decoded
    check_answer(Analyser.ACTIONS, answer, None)
    assert len(answer["labels"]) == 400


def answered(folder: Path) -> dict:
    package = read_package(folder)
    assert not package.problem, package.problem
    answer = package.answer(stripes(75), "video/mp4").decoded
    check_answer(Analyser.ACTIONS, answer, None)
    assert answer["times"] == [0.5, 1.5, 2.5, 3.5, 4.5]
    assert set(answer["labels"]) == {"background", *motions()}
    return dict(answer)


@pytest.mark.slow
@pytest.mark.parametrize("own", [False, True])
def test_training_runs_from_films_to_a_package_that_answers_and_goes_on(
    own: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("nncf")
    train = pytest.importorskip("model_packages.slowfast.train")
    out = tmp_path / "package"
    words = "--films 2 --held-out 1 --seconds 4 --batch 2 --workers 1 --threads 1 --size 32x64 --small 32x64"
    words = [*words.split(), "--clips", "3", "--work", str(tmp_path / "work"), "--out", str(out)]
    if own:
        own_films(tmp_path / "films")
        monkeypatch.setenv("SM_CHANNEL_TRAINING", str(tmp_path / "films"))
    assert train.main([*words, "--steps", "2"]) == 0
    assert 0 <= json.loads(capsys.readouterr().out.splitlines()[-1])["accuracy"] <= 1
    told = json.loads((out / "metrics.json").read_text())
    assert told["steps"] == 2
    assert str(tmp_path) not in (out / "MODEL_CARD.md").read_text() + json.dumps(told)
    if (out / "model.below-bar.json").exists():
        (out / "model.below-bar.json").rename(out / "model.json")
    answered(out)
    assert train.main([*words, "--steps", "3"]) == 0
    assert "goes on from step 2" in capsys.readouterr().err
    assert json.loads((out / "metrics.json").read_text())["steps"] == 3
