"""The tables' attributes against the design's list: a renamed one is a break for whoever reads the tables."""

import json
import math

import pytest
from pydantic import ValidationError
from samples import MOMENT, sample_evaluation, sample_result

from bharatchef.records import ActionSequence, Dish, Evaluation, Feedback, Mistake, PointLoss, User
from bharatchef.vocabulary import Level, Record, Span, Status

DESIGNED = {
    User: {"userId", "email", "name", "createdAt", "skillLevel"},
    Dish: {
        "dishId",
        "name",
        "expectedDuration",
        "ingredients",
        "expectedSteps",
        "expertVideoS3Key",
        "expertActionSequence",
        "createdAt",
    },
    Evaluation: {
        "evaluationId",
        "userId",
        "dishId",
        "traineeVideoS3Key",
        "sideVideoS3Key",
        "overallScore",
        "categoryScores",
        "skillLevel",
        "status",
        "createdAt",
        "completedAt",
    },
    ActionSequence: {"evaluationId", "actions", "stepDeviations", "sequenceAccuracy"},
    Feedback: {"evaluationId", "mistakes", "encouragement", "nextSteps"},
}
ADDED = {
    User: {"language"},
    Dish: {"version", "sha256", "aliases", "source", "plating", "safety", "expertPerformances"},
    Evaluation: {
        "workKey",
        "coverage",
        "rubricVersion",
        "failureReason",
        "language",
        "resultS3Key",
        "segmentsS3Key",
        "rescoreOf",
    },
    ActionSequence: set(),
    Feedback: {
        "followUps",
        "previousEvaluationId",
        "wordedBy",
        "promptVersion",
        "promptSha256",
        "wording",
        "language",
        "languageReviewed",
        "inEnglish",
        "wordsVersion",
        "wordsSha256",
    },
}


def written() -> dict[type[Record], Record]:
    result = sample_result()
    return {
        User: User(user_id="asha", email="a@example.org", created_at=MOMENT, skill_level=Level.COMMIS),
        Dish: result.dish,
        Evaluation: result.evaluation,
        ActionSequence: result.action_sequence,
        Feedback: result.feedback,
    }


@pytest.mark.parametrize("table", DESIGNED)
def test_a_table_has_the_designs_names_and_the_added_ones_and_no_other(table):
    assert set(json.loads(written()[table].to_json())) == DESIGNED[table] | ADDED[table]


def test_the_parts_within_bear_the_designs_names():
    action = json.loads(sample_result().action_sequence.to_json())["actions"][0]
    assert {"actionType", "startTime", "endTime", "confidence"} <= set(action)
    assert set(action) - {"actionType", "startTime", "endTime", "confidence"} == {"stepId"}
    mistake = json.loads(sample_result().feedback.to_json())["mistakes"][0]
    added = {"deviationId", "span", "tipIds", "safety"}
    assert set(mistake) == {"description", "impact", "correction", "priority"} | added
    assert {status.value for status in Status} == {"PROCESSING", "COMPLETED", "FAILED"}
    assert [level.value for level in Level] == ["novice", "commis", "demi-chef", "chef"]


@pytest.mark.parametrize("table", DESIGNED)
def test_a_record_reads_back_as_it_was_written(table):
    record = written()[table]
    assert table.model_validate_json(record.to_json()) == record


@pytest.mark.parametrize("table", DESIGNED)
def test_a_record_cannot_be_changed_and_takes_no_unknown_name(table):
    record = written()[table]
    with pytest.raises(ValidationError, match="frozen"):
        setattr(record, next(iter(type(record).model_fields)), "x")
    with pytest.raises(ValidationError, match="Extra inputs"):
        table.model_validate({**json.loads(record.to_json()), "colour": "red"})


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_numbers_that_are_none_are_refused(number):
    with pytest.raises(ValidationError):
        Span(start_s=0, end_s=number)
    with pytest.raises(ValidationError):
        PointLoss(deviation_id="d", points=number, reason="x")
    with pytest.raises(ValidationError):
        Evaluation.model_validate({**sample_evaluation().model_dump(), "overall_score": number})


def test_a_time_without_its_zone_is_refused():
    with pytest.raises(ValidationError, match="timezone"):
        User(user_id="asha", created_at=MOMENT.replace(tzinfo=None))


def test_feedback_holds_five_mistakes_at_most():
    one = sample_result().feedback.mistakes[0]
    with pytest.raises(ValidationError, match="at most 5"):
        Feedback(evaluation_id="e", mistakes=(one,) * 6, encouragement="", next_steps=())
    with pytest.raises(ValidationError):
        Mistake.model_validate({**one.model_dump(), "priority": 6})
