"""Reads, checks, loads and asks one model package; knows nothing of HTTP, of ports, or of what answers mean.

A package is a folder with ``model.json`` beside its code and weights (``model_packages/README.md`` has the
contract). Whoever runs packages, in its own process or behind a host, runs them through here.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from model_packages.engine import engine_here

MANIFEST = "model.json"
JSON = "application/json"
ContentType = Literal["video/mp4", "image/jpeg", "application/json"]
_FUNCTIONS = ("model_fn", "input_fn", "predict_fn", "output_fn")
_RETRYABLE_STATUS = {408, 429, 502, 503, 504}
_MAX_MANIFEST_BYTES = 1_000_000
# What an input_fn raises about bytes that it cannot read; PyAV's errors of broken films are among these.
_UNREADABLE_INPUT = (ValueError, EOFError)


class Sample(BaseModel):
    """A body that a host asks its package about before it says that it is ready."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    body: Annotated[str, Field(min_length=1)]
    content_type: ContentType


class Manifest(BaseModel):
    """``model.json``: what a package is, and which weights it was measured with."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)

    analyser: Literal["actions", "objects", "heat", "plate"]
    name: Annotated[str, Field(min_length=1, max_length=200)]
    version: Annotated[str, Field(min_length=1, max_length=100)]
    inference: str = "inference.py"
    weights: str
    weights_sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    trained_on: Annotated[str, Field(min_length=1, max_length=1000)]
    engine: Annotated[str, Field(min_length=1, max_length=200)]
    content_types: Annotated[tuple[ContentType, ...], Field(min_length=1)] = (
        "video/mp4",
        "image/jpeg",
        "application/json",
    )
    warm_up: Sample | None = None


class PackageError(Exception):
    """A package cannot be used, or did not answer.

    Args:
        message: what was expected and what came; may quote the package's own words.
        remedy: what the person who runs the package can do.
        retryable: true where the same call may succeed later.
        status: the HTTP status that says the same, 400 to 599.
        public: ``message`` without words of the package that may hold bytes of the input or paths.
    """

    def __init__(
        self, message: str, remedy: str = "", *, retryable: bool = False, status: int = 500, public: str = ""
    ) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        self.retryable = retryable
        self.status = status
        self.public = public or message


@dataclass(frozen=True)
class Answer:
    """What a package said: its JSON text as it gave it, and the same decoded."""

    raw: bytes
    decoded: Mapping[str, Any]


@dataclass
class Package:
    """A package in its folder; ``problem`` says why it cannot be used, empty where it can."""

    folder: Path
    manifest: Manifest | None
    problem: str = ""
    remedy: str = ""
    # Held while the package loads and while it answers: packages need not be safe to call from two threads.
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _loaded: tuple[ModuleType, Any] | None = field(default=None, repr=False)

    def load(self) -> None:
        """Run the package's ``model_fn``, if it was not run before.

        Raises:
            PackageError: its weights are not those of its manifest, or its code fails; it may be tried again.
        """
        with self._lock:
            self._load()

    def warm_up(self) -> None:
        """Load the package and ask it about the sample that its manifest names, if it names one."""
        self.load()
        sample = self._known().warm_up
        if sample is not None:
            body = (self.folder / sample.body).read_bytes()
            self.answer(body, sample.content_type)

    def answer(self, body: bytes, content_type: str) -> Answer:
        """The package's answer to one body; loads the package first where that was not done.

        Raises:
            PackageError: it did not answer, or with something else than a JSON object.
        """
        with self._lock:
            module, model = self._load()
            data = _call(self, "answer", lambda: module.input_fn(body, content_type), _UNREADABLE_INPUT)
            answered = _call(self, "answer", lambda: module.output_fn(module.predict_fn(data, model), JSON))
        return _decoded(self._known().name, answered)

    def _load(self) -> tuple[ModuleType, Any]:
        if self._loaded is None:
            self._loaded = _load(self)
        return self._loaded

    def _known(self) -> Manifest:
        if self.manifest is None:
            raise PackageError(self.problem, self.remedy)
        return self.manifest


def read_package(folder: Path) -> Package:
    """The package in ``folder``, checked down to the sha256 of its weights; none of its code runs."""
    try:
        path = folder / MANIFEST
        if path.stat().st_size > _MAX_MANIFEST_BYTES:
            raise ValueError(f"it is larger than {_MAX_MANIFEST_BYTES} bytes")
        manifest = Manifest.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(place) for place in first["loc"])
        return Package(folder, None, f"The model package {folder.name} is damaged: {where}: {first['msg']}.")
    except FileNotFoundError:
        return Package(folder, None, f"The model package {folder.name} is damaged: it has no {MANIFEST}.")
    except (OSError, ValueError, RecursionError) as error:
        return Package(folder, None, f"The model package {folder.name} is damaged: {MANIFEST}: {error}.")
    # A manifest names the engine that it was measured with; what answers is named by what runs here.
    manifest = manifest.model_copy(update={"engine": engine_here(manifest.engine)})
    package = Package(folder, manifest)
    package.problem, package.remedy = _problem(folder, manifest)
    return package


def _problem(folder: Path, manifest: Manifest) -> tuple[str, str]:
    """Why a package cannot be used, and the remedy; both empty where it can."""
    inside = folder.resolve()
    sample = (manifest.warm_up.body,) if manifest.warm_up else ()
    for name in (manifest.inference, manifest.weights, *sample):
        if not (inside / name).resolve().is_relative_to(inside):
            return f"The model package {manifest.name} names '{name}', which lies outside its folder.", ""
        if not (inside / name).is_file():
            return (
                f"The model package {manifest.name} lacks '{name}'.",
                f"Put the file there, or take the package out of {folder.parent}.",
            )
    digest = _sha256(inside / manifest.weights)
    if digest != manifest.weights_sha256:
        return (
            f"The weights of {manifest.name} are not those it was measured with: expected sha256"
            f" {manifest.weights_sha256[:12]}…, got {digest[:12]}….",
            "Copy the weights again, or register the new ones with their own sha256.",
        )
    return "", ""


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _load(package: Package) -> tuple[ModuleType, Any]:
    """The package's module and what its ``model_fn`` made; under a module name of its own."""
    manifest = package._known()
    # Weights may have been replaced since they were looked at: what speaks must be what is named.
    problem, remedy = _problem(package.folder, manifest)
    if problem:
        raise PackageError(problem, remedy)
    path = package.folder / manifest.inference
    key = hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:12]
    name = f"bharatchef_model_{manifest.analyser}_{key}"
    spec = importlib.util.spec_from_file_location(name, path, submodule_search_locations=[str(path.parent)])
    if spec is None or spec.loader is None:
        raise PackageError(
            f"The model package {manifest.name}: '{manifest.inference}' is no Python file.",
            "Name a .py file as 'inference' in its manifest.",
        )
    module = importlib.util.module_from_spec(spec)
    # Dataclasses and pickles look their module up by name while it loads.
    sys.modules[name] = module
    try:
        loader = spec.loader
        _call(package, "load", lambda: loader.exec_module(module))
        lacking = [f for f in _FUNCTIONS if not callable(getattr(module, f, None))]
        if lacking:
            raise PackageError(
                f"The model package {manifest.name} lacks {', '.join(lacking)} in '{manifest.inference}'.",
                "A package has model_fn, input_fn, predict_fn and output_fn (model_packages/README.md).",
            )
        model = _call(package, "load", lambda: module.model_fn(str(package.folder)))
    except PackageError:
        sys.modules.pop(name, None)
        raise
    return module, model


