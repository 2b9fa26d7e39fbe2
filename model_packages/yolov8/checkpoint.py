"""Makes a package of somebody's YOLOv8: a checkpoint of ultralytics, or an ONNX or OpenVINO export of one.

Class names are read from the file and told in the kitchen's words where they meet them. No code in a
checkpoint runs: only tensors and ultralytics' and PyTorch's own layers are read from it.
"""

from __future__ import annotations

import ast
import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from model_packages.engine import engine_words, pack_ir
from model_packages.training.files import put_whole

from .decoding import Head
from .detector import Spec, taking_pixels, with_spec
from .foreign import coco, coco_spec
from .inference import WEIGHTS
from .labels import kitchen_classes

if TYPE_CHECKING:
    import openvino

VERSION = "1.0.0"
_HERE = Path(__file__).resolve().parent
_SERVED = (
    "__init__.py", "answering.py", "decoding.py", "detector.py", "inference.py", "requirements.txt"
)  # fmt: skip
# What a network is made of, and nothing that could run a stranger's code when it is put together.
_LAYERS = ("torch.nn.modules.", "ultralytics.nn.modules.")
_NETWORK = "ultralytics.nn.tasks.DetectionModel"
# What training leaves beside the layers: settings, the loss, figures of numpy's.
_BESIDE = frozenset(
    {
        "ultralytics.utils.IterableSimpleNamespace",
        "ultralytics.utils.loss.v8DetectionLoss",
        "ultralytics.utils.loss.BboxLoss",
        "ultralytics.utils.loss.DFLoss",
        "ultralytics.utils.tal.TaskAlignedAssigner",
        "numpy._core.multiarray.scalar",
        "numpy.core.multiarray.scalar",
        "numpy.dtype",
        "numpy.dtypes.Float32DType",
        "numpy.dtypes.Float64DType",
    }
)


def package_from_checkpoint(
    path: Path | str, out: Path | str, *, labels: Sequence[str] | None = None
) -> Path:
    """Write a package of a YOLOv8 detector into ``out``; the manifest's path.

    Args:
        path: ``.pt`` as ultralytics writes it, ``.onnx``, an OpenVINO ``.xml`` with its ``.bin``, or the
            folder of one export.
        labels: the classes' names in their order; left out, those in the file.

    Raises:
        ValueError: no YOLOv8 detector, or no names for its classes.
    """
    path, out = Path(path), Path(out)
    if path.suffix.lower() == ".pt":
        model, spec = _from_ultralytics(path, labels)
    else:
        model, spec = _from_export(_one_export(path), labels)
    out.mkdir(parents=True, exist_ok=True)
    for name in _SERVED:
        put_whole(out / name, (_HERE / name).read_bytes())
    weights = pack_ir(with_spec(model, spec), out / WEIGHTS)
    reported = tuple(dict.fromkeys(label for label in spec.labels if label not in spec.withheld))
    of_coco = len(spec.labels) == len(coco().names) and bool(spec.withheld)
    trained_on = "COCO" if of_coco else "pictures that its maker chose"
    manifest = {
        "analyser": "objects",
        "name": "yolov8-coco" if of_coco else "yolov8-own",
        "version": VERSION,
        "inference": "inference.py",
        "weights": WEIGHTS,
        "weights_sha256": hashlib.sha256(weights.read_bytes()).hexdigest(),
        "trained_on": f"{trained_on}, as its maker says; not measured here",
        "engine": engine_words(weights),
        "content_types": ["video/mp4", "image/jpeg"],
    }
    card = _CARD.format(name=manifest["name"], trained=trained_on, labels=", ".join(reported))
    put_whole(out / "metrics.json", (json.dumps({"labels": reported}, indent=1) + "\n").encode())
    put_whole(out / "MODEL_CARD.md", card.encode())
    put_whole(out / "model.json", (json.dumps(manifest, indent=1) + "\n").encode())
    return out / "model.json"


def spec_of(names: Sequence[str], head: Head, size: tuple[int, int] | None) -> Spec:
    """The spec of a detector of these classes.

    COCO's are told in the kitchen's words, and what is no kitchen thing is withheld. Of other classes all are
    told: whoever trained them wants them seen; a name that the kitchen has a word for is told by that word.
    """
    if tuple(names) == coco().names:
        return coco_spec(head, size)
    ours, table = kitchen_classes(), coco().kitchen
    words = {name: name for name in ours.names} | {w: ours.names[n] for w, n in ours.number_of.items()}
    told = []
    for name in names:
        plain = name.strip().lower().replace("_", " ")
        hyphened = plain.replace(" ", "-")
        told.append(words.get(plain) or words.get(hyphened) or table.get(plain) or name.strip())
    return Spec(labels=tuple(told), head=head, size=size)


def _one_export(path: Path) -> Path:
    if not path.is_dir():
        if path.suffix.lower() not in (".onnx", ".xml"):
            raise ValueError(f"expected a .pt, .onnx or .xml file or a folder with one, got {path.name}")
        return path
    found = sorted(p for p in path.iterdir() if p.suffix.lower() in (".onnx", ".xml"))
    if len(found) != 1:
        raise ValueError(f"expected one .xml or .onnx in the folder {path.name}, got {len(found)}")
    return found[0]


