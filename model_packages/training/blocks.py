"""Convolutions that the small networks of several packages are built of; only training uses them."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def layer(inside: int, outside: int, stride: int = 1, spread: int = 1) -> nn.Sequential:
    """A 3 x 3 convolution, normalised over the batch, and what of it is above nothing."""
    return nn.Sequential(
        nn.Conv2d(inside, outside, 3, stride, spread, dilation=spread, bias=False),
        nn.BatchNorm2d(outside),
        nn.ReLU(inplace=True),
    )


class Residual(nn.Module):
    """Two convolutions added to what came in (He et al. 2016); ``spread`` widens what they see."""

    def __init__(self, width: int, spread: int = 1) -> None:
        super().__init__()
        self.first = layer(width, width, 1, spread)
        self.second = nn.Sequential(
            nn.Conv2d(width, width, 3, 1, spread, dilation=spread, bias=False), nn.BatchNorm2d(width)
        )

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(x + self.second(self.first(x)))
