"""Builds the AWS side of every port out of the settings; knows nothing of how any of them works."""

from __future__ import annotations

from adapters.aws.clients import check_installed
from adapters.local.clock import SystemClock
from bharatchef.errors import ConfigurationError, StoreError
from bharatchef.ports import Clock, Ports
from bharatchef.pseudonyms import missing_keys
from bharatchef.settings import Settings

_NEEDED = ("trainee_bucket", "expert_bucket", "results_bucket", "complete_topic", "failed_topic")


def check_settings(settings: Settings) -> None:
    """Return where all is set that AWS is asked with.

    Raises:
        ConfigurationError: something is not; names it.
    """
    lacking = [*(name for name in _NEEDED if not getattr(settings, name)), *missing_keys(settings)]
    missing = [f"BHARATCHEF_{name.upper()}" for name in lacking]
    if missing:
        raise ConfigurationError(
            f"BHARATCHEF_PORTS=aws needs {', '.join(missing)} as well, which {_is_or_are(missing)} not set.",
            "Terraform's outputs hold the values; docs/aws.md says which is which.",
        )


def build_aws_ports(settings: Settings, clock: Clock | None = None) -> Ports:
    """Every port on AWS; that what the settings name is there is looked at before anything is done.

    Raises:
        ConfigurationError: a setting is missing, or names what is not there or may not be used.
    """
    check_settings(settings)
    check_installed()
    from adapters.aws.evaluations import DynamoEvaluations
    from adapters.aws.later import SqsLater
    from adapters.aws.metrics import EmfMetrics
    from adapters.aws.notifier import SnsNotifier
    from adapters.aws.objects import S3Objects
    from adapters.aws.rekognition import RekognitionLooker
    from adapters.aws.traces import XRayTraces
    from adapters.choosing import chat_models, models_of
    from adapters.confirmed_dishes import ConfirmedDishes
    from adapters.knowledge import open_knowledge
    from knowledge_base.library import BUILT_IN_DISHES, DishLibrary

    clock = clock or SystemClock()
    objects = S3Objects(settings)
    evaluations = DynamoEvaluations(settings, clock, objects, EmfMetrics(settings.environment, clock))
    notifier = SnsNotifier(settings, clock)
    try:
        objects.check()
        evaluations.check()
        notifier.check()
    except StoreError as error:
        raise ConfigurationError(error.message, error.remedy) from error
    dishes = DishLibrary((BUILT_IN_DISHES, settings.dishes_dir))
    return Ports(
        objects=objects,
        evaluations=evaluations,
        models=models_of(settings),
        tips=open_knowledge(settings, dishes),
        dishes=ConfirmedDishes(dishes, objects),
        notifier=notifier,
        clock=clock,
        chat=chat_models(settings),
        looker=RekognitionLooker(settings) if settings.rekognition else None,
        later=SqsLater(settings),
        traces=XRayTraces(settings) if settings.trace_percent else None,
    )


def _is_or_are(names: list[str]) -> str:
    return "is" if len(names) == 1 else "are"