def _call(
    package: Package,
    what: str,
    work: Callable[[], Any],
    unreadable: tuple[type[Exception], ...] = (),
) -> Any:
    """Run a package's code; whatever it raises becomes a ``PackageError`` that names the package."""
    try:
        return work()
    # A package is somebody else's code and may raise anything; nothing is lost, the cause goes along.
    except Exception as error:
        asked = getattr(error, "status_code", None)
        status = asked if isinstance(asked, int) and 400 <= asked <= 599 else None
        retryable = isinstance(error, TimeoutError | ConnectionError | MemoryError) or (
            status in _RETRYABLE_STATUS
        )
        words = str(error).strip().splitlines()
        kind = type(error).__name__
        said = f"{kind}: {words[0][:200]}" if words else kind
        failed = f"The model package {package._known().name} failed to {what}"
        remedy = (
            "Try again later."
            if retryable
            else "See that the package runs with the libraries installed here."
        )
        if isinstance(error, ModuleNotFoundError):
            remedy = f"Install what {package.folder / 'requirements.txt'} names."
        if status is None and isinstance(error, TimeoutError):
            status = 504
        elif status is None and retryable:
            status = 503
        elif status is None and isinstance(error, unreadable):
            status = 400
        raise PackageError(
            f"{failed}: {said}.",
            remedy,
            retryable=retryable,
            status=status or 500,
            # An error with a status was worded for who asks; any other may quote what it was given.
            public=f"{failed}: {said if asked is not None else kind}.",
        ) from error


def _decoded(name: str, answered: Any) -> Answer:
    """The JSON object that ``output_fn`` gave: text or bytes, alone or before its content type."""
    if isinstance(answered, tuple) and len(answered) == 2:
        answered = answered[0]
    if not isinstance(answered, str | bytes | bytearray):
        raise PackageError(
            f"The model package {name}: expected JSON text from output_fn, got {type(answered).__name__}."
        )
    try:
        decoded = json.loads(answered, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise PackageError(f"The model package {name}: output_fn gave no JSON: {error}.") from error
    if not isinstance(decoded, dict):
        raise PackageError(
            f"The model package {name}: expected a JSON object from output_fn, got {type(decoded).__name__}."
        )
    return Answer(answered.encode() if isinstance(answered, str) else bytes(answered), decoded)


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON number")
