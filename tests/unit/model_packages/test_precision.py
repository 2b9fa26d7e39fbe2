"""The precision that a model computes in is measured once on a machine, kept with its figures, and agreed."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from model_packages import engine, precision

openvino = pytest.importorskip("openvino")
ops = pytest.importorskip("openvino.opset13")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BHARATCHEF_ENGINE_CACHE", str(tmp_path / "kept"))
    (tmp_path / "cpuinfo").write_text("flags\t\t: fpu avx512f avx512_bf16\n")
    monkeypatch.setattr(engine, "_CPUINFO", tmp_path / "cpuinfo")
    return tmp_path / "kept"


def model(seed: int = 0, width: int = 64) -> Any:
    weights = np.random.default_rng(seed).normal(size=(width, 32)).astype(np.float32)
    given = ops.parameter([-1, width], np.float32, name="given")
    return openvino.Model([ops.relu(ops.matmul(given, ops.constant(weights), False, False))], [given], "m")


class Network:
    """A compiled network's manner of answering, at a price in processor time that is known."""

    def __init__(self, answer: float, loops: int) -> None:
        self.answer, self.loops, self.outputs, self.calls = answer, loops, [None], 0

    def __call__(self, given: list[np.ndarray]) -> dict[int, np.ndarray]:
        self.calls += 1
        sum(range(self.loops))
        return {0: given[0] * self.answer}


def test_the_cheapest_that_agrees_is_taken() -> None:
    given = [np.ones((1, 4), np.float32)]
    slow, quick = 2_000_000, 20_000
    fine = precision.measured({"bf16": Network(1.01, quick), "f32": Network(1.0, slow)}, given)
    assert fine.precision == "bf16"
    assert fine.seconds["bf16"] < fine.seconds["f32"]
    assert fine.difference == {"bf16": pytest.approx(0.01), "f32": 0.0}
    dear = precision.measured({"bf16": Network(1.01, slow), "f32": Network(1.0, quick)}, given)
    assert dear.precision == "f32"
    wrong = precision.measured({"bf16": Network(1.2, quick), "f32": Network(1.0, slow)}, given)
    assert wrong.precision == "f32", "what differs by more than a twentieth is not taken, however quick"
    broken = precision.measured({"bf16": Network(float("nan"), quick), "f32": Network(1.0, slow)}, given)
    assert (broken.precision, broken.difference["bf16"]) == ("f32", float("inf"))


def test_it_is_measured_once_and_kept_with_its_figures(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = engine.compiled_model(model())
    (kept,) = cache.iterdir()
    told = json.loads(kept.read_text())
    assert set(told["seconds"]) == set(told["difference"]) == {"bf16", "f32"}
    assert (told["tolerance"], told["shapes"]) == (precision.TOLERANCE, [[1, 64]])
    assert openvino.get_version() in told["engine"]
    assert first.get_property(precision.HINT) == getattr(openvino.Type, told["precision"])
    monkeypatch.setattr(precision, "measured", lambda *_: pytest.fail("measured a second time"))
    for name in ("bf16", "f32"):
        kept.write_text(json.dumps({**told, "precision": name}))
        again = engine.compiled_model(model())
        assert again.get_property(precision.HINT) == getattr(openvino.Type, name)


def test_another_model_shape_processor_or_engine_is_measured_anew(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.compiled_model(model())
    for count, other in enumerate((model(1), model(width=32)), 2):
        engine.compiled_model(other)
        assert len(list(cache.iterdir())) == count
    monkeypatch.setattr(precision, "processor", lambda: "another, 2 cores")
    engine.compiled_model(model())
    monkeypatch.setattr(openvino, "get_version", lambda: "2030.1.0")
    engine.compiled_model(model())
    engine.compiled_model(model(), threads=1)
    assert len(list(cache.iterdir())) == 6


def test_what_is_damaged_is_measured_anew_and_a_place_that_cannot_be_written_is_no_harm(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.compiled_model(model())
    (kept,) = cache.iterdir()
    for bad in ("{", "[]", '{"format": "other"}'):
        kept.write_text(bad)
        engine.compiled_model(model())
        assert json.loads(kept.read_text())["format"] == "bharatchef-precision"
    (cache.parent / "file").write_text("")
    monkeypatch.setenv("BHARATCHEF_ENGINE_CACHE", str(cache.parent / "file" / "below"))
    answer = engine.compiled_model(model())(np.ones((2, 64), np.float32))[0]
    assert answer.shape == (2, 32)


def test_one_precision_alone_or_one_that_is_asked_for_is_not_measured(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = engine.compiled_model(model(), INFERENCE_PRECISION_HINT="f32")
    assert asked.get_property(precision.HINT) == openvino.Type.f32
    free = ops.parameter([-1, -1, 4], np.float32)
    engine.compiled_model(openvino.Model([ops.relu(free)], [free], "any size"))
    bounds = [np.float32(v) for v in (-1, 1, -1, 1)]
    given = ops.parameter([1, 4], np.float32)
    engine.compiled_model(openvino.Model([ops.fake_quantize(given, *bounds, 256)], [given], "whole numbers"))
    monkeypatch.setattr(engine, "_CPUINFO", cache.parent / "none")
    plain = engine.compiled_model(model())
    assert plain.get_property(precision.HINT) == openvino.Type.f32
    assert not cache.exists()


def test_where_choices_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BHARATCHEF_ENGINE_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", "/x")
    assert precision.cache_folder() == Path("/x/bharatchef/engine")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert precision.cache_folder() == Path.home() / ".cache" / "bharatchef" / "engine"
