"""Wording put off and done later, over the real local ports and a server that speaks Bedrock's wire form."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from contract_sides import local
from judging_dishes import performance, tea
from samples import sample_evaluation, sample_result
from servers.bedrock import Bedrock, Refuses, Says, Words, bedrock
from wording_samples import POOR, FewTips

from adapters.aws.bedrock_chat import bedrock_chat_models
from bharatchef.coaching import coached
from bharatchef.coaching.later import TRIES_IN_A_ROW, wait_s, waits_for_a_model
from bharatchef.errors import EndpointError
from bharatchef.judgement import judge, load_thresholds
from bharatchef.ports import Ports
from bharatchef.records import WordingNote
from bharatchef.report import render_html
from bharatchef.results import EvaluationResult
from bharatchef.scoring import load_rubric, score
from bharatchef.settings import Settings, load_settings
from tasks.publishing import publish, remove_evaluation, result_key
from tasks.rewording import put_off_wording, reword

ID = "evaluation-of-asha"
INDIA = "in.anthropic.claude-haiku-4-5-20251001-v1:0"
NO_ANSWER = WordingNote(outcome="fallback", reason="down", calls=2, failures={"retryable": 2})


@dataclass
class Later:
    """Work that was put off, kept in memory; ``broken``: it cannot be."""

    rewordings: list[tuple[str, int, int]] = field(default_factory=list)
    left: list[tuple[str, int, str]] = field(default_factory=list)
    broken: bool = False

    def reword(self, evaluation_id: str, attempt: int, delay_s: int) -> None:
        if self.broken:
            raise EndpointError("SQS was not reached.", retryable=True)
        self.rewordings.append((evaluation_id, attempt, delay_s))

    def leave_unworded(self, evaluation_id: str, attempt: int, reason: str) -> None:
        self.left.append((evaluation_id, attempt, reason))

    def analyse_again(self, evaluation_id: str, model_version: str) -> None:
        raise AssertionError(f"nobody asked for {evaluation_id} under {model_version}")


@pytest.fixture(scope="module")
def server() -> Iterator[Bedrock]:
    with bedrock() as made, pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "test")
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        yield made


@pytest.fixture
def settings(server: Bedrock, tmp_path: Path) -> Settings:
    server.calls.clear()
    server.next.clear()
    server.always.clear()
    return load_settings(
        home=tmp_path / "home", chat_model="haiku-4.5-india", bedrock_url=server.url, chat_deadline_s=200
    )


@pytest.fixture
def ports(settings: Settings, tmp_path: Path) -> Ports:
    side = local(tmp_path).ports
    return replace(side, later=Later(), tips=FewTips(), chat=bedrock_chat_models(settings))


def published(ports: Ports, note: WordingNote = NO_ANSWER, complete: bool = True) -> EvaluationResult:
    """A poor performance's result with the rules' words, published unless it is not to be ``complete``."""
    dish, given = tea(), performance(POOR)
    judgement = judge(dish, given, load_thresholds())
    card = score(dish, given, judgement, load_rubric("default"))
    asked = sample_evaluation(ID).model_copy(
        update={"dish_id": dish.dish_id, "trainee_video_s3_key": None, "created_at": ports.clock.now()}
    )
    evaluation = ports.evaluations.claim(asked, "one", 60).evaluation
    rules = coached(ID, dish, judgement, card, given, None, FewTips()).feedback
    sample = sample_result(evaluation, with_film=False)
    result = sample.model_copy(
        update={
            "evaluation": evaluation,
            "dish": dish,
            "performance": given,
            "judgement": judgement,
            "scorecard": card,
            "feedback": rules.model_copy(update={"wording": note}),
            "action_sequence": sample.action_sequence.model_copy(update={"evaluation_id": ID}),
        }
    )
    if complete:
        publish(ports, result, render_html(result, {}), "one")
    return result


def stored(ports: Ports) -> EvaluationResult:
    return EvaluationResult.model_validate_json(ports.objects.get_bytes(result_key(ID, "result.json")))


def louder(wording: dict[str, Any]) -> dict[str, Any]:
    for mistake in wording["mistakes"]:
        mistake["what"] = "Look: " + mistake["what"]
    return wording


def test_feedback_is_worded_later_in_the_record_the_result_and_the_report(
    ports: Ports, settings: Settings, server: Bedrock
) -> None:
    before = published(ports).feedback
    server.next = [Words(louder)]
    assert reword(ports, settings, ID, 1).outcome == "worded"
    feedback = ports.evaluations.feedback(ID)
    assert feedback is not None
    assert feedback.worded_by == INDIA
    assert feedback.mistakes[0].description.startswith("Look: ")
    assert [m.deviation_id for m in feedback.mistakes] == [m.deviation_id for m in before.mistakes]
    now = stored(ports)
    assert now.feedback == feedback
    assert now.provenance.prompt_sha256 == feedback.prompt_sha256
    assert "Look: " in ports.objects.get_bytes(result_key(ID, "report.html")).decode()
    # What the wording used is in the cost, and what was published before is still there.
    assert {entry.stage for entry in now.cost.entries if "bedrock" in entry.price_id} == {"reword"}
    assert now.cost.total_inr > 0
    (old,) = (k for k in ports.objects.list_keys(result_key(ID, "earlier/")) if k.endswith("result.json"))
    assert EvaluationResult.model_validate_json(ports.objects.get_bytes(old)).feedback == before
    assert not ports.evaluations.unannounced()


def test_done_again_it_asks_no_model_and_changes_nothing(
    ports: Ports, settings: Settings, server: Bedrock
) -> None:
    published(ports)
    assert reword(ports, settings, ID, 1).outcome == "worded"
    calls, kept = len(server.calls), list(ports.objects.list_keys(result_key(ID)))
    was = stored(ports)
    assert reword(ports, settings, ID, 1).outcome == "nothing to do"
    assert (len(server.calls), stored(ports)) == (calls, was)
    assert list(ports.objects.list_keys(result_key(ID))) == kept


def test_what_a_crash_left_between_record_and_objects_is_finished(
    ports: Ports, settings: Settings, server: Bedrock
) -> None:
    old = published(ports).feedback
    new = old.model_copy(update={"encouragement": "You warmed the milk well.", "wording": WordingNote()})
    assert ports.evaluations.replace_feedback(old, new)
    reword(ports, settings, ID, 1)
    assert stored(ports).feedback == new
    assert "You warmed the milk well." in ports.objects.get_bytes(result_key(ID, "report.html")).decode()
    assert server.calls == []


def test_while_no_model_answers_it_is_put_off_longer_and_then_left_to_a_person(
    ports: Ports, settings: Settings, server: Bedrock
) -> None:
    published(ports)
    server.always = {INDIA: Refuses()}
    later = ports.later
    assert isinstance(later, Later)
    for attempt in range(1, TRIES_IN_A_ROW):
        assert reword(ports, settings, ID, attempt).outcome == "put off"
        assert later.rewordings[-1] == (ID, attempt + 1, wait_s(attempt + 1))
    assert reword(ports, settings, ID, TRIES_IN_A_ROW).outcome == "left to a person"
    ((left, attempt, reason),) = later.left
    assert (left, attempt) == (ID, TRIES_IN_A_ROW + 1)
    assert "ThrottlingException" in reason
    assert [wait for _, _, wait in later.rewordings][:5] == [120, 240, 480, 900, 900]
    assert stored(ports).feedback.worded_by == "rules"


def test_what_holds_not_is_no_reason_to_ask_again_later(
    ports: Ports, settings: Settings, server: Bedrock
) -> None:
    published(ports)
    server.always = {INDIA: Says("no")}
    assert reword(ports, settings, ID, 1).outcome == "worded"
    feedback = ports.evaluations.feedback(ID)
    assert feedback is not None
    assert feedback.worded_by == "rules"
    assert not waits_for_a_model(feedback.wording)


def test_what_is_not_complete_yet_is_looked_at_again(ports: Ports, settings: Settings) -> None:
    published(ports, complete=False)
    assert reword(ports, settings, ID, 1).outcome == "put off"
    ports.evaluations.fail(ID, "one", "the film is dark")
    assert reword(ports, settings, ID, 2).outcome == "nothing to do"
    assert reword(ports, settings, "no-such", 1).outcome == "nothing to do"


def test_of_what_is_deleted_while_it_is_worded_nothing_stays(
    ports: Ports, settings: Settings, server: Bedrock
) -> None:
    published(ports)

    def deleted_meanwhile(wording: dict[str, Any]) -> dict[str, Any]:
        evaluation = ports.evaluations.get(ID)
        assert evaluation is not None
        remove_evaluation(ports, evaluation)
        return wording

    server.next = [Words(deleted_meanwhile)]
    assert reword(ports, settings, ID, 1).outcome == "nothing to do"
    assert list(ports.objects.list_keys(result_key(ID))) == []
    assert ports.evaluations.feedback(ID) is None


@pytest.mark.parametrize(
    ("note", "waits"),
    [
        (WordingNote(), False),
        (WordingNote(outcome="model", calls=1), False),
        (NO_ANSWER, True),
        (WordingNote(outcome="fallback", failures={"ceiling": 1}), True),
        (WordingNote(outcome="fallback", faults={"unknown_id": 1}), False),
        (WordingNote(outcome="fallback", failures={"retryable": 1, "blocked": 1}), False),
    ],
)
def test_only_what_no_model_answered_is_put_off(ports: Ports, note: WordingNote, waits: bool) -> None:
    feedback = published(ports, note, complete=False).feedback
    said = put_off_wording(ports, feedback)
    later = ports.later
    assert isinstance(later, Later)
    assert later.rewordings == ([(ID, 1, 60)] if waits else [])
    assert bool(said) == waits
    assert put_off_wording(replace(ports, later=None), feedback) == ""


def test_where_nothing_can_be_put_off_the_evaluation_goes_on(ports: Ports) -> None:
    feedback = published(ports, complete=False).feedback
    assert "by hand" in put_off_wording(replace(ports, later=Later(broken=True)), feedback)
