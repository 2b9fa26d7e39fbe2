"""SlowFast as published (Feichtenhofer et al., ICCV 2019), in two sizes; knows no film and no label.

Names and shapes of the state are those of pytorchvideo's ``create_slowfast``, so that its checkpoints load.
Only training and conversion need this file, and PyTorch.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

import torch
from torch import Tensor, nn

# As the Kinetics checkpoints were trained with: shares of full brightness, the same for all three colours.
MEAN, STD = 0.45, 0.225


@dataclass(frozen=True)
class Shape:
    """What a SlowFast is built of; as it stands, R50 8x8 on Kinetics-400.

    ``width`` is the channels of the slow pathway's stem, ``thin`` how many times fewer the fast one has
    (beta = 1 / thin), ``alpha`` how many times more frames it sees. ``window`` is the head's pooling
    window in cells of the last map; ``None`` averages over all of it. Where ``stem_pools`` is false, the
    stem's convolution steps over four pixels instead of two and pools nothing.
    """

    classes: int = 400
    width: int = 64
    thin: int = 8
    alpha: int = 4
    frames: int = 32
    depths: tuple[int, ...] = (3, 4, 6, 3)
    fusion_kernel: int = 7
    fusion_channels: int = 2
    stem_times: tuple[int, int] = (1, 5)
    stem_pools: bool = True
    slow_times: tuple[int, ...] = (1, 1, 3, 3)
    fast_times: tuple[int, ...] = (3, 3, 3, 3)
    dropout: float = 0.5
    window: int | None = 7


R50_8X8 = Shape()


def _norm(channels: int) -> nn.BatchNorm3d:
    return nn.BatchNorm3d(channels)


class Conv(nn.Conv3d):
    """A 3-D convolution, trained as a 2-D one where its kernel is flat in time or in the picture.

    The same sums. PyTorch's bfloat16 3-D kernels for the processor give gradients that are no numbers for
    some of the shapes here, or end the process (seen with 2.13.0); the 2-D ones are right.
    """

    def forward(self, x: Tensor) -> Tensor:
        n, c, t, h, w = x.shape
        times, rows, columns = self.kernel_size
        if not self.training or x.device.type != "cpu":
            return super().forward(x)
        if times == 1:
            flat = x.permute(0, 2, 1, 3, 4).reshape(n * t, c, h, w)
            out = nn.functional.conv2d(
                flat, self.weight[:, :, 0], None, self.stride[1:], _pair(self.padding[1:])
            )
            return out.reshape(n, t, *out.shape[1:]).permute(0, 2, 1, 3, 4)
        if rows == columns == 1:
            flat = x.reshape(n, c, t, h * w)
            out = nn.functional.conv2d(
                flat, self.weight[..., 0], None, (self.stride[0], 1), (int(self.padding[0]), 0)
            )
            return out.reshape(n, out.shape[1], out.shape[2], h, w)
        return super().forward(x)


def _pair(values: tuple[int | str, ...]) -> tuple[int, int]:
    return int(values[0]), int(values[1])


class Stem(nn.Module):
    """A 7 x 7 convolution over ``times`` frames and a pooling, which together quarter the picture."""

    def __init__(self, channels: int, times: int, pools: bool) -> None:
        super().__init__()
        step = 2 if pools else 4
        self.conv = Conv(
            3, channels, (times, 7, 7), stride=(1, step, step), padding=(times // 2, 3, 3), bias=False
        )
        self.norm = _norm(channels)
        self.activation = nn.ReLU()
        self.pool = nn.MaxPool3d((1, 3, 3), stride=(1, 2, 2), padding=(0, 1, 1)) if pools else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        return self.pool(self.activation(self.norm(self.conv(x))))


class Bottleneck(nn.Module):
    """Three convolutions: over time, over the picture, back to the outer channels."""

    def __init__(self, channels: int, inner: int, out: int, times: int, stride: int) -> None:
        super().__init__()
        self.conv_a = Conv(channels, inner, (times, 1, 1), padding=(times // 2, 0, 0), bias=False)
        self.norm_a = _norm(inner)
        self.act_a = nn.ReLU()
        self.conv_b = Conv(inner, inner, (1, 3, 3), stride=(1, stride, stride), padding=(0, 1, 1), bias=False)
        self.norm_b = _norm(inner)
        self.act_b = nn.ReLU()
        self.conv_c = Conv(inner, out, 1, bias=False)
        self.norm_c = _norm(out)

    def forward(self, x: Tensor) -> Tensor:
        x = self.act_a(self.norm_a(self.conv_a(x)))
        x = self.act_b(self.norm_b(self.conv_b(x)))
        return self.norm_c(self.conv_c(x))


class Block(nn.Module):
    """A bottleneck beside a shortcut, which is a convolution where shape or channels change."""

    def __init__(self, channels: int, inner: int, out: int, times: int, stride: int) -> None:
        super().__init__()
        self.branch1_conv: Conv | None = None
        self.branch1_norm: nn.BatchNorm3d | None = None
        if channels != out or stride != 1:
            self.branch1_conv = Conv(channels, out, 1, stride=(1, stride, stride), bias=False)
            # The published builder gives the shortcut a norm only where the channels change.
            self.branch1_norm = _norm(out) if channels != out else None
        self.branch2 = Bottleneck(channels, inner, out, times, stride)
        self.activation = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        beside = x if self.branch1_conv is None else self.branch1_conv(x)
        if self.branch1_norm is not None:
            beside = self.branch1_norm(beside)
        return self.activation(beside + self.branch2(x))


class Stage(nn.Module):
    """Blocks one after the other; the first changes channels and size."""

    def __init__(self, channels: int, inner: int, out: int, times: int, stride: int, depth: int) -> None:
        super().__init__()
        self.res_blocks = nn.ModuleList(
            Block(channels if k == 0 else out, inner, out, times, stride if k == 0 else 1)
            for k in range(depth)
        )

    def forward(self, x: Tensor) -> Tensor:
        for block in self.res_blocks:
            x = block(x)
        return x


class Fusion(nn.Module):
    """Takes every ``alpha``-th moment of the fast pathway, seen over a few frames, over to the slow one."""

    def __init__(self, channels: int, shape: Shape) -> None:
        super().__init__()
        out, kernel = channels * shape.fusion_channels, shape.fusion_kernel
        self.conv_fast_to_slow = Conv(
            channels, out, (kernel, 1, 1), stride=(shape.alpha, 1, 1), padding=(kernel // 2, 0, 0), bias=False
        )
        self.norm = _norm(out)
        self.activation = nn.ReLU()

    def forward(self, slow: Tensor, fast: Tensor) -> Tensor:
        return torch.cat([slow, self.activation(self.norm(self.conv_fast_to_slow(fast)))], 1)


class Pathways(nn.Module):
    """One stage of both pathways, with the way across after it where there is one."""

    def __init__(self, slow: nn.Module, fast: nn.Module, fusion: Fusion | None) -> None:
        super().__init__()
        self.multipathway_blocks = nn.ModuleList([slow, fast])
        self.multipathway_fusion = fusion

    def forward(self, slow: Tensor, fast: Tensor) -> tuple[Tensor, Tensor]:
        slow, fast = self.multipathway_blocks[0](slow), self.multipathway_blocks[1](fast)
        return (slow if self.multipathway_fusion is None else self.multipathway_fusion(slow, fast)), fast


class Pool(nn.Module):
    """Both pathways averaged over time and over windows of the picture, one after the other in channels."""

    def __init__(self, window: int | None) -> None:
        super().__init__()
        self.window = window

    def forward(self, slow: Tensor, fast: Tensor) -> Tensor:
        maps = []
        for x in (slow, fast):
            x = x.mean(2, keepdim=True)
            if self.window is None:
                x = x.mean((3, 4), keepdim=True)
            else:
                x = nn.functional.avg_pool3d(x, (1, self.window, self.window), stride=1)
            maps.append(x)
        return torch.cat(maps, 1)


class Head(nn.Module):
    """Scores in each window, averaged."""

    def __init__(self, channels: int, classes: int, dropout: float) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.proj = nn.Linear(channels, classes)

    def forward(self, x: Tensor) -> Tensor:
        scores: Tensor = self.proj(self.dropout(x).permute(0, 2, 3, 4, 1))
        return scores.mean((1, 2, 3))


class SlowFast(nn.Module):
    """Scores (N, classes) of clips (N, 3, frames, height, width), normalised by ``MEAN`` and ``STD``."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        width, thin = shape.width, shape.thin
        if width % thin:
            raise ValueError(f"expected a width that {thin} divides, got {width}")
        blocks: list[nn.Module] = [
            Pathways(
                Stem(width, shape.stem_times[0], shape.stem_pools),
                Stem(width // thin, shape.stem_times[1], shape.stem_pools),
                Fusion(width // thin, shape),
            )
        ]
        channels, inner = width, width
        for number, depth in enumerate(shape.depths):
            stride, out, last = (1 if number == 0 else 2), inner * 4, number == len(shape.depths) - 1
            crossed = channels + channels * shape.fusion_channels // thin
            slow = Stage(crossed, inner, out, shape.slow_times[number], stride, depth)
            fast = Stage(
                channels // thin, inner // thin, out // thin, shape.fast_times[number], stride, depth
            )
            blocks.append(Pathways(slow, fast, None if last else Fusion(out // thin, shape)))
            channels, inner = out, inner * 2
        blocks += [Pool(shape.window), Head(channels + channels // thin, shape.classes, shape.dropout)]
        self.blocks = nn.ModuleList(blocks)
        # As pytorchvideo packs a clip's pathways: the first and the last frame are among the slow ones.
        slow_frames = torch.linspace(0, shape.frames - 1, shape.frames // shape.alpha).long()
        self.register_buffer("slow_frames", slow_frames, persistent=False)

    def forward(self, clips: Tensor) -> Tensor:
        slow, fast = clips.index_select(2, self.slow_frames), clips
        for block in self.blocks[:-2]:
            slow, fast = block(slow, fast)
        scores: Tensor = self.blocks[-1](self.blocks[-2](slow, fast))
        return scores


class FromPictures(nn.Module):
    """Scores of clips as they are decoded: uint8, RGB, (N, frames, height, width, 3)."""

    def __init__(self, net: SlowFast) -> None:
        super().__init__()
        self.net = net

    def forward(self, clips: Tensor) -> Tensor:
        scores: Tensor = self.net(normalised(clips))
        return scores


def normalised(clips: Tensor) -> Tensor:
    """Clips as the network wants them, (N, 3, frames, height, width), from decoded ones."""
    return (clips.float() * (1 / (255 * STD)) - MEAN / STD).permute(0, 4, 1, 2, 3)


def names_and_shapes(net: nn.Module) -> OrderedDict[str, tuple[int, ...]]:
    """The state's names, each with the shape of what lies under it."""
    return OrderedDict((name, tuple(value.shape)) for name, value in net.state_dict().items())
