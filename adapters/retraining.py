"""Who trains, keeps versions and splits the traffic, on the side that the settings name."""

from __future__ import annotations

from collections.abc import Callable

from adapters.object_registry import ObjectRegistry
from bharatchef.ports import Models, ObjectStore
from bharatchef.retraining.ports import BulkModel, Registry, Traffic, Trainer
from bharatchef.settings import Settings


def trainer_of(settings: Settings, objects: ObjectStore) -> Trainer:
    """SageMaker where a training image is set, else this machine."""
    if settings.training_image:
        from adapters.aws.training import SageMakerTrainer

        return SageMakerTrainer(settings, objects)
    from adapters.local.training import LocalTrainer

    return LocalTrainer()


def registry_of(settings: Settings, objects: ObjectStore) -> Registry:
    """The versions in the object store; where models are hosted on SageMaker, in its registry too."""
    registry = ObjectRegistry(objects)
    if settings.hosting_image:
        from adapters.aws.model_registry import SageMakerRegistry

        return SageMakerRegistry(settings, registry)
    return registry


def traffic_of(settings: Settings, objects: ObjectStore) -> Traffic:
    """SageMaker's variants where models are hosted there, else this machine's share."""
    if settings.hosting_image:
        from adapters.aws.traffic import SageMakerTraffic

        return SageMakerTraffic(settings)
    from adapters.local.traffic import LocalTraffic

    return LocalTraffic(settings, objects)


def bulk_of(
    settings: Settings, objects: ObjectStore, models: Models, sleep: Callable[[float], None]
) -> BulkModel:
    """SageMaker's batch transform where its role is set, else the models that answer here, one by one.

    Args:
        sleep: how a wait is waited; it may end it by raising.
    """
    if settings.hosting_image and settings.batch_role:
        from adapters.aws.sagemaker_batch import SageMakerBatch

        return SageMakerBatch(settings, objects, sleep)
    from adapters.bulk import OneByOne

    return OneByOne(objects, models)
