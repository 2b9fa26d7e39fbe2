"""Titan Text Embeddings v2 on Bedrock, through langchain-aws; imports it when it is built.

langchain-aws embeds with Titan v1 unless v2 is named. An index records name and dimension of what it was
built with: vectors of another model or length mean nothing to it.
"""

from __future__ import annotations

import threading
from typing import Any, Literal

from adapters.aws.bedrock import as_endpoint_error, check_installed, runtime_client
from bharatchef.errors import EndpointError
from bharatchef.settings import Settings

MODEL_ID = "amazon.titan-embed-text-v2:0"
PRICE_ID = "bedrock_titan_embed_v2_input"
_TOKENS_HEADER = "x-amzn-bedrock-input-token-count"
_READ_S = 10.0
# Nobody else tries an embedding again.
_ATTEMPTS = 4


class TitanEmbedding:
    """Titan Text Embeddings v2: vectors of length one, and what has been asked of it.

    Attributes:
        name: the vector space, to be recorded with an index.
        dimension: how many numbers a vector has.

    Raises:
        ConfigurationError: the extra ``aws`` is not installed.
    """

    def __init__(self, settings: Settings, dimension: Literal[256, 512, 1024] = 1024) -> None:
        check_installed()
        from langchain_aws import BedrockEmbeddings

        self.name = f"{MODEL_ID}, {dimension} numbers"
        self.dimension = dimension
        self._tokens = 0
        self._lock = threading.Lock()
        client = runtime_client(settings, _READ_S, _ATTEMPTS)
        client.meta.events.register("after-call.bedrock-runtime.InvokeModel", self._count)
        self._model = BedrockEmbeddings(
            client=client,
            model_id=MODEL_ID,
            region_name=settings.aws_region,
            dimensions=dimension,
            model_kwargs={"normalize": True},
        )

    @property
    def tokens(self) -> int:
        """How many tokens were embedded, as Bedrock counted them; priced by ``PRICE_ID``."""
        return self._tokens

    def embed_query(self, text: str) -> list[float]:
        """The vector of a question.

        Raises:
            EndpointError: Bedrock did not answer, or with a vector of another length.
        """
        return self.embed_documents([text])[0]

    def embed_queries(self, texts: list[str]) -> list[list[float]]:
        """The vector of each question, one call each: Titan takes one text a call.

        Raises:
            EndpointError: as ``embed_query``.
        """
        return self.embed_documents(texts)

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """The vector of each passage, one call a passage.

        Raises:
            EndpointError: as ``embed_query``.
        """
        try:
            vectors = self._model.embed_documents(texts)
        except Exception as error:
            raise as_endpoint_error(getattr(error, "__cause__", None) or error) from error
        for vector in vectors:
            if len(vector) != self.dimension:
                raise EndpointError(
                    f"Expected vectors of {self.dimension} numbers of {MODEL_ID}, got {len(vector)}.",
                    "Check the model's id.",
                )
        return [[float(number) for number in vector] for vector in vectors]

    def _count(self, parsed: dict[str, Any], **_: object) -> None:
        said = parsed.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get(_TOKENS_HEADER, "0")
        with self._lock:
            self._tokens += int(said) if said.isdigit() else 0
