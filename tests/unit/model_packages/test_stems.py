"""Stems over blocks of pixels give the same numbers to the last bit, and only where that is sure."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model_packages.engine import read_ir
from model_packages.stems import with_wide_stems

openvino = pytest.importorskip("openvino")
ops = pytest.importorskip("openvino.opset13")

SLIM = Path(__file__).resolve().parents[3] / "model_packages/slowfast/weights.ovz"


def _network(seed: int, *, height: int, width: int, kernel: int, times: int, stride: int = 2, bits: int = 8):
    """Pictures of 8 bits, quantised, to a stem over all of them and one over two of them."""
    random = np.random.default_rng(seed)
    pictures = ops.parameter([-1, 4, height, width, 3], np.uint8, name="clips")
    scaled = ops.multiply(ops.convert(pictures, "f32"), ops.constant(np.float32(1 / 57)))
    limits = [ops.constant(np.float32(value)) for value in (-2.0, 2.47, -2.0, 2.47)]
    kept = ops.fake_quantize(ops.add(scaled, ops.constant(np.float32(-2))), *limits, 256)
    turned = ops.transpose(kept, np.array([0, 4, 1, 2, 3]))
    chosen = ops.gather(turned, np.array([0, 3]), ops.constant(np.int64(2)))
    outputs = []
    for given_, deep in ((turned, times), (chosen, 1)):
        # Processors without VNNI add two products in 16 bits: below 64 they fit.
        raw = random.integers(-63, 64, (8, 3, deep, kernel, kernel))
        weights = ops.constant(raw.astype(np.int8 if bits == 8 else np.float32))
        scale = ops.constant(random.uniform(0.001, 0.02, (8, 1, 1, 1, 1)).astype(np.float32))
        wide = ops.multiply(ops.convert(weights, "f32") if bits == 8 else weights, scale)
        pad = [deep // 2, kernel // 2, kernel // 2]
        stem = ops.convolution(given_, wide, [1, stride, stride], pad, pad, [1, 1, 1])
        outputs.append(ops.relu(stem))
    return openvino.Model(outputs, [pictures], "stems")


def _answers(model, pictures):
    answer = openvino.Core().compile_model(model, "CPU")(pictures)
    return [np.array(answer[k]) for k in range(len(model.outputs))]


@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 1000),
    rows=st.integers(3, 20),
    columns=st.integers(3, 20),
    kernel=st.sampled_from([3, 7]),
    times=st.sampled_from([1, 3, 5]),
)
def test_the_answers_are_the_same_to_the_last_bit(
    seed: int, rows: int, columns: int, kernel: int, times: int
) -> None:
    model = _network(seed, height=2 * rows, width=2 * columns, kernel=kernel, times=times)
    wide = with_wide_stems(model)
    assert wide is not model
    pictures = np.random.default_rng(seed).integers(0, 256, (2, 4, 2 * rows, 2 * columns, 3), np.uint8)
    for before, after in zip(_answers(model, pictures), _answers(wide, pictures), strict=True):
        assert before.shape == after.shape
        np.testing.assert_array_equal(before, after)
        assert np.ptp(before) > 0


def test_stems_look_at_twelve_channels_and_the_model_that_was_given_stays() -> None:
    model = _network(1, height=16, width=24, kernel=7, times=5)

    def channels(of) -> set[int]:
        found = [op for op in of.get_ordered_ops() if op.get_type_name() == "Convolution"]
        return {list(op.input_value(0).get_partial_shape())[1].get_length() for op in found}

    assert channels(with_wide_stems(model)) == {12}
    assert channels(model) == {3}


@pytest.mark.parametrize(
    "changed",
    [{"height": 17}, {"width": -1}, {"kernel": 5}, {"stride": 1}, {"bits": 32}],
    ids=["odd height", "width not known", "kernel of 5", "stride of 1", "float weights"],
)
def test_what_cannot_be_done_exactly_is_left_alone(changed: dict[str, int]) -> None:
    model = _network(2, **{"height": 16, "width": 24, "kernel": 7, "times": 1, **changed})
    assert with_wide_stems(model) is model


def test_the_shipped_network_answers_as_before() -> None:
    graph = read_ir(SLIM)
    frames = graph.inputs[0].get_partial_shape()[1].get_length()
    graph.reshape([-1, frames, 144, 256, 3])
    wide = with_wide_stems(graph)
    assert wide is not graph
    clips = np.random.default_rng(4).integers(0, 256, (2, frames, 144, 256, 3), np.uint8)
    before, after = _answers(graph, clips)[0], _answers(wide, clips)[0]
    # Without VNNI two products may overflow together, and which are added is another pair.
    atol = (
        0 if "vnni" in Path("/proc/cpuinfo").read_text("ascii", errors="replace") else 0.05 * np.ptp(before)
    )
    np.testing.assert_allclose(after, before, rtol=0, atol=atol)
