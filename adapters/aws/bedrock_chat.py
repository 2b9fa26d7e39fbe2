"""The chat model port on Bedrock's Converse, through langchain-aws; imports it when it is first asked.

Nothing is traced: what is worded goes to the model that the settings name, and nowhere else.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from adapters.aws.bedrock import as_endpoint_error, check_installed, runtime_client
from adapters.aws.chat_models import ChatModelRow, allowed_model
from bharatchef.errors import EndpointError
from bharatchef.ports import ChatAnswer, ChatFacts, ChatModel
from bharatchef.settings import Settings

_STOPS: Mapping[str, Literal["cut_off", "refused", "blocked"]] = {
    "max_tokens": "cut_off",
    "model_context_window_exceeded": "cut_off",
    "guardrail_intervened": "blocked",
    "content_filtered": "refused",
    "refusal": "refused",
}


def bedrock_chat_models(settings: Settings) -> tuple[ChatModel, ...]:
    """The model that words and its backup, as the settings name them; none where they name none.

    Raises:
        ConfigurationError: there is no such model, it may not be used, or the extra ``aws`` is missing.
    """
    names = dict.fromkeys(name for name in (settings.chat_model, settings.chat_backup_model) if name)
    if not settings.chat_model:
        return ()
    rows = [allowed_model(name, settings) for name in names]
    check_installed()
    runtime = _Runtime(settings)
    return tuple(BedrockChat(row, settings, runtime) for row in rows)


class _Runtime:
    """The client that a model and its backup share, built when the first of them is asked."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._client: Any = None
        self._lock = threading.Lock()

    @property
    def client(self) -> Any:
        with self._lock:
            if self._client is None:
                self._client = runtime_client(self._settings, self._settings.chat_deadline_s)
            return self._client


class BedrockChat:
    """One model on Bedrock; threads may share it."""

    def __init__(self, row: ChatModelRow, settings: Settings, runtime: _Runtime) -> None:
        self._row = row
        self._settings = settings
        self._runtime = runtime

    @property
    def facts(self) -> ChatFacts:
        return self._row.facts

    def word(
        self,
        system: str,
        user: str,
        images: Sequence[bytes],
        schema: Mapping[str, Any],
        max_tokens: int,
        deadline_s: float,
    ) -> ChatAnswer:
        del deadline_s  # the client's own time-out is that of all calls together; who asks waits no longer
        try:
            return self._answer(system, user, images, schema, max_tokens)
        except EndpointError:
            raise
        except Exception as error:  # whatever the libraries raise, the rules' words stand
            raise as_endpoint_error(error) from error

    def _answer(
        self, system: str, user: str, images: Sequence[bytes], schema: Mapping[str, Any], max_tokens: int
    ) -> ChatAnswer:
        from langsmith import tracing_context

        from adapters.aws.wording_chain import wording_chain

        model = self._model(max_tokens)
        chain = wording_chain(system, images, model, dict(schema), self._row.answer)
        with tracing_context(enabled=False):
            said = chain.invoke(user)
        raw = said["raw"]
        usage = raw.usage_metadata or {}
        # The answer as it came: what libraries mend of a broken one is not what the model said.
        text = json.dumps(raw.tool_calls[0]["args"], ensure_ascii=False) if raw.tool_calls else str(raw.text)
        return ChatAnswer(
            text=text,
            stop=_STOPS.get(raw.response_metadata.get("stopReason", ""), "whole"),
            input_tokens=int(usage.get("input_tokens", 0)),
            output_tokens=int(usage.get("output_tokens", 0)),
        )

    def _model(self, max_tokens: int) -> Any:
        from langchain_aws import ChatBedrockConverse

        client = self._runtime.client
        identifier, _, version = self._settings.chat_guardrail.rpartition(":")
        guardrail = {"guardrailIdentifier": identifier, "guardrailVersion": version} if identifier else None
        return ChatBedrockConverse(
            model=self._row.model_id,
            base_model=self._row.base_id,
            provider=self._row.provider,
            region_name=self._settings.aws_region,
            client=client,
            # The control plane is never asked; without this a second client would be built for it.
            bedrock_client=client,
            max_tokens=max_tokens,
            temperature=self._row.temperature,
            guardrail_config=guardrail,
        )
