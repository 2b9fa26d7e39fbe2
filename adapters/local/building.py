"""Builds the local side of every port out of the settings; knows nothing of how any of them works."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adapters.local.clock import SystemClock
from adapters.local.evaluations import SqliteEvaluations
from adapters.local.notifier import FileNotifier
from adapters.local.objects import FolderObjects
from bharatchef.errors import EndpointError
from bharatchef.observed import Analyser, ModelIdentity, Unavailable
from bharatchef.ports import Ports
from bharatchef.settings import Settings
from knowledge_base.library import BUILT_IN_DISHES, DishLibrary
from knowledge_base.tips import DishTips


class NoModels:
    """The models port where no model package is installed: every analyser is unavailable and says so."""

    def identify(self, analyser: Analyser) -> ModelIdentity | Unavailable:
        return Unavailable(analyser=analyser, reason="no model with trained weights is installed")

    def invoke(self, analyser: Analyser, body: bytes, content_type: str) -> Mapping[str, Any]:
        raise EndpointError(
            f"No trained model is installed for {analyser}; got {len(body)} bytes of {content_type}."
        )


def build_local_ports(settings: Settings) -> Ports:
    """Every port on ``settings.home`` of this machine; nothing is written before something is stored."""
    clock = SystemClock()
    dishes = DishLibrary((BUILT_IN_DISHES, settings.dishes_dir))
    return Ports(
        objects=FolderObjects(settings.objects_dir),
        evaluations=SqliteEvaluations(settings.database, clock),
        models=NoModels(),
        tips=DishTips(dishes),
        dishes=dishes,
        notifier=FileNotifier(settings.home / "notifications.jsonl", clock),
        clock=clock,
    )
