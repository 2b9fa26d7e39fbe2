"""The local side of the models port: registered model packages, run in this process.

Where packages lie and which one answers is decided here; ``model_packages/serving/package.py`` reads, checks
and runs one. It knows nothing of what answers mean; ``bharatchef/perception`` checks them.
"""

from __future__ import annotations

import importlib.util
import re
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bharatchef.errors import EndpointError
from bharatchef.observed import Analyser, ModelIdentity, Unavailable
from bharatchef.settings import Settings
from model_packages.serving.package import MANIFEST, Manifest, Package, PackageError, read_package

_WHAT = {
    Analyser.ACTIONS: "what is being done",
    Analyser.OBJECTS: "which things are in view",
    Analyser.HEAT: "the flame",
    Analyser.PLATE: "the finished plate",
}


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
        package = self.answering(analyser)
        if isinstance(package, Unavailable):
            return package
        assert package.manifest is not None
        return identity_of(package.manifest)

    def invoke(self, analyser: Analyser, body: bytes, content_type: str) -> Mapping[str, Any]:
        package = self.answering(analyser)
        if isinstance(package, Unavailable):
            raise EndpointError(package.reason, package.remedy)
        try:
            return package.answer(body, content_type).decoded
        except PackageError as error:
            raise EndpointError(error.message, error.remedy, retryable=error.retryable) from error

    def answering(self, analyser: Analyser) -> Package | Unavailable:
        """The package that answers; where a registered one is damaged it is named, not passed over."""
        for package in self.packages():
            if package.manifest is not None and package.manifest.analyser == analyser:
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


def identity_of(manifest: Manifest) -> ModelIdentity:
    """Who answers, as it is named in every result."""
    return ModelIdentity(
        analyser=Analyser(manifest.analyser),
        name=manifest.name,
        version=manifest.version,
        weights_sha256=manifest.weights_sha256,
        engine=manifest.engine,
        trained_on=manifest.trained_on,
    )


def local_models(settings: Settings) -> LocalModels:
    """The packages under the settings' models folder, then (unless told not) those of the program."""
    built_in = built_in_folders() if settings.built_in_models else ()
    return LocalModels((settings.models_dir, *built_in))


def built_in_folders() -> tuple[Path, ...]:
    """Where the packages lie that come with the program."""
    # Found, not imported: a package's code is loaded when it is to answer, not before.
    found = importlib.util.find_spec("model_packages")
    return tuple(Path(place) for place in (found.submodule_search_locations or ())) if found else ()


def _packages_under(root: Path) -> list[Package]:
    if not root.is_dir():
        return []
    read = [read_package(path.parent) for path in sorted(root.glob(f"*/{MANIFEST}"))]
    # Sorting is stable, so equal versions keep the order of their folders' names.
    return sorted(read, key=lambda p: _version_key(p.manifest.version if p.manifest else ""), reverse=True)


def _version_key(version: str) -> tuple[tuple[int, int, str], ...]:
    parts = re.findall(r"\d+|[a-z]+", version.lower())
    # The end of a version ranks above a word and below a number: 1.2rc1 < 1.2 < 1.2.1.
    return (*((1, int(part), "") if part.isdigit() else (0, 0, part) for part in parts), (0, 1, ""))
