"""The local side of the models port: registered model packages, run in this process.

A package is a folder with ``model.json`` beside its code and weights (``model_packages/README.md`` has the
contract). It knows nothing of what answers mean; ``bharatchef/perception`` checks them.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import re
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bharatchef.errors import EndpointError
from bharatchef.observed import Analyser, ModelIdentity, Unavailable
from bharatchef.settings import Settings
from bharatchef.vocabulary import Sha256

MANIFEST = "model.json"
_FUNCTIONS = ("model_fn", "input_fn", "predict_fn", "output_fn")
_RETRYABLE_STATUS = {408, 429, 502, 503, 504}
_MAX_MANIFEST_BYTES = 1_000_000
_WHAT = {
    Analyser.ACTIONS: "what is being done",
    Analyser.OBJECTS: "which things are in view",
    Analyser.HEAT: "the flame",
    Analyser.PLATE: "the finished plate",
}


class Manifest(BaseModel):
    """``model.json``: what a package is, and which weights it was measured with."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)

    analyser: Analyser
    name: Annotated[str, Field(min_length=1, max_length=200)]
    version: Annotated[str, Field(min_length=1, max_length=100)]
    inference: str = "inference.py"
    weights: str
    weights_sha256: Sha256
    trained_on: Annotated[str, Field(min_length=1, max_length=1000)]
    engine: Annotated[str, Field(min_length=1, max_length=200)]


@dataclass
class Package:
    """A registered package; ``problem`` says why it cannot be used, empty where it can."""

    folder: Path
    manifest: Manifest | None
    problem: str = ""
    remedy: str = ""
    # Held while the package loads and while it answers: packages need not be safe to call from two threads.
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    loaded: tuple[ModuleType, Any] | None = field(default=None, repr=False)

    def identity(self) -> ModelIdentity:
        """Who answers; only of a package that has a manifest."""
        assert self.manifest is not None
        return ModelIdentity(
            analyser=self.manifest.analyser,
            name=self.manifest.name,
            version=self.manifest.version,
            weights_sha256=self.manifest.weights_sha256,
            engine=self.manifest.engine,
            trained_on=self.manifest.trained_on,
        )


class LocalModels:
    """Model packages found in folders, the first folder that has a package for an analyser going before.

    Of several in one folder the highest version answers. Nothing is read before somebody asks, no code of
    a package runs before it is to answer, and none runs whose weights are not those of its manifest.
    Packages are looked for once: a worker that lives long sees new ones after it is started again.
    """

    def __init__(self, roots: Sequence[Path]) -> None:
        self._roots = tuple(roots)
        self._packages: tuple[Package, ...] | None = None
        self._lock = threading.Lock()

    def packages(self) -> tuple[Package, ...]:
        """All registered packages, usable or not, in the order in which they are considered."""
        with self._lock:
            if self._packages is None:
                self._packages = tuple(package for root in self._roots for package in _packages_under(root))
            return self._packages

    def identify(self, analyser: Analyser) -> ModelIdentity | Unavailable:
        package = self._package(analyser)
        return package if isinstance(package, Unavailable) else package.identity()

    def invoke(self, analyser: Analyser, body: bytes, content_type: str) -> Mapping[str, Any]:
        package = self._package(analyser)
        if isinstance(package, Unavailable):
            raise EndpointError(package.reason, package.remedy)
        with package.lock:
            if package.loaded is None:
                package.loaded = _load(package)
            module, model = package.loaded
            answered = _call(package, "answer", lambda: _answer(module, model, body, content_type))
        return _decoded(package, answered)

    def _package(self, analyser: Analyser) -> Package | Unavailable:
        """The package that answers; where a registered one is damaged it is named, not passed over."""
        for package in self.packages():
            if package.manifest is not None and package.manifest.analyser is analyser:
                if package.problem:
                    return Unavailable(analyser=analyser, reason=package.problem, remedy=package.remedy)
                return package
        unreadable = next((p for p in self.packages() if p.manifest is None), None)
        reason = f"No model with trained weights that sees {_WHAT[analyser]} is installed."
        if unreadable is not None:
            reason += f" {unreadable.problem}"
        # A result may be shown to others, so it names no folder of this machine.
        return Unavailable(
            analyser=analyser,
            reason=reason,
            remedy=f"Put a model package with its {MANIFEST} into the models folder"
            " (`bharatchef doctor` names it), or give what was done with --segments.",
        )


def local_models(settings: Settings) -> LocalModels:
    """The packages under the settings' models folder, then those that come with the program."""
    return LocalModels((settings.models_dir, *_built_in()))


def _built_in() -> tuple[Path, ...]:
    # Found, not imported: a package's code is loaded when it is to answer, not before.
    found = importlib.util.find_spec("model_packages")
    return tuple(Path(place) for place in (found.submodule_search_locations or ())) if found else ()


