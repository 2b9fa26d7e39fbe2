"""OpenVINO as it serves beside PyTorch as it trains, on the processor and on a GPU where there is one.

Differences are the length of the difference by the length of PyTorch's output. With FP16 weights computed in
float32 they stay below 0.003; a GPU's own float32 (TF32 in convolutions) below 0.01; bfloat16 below 0.05.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from model_packages import engine

torch = pytest.importorskip("torch")
pytest.importorskip("openvino")

FLOAT32, ON_GPU, BFLOAT16 = 0.003, 0.01, 0.05
Pictures = np.ndarray
Built = tuple[Any, Callable[[Any], Any], tuple[int, ...]]


def lived_in(network: Any) -> Any:
    """A network whose normalisation has seen something, so that it is no identity."""
    torch.manual_seed(5)
    for part in network.modules():
        if isinstance(getattr(part, "running_mean", None), torch.Tensor):
            part.running_mean.uniform_(-0.2, 0.2)
            part.running_var.uniform_(0.6, 1.4)
    return network.eval()


def slowfast() -> Built:
    from model_packages.slowfast.convert import graph_of
    from model_packages.slowfast.network import FromPictures, Shape, SlowFast

    torch.manual_seed(1)
    shape = Shape(
        classes=38, width=16, thin=4, frames=8, depths=(1, 2, 1, 1), stem_times=(1, 1), fusion_kernel=5,
        window=None,
    )  # fmt: skip
    net = lived_in(SlowFast(shape))
    return graph_of(net), FromPictures(net), (2, 8, 96, 160, 3)


def flame(name: str) -> Built:
    from model_packages.flame import networks
    from model_packages.flame.looking import PART, WHOLE

    torch.manual_seed(2)
    net = lived_in(getattr(networks, name)())
    width, height = WHOLE if name == "Where" else PART
    return networks.graph_of(net), _FromBytes(net), (2, height, width, 3)


def resnet50() -> Built:
    from model_packages.resnet import backbone

    torch.manual_seed(3)
    whole = backbone._Graph(lived_in(backbone.ResNet50()), [123.675, 116.28, 103.53], [58.395, 57.12, 57.375])
    return backbone._converted(whole), whole, (1, backbone.HEIGHT_PX, backbone.WIDTH_PX, 3)


def marking() -> Built:
    from model_packages.training.marking import MarkingNetwork, graph_of

    torch.manual_seed(4)
    net = lived_in(MarkingNetwork())
    return graph_of(net, (-1, 256, 256, 3)), _FromBytes(net), (2, 256, 256, 3)


class _FromBytes(torch.nn.Module):
    def __init__(self, net: Any) -> None:
        super().__init__()
        self.net = net

    def forward(self, pictures: Any) -> Any:
        return self.net(pictures.permute(0, 3, 1, 2).float())


NETWORKS: dict[str, Callable[[], Built]] = {
    "slowfast": slowfast,
    "flame-where": lambda: flame("Where"),
    "flame-what": lambda: flame("What"),
    "resnet50": resnet50,
    "marking": marking,
}


# The largest takes longest to convert.
PARAMS = [
    pytest.param(name, marks=pytest.mark.slow if name == "resnet50" else ()) for name in sorted(NETWORKS)
]


@pytest.fixture(scope="module", params=PARAMS)
def built(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Any, Pictures]:
    """The file that would be served, the network in PyTorch, and pictures for both."""
    graph, whole, shape = NETWORKS[request.param]()
    path = engine.pack_ir(graph, tmp_path_factory.mktemp("packed") / "weights.ovz")
    rng = np.random.default_rng(7)
    smooth = np.cumsum(rng.normal(0, 9, shape), axis=-2) % 256
    return path, whole.eval(), smooth.astype(np.uint8)


def in_torch(whole: Any, pictures: Pictures, device: str) -> list[np.ndarray]:
    whole = whole.to(device)
    try:
        with torch.no_grad():
            out = whole(torch.from_numpy(pictures).to(device))
        return [part.float().cpu().numpy() for part in (out if isinstance(out, tuple) else (out,))]
    finally:
        whole.cpu()


def served(path: Path, pictures: Pictures, precision: str) -> list[np.ndarray]:
    graph = engine.read_ir(path)
    graph.reshape(pictures.shape)
    answer = engine.compiled_model(graph, threads=1, INFERENCE_PRECISION_HINT=precision)(pictures)
    return [np.array(answer[k]) for k in range(len(answer))]


def apart(ours: list[np.ndarray], theirs: list[np.ndarray]) -> float:
    assert [a.shape for a in ours] == [b.shape for b in theirs]
    assert all(b.std() > 0 for b in theirs), "a constant answer would agree with anything"
    return max(float(np.linalg.norm(a - b) / np.linalg.norm(b)) for a, b in zip(ours, theirs, strict=True))


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_what_is_served_agrees_with_pytorch(device: str, built: tuple[Path, Any, Pictures]) -> None:
    if device == "cuda" and not torch.cuda.is_available():
        pytest.skip("no CUDA device here: PyTorch on a GPU is not compared")
    path, whole, pictures = built
    theirs = in_torch(whole, pictures, device)
    assert apart(served(path, pictures, "f32"), theirs) <= (FLOAT32 if device == "cpu" else ON_GPU)


def test_bfloat16_agrees_with_pytorch_where_the_processor_has_it(built: tuple[Path, Any, Pictures]) -> None:
    if not engine.has_bf16():
        pytest.skip("this processor does not compute in bfloat16")
    path, whole, pictures = built
    assert apart(served(path, pictures, "bf16"), in_torch(whole, pictures, "cpu")) <= BFLOAT16
