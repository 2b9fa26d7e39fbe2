"""What reads the looks of several seconds together: in PyTorch as it learns, in NumPy as it answers."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model_packages.members import members_in, with_members
from model_packages.serving.package import read_package
from model_packages.slowfast.context import MEMBER, Context, context_in
from model_packages.slowfast.inference import model_fn, said_of
from model_packages.slowfast.pictures import Small

BUILT_IN = Path(__file__).resolve().parents[3] / "model_packages" / "slowfast"
FEATURES, CLASSES = 12, 38


def random_context(seed: int, apart: tuple[int, ...] = (1, 2, 4), width: int = 6) -> Context:
    rng = np.random.default_rng(seed)

    def some(*shape: int) -> np.ndarray:
        return rng.normal(0, 0.5, shape).astype(np.float32)

    blocks = tuple((d, some(3, width, width), some(width), some(width, width), some(width)) for d in apart)
    return Context((some(FEATURES, width), some(width)), blocks, (some(width, CLASSES), some(CLASSES)))


def test_what_is_served_computes_what_was_learned() -> None:
    torch = pytest.importorskip("torch")
    training = pytest.importorskip("model_packages.slowfast.train_context")
    torch.manual_seed(3)
    net = training.Network(FEATURES, CLASSES, 6).eval()
    torch.nn.init.normal_(net.last.weight)
    looks = np.random.default_rng(4).normal(0, 5, (9, 2, FEATURES)).astype(np.float32)
    with torch.no_grad():
        wanted = net(torch.from_numpy(looks.reshape(-1, FEATURES).T[None] / 2.5))[0].numpy().T
    assert np.allclose(net.context(2.5).added(looks), wanted.reshape(9, 2, -1).mean(1), atol=1e-4)


@settings(max_examples=30, deadline=None)
@given(seconds=st.integers(1, 40), looks=st.integers(1, 2), seed=st.integers(0, 1000))
def test_any_length_of_film_is_read_and_what_is_far_away_changes_nothing(
    seconds: int, looks: int, seed: int
) -> None:
    context = random_context(seed)
    features = np.random.default_rng(seed).normal(size=(seconds, looks, FEATURES)).astype(np.float32)
    added = context.added(features)
    assert added.shape == (seconds, CLASSES)
    # The convolutions reach 1 + 2 + 4 looks to each side.
    cut = features[: seconds - 8] if seconds > 20 else features
    kept = max(len(cut) - 8, 0) if len(cut) < seconds else seconds
    assert np.allclose(context.added(cut)[:kept], added[:kept], atol=1e-4)


@given(seed=st.integers(0, 1000))
@settings(max_examples=20, deadline=None)
def test_it_comes_back_as_it_was_packed_in_half_precision(seed: int) -> None:
    context = random_context(seed, (1, 3))
    back = context_in({MEMBER: context.packed()})
    assert back is not None
    assert [block[0] for block in back.blocks] == [1, 3]
    features = np.random.default_rng(seed).normal(size=(5, 2, FEATURES)).astype(np.float32)
    assert np.allclose(back.added(features), context.added(features), rtol=0.02, atol=0.2)
    assert back.packed() == context.packed()


def test_without_one_nothing_is_added() -> None:
    assert context_in({}) is None


def test_it_learns_what_only_the_seconds_around_tell() -> None:
    """Two actions look alike; the second before them tells which of them it is."""
    pytest.importorskip("torch")
    training = pytest.importorskip("model_packages.slowfast.train_context")
    rng = np.random.default_rng(8)

    def film() -> object:
        truth = np.zeros(60, np.intp)
        looks = rng.normal(0, 0.1, (60, 2, CLASSES + FEATURES)).astype(np.float32)
        for at in range(0, 60, 4):
            which = int(rng.integers(2))
            truth[at : at + 4] = (3 + which, 3 + which, 5, 5)
            looks[at, :, CLASSES + which] += 3
            looks[at + 2 :, :, CLASSES + 4][:2] += 3
        return training.Seen(looks, truth, "made up")

    films, other = [film() for _ in range(40)], film()
    context, curve = training.learned(films, 0.8, steps=150, seed=1)
    assert curve[-1]["loss"] < curve[0]["loss"]
    alone, together = (training.scored([other], c).argmax(1) == other.truth for c in (None, context))
    assert alone.mean() < 0.3
    assert together.mean() > 0.95
    again, _ = training.learned(films, 0.8, steps=150, seed=1)
    assert again.packed() == context.packed()


def test_films_that_are_too_short_to_learn_from_are_named() -> None:
    pytest.importorskip("torch")
    training = pytest.importorskip("model_packages.slowfast.train_context")
    looks = np.zeros((5, 2, CLASSES + FEATURES), np.float32)
    with pytest.raises(ValueError, match="expected films of at least 24 s, got none"):
        training.learned([training.Seen(looks, np.zeros(5, np.intp), "")], 0.8, steps=1, seed=1)


def test_the_package_that_comes_along_has_one_and_answers_without_it_too(tmp_path: Path) -> None:
    pytest.importorskip("openvino")
    rng = np.random.default_rng(2)
    film = Small(rng.integers(0, 255, (40, 112 * 3 // 2, 192), np.uint8), 40 / 7.5)
    whole = model_fn(str(BUILT_IN))
    assert whole.context is not None
    for name in ("settings.json", "weights.ovz"):
        shutil.copy(BUILT_IN / name, tmp_path / name)
    weights = tmp_path / "weights.ovz"
    weights.write_bytes(with_members(weights.read_bytes(), [MEMBER], {}))
    plain = model_fn(str(tmp_path))
    assert plain.context is None
    told = [said_of(film, model).probabilities for model in (whole, plain)]
    assert told[0].shape == told[1].shape
    assert np.allclose([rows.sum(1) for rows in told], 1)
    assert not np.allclose(*told)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_training_runs_from_films_to_a_package_that_answers_and_looks_at_nothing_twice(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("torch")
    training = pytest.importorskip("model_packages.slowfast.train_context")
    out, work = tmp_path / "package", tmp_path / "work"
    shutil.copytree(BUILT_IN, out, ignore=shutil.ignore_patterns("__pycache__"))
    words = ["--films", "2", "--held-out", "1", "--steps", "3", "--workers", "1"]
    words += ["--work", str(work), "--out", str(out)]
    assert training.main(words) == 0
    assert 0 <= json.loads(capsys.readouterr().out.splitlines()[-1])["accuracy"] <= 1
    told, before = (json.loads((folder / "metrics.json").read_text()) for folder in (out, BUILT_IN))
    assert told["context"]["films"] == 2
    assert told["weightsSha256"] != before["weightsSha256"]
    assert str(tmp_path) not in (out / "MODEL_CARD.md").read_text() + json.dumps(told)
    # The network itself is as it was, and so is what it saw.
    networks = [members_in(folder / "weights.ovz", ["model.bin"]) for folder in (out, BUILT_IN)]
    assert networks[0] == networks[1]
    if (out / "model.below-bar.json").exists():
        (out / "model.below-bar.json").rename(out / "model.json")
    package = read_package(out)
    assert not package.problem, package.problem

    def no_more(*_: object) -> None:
        raise AssertionError("looked at a film once more")

    monkeypatch.setattr(training.Start, "looks_of", no_more)
    assert training.main(words) == 0
    assert json.loads((out / "metrics.json").read_text())["weightsSha256"] == told["weightsSha256"]
