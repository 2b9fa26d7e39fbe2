"""A/B on this machine: a share of the evaluations goes to a challenger, and what became of each call is kept.

The champion is whoever answers without a roll-out. The challenger is behind a host of its own
(``challenger_hosts``), or a package in the home that runs in this process.
"""

from __future__ import annotations

import json
import random
import shutil
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from adapters.local.durable import make_folder, telling, write_durably
from adapters.local.hosted import HostedModels
from adapters.local.models import LocalModels
from adapters.local.packing import unpacked
from bharatchef.errors import EndpointError
from bharatchef.observed import Analyser, ModelIdentity, Unavailable
from bharatchef.ports import Models, ObjectStore
from bharatchef.retraining.records import ModelVersion
from bharatchef.retraining.rolling import Health, Variant
from bharatchef.settings import Settings

_SHARE, _CALLS = "share.json", "calls.jsonl"


def traffic_folder(settings: Settings, analyser: str) -> Path:
    return settings.home / "traffic" / analyser


def challengers_folder(settings: Settings) -> Path:
    return settings.home / "challengers"


def with_challengers(settings: Settings, champions: Models) -> Models:
    """``champions``, with a share of the evaluations for challengers where a roll-out began one."""
    if not (settings.home / "traffic").is_dir():
        return champions
    challengers: Models = LocalModels((challengers_folder(settings),))
    hosts = {str(analyser): url for analyser, url in settings.challenger_hosts.items()}
    if hosts:
        challengers = HostedModels(hosts, challengers)
    return SplitModels(settings, champions, challengers)


class SplitModels:
    """Two models for each analyser. **The models of one evaluation answer as one**: who answers is drawn when
    a model is identified, and holds until the next is.

    A challenger that cannot even be identified counts as a failed call, and the champion takes its place:
    nobody's film waits for a model that is on trial.

    Args:
        draw: gives a number from 0 up to 1.
    """

    def __init__(
        self,
        settings: Settings,
        champions: Models,
        challengers: Models,
        draw: Callable[[], float] = random.random,
    ) -> None:
        self._settings = settings
        self._models: dict[Variant, Models] = {"champion": champions, "challenger": challengers}
        self._draw = draw
        self._chosen: dict[Analyser, Variant] = {}
        self._lock = threading.Lock()

    def identify(self, analyser: Analyser) -> ModelIdentity | Unavailable:
        share = share_of(self._settings, analyser)
        chosen: Variant = "challenger" if self._draw() * 100 < share else "champion"
        found = self._models[chosen].identify(analyser)
        if chosen == "challenger" and isinstance(found, Unavailable):
            self._keep(analyser, chosen, None)
            chosen = "champion"
            found = self._models[chosen].identify(analyser)
        with self._lock:
            self._chosen[analyser] = chosen
        return found

    def invoke(self, analyser: Analyser, body: bytes, content_type: str) -> Mapping[str, Any]:
        with self._lock:
            chosen = self._chosen.get(analyser, "champion")
        try:
            said = self._models[chosen].invoke(analyser, body, content_type)
        except EndpointError:
            self._keep(analyser, chosen, None)
            raise
        self._keep(analyser, chosen, said)
        return said

    def _keep(self, analyser: Analyser, variant: Variant, said: Mapping[str, Any] | None) -> None:
        folder = traffic_folder(self._settings, analyser)
        if not folder.is_dir():
            return
        row = {
            "at": datetime.now(UTC).isoformat(),
            "variant": variant,
            "failed": said is None,
            "confidence": None if said is None else confidence_in(said),
        }
        # One line a write, appended: workers in other processes do the same.
        with telling("keep what became of a call"), (folder / _CALLS).open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")


class LocalTraffic:
    """The roll-out's hand on this machine's share."""

    def __init__(self, settings: Settings, objects: ObjectStore) -> None:
        self._settings = settings
        self._objects = objects

    def deploy(self, champion: ModelVersion, challenger: ModelVersion) -> None:  # noqa: ARG002
        with telling("put the challenger beside the champion"):
            make_folder(traffic_folder(self._settings, challenger.analyser))
        target = challengers_folder(self._settings) / challenger.package
        self._remove(challenger)
        unpacked(self._objects, challenger.archive_key, target)

    def settle(self, champion: ModelVersion) -> None:
        from adapters.local.registering import add_package

        self.split(champion.analyser, 0)
        target = self._settings.home / "challengers" / f".settling-{champion.package}"
        shutil.rmtree(target, ignore_errors=True)
        unpacked(self._objects, champion.archive_key, target)
        add_package(target, self._settings, replace=True)
        shutil.rmtree(target, ignore_errors=True)
        self._remove(champion)

    def split(self, analyser: str, percent: int) -> None:
        folder = traffic_folder(self._settings, analyser)
        with telling("set the challenger's share"):
            make_folder(folder)
        write_durably(folder / _SHARE, [json.dumps({"percent": percent}).encode()])

    def health(self, analyser: str, variant: Variant, since: datetime) -> Health:
        path = traffic_folder(self._settings, analyser) / _CALLS
        calls, errors, told = 0, 0, []
        for line in path.read_text("utf-8").splitlines() if path.exists() else ():
            try:
                row = json.loads(line)
                counts = row["variant"] == variant and datetime.fromisoformat(row["at"]) >= since
            except (ValueError, KeyError, TypeError):
                # A line that a crash cut off.
                continue
            if counts:
                calls += 1
                errors += bool(row["failed"])
                if row["confidence"] is not None:
                    told.append(float(row["confidence"]))
        return Health(calls=calls, errors=errors, confidence=sum(told) / len(told) if told else None)

    def _remove(self, version: ModelVersion) -> None:
        shutil.rmtree(challengers_folder(self._settings) / version.package, ignore_errors=True)


def share_of(settings: Settings, analyser: str) -> int:
    """Percent of the evaluations that a challenger is given now; 0 where none is."""
    try:
        told = json.loads((traffic_folder(settings, analyser) / _SHARE).read_text("utf-8"))
        return min(100, max(0, int(told["percent"])))
    except (OSError, ValueError, KeyError, TypeError):
        return 0


def confidence_in(said: Mapping[str, Any]) -> float | None:
    """How sure an answer is, on average: of each moment's likeliest action or flame, of each thing, or of the
    likeliest dish on a plate; ``None``: of nothing."""
    rows = said.get("probabilities") or said.get("detections") or said.get("samples")
    try:
        if dishes := said.get("dishes"):
            return float(max(dish["confidence"] for dish in dishes))
        if not isinstance(rows, list) or not rows:
            return None
        tops = (row["confidence"] if isinstance(row, dict) else max(map(float, row)) for row in rows)
        return float(sum(map(float, tops)) / len(rows))
    except (KeyError, TypeError, ValueError):
        return None
