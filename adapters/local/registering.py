"""Looks at the model packages of this machine, and puts packages into the models folder or takes them out.

A package is checked by running it before it is registered: what is in the models folder has answered once. It
knows nothing of what answers mean; ``bharatchef/perception/answers.py`` checks them.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import os
import pickle
import re
import secrets
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from adapters.local.durable import make_folder, sync_folder, telling
from adapters.local.hosted import HostedModels
from adapters.local.models import LocalModels, built_in_folders, local_models
from bharatchef.errors import ConfigurationError, EndpointError, InputError
from bharatchef.observed import Analyser, Chunk, Unavailable
from bharatchef.perception.answers import check_answer
from bharatchef.settings import Settings
from model_packages.serving.archive import packed_files
from model_packages.serving.package import Package, PackageError, read_package

# The module with ``package_from_checkpoint(path, out_folder)`` for each kind of official checkpoint.
KINDS: Mapping[str, str] = {
    "resnet": "model_packages.resnet.train",
    "slowfast": "model_packages.slowfast.checkpoint",
    "yolov8": "model_packages.yolov8.checkpoint",
}
# These fit heads of their own to drawn films and want a folder for them; that takes minutes.
_WITH_WORK = frozenset({"resnet"})
_PROBE_S = 3
_PROBE_PX = (456, 256)


@dataclass(frozen=True)
class Registered:
    """One model that could answer, and whether it is the one that does.

    ``problem`` is empty where it can be used. ``classes`` is empty where the package does not list them;
    ``metrics`` holds the single numbers that its card was written from.
    """

    analyser: str
    name: str
    version: str
    origin: str
    trained_on: str
    engine: str
    weights_sha256: str
    answers: bool
    classes: tuple[str, ...]
    metrics: Mapping[str, float]
    problem: str
    remedy: str


def registered_models(settings: Settings) -> tuple[Registered, ...]:
    """Every registered model: hosts first, then the models folder, then those that come with the program."""
    here = local_models(settings)
    hosted = {Analyser(analyser) for analyser in settings.model_hosts}
    answering = {id(here.answering(analyser)) for analyser in Analyser if analyser not in hosted}
    rows = [_hosted(settings, analyser, here) for analyser in sorted(hosted)]
    for package in here.packages():
        # One that is damaged is named in the place of another, but answers nothing.
        rows.append(_row(settings, package, id(package) in answering and not package.problem))
    return tuple(rows)


def _hosted(settings: Settings, analyser: Analyser, here: LocalModels) -> Registered:
    url = settings.model_hosts[analyser.value]
    found = HostedModels({analyser.value: url}, here, timeout_s=5).identify(analyser)
    if isinstance(found, Unavailable):
        nothing = {"name": "", "version": "", "trained_on": "", "engine": "", "weights_sha256": ""}
        known = {**nothing, "answers": False, "problem": found.reason, "remedy": found.remedy}
    else:
        fields = ("name", "version", "trained_on", "engine", "weights_sha256")
        known = {**{name: getattr(found, name) for name in fields}, "answers": True}
        known |= {"problem": "", "remedy": ""}
    return Registered(analyser=analyser.value, origin=f"host {url}", classes=(), metrics={}, **known)


def _row(settings: Settings, package: Package, answers: bool) -> Registered:
    manifest = package.manifest
    mine = package.folder.parent == settings.models_dir
    told = _json(package.folder / "metrics.json")
    return Registered(
        analyser=manifest.analyser if manifest else "",
        name=manifest.name if manifest else package.folder.name,
        version=manifest.version if manifest else "",
        origin="models folder" if mine else "comes with the program",
        trained_on=manifest.trained_on if manifest else "",
        engine=manifest.engine if manifest else "",
        weights_sha256=manifest.weights_sha256 if manifest else "",
        answers=answers,
        classes=_classes(package.folder, told),
        metrics=_metrics(told),
        problem=package.problem,
        remedy=package.remedy,
    )


def add_package(folder: Path, settings: Settings, replace: bool = False) -> Registered:
    """Put a copy of the package in ``folder`` into the models folder, once the copy has answered.

    The copy appears whole or not at all. Hidden files, ``__pycache__`` and ``tests`` stay behind.

    Raises:
        InputError: it is no package, is damaged, or one of its name is there and ``replace`` is not said.
        EndpointError: it does not load, or does not answer as the contract asks.
        StoreError: the copy could not be written.
    """
    if not folder.is_dir():
        came = "a file" if folder.exists() else "none"
        raise InputError(
            f"Expected the folder of a model package at {folder}, found {came}.",
            "Give the folder that holds model.json; for an official checkpoint say which one with --as.",
        )
    try:
        manifest, files = packed_files(folder)
    except PackageError as error:
        raise InputError(error.message, error.remedy or "Mend the package and add it again.") from error
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", manifest.name).strip("-") or manifest.analyser
    target = settings.models_dir / name
    if target.exists() and not replace:
        raise InputError(
            f"Expected no package {name} in the models folder, but one is there.",
            "Give --force to replace it.",
        )
    with telling(f"copy the package to {target}"):
        make_folder(settings.models_dir)
        # Two levels down: packages are looked for one level down, and this is none yet.
        staging = Path(tempfile.mkdtemp(dir=settings.models_dir, prefix=".adding-"))
    try:
        copy = staging / name
        with telling(f"copy the package to {target}"):
            for path, source in files.items():
                (copy / path).parent.mkdir(parents=True, exist_ok=True)
                _copy(source, copy / path)
        checked = _checked(copy)
        with telling(f"copy the package to {target}"):
            if target.exists():
                target.rename(staging / f"old-{secrets.token_hex(4)}")
            copy.rename(target)
            sync_folder(settings.models_dir)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return next(
        row
        for row in registered_models(settings)
        if row.origin == "models folder" and row.weights_sha256 == checked and row.name == manifest.name
    )


def add_checkpoint(
    path: Path, kind: str, settings: Settings, labels: Path | None = None, replace: bool = False
) -> Registered:
    """Make a package of an official checkpoint and put it into the models folder.

    ``labels`` is a file that names the classes in their order, one a line; checkpoints seldom do.

    Raises:
        InputError: no package is made of such checkpoints, or this file is none.
        ConfigurationError: a library that reads such checkpoints is not installed.
        EndpointError: the package made of it does not answer as the contract asks.
    """
    if kind not in KINDS:
        known = ", ".join(KINDS) or "none"
        raise InputError(
            f"Expected a kind whose official checkpoints can be added ({known}), got '{kind}'.",
            "Give the folder of a whole package without --as; its train.py makes one.",
        )
    if not path.exists():
        raise InputError(f"Expected a checkpoint at {path}, found none.", "Give the path of the file.")
    named: dict[str, Any] = {} if labels is None else {"labels": _lines(labels)}
    if kind in _WITH_WORK:
        if labels is not None:
            raise InputError(
                f"Expected no --labels for a {kind}: its package has none of its own.", "Leave --labels out."
            )
        named = {"work": None}
    with tempfile.TemporaryDirectory(prefix="bharatchef-") as scratch:
        made = Path(scratch, kind)
        if "work" in named:
            named["work"] = Path(scratch, "work")
        try:
            importlib.import_module(KINDS[kind]).package_from_checkpoint(path, made, **named)
        except ModuleNotFoundError as error:
            raise ConfigurationError(
                f"Adding a {kind} checkpoint needs {error.name}, which is not installed.",
                "Install what training needs: make setup-train.",
            ) from error
        # What PyTorch raises about a file that is none of its own.
        except (ValueError, EOFError, pickle.UnpicklingError) as error:
            raise InputError(
                f"Expected an official {kind} checkpoint at {path.name}: {_first_line(error)}",
                "See that the file is the one that its project publishes, and whole.",
            ) from error
        # Code of a package that converts a stranger's file may raise anything; the person gets its words.
        except Exception as error:
            raise EndpointError(
                f"The {kind} checkpoint {path.name} was read, but no package could be made of it:"
                f" {_first_line(error)}",
                "Run the same command with `bharatchef --debug` and report what it prints.",
            ) from error
        _complete(made, kind)
        return add_package(made, settings, replace)


def _complete(made: Path, kind: str) -> None:
    """Put the code that answers beside the weights, where making the package left that to the caller."""
    for folder in built_in_folders():
        for source in sorted((folder / kind).glob("*")):
            if source.suffix in (".py", ".yaml", ".txt") and not (made / source.name).exists():
                shutil.copyfile(source, made / source.name)


def remove_package(name: str, settings: Settings) -> Path:
    """Take a package out of the models folder; the folder that it was in.

    Raises:
        InputError: there is none of that name in the models folder.
        StoreError: it could not be removed.
    """
    found = [
        package.folder
        for package in LocalModels((settings.models_dir,)).packages()
        if name in (package.folder.name, package.manifest.name if package.manifest else None)
    ]
    if len(found) != 1:
        came = "none" if not found else f"{len(found)}"
        raise InputError(
            f"Expected one package {name} in the models folder, found {came}.",
            "`bharatchef models list` names them; one that comes with the program stays"
            " (BHARATCHEF_BUILT_IN_MODELS=false switches those off).",
        )
    (folder,) = found
    with telling(f"remove {folder}"):
        # Renamed first: a package that is half removed must not be found.
        staging = Path(tempfile.mkdtemp(dir=settings.models_dir, prefix=".removing-"))
        folder.rename(staging / folder.name)
        shutil.rmtree(staging)
    return folder


def _checked(folder: Path) -> str:
    """Load the package and have it answer; the sha256 of its weights."""
    package = read_package(folder)
    assert package.manifest is not None
    analyser = Analyser(package.manifest.analyser)
    sample = package.manifest.warm_up
    if sample is not None:
        body, content_type = (folder / sample.body).read_bytes(), str(sample.content_type)
    elif analyser is Analyser.PLATE:
        body, content_type = _picture(), "image/jpeg"
    else:
        body, content_type = _film(), "video/mp4"
    try:
        answer = package.answer(body, content_type).decoded
    except PackageError as error:
        raise EndpointError(error.message, error.remedy) from error
    chunk = None
    if sample is None and analyser is not Analyser.PLATE:
        chunk = Chunk(key="", start_s=0, end_s=_PROBE_S, frames=1, size_bytes=len(body), sha256="0" * 64)
    check_answer(analyser, answer, chunk)
    return package.manifest.weights_sha256


def _film() -> bytes:
    """A few seconds of a plain picture that brightens, as a chunk is encoded."""
    import av
    import numpy as np

    buffer = io.BytesIO()
    width, height = _PROBE_PX
    with av.open(buffer, "w", format="mp4") as out:
        stream = out.add_stream("libx264", rate=15)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for number in range(15 * _PROBE_S):
            picture = np.full((height, width, 3), 60 + 2 * number, np.uint8)
            out.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        out.mux(stream.encode())
    return buffer.getvalue()


def _picture() -> bytes:
    import cv2
    import numpy as np

    width, height = _PROBE_PX
    return bytes(cv2.imencode(".jpg", np.full((height, width, 3), 128, np.uint8))[1])


def _copy(source: Path, target: Path) -> None:
    with source.open("rb") as given, target.open("xb") as written:
        shutil.copyfileobj(given, written, 1 << 20)
        written.flush()
        os.fsync(written.fileno())


def _first_line(error: Exception) -> str:
    said = str(error).strip()
    return said.splitlines()[0][:600] if said else type(error).__name__


def _lines(path: Path) -> tuple[str, ...]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"Expected a file of labels, one a line, at {path}: {error}.", "Give the path of a text file."
        ) from error
    return tuple(line.strip() for line in text.splitlines() if line.strip())


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None


def _classes(folder: Path, told: Any) -> tuple[str, ...]:
    """The labels that a package lists in metrics.json, labels.json or classes.yaml; else none."""
    import yaml

    candidates = [told, _json(folder / "labels.json")]
    with contextlib.suppress(OSError, ValueError, yaml.YAMLError):
        candidates.append(yaml.safe_load((folder / "classes.yaml").read_text(encoding="utf-8")))
    for candidate in candidates:
        given = candidate
        if isinstance(candidate, dict):
            given = candidate.get("classes") or candidate.get("labels")
        if isinstance(given, list | dict) and given and all(isinstance(name, str) for name in given):
            return tuple(given)
    return ()


def _metrics(told: Any) -> dict[str, float]:
    """The single numbers of a package's test."""
    if not isinstance(told, dict):
        return {}
    test = told.get("test")
    within = test if isinstance(test, dict) else told
    return {name: value for name, value in within.items() if type(value) is float}
