"""Builds the local side of every port out of the settings; knows nothing of how any of them works."""

from __future__ import annotations

from adapters.knowledge import open_knowledge
from adapters.local.clock import SystemClock
from adapters.local.evaluations import SqliteEvaluations
from adapters.local.hosted import HostedModels
from adapters.local.models import local_models
from adapters.local.notifier import FileNotifier
from adapters.local.objects import FolderObjects
from adapters.local.restoring import NOTIFICATIONS, finish_interrupted_restore
from bharatchef.ports import ChatModel, Models, Ports
from bharatchef.settings import Settings
from knowledge_base.library import BUILT_IN_DISHES, DishLibrary


def build_local_ports(settings: Settings) -> Ports:
    """Every port on ``settings.home`` of this machine; nothing is written before something is stored."""
    finish_interrupted_restore(settings)
    clock = SystemClock()
    dishes = DishLibrary((BUILT_IN_DISHES, settings.dishes_dir))
    return Ports(
        objects=FolderObjects(settings.objects_dir),
        evaluations=SqliteEvaluations(settings.database, clock),
        models=_models(settings),
        tips=open_knowledge(settings, dishes),
        dishes=dishes,
        notifier=FileNotifier(settings.home / NOTIFICATIONS, clock),
        clock=clock,
        chat=_chat(settings),
    )


def _models(settings: Settings) -> Models:
    here = local_models(settings)
    hosts = {str(analyser): url for analyser, url in settings.model_hosts.items()}
    return HostedModels(hosts, here) if hosts else here


def _chat(settings: Settings) -> tuple[ChatModel, ...]:
    """The models that word feedback; nothing of AWS is loaded where the settings name none."""
    if not settings.chat_model:
        return ()
    from adapters.aws.bedrock_chat import bedrock_chat_models

    return bedrock_chat_models(settings)
