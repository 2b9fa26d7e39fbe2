"""Makes ultralytics importable beside a CPU build of torch; knows no model.

The torchvision that package indexes give beside CPU torch is built for CUDA: its compiled operators do not
load,
and its import then stops at the first operator that it cannot find. Nothing of torchvision is used here but
non-maximum suppression, so two operators are declared, and the one that is called is written out in torch.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

_KEPT: list[Any] = []
_OPERATORS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)


def prepare() -> None:
    """Set ultralytics' switches (no downloads, no reports) and declare what torchvision lacks.

    To be called before ultralytics or torchvision is imported; a second call does nothing.

    Raises:
        ImportError: torch is not installed.
    """
    if _KEPT:
        return
    import torch

    folder = Path(tempfile.gettempdir()) / f"ultralytics-{os.getuid() if hasattr(os, 'getuid') else 0}"
    folder.mkdir(mode=0o700, exist_ok=True)
    os.environ.setdefault("YOLO_CONFIG_DIR", str(folder))
    os.environ["YOLO_AUTOINSTALL"] = "false"
    os.environ["YOLO_OFFLINE"] = "true"
    os.environ.setdefault("YOLO_VERBOSE", "false")
    try:
        import torchvision  # noqa: F401

        _KEPT.append(None)
        return
    except (ImportError, RuntimeError, AttributeError):
        _forget("torchvision")
    library = torch.library.Library("torchvision", "FRAGMENT")
    for words in _OPERATORS:
        try:
            library.define(words)
        except RuntimeError:
            # A second try: the first one declared it.
            continue
    library.impl("nms", _nms, "CPU")
    _KEPT.append(library)


def _forget(package: str) -> None:
    """Take a half-imported package out of the loaded modules, so that it can be imported anew."""
    import sys

    for name in [n for n in sys.modules if n == package or n.startswith(package + ".")]:
        del sys.modules[name]


def _nms(dets: Any, scores: Any, iou_threshold: float) -> Any:
    """Which boxes (x0, y0, x1, y1) stay, surest first; each one drops those that overlap it more."""
    import torch

    order = scores.argsort(descending=True, stable=True)
    area = (dets[:, 2] - dets[:, 0]) * (dets[:, 3] - dets[:, 1])
    kept: list[Any] = []
    while order.numel():
        first, order = order[0], order[1:]
        kept.append(first)
        low = torch.maximum(dets[first, :2], dets[order, :2])
        high = torch.minimum(dets[first, 2:], dets[order, 2:])
        both = (high - low).clamp(min=0).prod(1)
        order = order[both / (area[first] + area[order] - both) <= iou_threshold]
    return torch.stack(kept) if kept else torch.empty(0, dtype=torch.long)
