"""The shipped graphs in PyTorch, as a GPU runs them, beside OpenVINO: the same weights, the same answers.

Differences are the length of the difference by the length of OpenVINO's float32 output. PyTorch on the
processor stays below 0.0001; a GPU (TF32 in convolutions) below 0.01. Where weights are INT8, the two
round at other places: below 0.02.
"""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from model_packages import engine
from model_packages.serving.package import read_package

torch = pytest.importorskip("torch")
openvino = pytest.importorskip("openvino")
ops = pytest.importorskip("openvino.opset13")

PACKAGES = Path(engine.__file__).parent
SIZES = {
    "flame/where": (2, 192, 320, 3),
    "flame/what": (3, 144, 192, 3),
    "resnet": (1, 256, 448, 3),
    "resnet/spills": (1, 640, 640, 3),
    "slowfast": (2, 8, 96, 160, 3),
    "yolov8": (1, 256, 448, 3),
}
EXACT, ROUNDED, ON_GPU = 0.0001, 0.02, 0.01


def shipped(name: str) -> Any:
    package, _, part = name.partition("/")
    weights = PACKAGES / package / "weights.ovz"
    if part:
        with zipfile.ZipFile(weights) as archive:
            return engine.read_ir(io.BytesIO(archive.read(f"{part}.ovz")))
    return engine.read_ir(weights)


@pytest.mark.parametrize("where", ["torch-cpu", "cuda"])
@pytest.mark.parametrize("name", sorted(SIZES))
def test_what_a_gpu_runs_agrees_with_what_a_processor_runs(
    name: str, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if where == "cuda" and not torch.cuda.is_available():
        pytest.skip("no CUDA device here: PyTorch on a GPU is not compared")
    monkeypatch.setenv("BHARATCHEF_DEVICE", where)
    graph, size = shipped(name), SIZES[name]
    graph.reshape(size)
    rng = np.random.default_rng(7)
    pictures = (np.cumsum(rng.normal(0, 9, size), axis=-2) % 256).astype(np.uint8)
    wanted = engine.compiled_model(graph, threads=1, INFERENCE_PRECISION_HINT="f32")(pictures)
    ours = engine.network(graph)(pictures)
    assert len(ours) == len(wanted)
    most = ROUNDED if engine.is_int8(graph) else EXACT
    for k, output in enumerate(ours):
        assert output.shape == wanted[k].shape
        assert wanted[k].std() > 0, "a constant answer would agree with anything"
        apart = np.linalg.norm(output - wanted[k]) / np.linalg.norm(wanted[k])
        assert apart <= (max(most, ON_GPU) if where == "cuda" else most)


def test_a_whole_package_answers_in_pytorch_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    cv2 = pytest.importorskip("cv2")
    picture = np.random.default_rng(0).integers(0, 255, (90, 160, 3), dtype=np.uint8)
    jpeg = cv2.imencode(".jpg", cv2.resize(picture, (640, 360)))[1].tobytes()
    said = {}
    for where in ("cpu", "torch-cpu"):
        monkeypatch.setenv("BHARATCHEF_DEVICE", where)
        package = read_package(PACKAGES / "resnet")
        assert package.manifest is not None
        said[where] = package.answer(jpeg, "image/jpeg").decoded, package.manifest.engine
    assert said["cpu"][1].startswith("OpenVINO")
    assert said["torch-cpu"][1] == f"PyTorch {torch.__version__.split('+')[0]}, FP32, CPU"
    assert set(said["cpu"][0]) == set(said["torch-cpu"][0])


def test_the_device_is_the_processor_where_there_is_no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SM_NUM_GPUS", raising=False)
    monkeypatch.delenv("BHARATCHEF_DEVICE", raising=False)
    assert engine.device() == ("cuda" if torch.cuda.is_available() else "cpu")
    monkeypatch.setenv("SM_NUM_GPUS", "0")
    assert engine.device() == "cpu"
    monkeypatch.setenv("BHARATCHEF_DEVICE", "tpu")
    with pytest.raises(ValueError, match="expected BHARATCHEF_DEVICE to be auto, cpu, cuda or torch-cpu"):
        engine.device()
    assert engine.engine_here("OpenVINO 2026.4.1, INT8, CPU") == "OpenVINO 2026.4.1, INT8, CPU"
    if not torch.cuda.is_available():
        monkeypatch.setenv("BHARATCHEF_DEVICE", "cuda")
        with pytest.raises(ValueError, match="expected a GPU"):
            engine.device()


def test_a_graph_that_pytorch_cannot_run_here_is_refused_by_the_nodes_name() -> None:
    from model_packages.torch_engine import TorchNetwork, UnknownNode

    given = ops.parameter([2, 3], np.float32)
    with pytest.raises(UnknownNode, match="Erf"):
        TorchNetwork(openvino.Model([ops.erf(given)], [given], "foreign"), "cpu")


def test_padding_that_differs_by_side_and_grouped_convolutions_are_run() -> None:
    from model_packages.torch_engine import TorchNetwork

    rng = np.random.default_rng(3)
    given = ops.parameter([1, 4, 9, 7], np.float32)
    weights = ops.constant(rng.normal(size=(2, 3, 2, 3, 3)).astype(np.float32))
    out = ops.group_convolution(given, weights, [2, 1], [0, 1], [1, 2], [1, 1])
    graph = openvino.Model([out], [given], "grouped")
    x = rng.normal(size=(1, 4, 9, 7)).astype(np.float32)
    wanted = engine.compiled_model(graph, threads=1, INFERENCE_PRECISION_HINT="f32")(x)[0]
    np.testing.assert_allclose(TorchNetwork(graph, "cpu")(x)[0], wanted, atol=1e-4)


def test_the_manifest_on_disk_keeps_the_engine_that_was_measured() -> None:
    told = json.loads((PACKAGES / "resnet" / "model.json").read_text())
    assert told["engine"].startswith("OpenVINO")