def _from_export(path: Path, labels: Sequence[str] | None) -> tuple[openvino.Model, Spec]:
    import openvino

    try:
        model = openvino.Core().read_model(path)
    except RuntimeError as error:
        raise ValueError(f"it cannot be read as {path.suffix[1:].upper()}") from error
    beside = path.with_name("metadata.yaml")
    told: Any = yaml.safe_load(beside.read_text("utf-8")) if beside.is_file() else {}
    names = _checked_names(labels or _names(told.get("names") if isinstance(told, Mapping) else None, model))
    shapes = [list(port.partial_shape) for port in (model.inputs[0], model.outputs[0])]
    if len(model.inputs) != 1 or [len(shape) for shape in shapes] != [4, 3] or shapes[0][1] != 3:
        raise ValueError("its input is no picture (1, 3, height, width), or its output no rows of boxes")
    rows = shapes[1][1]
    if rows.is_dynamic or rows.get_length() != 4 + len(names):
        raise ValueError(
            f"expected {4 + len(names)} values a box for {len(names)} classes, as YOLOv8's own export without"
            f" nms has them, got an output of {model.outputs[0].partial_shape}"
        )
    down, across = shapes[0][2:]
    if down.is_dynamic or across.is_dynamic:
        # Anchors are in an export's graph: it is used at one size, as its makers do.
        model.reshape([1, 3, 640, 640])
        size = (640, 640)
    else:
        size = (across.get_length(), down.get_length())
    spec = spec_of(names, Head("corners"), size)
    return taking_pixels(model, spec), spec


def _names(told: Any, model: openvino.Model) -> tuple[str, ...]:
    """The names in an export's metadata, or those that an ONNX file carries."""
    if told is None and model.has_rt_info(["framework", "names"]):
        try:
            told = ast.literal_eval(model.get_rt_info(["framework", "names"]).astype(str))
        except (ValueError, SyntaxError) as error:
            raise ValueError(
                "the names of its classes in it cannot be read; give them with --labels"
            ) from error
    if isinstance(told, Mapping):
        told = [told[key] for key in sorted(told, key=int)]
    return tuple(str(name) for name in told or ())


def _checked_names(names: Sequence[str]) -> tuple[str, ...]:
    if not names or len(set(names)) != len(names) or not all(name.strip() for name in names):
        raise ValueError(
            f"expected a name for each of its classes, got {len(names)} ({len(set(names))} different);"
            " give them with --labels"
        )
    return tuple(names)


def _from_ultralytics(path: Path, labels: Sequence[str] | None) -> tuple[openvino.Model, Spec]:
    from .exporting import STRIDES, package_model
    from .shim import prepare

    prepare()
    import torch
    from ultralytics.nn.tasks import DetectionModel

    kept = _network_in(path)
    names: Any = getattr(kept, "names", None)
    listed = [names[key] for key in sorted(names)] if isinstance(names, Mapping) else list(names or ())
    classes = _checked_names(tuple(labels or (str(name) for name in listed)))
    # Built anew and given the weights: a network kept by an older version lacks what this one expects of it.
    network = DetectionModel(cfg=dict(kept.yaml), ch=3, nc=int(kept.yaml["nc"]), verbose=False)
    try:
        network.load_state_dict(kept.float().state_dict())
    except RuntimeError as error:
        raise ValueError("its weights do not fit the network that it describes") from error
    head = network.model[-1]
    if type(head).__name__ != "Detect" or tuple(int(s) for s in head.stride) != STRIDES:
        raise ValueError(f"expected YOLOv8's head for boxes, got {type(head).__name__}")
    if len(classes) != int(head.nc):
        raise ValueError(f"expected {int(head.nc)} names, one for each class, got {len(classes)}")
    spec = spec_of(classes, Head("distances", STRIDES), None)
    with torch.no_grad():
        return package_model(network.eval(), spec), spec


def _network_in(path: Path) -> Any:
    """The network in a checkpoint, put together of known layers alone."""
    import importlib

    import torch

    try:
        wanted = torch.serialization.get_unsafe_globals_in_checkpoint(path)
        mine = _BESIDE | {_NETWORK}
        strange = [name for name in wanted if name not in mine and not name.startswith(_LAYERS)]
        if strange:
            raise ValueError(
                f"it holds more than a network ({', '.join(sorted(strange)[:4])}); export it to ONNX where it"
                " was trained, and add that"
            )
        known = []
        for name in wanted:
            module, _, kind = name.rpartition(".")
            found = getattr(importlib.import_module(module), kind)
            if name not in mine and not (isinstance(found, type) and issubclass(found, torch.nn.Module)):
                raise ValueError(f"it holds {name}, which is no layer")
            known.append(found)
        with torch.serialization.safe_globals(known):
            told: Any = torch.load(path, map_location="cpu", weights_only=True)
    except (ValueError, ImportError):
        raise
    # What a damaged or foreign file raises depends on its first bytes.
    except Exception as error:
        raise ValueError(
            f"it cannot be read as a checkpoint of ultralytics ({type(error).__name__})"
        ) from error
    network = (told.get("ema") or told.get("model")) if isinstance(told, Mapping) else None
    if type(network).__name__ != "DetectionModel":
        raise ValueError("expected a detector in the checkpoint, got none")
    return network


_CARD = """# {name}

A YOLOv8 from a file that was given, trained on {trained}. Nothing of it was measured here: how well it does
is its maker's word. It names: {labels}.
"""
