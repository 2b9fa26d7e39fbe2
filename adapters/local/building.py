"""Builds the local side of every port out of the settings; knows nothing of how any of them works."""

from __future__ import annotations

from adapters.choosing import chat_models, models_of
from adapters.confirmed_dishes import ConfirmedDishes
from adapters.knowledge import open_knowledge
from adapters.local.clock import SystemClock
from adapters.local.evaluations import SqliteEvaluations
from adapters.local.notifier import FileNotifier
from adapters.local.objects import FolderObjects
from adapters.local.restoring import NOTIFICATIONS, finish_interrupted_restore
from bharatchef.ports import Ports
from bharatchef.settings import Settings
from knowledge_base.library import BUILT_IN_DISHES, DishLibrary


def build_local_ports(settings: Settings) -> Ports:
    """Every port on ``settings.home`` of this machine; nothing is written before something is stored."""
    finish_interrupted_restore(settings)
    clock = SystemClock()
    dishes = DishLibrary((BUILT_IN_DISHES, settings.dishes_dir))
    objects = FolderObjects(settings.objects_dir)
    return Ports(
        objects=objects,
        evaluations=SqliteEvaluations(settings.database, clock),
        models=models_of(settings),
        tips=open_knowledge(settings, dishes),
        dishes=ConfirmedDishes(dishes, objects),
        notifier=FileNotifier(settings.home / NOTIFICATIONS, clock),
        clock=clock,
        chat=chat_models(settings),
    )
