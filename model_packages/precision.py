"""Finds by measurement which numbers a model computes in fastest on this machine, once; knows no package.

bfloat16 is many times faster where the processor has the instructions and slower where it has not, and by how
much hangs on the network. So both are tried at first use, and what was chosen is kept with its figures in a
folder of the user's cache: ``BHARATCHEF_ENGINE_CACHE``, else ``XDG_CACHE_HOME/bharatchef/engine``, else
``~/.cache/bharatchef/engine``. Where that cannot be written, it is measured again next time.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from model_packages.training.files import put_whole

if TYPE_CHECKING:
    import openvino

EXACT = "f32"
HINT = "INFERENCE_PRECISION_HINT"
# Most that outputs may lie from those in float32: the length of the difference by the length of the output.
TOLERANCE = 0.05
_CALLS = 5
# No further round of calls is begun after this.
_MEASURE_S = 0.5
_FORMAT = "bharatchef-precision"


@dataclass(frozen=True)
class Choice:
    """What was measured: processor seconds of the cheapest call, and how far outputs lie from float32's."""

    precision: str
    seconds: dict[str, float]
    difference: dict[str, float]


def compiled_fastest(
    model: openvino.Model, candidates: Sequence[str], settings: Mapping[str, Any]
) -> openvino.CompiledModel:
    """``model`` compiled for the processor in the fastest of ``candidates`` that agrees with float32.

    Args:
        model: its inputs have fixed sizes but for the first; else the first candidate is taken unmeasured.
        candidates: OpenVINO's names of precisions, the likeliest first; ``f32`` is among them.
        settings: OpenVINO's properties to compile with, beside the precision.
    """
    import openvino

    core = openvino.Core()
    shapes = _shapes(model)
    if len(candidates) == 1 or shapes is None:
        return core.compile_model(model, "CPU", {**settings, HINT: candidates[0]})
    path = cache_folder() / f"{_key(model, shapes, candidates, settings)}.json"
    known = _kept(path)
    if known is not None and known.precision in candidates:
        return core.compile_model(model, "CPU", {**settings, HINT: known.precision})
    tried = {name: core.compile_model(model, "CPU", {**settings, HINT: name}) for name in candidates}
    choice = measured(tried, [_sample(model, place, shape) for place, shape in enumerate(shapes)])
    _keep(path, choice, shapes)
    return tried[choice.precision]


def measured(tried: Mapping[str, Any], inputs: Sequence[npt.NDArray[Any]]) -> Choice:
    """The fastest of ``tried`` (compiled models by precision, ``f32`` among them) that agrees with ``f32``.

    What counts is the processor's time, of the cheapest call: unlike the clock's it is not lengthened by
    other work on the machine. A first call, which sets the network up, counts only where there is time for
    no other.
    """
    seconds = dict.fromkeys(tried, float("inf"))
    answers: dict[str, list[npt.NDArray[np.float64]]] = {}
    began = time.perf_counter()
    for number in range(1 + _CALLS):
        if number == 1:
            seconds = dict.fromkeys(tried, float("inf"))
        for name, network in tried.items():
            at = time.process_time()
            given = network(list(inputs))
            seconds[name] = min(seconds[name], time.process_time() - at)
            if number == 0:
                answers[name] = [np.array(given[k], np.float64) for k in range(len(network.outputs))]
        if time.perf_counter() - began > _MEASURE_S:
            break
    difference = {name: _difference(answers[name], answers[EXACT]) for name in tried}
    agreeing = [name for name in tried if difference[name] <= TOLERANCE]
    return Choice(
        min(agreeing, key=lambda name: seconds[name]),
        {name: round(value, 6) for name, value in seconds.items()},
        {name: round(value, 6) for name, value in difference.items()},
    )


def cache_folder() -> Path:
    """Where choices are kept; it may not be there yet."""
    if said := os.environ.get("BHARATCHEF_ENGINE_CACHE", "").strip():
        return Path(said)
    base = os.environ.get("XDG_CACHE_HOME", "").strip() or "~/.cache"
    return Path(base).expanduser() / "bharatchef" / "engine"


def digest_of(model: openvino.Model) -> str:
    """The sha256 of a model's nodes and weights."""
    told = hashlib.sha256()
    for node in model.get_ordered_ops():
        kind = node.get_type_name()
        told.update(f"{kind} {[str(output.partial_shape) for output in node.outputs()]}\n".encode())
        if kind == "Constant":
            told.update(np.ascontiguousarray(node.data).view(np.uint8).tobytes())
    return told.hexdigest()


def _key(
    model: openvino.Model,
    shapes: Sequence[Sequence[int]],
    candidates: Sequence[str],
    settings: Mapping[str, Any],
) -> str:
    import openvino

    parts = {
        "model": digest_of(model),
        "processor": processor(),
        "engine": openvino.get_version(),
        "shapes": [list(shape) for shape in shapes],
        "candidates": list(candidates),
        "tolerance": TOLERANCE,
        **{name: str(value) for name, value in settings.items()},
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def processor() -> str:
    """The processor's name, and how many cores this process may use."""
    name = platform.processor() or platform.machine()
    with suppress(OSError):
        told = Path("/proc/cpuinfo").read_text("ascii", errors="replace").splitlines()
        name = next((line.split(":", 1)[1].strip() for line in told if line.startswith("model name")), name)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{name}, {cores} cores"


def _shapes(model: openvino.Model) -> list[list[int]] | None:
    """Sizes to measure with: one of a first dimension that may be any; ``None`` where another may be any."""
    found = []
    for given in model.inputs:
        shape = given.partial_shape
        if shape.rank.is_dynamic or any(shape[k].is_dynamic for k in range(1, len(shape))):
            return None
        first = [1 if size.is_dynamic else size.get_length() for size in list(shape)[:1]]
        found.append(first + [size.get_length() for size in list(shape)[1:]])
    return found


def _sample(model: openvino.Model, place: int, shape: Sequence[int]) -> npt.NDArray[Any]:
    """An input like a picture: smooth, with a little noise."""
    rng = np.random.default_rng(place)
    kind = model.inputs[place].get_element_type().to_dtype()
    smooth = np.sin(np.arange(int(np.prod(shape))) / 97.0).reshape(shape) + rng.normal(0, 0.1, shape)
    if np.issubdtype(kind, np.integer):
        return np.asarray(np.clip(127 + 90 * smooth, 0, 255), kind)
    return np.asarray(smooth, kind)


def _difference(one: Sequence[npt.NDArray[np.float64]], exact: Sequence[npt.NDArray[np.float64]]) -> float:
    """The largest relative difference of an output; infinite where a number is none."""
    most = 0.0
    for a, b in zip(one, exact, strict=True):
        apart = float(np.linalg.norm(a - b) / max(float(np.linalg.norm(b)), 1e-12))
        most = max(most, apart if np.isfinite(apart) else float("inf"))
    return most


def _kept(path: Path) -> Choice | None:
    try:
        plain = json.loads(path.read_text("utf-8"))
        if plain["format"] != _FORMAT:
            return None
        return Choice(str(plain["precision"]), dict(plain["seconds"]), dict(plain["difference"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _keep(path: Path, choice: Choice, shapes: Sequence[Sequence[int]]) -> None:
    import openvino

    told = {
        "format": _FORMAT,
        **asdict(choice),
        "tolerance": TOLERANCE,
        "shapes": [list(shape) for shape in shapes],
        "processor": processor(),
        "engine": f"OpenVINO {openvino.get_version()}",
    }
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        put_whole(path, (json.dumps(told, indent=1) + "\n").encode())
