"""Which models answer and word, as the settings name them: the same for both sides of the other ports."""

from __future__ import annotations

from adapters.local.hosted import HostedModels
from adapters.local.models import local_models
from adapters.local.traffic import with_challengers
from bharatchef.ports import ChatModel, Models
from bharatchef.settings import Settings


def models_of(settings: Settings) -> Models:
    """The models of this process, behind hosts and behind SageMaker endpoints, as the settings name them."""
    models: Models = local_models(settings)
    hosts = {str(analyser): url for analyser, url in settings.model_hosts.items()}
    if hosts:
        models = HostedModels(hosts, models)
    if settings.sagemaker_endpoints:
        from adapters.aws.sagemaker import SageMakerModels

        models = SageMakerModels(settings, models)
    return with_challengers(settings, models)


def chat_models(settings: Settings) -> tuple[ChatModel, ...]:
    """The models that word feedback; nothing of AWS is loaded where the settings name none."""
    if not settings.chat_model:
        return ()
    from adapters.aws.bedrock_chat import bedrock_chat_models

    return bedrock_chat_models(settings)
