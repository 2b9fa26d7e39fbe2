"""Many pieces of film asked about one by one, of the models that answer here or behind hosts."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping

from bharatchef.errors import EndpointError
from bharatchef.observed import Analyser
from bharatchef.perception.analysers import VIDEO
from bharatchef.ports import Models, ObjectStore
from bharatchef.retraining.records import ModelVersion

_log = logging.getLogger(__name__)


class OneByOne:
    """The models port, asked again and again."""

    def __init__(self, objects: ObjectStore, models: Models) -> None:
        self._objects = objects
        self._models = models

    def answers(self, version: ModelVersion, pieces: Mapping[str, str]) -> Iterator[tuple[str, bytes]]:
        for sha256, key in pieces.items():
            body = self._objects.get_bytes(key)
            try:
                said = self._models.invoke(Analyser(version.analyser), body, VIDEO)
            except EndpointError as error:
                _log.warning("%s gave no answer for %s: %s", version.package, key, error.message)
                continue
            yield sha256, json.dumps(said).encode()
