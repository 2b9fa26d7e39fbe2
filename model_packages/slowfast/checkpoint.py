"""Makes a package of a published SlowFast checkpoint; knows the R50 8x8 that pytorchvideo's builder makes."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from model_packages.engine import engine_words, pack_ir

from .convert import LEAST_AGREEMENT, graph_of, quantised
from .network import R50_8X8, Shape, SlowFast, names_and_shapes
from .package import settings, write_package
from .pictures import Pictures, clip_frames, decoded, rgb_of

_SHOWN = 8
_SHORT_PX = 256
# Published: 32 pictures, every second one of 30 a second.
_FPS, _EVERY_S = 15.0, 2.0


def state_in(path: Path | str) -> dict[str, Tensor]:
    """The tensors in a checkpoint file, also where they lie under ``model_state`` or ``state_dict``.

    Only tensors are read: no code in the file runs.

    Raises:
        ValueError: the file is no checkpoint, or holds something else than tensors by name.
    """
    try:
        found: Any = torch.load(path, map_location="cpu", weights_only=True)
    # What a damaged or foreign file raises depends on its first bytes.
    except Exception as error:
        kind = type(error).__name__
        raise ValueError(
            f"expected a PyTorch checkpoint at {path}, but it cannot be read ({kind})"
        ) from error
    for key in ("model_state", "state_dict"):
        if isinstance(found, Mapping) and isinstance(found.get(key), Mapping):
            found = found[key]
    if not isinstance(found, Mapping) or not all(isinstance(v, Tensor) for v in found.values()):
        raise ValueError(f"expected tensors by name in {path}, got something else")
    return dict(found)


def loaded(state: Mapping[str, Tensor], shape: Shape = R50_8X8) -> SlowFast:
    """A network with the checkpoint's weights.

    Raises:
        ValueError: names or shapes differ; the message says which.
    """
    net = SlowFast(shape)
    wanted = names_and_shapes(net)
    given = {name: tuple(value.shape) for name, value in state.items()}
    differing = [
        *(f"{name} is missing" for name in wanted if name not in given),
        *(f"{name} is not known" for name in given if name not in wanted),
        *(
            f"{name} is {_size(given[name])}, expected {_size(wanted[name])}"
            for name in wanted
            if name in given and given[name] != wanted[name]
        ),
    ]
    if differing:
        more = f" and {len(differing) - _SHOWN} more" if len(differing) > _SHOWN else ""
        raise ValueError(
            "expected the names and shapes of SlowFast R50 8x8 as pytorchvideo builds it;"
            f" {len(differing)} differ: {'; '.join(differing[:_SHOWN])}{more}"
        )
    net.load_state_dict(dict(state))
    return net.eval()


def package_from_checkpoint(
    path: Path | str,
    out: Path | str,
    *,
    labels: Sequence[str] | None = None,
    trained_on: str = "",
    films: Sequence[Path] = (),
    least_agreement: float = LEAST_AGREEMENT,
) -> Path:
    """Write a package of an official R50 8x8 checkpoint into ``out``; the manifest's path.

    Args:
        path: a file of PyTorch weights.
        labels: the classes' names in their order; left out, ``kinetics-0`` and so on.
        trained_on: what it was trained on, in plain words.
        films: films like those that it is for; with them it is served in INT8 where that agrees on their
            clips (``convert.quantised``), else in the fastest of BF16 and FP32 of each machine.
        least_agreement: what agreeing means, the share of clips with the same first class.

    Raises:
        ValueError: no checkpoint, other names or shapes, or not one label for each class.
    """
    state = state_in(path)
    net = loaded(state)
    names = tuple(labels or (f"kinetics-{k}" for k in range(net.shape.classes)))
    if len(names) != net.shape.classes or len(set(names)) != len(names):
        raise ValueError(f"expected {net.shape.classes} different labels, got {len(set(names))}")
    graph = graph_of(net)
    if films:
        clips = [clip for film in films for clip in clips_of(film, net.shape.frames)]
        graph = quantised(graph, clips, least_agreement)
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out) as folder:
        weights = pack_ir(graph, Path(folder) / "weights.ovz")
        return write_package(
            out,
            weights,
            settings(names, net.shape.frames, short_px=_SHORT_PX, every_s=_EVERY_S, fps=_FPS, square=True),
            _CARD,
            engine=engine_words(graph),
            trained_on=trained_on or "Kinetics-400, as its publisher says; not measured here",
            figures={},
            useful=True,
            name="slowfast-r50-8x8",
        )


def clips_of(film: Path, frames: int) -> list[Pictures]:
    """The clips of a film as they are answered, each (frames, 256, 256, 3) in RGB.

    Raises:
        ValueError: no film that can be read.
    """
    small = decoded(film, short_px=_SHORT_PX, fps=_FPS, square=True)
    middles = np.arange(_EVERY_S / 2, max(small.length_s, _EVERY_S), _EVERY_S)
    places = clip_frames(middles, len(small.i420), frames, small.fps)
    return [rgb_of(small.i420[at]) for at in places]


def _size(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape)) or "a single number"


_CARD = """# slowfast-r50-8x8

SlowFast R50 8x8 (Feichtenhofer et al. 2019) from a checkpoint that was given. Nothing of it was measured
here: how well it does is its publisher's word. Its classes are those it was trained with; unless a file of
labels was given they are numbers of Kinetics-400, and no dish names them. It looks at the square in the
middle of the picture, 256 pixels a side, the size that it was published with: what happens at the left and
right edges of a wide picture is not seen.
"""