def _packages_under(root: Path) -> list[Package]:
    if not root.is_dir():
        return []
    read = [_read_package(path) for path in sorted(root.glob(f"*/{MANIFEST}"))]
    # Sorting is stable, so equal versions keep the order of their folders' names.
    return sorted(read, key=lambda p: _version_key(p.manifest.version if p.manifest else ""), reverse=True)


def _version_key(version: str) -> tuple[tuple[int, int, str], ...]:
    parts = re.findall(r"\d+|[a-z]+", version.lower())
    # The end of a version ranks above a word and below a number: 1.2rc1 < 1.2 < 1.2.1.
    return (*((1, int(part), "") if part.isdigit() else (0, 0, part) for part in parts), (0, 1, ""))


def _read_package(path: Path) -> Package:
    folder = path.parent
    try:
        if path.stat().st_size > _MAX_MANIFEST_BYTES:
            raise ValueError(f"it is larger than {_MAX_MANIFEST_BYTES} bytes")
        manifest = Manifest.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(place) for place in first["loc"])
        return Package(folder, None, f"The model package {folder.name} is damaged: {where}: {first['msg']}.")
    except (OSError, ValueError, RecursionError) as error:
        return Package(folder, None, f"The model package {folder.name} is damaged: {MANIFEST}: {error}.")
    package = Package(folder, manifest)
    package.problem, package.remedy = _problem(folder, manifest)
    return package


def _problem(folder: Path, manifest: Manifest) -> tuple[str, str]:
    """Why a package cannot be used, and the remedy; both empty where it can."""
    inside = folder.resolve()
    for name in (manifest.inference, manifest.weights):
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
    assert package.manifest is not None
    manifest = package.manifest
    # Weights may have been replaced since they were looked at: what speaks must be what is named.
    problem, remedy = _problem(package.folder, manifest)
    if problem:
        raise EndpointError(problem, remedy)
    path = package.folder / manifest.inference
    key = hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:12]
    name = f"bharatchef_model_{manifest.analyser.value}_{key}"
    spec = importlib.util.spec_from_file_location(name, path, submodule_search_locations=[str(path.parent)])
    if spec is None or spec.loader is None:
        raise EndpointError(
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
            raise EndpointError(
                f"The model package {manifest.name} lacks {', '.join(lacking)} in '{manifest.inference}'.",
                "A package has model_fn, input_fn, predict_fn and output_fn (model_packages/README.md).",
            )
        model = _call(package, "load", lambda: module.model_fn(str(package.folder)))
    except EndpointError:
        sys.modules.pop(name, None)
        raise
    return module, model


def _answer(module: ModuleType, model: Any, body: bytes, content_type: str) -> Any:
    data = module.input_fn(body, content_type)
    return module.output_fn(module.predict_fn(data, model), "application/json")


def _call(package: Package, what: str, work: Callable[[], Any]) -> Any:
    """Run a package's code; whatever it raises becomes an ``EndpointError`` that names the package."""
    assert package.manifest is not None
    try:
        return work()
    except EndpointError:
        raise
    # A package is somebody else's code and may raise anything; nothing is lost, the cause goes along.
    except Exception as error:
        status = getattr(error, "status_code", None)
        retryable = isinstance(error, TimeoutError | ConnectionError | MemoryError) or (
            isinstance(status, int) and status in _RETRYABLE_STATUS
        )
        words = str(error).strip().splitlines()
        said = f"{type(error).__name__}: {words[0][:200]}" if words else type(error).__name__
        remedy = (
            "Try again later."
            if retryable
            else "See that the package runs with the libraries installed here."
        )
        if isinstance(error, ModuleNotFoundError):
            remedy = f"Install what {package.folder / 'requirements.txt'} names."
        raise EndpointError(
            f"The model package {package.manifest.name} failed to {what}: {said}.",
            remedy,
            retryable=retryable,
        ) from error


def _decoded(package: Package, answered: Any) -> Mapping[str, Any]:
    """The JSON object that ``output_fn`` gave: text or bytes, alone or before its content type."""
    assert package.manifest is not None
    if isinstance(answered, tuple) and len(answered) == 2:
        answered = answered[0]
    if not isinstance(answered, str | bytes | bytearray):
        raise EndpointError(
            f"The model package {package.manifest.name}: expected JSON text from output_fn,"
            f" got {type(answered).__name__}."
        )
    try:
        decoded = json.loads(answered, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise EndpointError(
            f"The model package {package.manifest.name}: output_fn gave no JSON: {error}."
        ) from error
    if not isinstance(decoded, dict):
        raise EndpointError(
            f"The model package {package.manifest.name}: expected a JSON object from output_fn,"
            f" got {type(decoded).__name__}."
        )
    return decoded


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON number")
