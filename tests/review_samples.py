"""Evaluations that were kept, and what a labelling tool sends back, for the tests of reviews."""

from __future__ import annotations

from typing import Any

from report_samples import JPEG
from samples import sample_evaluation, sample_result, sha

from bharatchef.observed import Analyser, Detection, Detections, ModelIdentity
from bharatchef.ports import Ports
from bharatchef.records import Evaluation
from bharatchef.report import render_html
from bharatchef.results import EvaluationResult
from bharatchef.review.exchange import task_of
from tasks.publishing import publish

KEY = b"a key for the tests of reviews"


def result_with_boxes(
    evaluation_id: str = "ev-1", user_id: str = "asha", film: str = "film", with_film: bool = True
) -> EvaluationResult:
    """A COMPLETED result of its own film, in which a model saw a bowl on every second still."""
    started = sample_evaluation(evaluation_id, user_id, work=evaluation_id)
    result = sample_result(started, with_film)
    model = ModelIdentity(
        analyser=Analyser.OBJECTS,
        name="yolov8",
        version="1.0.0",
        weights_sha256=sha("weights"),
        engine="openvino",
        trained_on="drawn films",
    )
    times = tuple(still.time_s for still in result.stills)
    items = tuple(
        Detection(time_s=time_s, label="bowl", confidence=0.5, box=(0.1, 0.2, 0.4, 0.6))
        for time_s in times[::2]
    )
    seen = Detections(model=model, times_s=times, items=items, labels=("bowl", "pan")) if times else None
    media = {"front": sha(film)} if with_film else {}
    provenance = result.provenance.model_copy(update={"media_sha256": media, "models": (model,)})
    return result.model_copy(
        update={
            "detections": seen or result.detections,
            "film": result.film.model_copy(update={"sha256": sha(film)}) if result.film else None,
            "provenance": provenance.model_copy(update={"segments_sha256": sha(f"segments of {film}")}),
        }
    )


def keep(ports: Ports, result: EvaluationResult) -> Evaluation:
    """Publish a result as a flow does that has come to its end."""
    begun = sample_evaluation(
        result.evaluation.evaluation_id, result.evaluation.user_id, work=result.evaluation.evaluation_id
    ).model_copy(update={"created_at": result.evaluation.created_at})
    ports.evaluations.claim(begun, "one", 600)
    for still in result.stills:
        ports.objects.put_bytes(still.key, JPEG, "image/jpeg")
    return publish(ports, result, render_html(result, {}), "one", 600)


def labelled(result: EvaluationResult, regions: list[dict[str, Any]] | None = None) -> list[dict[str, Any]]:
    """What Label Studio exports after a person submitted ``regions``, or agreed with what was seen."""
    task = task_of(result, result.stills, lambda key: f"/data/local-files/?d={key}")
    done = task["predictions"][0]["result"] if regions is None else regions
    annotation = {"id": 1, "completed_by": 3, "was_cancelled": False, "ground_truth": False, "result": done}
    return [{"id": 7, "data": task["data"], "annotations": [annotation], "predictions": []}]
