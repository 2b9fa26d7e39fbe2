"""Rearranges the first convolutions of a quantised network over film, for speed alone; knows no package.

Pictures have three channels, and a processor's matrix instructions (AMX, VNNI) take 64 values of a pixel at
once, so a stem of 7x7 with stride 2 leaves them nearly empty: it took two fifths of SlowFast's time. Four
neighbouring pixels taken together as twelve channels and a kernel of 4x4 with stride 1 give the same sums of
the same products, in integers to the last bit (space to depth, as ResNet-50 has it for TPUs in MLPerf,
``conv0_space_to_depth_block_size``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import openvino

_COLOURS, _BLOCK = 3, 2
_CHANNELS_FIRST = [0, 4, 1, 2, 3]
_BLOCKS_FIRST = (0, 3, 5, 6, 1, 2, 4)


def with_wide_stems(model: openvino.Model) -> openvino.Model:
    """A copy of ``model`` in which stems over pictures (N, T, H, W, 3) look at blocks of 2x2 pixels.

    Only where T, H and W are fixed, H and W even, and every use of the pictures is such a stem: a convolution
    of an odd kernel with stride 2, padded by half of it, with weights of 8 bits. Else ``model`` itself.
    """
    if not any(_stems_on(node) for node in model.get_ordered_ops()):
        return model
    model = model.clone()
    for node in model.get_ordered_ops():
        if stems := _stems_on(node):
            blocks = _blocks_of(node)
            for stem in stems:
                stem.output(0).replace(_wide(stem, blocks).output(0))
    model.validate_nodes_and_infer_types()
    return model


def _stems_on(node: Any) -> list[Any]:
    """All convolutions over a transposition of pictures to (N, 3, T, H, W); none where one would not do."""
    if node.get_type_name() != "Transpose" or node.input_value(1).get_node().get_type_name() != "Constant":
        return []
    shape = node.input_value(0).get_partial_shape()
    if node.input_value(1).get_node().data.tolist() != _CHANNELS_FIRST or any(
        side.is_dynamic for side in list(shape)[1:]
    ):
        return []
    _, _, height, width, colours = list(shape)
    if colours.get_length() != _COLOURS or height.get_length() % _BLOCK or width.get_length() % _BLOCK:
        return []
    stems: list[Any] = []
    for user in _users(node):
        stems += _users(user) if _takes_pictures(user) else [user]
    return stems if stems and all(_is_stem(stem) for stem in stems) else []


def _users(node: Any) -> list[Any]:
    return [place.get_node() for place in node.output(0).get_target_inputs()]


def _takes_pictures(node: Any) -> bool:
    """Whether it chooses some of the T pictures."""
    return node.get_type_name() == "Gather" and node.input_value(2).get_node().data.tolist() == 2


def _is_stem(node: Any) -> bool:
    if node.get_type_name() != "Convolution" or _constant_under(node) is None:
        return False
    told = node.get_attributes()
    *_, height, width = list(node.input_value(1).get_shape())
    padding = height // 2
    return (
        height == width == 2 * padding + 1
        and padding % _BLOCK == 1
        and told["strides"][1:] == [_BLOCK, _BLOCK]
        and told["dilations"] == [1, 1, 1]
        and told["pads_begin"][1:] == told["pads_end"][1:] == [padding, padding]
        and told["auto_pad"] == "explicit"
    )


def _constant_under(stem: Any) -> npt.NDArray[np.int8] | None:
    """Weights of 8 bits that are only converted and scaled, output by output; ``None`` for others."""
    node = stem.input_value(1).get_node()
    while node.get_type_name() in ("Convert", "Multiply"):
        if node.get_type_name() == "Multiply" and set(list(node.input_value(1).get_shape())[1:]) - {1}:
            return None
        node = node.input_value(0).get_node()
    return node.data if node.get_type_name() == "Constant" and node.data.dtype == np.int8 else None


def _blocks_of(transposed: Any) -> Any:
    """Pictures (N, T, H, W, 3) as (N, 12, T, H/2, W/2)."""
    import openvino.opset13 as ops

    pictures = transposed.input_value(0)
    _, times, height, width, colours = (side.get_max_length() for side in pictures.get_partial_shape())
    rows, columns = height // _BLOCK, width // _BLOCK
    split = ops.reshape(pictures, np.array([0, 0, rows, _BLOCK, columns, _BLOCK, colours]), True)
    turned = ops.transpose(split, np.array(_BLOCKS_FIRST))
    return ops.reshape(turned, np.array([0, _BLOCK * _BLOCK * colours, times, rows, columns]), True)


def _wide(stem: Any, blocks: Any) -> Any:
    import openvino.opset13 as ops

    weights = _constant_under(stem)
    assert weights is not None
    told = stem.get_attributes()
    given = stem.input_value(0).get_node()
    if _takes_pictures(given):
        blocks = ops.gather(blocks, given.input_value(1), given.input_value(2))
    before, reach = told["pads_begin"][0], (weights.shape[-1] + 1) // _BLOCK // 2
    return ops.convolution(
        blocks,
        _scaled_as(stem.input_value(1).get_node(), ops.constant(_folded(weights))),
        [told["strides"][0], 1, 1],
        [before, reach, reach],
        [told["pads_end"][0], reach - 1, reach - 1],
        [1, 1, 1],
    )


def _folded(weights: npt.NDArray[np.int8]) -> npt.NDArray[np.int8]:
    """Kernels (out, 3, T, K, K) as (out, 12, T, (K+1)/2, (K+1)/2); a row and a column of zeros come first."""
    out, colours, times, side, _ = weights.shape
    half = (side + 1) // _BLOCK
    whole = np.zeros((out, colours, times, side + 1, side + 1), np.int8)
    whole[..., 1:, 1:] = weights
    parts = whole.reshape(out, colours, times, half, _BLOCK, half, _BLOCK).transpose(0, 4, 6, 1, 2, 3, 5)
    return np.ascontiguousarray(parts.reshape(out, _BLOCK * _BLOCK * colours, times, half, half))


def _scaled_as(node: Any, weights: Any) -> Any:
    """``weights`` converted and scaled as those under ``node`` are."""
    import openvino.opset13 as ops

    if node.get_type_name() == "Constant":
        return weights
    inner = _scaled_as(node.input_value(0).get_node(), weights)
    if node.get_type_name() == "Convert":
        return ops.convert(inner, node.get_element_type().get_type_name())
    return ops.multiply(inner, node.input_value(1))
