"""Bedrock's side of the chat port and Titan, through the real botocore and langchain-aws over real HTTP."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Iterator

import pytest
from running import ROOT
from servers.bedrock import TITAN, Bedrock, Refuses, bedrock
from wording_samples import told

from adapters import build_ports
from adapters.aws.bedrock_chat import bedrock_chat_models
from adapters.aws.chat_models import chat_model_rows
from adapters.aws.titan import PRICE_ID, TitanEmbedding
from bharatchef.coaching.prompt import load_prompt
from bharatchef.cost import load_prices
from bharatchef.errors import ConfigurationError, EndpointError
from bharatchef.settings import load_settings

PROMPT = load_prompt()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bedrock]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    with bedrock() as running:
        yield running


@pytest.mark.parametrize("name", list(chat_model_rows()))
def test_each_model_is_asked_as_it_takes_it(server: Bedrock, name: str) -> None:
    settings = load_settings(chat_model=name, chat_leaves_india=True, bedrock_url=server.url)
    (model,) = bedrock_chat_models(settings)
    brief = told().brief
    answer = model.word(PROMPT.system(brief.language), PROMPT.user(brief), [], PROMPT.schema, 700, 30)
    (call,) = server.calls
    assert call.model_id == chat_model_rows()[name].model_id == model.facts.model_id
    assert call.body["inferenceConfig"]["maxTokens"] == 700
    assert call.body["system"] == [{"text": PROMPT.system(brief.language)}]
    asked = "toolConfig" if chat_model_rows()[name].answer == "function_calling" else "outputConfig"
    assert {"toolConfig", "outputConfig"} & set(call.body) == {asked}
    assert answer.stop == "whole"
    assert (answer.input_tokens, answer.output_tokens) == tuple(call.usage.values())
    assert "/ap-south-1/bedrock/aws4_request" in call.headers["authorization"]


def test_the_model_whose_data_stays_in_india_is_named_in_full() -> None:
    rows = chat_model_rows()
    assert rows["haiku-4.5-india"].model_id == "in.anthropic.claude-haiku-4-5-20251001-v1:0"
    for row in rows.values():
        assert row.stays_in_india == row.model_id.startswith("in.")


@pytest.mark.parametrize("field", ["chat_model", "chat_backup_model"])
@pytest.mark.parametrize("name", ["haiku-5.5-global", "nova-lite-apac"])
def test_a_model_that_leaves_india_is_refused_without_the_word(tmp_path, field: str, name: str) -> None:
    names = {"chat_model": "haiku-4.5-india", field: name}
    with pytest.raises(ConfigurationError, match="leaves India") as caught:
        build_ports(load_settings(home=tmp_path, **names))
    assert "BHARATCHEF_CHAT_LEAVES_INDIA=true" in str(caught.value)
    assert "haiku-4.5-india" in str(caught.value)
    ports = build_ports(load_settings(home=tmp_path, chat_leaves_india=True, **names))
    assert len(ports.chat) == len(set(names.values()))


def test_a_region_outside_india_is_refused_and_a_wrong_name_has_near_ones(tmp_path) -> None:
    with pytest.raises(ConfigurationError, match="Indian region"):
        build_ports(load_settings(home=tmp_path, chat_model="haiku-4.5-india", aws_region="us-east-1"))
    with pytest.raises(ConfigurationError, match=r"Did you mean haiku-4\.5-india"):
        build_ports(load_settings(home=tmp_path, chat_model="haiku-4.5-indian"))


def test_a_lacking_extra_is_named(tmp_path, monkeypatch) -> None:
    import importlib.util

    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "boto3" else find(name))
    with pytest.raises(ConfigurationError, match=r"bharatchef\[aws\]"):
        build_ports(load_settings(home=tmp_path, chat_model="haiku-4.5-india"))


def test_nothing_of_aws_is_loaded_before_a_model_is_asked(tmp_path) -> None:
    program = f"""
import sys
from adapters import build_ports
from bharatchef.settings import load_settings
import tasks.coach_performance, flows.evaluate_video
heavy = {{"boto3", "botocore", "langchain_aws", "langchain_core"}}
assert build_ports(load_settings(home={str(tmp_path)!r})).chat == ()
assert not heavy & set(sys.modules), heavy & set(sys.modules)
assert build_ports(load_settings(home={str(tmp_path)!r}, chat_model="haiku-4.5-india")).chat
assert not {{"boto3", "botocore", "langchain_aws"}} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True, timeout=240)


@pytest.mark.parametrize("dimension", [256, 512, 1024])
def test_titan_v2_gives_vectors_of_its_dimension_that_mean_something(server: Bedrock, dimension) -> None:
    titan = TitanEmbedding(load_settings(bedrock_url=server.url), dimension)
    texts = ["The oil was too hot for the cumin", "Cumin burns in hot oil", "Knead the dough for longer"]
    vectors = titan.embed_documents(texts)
    assert [call.model_id for call in server.calls] == [TITAN] * 3
    assert server.calls[0].body == {"inputText": texts[0], "dimensions": dimension, "normalize": True}
    assert {len(vector) for vector in vectors} == {titan.dimension} == {dimension}
    assert str(dimension) in titan.name
    assert all(math.fsum(x * x for x in vector) == pytest.approx(1, abs=1e-6) for vector in vectors)
    query = titan.embed_query("cumin in too hot oil")
    alike = [math.fsum(a * b for a, b in zip(query, vector, strict=True)) for vector in vectors]
    assert alike[2] < min(alike[:2])
    price = load_prices().price(PRICE_ID)
    assert titan.tokens > 15
    assert price.unit == "input-token"


def test_titan_is_tried_again_and_its_refusal_is_said_in_words(server: Bedrock) -> None:
    titan = TitanEmbedding(load_settings(bedrock_url=server.url), 256)
    server.always = {TITAN: Refuses("AccessDeniedException", "no")}
    with pytest.raises(EndpointError, match="AccessDeniedException") as caught:
        titan.embed_query("cumin")
    assert not caught.value.retryable
    assert "access" in caught.value.remedy
    server.calls.clear()
    server.always = {TITAN: Refuses("ThrottlingException")}
    with pytest.raises(EndpointError, match="ThrottlingException") as caught:
        titan.embed_query("cumin")
    assert caught.value.retryable
    assert len(server.calls) == 4


def test_a_bedrock_that_is_not_there_is_an_error_that_may_pass(monkeypatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with bedrock() as gone:
        url = gone.url
    (model,) = bedrock_chat_models(load_settings(chat_model="haiku-4.5-india", bedrock_url=url))
    with pytest.raises(EndpointError, match="not reached") as caught:
        model.word("s", "u", [], PROMPT.schema, 100, 5)
    assert caught.value.retryable
