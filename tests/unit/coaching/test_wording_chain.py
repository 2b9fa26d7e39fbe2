"""The chain that words a brief: retriever, prompt, model, through the real langchain-aws over HTTP."""

from __future__ import annotations

import io
import json

import pytest
from langchain_core.runnables import RunnableSequence
from PIL import Image
from servers.bedrock import Says, bedrock
from wording_samples import LEAVES, FewTips, told

from adapters.aws.bedrock_chat import bedrock_chat_models
from adapters.aws.wording_chain import wording_chain
from bharatchef.coaching.prompt import load_prompt
from bharatchef.coaching.verifier import verify
from bharatchef.coaching.wording import worded
from bharatchef.cost import load_prices
from bharatchef.settings import load_settings

PROMPT = load_prompt()


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    with bedrock() as running:
        yield running


@pytest.fixture
def model(server):
    (model,) = bedrock_chat_models(load_settings(chat_model="haiku-4.5-india", bedrock_url=server.url))
    return model


def jpeg() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (64, 36)).save(file, "JPEG")
    return file.getvalue()


def test_what_was_retrieved_goes_through_the_prompt_to_the_model_as_it_stands(server, model):
    brief = told().brief
    chain = wording_chain(
        "Answer as {json}.", [jpeg()], model._model(700), dict(PROMPT.schema), model._row.answer
    )
    assert isinstance(chain, RunnableSequence)
    sent = PROMPT.user(brief) + " {braces} {0}"
    said = chain.invoke(sent)
    answered = said["raw"].tool_calls[0]["args"] if said["raw"].tool_calls else json.loads(said["raw"].text)
    assert answered.keys() == PROMPT.schema["properties"].keys()
    (call,) = server.calls
    assert call.body["system"] == [{"text": "Answer as {json}."}]
    picture, text = call.body["messages"][0]["content"]
    assert picture["image"]["format"] == "jpeg"
    assert text["text"] == sent
    assert LEAVES.tip_id in text["text"]


def test_tips_are_searched_once_however_often_a_model_is_asked(server, model, monkeypatch):
    searches = []
    search = FewTips.search_each

    def counted(self, queries, *given):
        searches.append(list(queries))
        return search(self, queries, *given)

    monkeypatch.setattr(FewTips, "search_each", counted)
    made = told()
    server.next = [Says("no JSON at all")]
    result = worded(made.feedback, made.brief, [model], load_prices(), verify)
    assert result.feedback.wording.calls == 2
    assert len(server.calls) == 2
    assert len(searches) == 1
