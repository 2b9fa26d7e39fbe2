"""One file for an OpenVINO model: the same bytes for the same model, the same numbers out of it."""

from pathlib import Path

import numpy as np
import pytest

from model_packages import engine

openvino = pytest.importorskip("openvino")
ops = pytest.importorskip("openvino.opset13")


def model(seed: int = 0):
    weights = np.random.default_rng(seed).normal(size=(4, 3)).astype(np.float32)
    given = ops.parameter([-1, 4], np.float32, name="given")
    out = ops.softmax(ops.matmul(given, ops.constant(weights), False, False), 1)
    return openvino.Model([out], [given], "tiny"), weights


def test_what_is_packed_answers_as_before_and_has_the_same_bytes_each_time(tmp_path: Path) -> None:
    made, weights = model()
    first = engine.pack_ir(made, tmp_path / "a.ovz").read_bytes()
    assert engine.pack_ir(model()[0], tmp_path / "b.ovz").read_bytes() == first
    assert engine.pack_ir(model(1)[0], tmp_path / "c.ovz").read_bytes() != first
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.ovz", "b.ovz", "c.ovz"]
    given = np.random.default_rng(5).normal(size=(7, 4)).astype(np.float32)
    raw = np.exp(given @ weights)
    answer = engine.compiled(tmp_path / "a.ovz")(given)[0]
    np.testing.assert_allclose(answer, raw / raw.sum(1, keepdims=True), atol=0.02)


def test_threads_and_settings_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = engine.pack_ir(model()[0], tmp_path / "a.ovz")
    monkeypatch.setenv("BHARATCHEF_THREADS", "1")
    assert engine.compiled(path).get_property("INFERENCE_NUM_THREADS") == 1
    exact = engine.compiled(path, INFERENCE_PRECISION_HINT="f32")
    assert exact.get_property("INFERENCE_PRECISION_HINT") == openvino.Type.f32
    monkeypatch.setenv("BHARATCHEF_THREADS", "many")
    with pytest.raises(ValueError, match="whole number above 0, got 'many'"):
        engine.compiled(path)


@pytest.mark.parametrize(
    ("flags", "has"),
    [
        ("avx2", False),
        ("avx512f avx512_vnni", False),
        ("avx512f avx512_bf16", True),
        ("amx_tile amx_bf16", True),
    ],
)
def test_bfloat16_is_asked_of_a_processor_that_has_it(
    flags: str, has: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cpuinfo").write_text(f"processor\t: 0\nflags\t\t: fpu {flags}\n")
    monkeypatch.setattr(engine, "_CPUINFO", tmp_path / "cpuinfo")
    assert engine.has_bf16() is has
    assert engine.engine_words(model()[0], here=True).endswith(", BF16, CPU" if has else ", FP32, CPU")
    monkeypatch.setattr(engine, "_CPUINFO", tmp_path / "none")
    assert not engine.has_bf16()


def test_the_engine_is_named_with_its_version_and_numbers(tmp_path: Path) -> None:
    made, _ = model()
    version = openvino.get_version().split("-")[0]
    assert engine.engine_words(made) == f"OpenVINO {version}, FP16 weights, CPU"
    path = engine.pack_ir(made, tmp_path / "a.ovz")
    assert engine.engine_words(path) == engine.engine_words(made)
    given = ops.parameter([1, 4], np.float32)
    bounds = [np.float32(v) for v in (-1, 1, -1, 1)]
    whole = openvino.Model([ops.fake_quantize(given, *bounds, 256)], [given], "whole numbers")
    assert engine.engine_words(whole) == f"OpenVINO {version}, INT8, CPU"


def test_a_file_that_is_no_packed_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.ovz").write_bytes(b"no zip")
    with pytest.raises(ValueError, match=r"expected model\.xml and model\.bin packed in a\.ovz"):
        engine.read_ir(tmp_path / "a.ovz")
