"""Packs an OpenVINO model into one file and compiles it for this machine's processor; knows no package.

OpenVINO keeps a model as two files, a graph and its weights. A package's manifest compares the sha256 of one
file, so both lie uncompressed in one zip with fixed dates: the same model gives the same bytes.
"""

from __future__ import annotations

import io
import os
import tempfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from model_packages.precision import EXACT, HINT, compiled_fastest

if TYPE_CHECKING:
    import openvino

GRAPH, WEIGHTS = "model.xml", "model.bin"
_DATE = (1980, 1, 1, 0, 0, 0)
_BF16_FLAGS = frozenset({"amx_bf16", "avx512_bf16"})
_CPUINFO = Path("/proc/cpuinfo")


def pack_ir(model: openvino.Model, path: Path | str) -> Path:
    """Write ``model`` as one file at ``path``; weights of FP32 become FP16, INT8 stays.

    The file takes the place of an older one only when it is whole.
    """
    import openvino

    path = Path(path)
    model = model.clone()
    # Names that OpenVINO gives by itself count the nodes of the whole process.
    for number, node in enumerate(model.get_ordered_ops()):
        if node.get_type_name() != "Parameter":
            node.set_friendly_name(f"{node.get_type_name()}_{number}")
    for number, output in enumerate(model.outputs):
        if all(name.startswith("Result_") for name in output.get_names()):
            output.get_tensor().set_names({f"output_{number}"})
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        openvino.save_model(model, Path(folder) / GRAPH, compress_to_fp16=True)
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
            for name in (GRAPH, WEIGHTS):
                entry = zipfile.ZipInfo(name, _DATE)
                entry.external_attr = 0o644 << 16
                archive.writestr(entry, (Path(folder) / name).read_bytes())
        whole = Path(folder) / "packed"
        whole.write_bytes(packed.getvalue())
        whole.replace(path)
    return path


def read_ir(path: Path | str) -> openvino.Model:
    """The model in a file that ``pack_ir`` wrote.

    Raises:
        ValueError: the file holds no such model.
    """
    import numpy as np
    import openvino

    try:
        with zipfile.ZipFile(path) as archive:
            graph, weights = archive.read(GRAPH), archive.read(WEIGHTS)
    except (zipfile.BadZipFile, KeyError) as error:
        raise ValueError(f"expected {GRAPH} and {WEIGHTS} packed in {Path(path).name}: {error}") from error
    tensor = openvino.Tensor(np.frombuffer(weights, np.uint8).copy())
    return openvino.Core().read_model(graph, tensor)


def compiled(path: Path | str, *, threads: int | None = None, **settings: Any) -> openvino.CompiledModel:
    """The model in ``path``, compiled for the processor, for the shortest time a call; it is not warmed up.

    Args:
        path: a file that ``pack_ir`` wrote.
        threads: how many threads it may use; left out, ``BHARATCHEF_THREADS``, and where that is not set,
            what OpenVINO finds best.
        settings: further OpenVINO properties; they go before those chosen here.
    """
    return compiled_model(read_ir(path), threads=threads, **settings)


def compiled_model(
    model: openvino.Model, *, threads: int | None = None, **settings: Any
) -> openvino.CompiledModel:
    """As ``compiled``, of a model in memory.

    Where its weights allow several precisions, the first time on a machine finds the fastest
    (``precision.py``); ``INFERENCE_PRECISION_HINT`` among the settings goes before that.
    """
    import openvino

    chosen: dict[str, Any] = {"PERFORMANCE_HINT": "LATENCY"}
    wanted = threads if threads is not None else threads_wanted()
    if wanted is not None:
        chosen["INFERENCE_NUM_THREADS"] = wanted
    chosen |= settings
    if HINT in chosen or is_int8(model):
        return openvino.Core().compile_model(model, "CPU", chosen)
    return compiled_fastest(model, ("bf16", EXACT) if has_bf16() else (EXACT,), chosen)


def threads_wanted() -> int | None:
    """The number in ``BHARATCHEF_THREADS``; ``None`` where there is none.

    Raises:
        ValueError: it is set to something else than a whole number above 0.
    """
    said = os.environ.get("BHARATCHEF_THREADS", "").strip()
    if not said:
        return None
    if not said.isdecimal() or int(said) < 1:
        raise ValueError(f"expected BHARATCHEF_THREADS to be a whole number above 0, got {said[:20]!r}")
    return int(said)


def has_bf16() -> bool:
    """Whether the processor computes in bfloat16 itself.

    OpenVINO takes the hint on every AVX-512 processor, and is four times slower for it than in float32 where
    the instructions are not there.
    """
    try:
        told = _CPUINFO.read_text("ascii", errors="replace")
    except OSError:
        return False
    flags = next((line for line in told.splitlines() if line.startswith("flags")), "")
    return not _BF16_FLAGS.isdisjoint(flags.split())


def is_int8(model: openvino.Model) -> bool:
    """Whether a model was quantised after training."""
    return any(node.get_type_name() == "FakeQuantize" for node in model.get_ops())


def engine_words(model: openvino.Model | Path | str, *, here: bool = False) -> str:
    """The engine in words, for a manifest or a result: "OpenVINO 2026.4.1, INT8, CPU".

    Args:
        model: a model, or a file that ``pack_ir`` wrote.
        here: name the numbers that this machine computes in (BF16 or FP32), not those that are stored.
    """
    import openvino

    version = openvino.get_version().split("-")[0]
    kept = model if isinstance(model, openvino.Model) else read_ir(model)
    if is_int8(kept):
        kind = "INT8"
    elif here:
        kind = "BF16" if has_bf16() else "FP32"
    else:
        kind = "FP16 weights"
    return f"OpenVINO {version}, {kind}, CPU"
