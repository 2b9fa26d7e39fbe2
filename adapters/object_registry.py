"""The registry of model versions: one JSON document a package in the object store, on either side.

One document, replaced whole: there is never a moment without a champion or with two.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from pydantic import TypeAdapter, ValidationError

from bharatchef.errors import StoreError
from bharatchef.ports import ObjectStore
from bharatchef.retraining.records import ModelVersion, registry_key

_VERSIONS = TypeAdapter(tuple[ModelVersion, ...])


class ObjectRegistry:
    """Versions in ``objects``. Whoever writes is alone: retraining and roll-out run one at a time."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects

    def versions(self, package: str) -> Sequence[ModelVersion]:
        key = registry_key(package)
        if not self._objects.exists(key):
            return ()
        try:
            return _VERSIONS.validate_json(self._objects.get_bytes(key))
        except ValidationError as error:
            raise StoreError(
                f"The registry of models cannot be read ({key}): {error.errors()[0]['msg']}.",
                "Bring the file back from a backup.",
            ) from error

    def register(self, version: ModelVersion) -> ModelVersion:
        before = self.versions(version.package)
        for known in before:
            # A retraining that died after it registered comes here again.
            if version.run_id and known.run_id == version.run_id:
                return known
        numbered = version.model_copy(update={"version": len(before) + 1})
        self._put(version.package, (*before, numbered))
        return numbered

    def change(self, version: ModelVersion) -> None:
        self._put(
            version.package,
            tuple(
                version
                if known.version == version.version
                else known.model_copy(update={"champion": known.champion and not version.champion})
                for known in self.versions(version.package)
            ),
        )

    def _put(self, package: str, versions: Sequence[ModelVersion]) -> None:
        plain = [version.model_dump(mode="json", by_alias=True) for version in versions]
        body = json.dumps(plain, indent=1).encode()
        self._objects.put_bytes(registry_key(package), body, "application/json")
