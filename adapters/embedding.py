"""Which embedding the settings name; loads none that they do not."""

from __future__ import annotations

from bharatchef.settings import Settings
from knowledge_base.embeddings import Embedding
from knowledge_base.embeddings.remembering import Remembering, remembering


def embedding_of(settings: Settings) -> Embedding | None:
    """What turns texts into vectors; ``None`` where tips are to be searched by words alone.

    Raises:
        ConfigurationError: it is not installed.
    """
    if settings.embedding == "none":
        return None
    if settings.embedding == "titan":
        from adapters.aws.titan import TitanEmbedding

        return Remembering(TitanEmbedding(settings))
    return remembering(settings.embedding)
