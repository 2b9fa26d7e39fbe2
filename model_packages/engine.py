"""Packs an OpenVINO model into one file and makes it ready for this machine; knows no package.

OpenVINO keeps a model as two files, a graph and its weights. A package's manifest compares the sha256 of one
file, so both lie uncompressed in one zip with fixed dates: the same model gives the same bytes. On a
processor OpenVINO runs it; on an NVIDIA GPU PyTorch does, with the same weights.
"""

from __future__ import annotations

import io
import os
import tempfile
import zipfile
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from model_packages.precision import EXACT, HINT, compiled_fastest
from model_packages.stems import with_wide_stems

if TYPE_CHECKING:
    import openvino

GRAPH, WEIGHTS = "model.xml", "model.bin"
_DATE = (1980, 1, 1, 0, 0, 0)
_BF16_FLAGS = frozenset({"amx_bf16", "avx512_bf16"})
_CPUINFO = Path("/proc/cpuinfo")
# What the driver puts there; Windows' Linux has the second. Without one PyTorch is not even imported.
_GPU_NODES = (Path("/dev/nvidiactl"), Path("/dev/dxg"))
CPU, GPU, TORCH_ON_CPU = "cpu", "cuda", "torch-cpu"


def pack_ir(model: openvino.Model, path: Path | str) -> Path:
    """Write ``model`` as one file at ``path``; weights of FP32 become FP16, INT8 stays.

    The file takes the place of an older one only when it is whole.
    """
    import openvino

    path = Path(path)
    model = model.clone()
    # Names that OpenVINO gives by itself count the models and nodes of the whole process.
    model.set_friendly_name("model")
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


def read_ir(path: Path | str | IO[bytes]) -> openvino.Model:
    """The model in a file that ``pack_ir`` wrote, or in that file's bytes.

    Raises:
        ValueError: the file holds no such model.
    """
    import numpy as np
    import openvino

    try:
        with zipfile.ZipFile(path) as archive:
            graph, weights = archive.read(GRAPH), archive.read(WEIGHTS)
    except (zipfile.BadZipFile, KeyError) as error:
        where = Path(path).name if isinstance(path, Path | str) else "these bytes"
        raise ValueError(f"expected {GRAPH} and {WEIGHTS} packed in {where}: {error}") from error
    tensor = openvino.Tensor(np.frombuffer(weights, np.uint8).copy())
    return openvino.Core().read_model(graph, tensor)


def network(model: openvino.Model, *, threads: int | None = None) -> Any:
    """``model`` ready to answer, called with its input: OpenVINO on the processor, PyTorch on a GPU.

    Args:
        model: its outputs are told apart by their places, ``answer[0]``.
        threads: as in ``compiled``; means nothing to a GPU.

    Raises:
        ValueError: ``device`` says why; or PyTorch cannot run a node of the graph.
    """
    where = device()
    if where == CPU:
        return compiled_model(model, threads=threads)
    from model_packages.torch_engine import TorchNetwork

    return TorchNetwork(model, "cpu" if where == TORCH_ON_CPU else where)


def device() -> str:
    """Where networks run: ``cuda`` where PyTorch finds a GPU, else ``cpu``.

    ``BHARATCHEF_DEVICE`` set to ``cpu`` or ``cuda`` goes before what is found, as does ``SM_NUM_GPUS`` set to
    0, which hosts of SageMaker know; ``torch-cpu`` runs PyTorch on the processor, slowly, to compare.

    Raises:
        ValueError: ``BHARATCHEF_DEVICE`` is none of these, or ``cuda`` where there is no GPU.
    """
    said = os.environ.get("BHARATCHEF_DEVICE", "").strip().lower() or "auto"
    if said in (CPU, TORCH_ON_CPU):
        return said
    if said not in ("auto", GPU):
        raise ValueError(f"expected BHARATCHEF_DEVICE to be auto, cpu, cuda or torch-cpu, got {said[:20]!r}")
    if said == "auto" and os.environ.get("SM_NUM_GPUS", "").strip() == "0":
        return CPU
    if _has_gpu():
        return GPU
    if said == GPU:
        raise ValueError("expected a GPU, since BHARATCHEF_DEVICE is cuda; PyTorch finds none: set it to cpu")
    return CPU


@cache
def _has_gpu() -> bool:
    if not any(node.exists() for node in _GPU_NODES):
        return False
    try:
        import torch
    except ImportError:
        return False
    return torch.cuda.is_available()


def engine_here(named: str) -> str:
    """A manifest's words for its engine, or those for what runs it on this machine in its place."""
    if not named.startswith("OpenVINO"):
        return named
    try:
        where = device()
    except ValueError:
        # A package that cannot be loaded says why when it is asked to answer.
        return named
    if where == CPU:
        return named
    release = version("torch").split("+")[0]
    return f"PyTorch {release}, FP32, {'CPU' if where == TORCH_ON_CPU else 'CUDA'}"


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
    if is_int8(model):
        return openvino.Core().compile_model(with_wide_stems(model), "CPU", chosen)
    if HINT in chosen:
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

    release = openvino.get_version().split("-")[0]
    kept = model if isinstance(model, openvino.Model) else read_ir(model)
    if is_int8(kept):
        kind = "INT8"
    elif here:
        kind = "BF16" if has_bf16() else "FP32"
    else:
        kind = "FP16 weights"
    return f"OpenVINO {release}, {kind}, CPU"
