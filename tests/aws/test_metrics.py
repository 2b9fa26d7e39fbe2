"""Metrics are lines in CloudWatch's embedded metric format, one an end and one a stage, and name nobody."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from contract_sides import HeldClock
from samples import sample_evaluation, sample_result, sha
from servers.on_aws import Stack

from adapters.aws.evaluations import DynamoEvaluations
from adapters.aws.metrics import NAMESPACE, UNITS, EmfMetrics
from adapters.aws.objects import S3Objects
from bharatchef.errors import LeaseLost
from bharatchef.observed import Analyser, ModelIdentity
from bharatchef.results import EvaluationResult

SCHEMA = json.loads(Path(__file__).with_name("emf_schema.json").read_text())


def lines_of(out: io.StringIO) -> list[dict[str, Any]]:
    documents = [json.loads(line) for line in out.getvalue().splitlines()]
    for document in documents:
        jsonschema.validate(document, SCHEMA)
        for directive in document["_aws"]["CloudWatchMetrics"]:
            assert directive["Namespace"] == NAMESPACE
            for dimension in directive["Dimensions"][0]:
                assert isinstance(document[dimension], str)
            for metric in directive["Metrics"]:
                assert isinstance(document[metric["Name"]], int | float)
                assert metric["Unit"] == UNITS[metric["Name"]]
    return documents


def with_model(result: EvaluationResult) -> EvaluationResult:
    model = ModelIdentity(
        analyser=Analyser.ACTIONS,
        name="m",
        version="1",
        weights_sha256=sha("w"),
        engine="e",
        trained_on="drawn films",
    )
    return result.model_copy(update={"provenance": result.provenance.model_copy(update={"models": (model,)})})


def test_a_complete_evaluation_gives_its_time_cost_confidence_and_stages() -> None:
    out = io.StringIO()
    EmfMetrics("production", HeldClock(), out).completed(with_model(sample_result()))
    whole, *stages = lines_of(out)
    assert whole["Environment"] == "production"
    assert (whole["Evaluations"], whole["Errors"], whole["ProcessingTimeSeconds"]) == (1, 0, 40)
    assert whole["ModelConfidence"] == pytest.approx(100 * (1 + 0.92 + 0.81 + 0.6) / 4)
    assert whole["EvaluationCostInr"] == 0
    assert [(line["Stage"], line["StageSeconds"]) for line in stages] == [("inspect", 0.2), ("actions", 0.0)]
    assert all(
        line["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["Environment", "Stage"]] for line in stages
    )


def test_what_a_person_marked_is_no_models_confidence() -> None:
    out = io.StringIO()
    EmfMetrics("test", HeldClock(), out).completed(sample_result())
    assert "ModelConfidence" not in lines_of(out)[0]


def test_no_line_names_a_person_or_a_film() -> None:
    out = io.StringIO()
    metrics = EmfMetrics("test", HeldClock(), out)
    metrics.completed(sample_result(sample_evaluation(user_id="asha@example.org")))
    metrics.failed("ev-2")
    assert "asha" not in out.getvalue()
    assert "film.mp4" not in out.getvalue()


def test_an_end_is_counted_when_it_is_stored_and_not_before(installed: Stack) -> None:
    out, clock = io.StringIO(), HeldClock()
    store = DynamoEvaluations(
        installed.settings, clock, S3Objects(installed.settings), EmfMetrics("test", clock, out)
    )
    begun = store.claim(sample_evaluation("ev-1"), "one", 60).evaluation
    with pytest.raises(LeaseLost):
        store.complete(sample_result(begun), "another")
    assert not out.getvalue()
    store.complete(sample_result(begun), "one")
    store.claim(sample_evaluation("ev-2", work="other"), "one", 60)
    store.fail("ev-2", "one", "asha's film is empty")
    counted = [line for line in lines_of(out) if "Errors" in line]
    assert [(line["evaluationId"], line["Errors"]) for line in counted] == [("ev-1", 0), ("ev-2", 1)]
    assert "asha" not in out.getvalue()
