"""From a plate package's embeddings, chunk by chunk, to a performance whose source is an expert's film."""

from datetime import UTC, datetime

import numpy as np
import pytest
from samples import sample_dish, sha

from bharatchef.errors import EndpointError
from bharatchef.observed import Analyser, Chunk, ModelIdentity, Unavailable
from bharatchef.perception.answers import check_answer
from bharatchef.perception.examples import (
    SeenByExample,
    embedded_film,
    filmed_experts,
    seen_by_example,
)
from bharatchef.perception.performance import performance_from
from bharatchef.records import ActionSegment, Dish, ExpectedStep, ExpertPerformance

MODEL = ModelIdentity(
    analyser=Analyser.PLATE, name="looks", version="2", weights_sha256=sha("w"), engine="none", trained_on="-"
)
STEPS = ("chop", "fry", "serve")


def chunk(start_s: float, end_s: float) -> Chunk:
    return Chunk(
        key=f"c/{start_s}", start_s=start_s, end_s=end_s, frames=9, size_bytes=9, sha256=sha(str(start_s))
    )


def answer(times: list[float], rows: list[list[float]], **more: object) -> dict[str, object]:
    head = {"format": "bharatchef-embeddings", "version": 1, "model": "m"}
    return {**head, "times": times, "embeddings": rows, **more}


def dish() -> Dish:
    steps = tuple(ExpectedStep(step_id=name, action=name, description=name) for name in STEPS)
    return Dish(
        dish_id="toast", name="Toast", expected_duration_s=30, ingredients=(), expected_steps=steps,
        created_at=datetime(2026, 11, 22, tzinfo=UTC), version="1", sha256=sha("toast"),
    )  # fmt: skip


def look(step: int, second: int) -> list[float]:
    """What a kitchen looks like while a step is done; the seconds differ a little."""
    rng = np.random.default_rng([step, second])
    return [float(v) for v in np.eye(6)[step] * 10 + rng.normal(0, 0.5, 6)]


def filmed(order: tuple[int, ...], each_s: int = 10, seed: int = 0) -> tuple[list[Chunk], list[dict], list]:
    """Chunks of 12 s, the answers to them, and what was done when."""
    rows = [look(order[s // each_s], s + 1000 * seed) for s in range(each_s * len(order))]
    chunks, answers = [], []
    for start in range(0, len(rows), 12):
        part = rows[start : start + 12]
        chunks.append(chunk(start, start + len(part)))
        answers.append(answer([k + 0.5 for k in range(len(part))], part))
    segments = [
        ActionSegment(
            action_type=STEPS[step], step_id=STEPS[step], start_s=k * each_s, end_s=(k + 1) * each_s
        )
        for k, step in enumerate(order)
        if step < len(STEPS)
    ]
    return chunks, answers, segments


def seen(order: tuple[int, ...], taught: tuple[int, ...] = (0, 1, 2)) -> SeenByExample | Unavailable:
    chunks, answers, segments = filmed(taught)
    expert = ExpertPerformance(performance_id="asha", actions=tuple(segments), video_s3_key="experts/a.mp4")
    shown = embedded_film(MODEL, chunks, answers)
    chunks, answers, _ = filmed(order, seed=1)
    return seen_by_example(MODEL, embedded_film(MODEL, chunks, answers), [(expert, shown)], dish())


def test_times_of_chunks_are_on_the_films_clock() -> None:
    film = embedded_film(
        MODEL,
        [chunk(0, 2), chunk(2, 4)],
        [answer([0.5, 1.5, 2.5], [[1.0], [2.0], [9.0]]), answer([0.4, 1.5], [[3.0], [4.0]])],
    )
    assert film.times_s == (0.5, 1.5, 2.5, 3.5)
    assert film.vectors[:, 0].tolist() == [1.0, 2.0, 9.0, 4.0]


def test_steps_are_found_in_the_order_in_which_they_were_done_and_the_source_is_named() -> None:
    found = seen((1, 0, 2))
    performance = performance_from(
        dish(), actions=Unavailable(analyser=Analyser.ACTIONS, reason="no model."), example=found
    )
    assert [s.step_id for s in performance.segments] == ["fry", "chop", "serve"]
    assert [round(s.start_s) for s in performance.segments] == pytest.approx([0, 10, 20], abs=1)
    assert (performance.source.kind, performance.source.name) == ("example", "asha (looked at by looks 2)")
    assert performance.segments_unavailable is None
    assert any("likeness to 1 segmented expert film" in note for note in performance.notes)


def test_where_nothing_is_alike_nothing_is_said() -> None:
    found = seen((4, 5, 4))
    assert isinstance(found, SeenByExample)
    performance = performance_from(dish(), example=found)
    assert performance.segments == ()
    assert sum(span.length_s for span in performance.observed) < 10


def test_an_action_model_and_a_person_go_before_an_example() -> None:
    why = Unavailable(analyser=Analyser.ACTIONS, reason="There is no model.")
    bad = Unavailable(analyser=Analyser.ACTIONS, reason="the expert's film is dark.")
    performance = performance_from(dish(), actions=why, example=bad)
    assert performance.source.kind == "none"
    assert performance.segments_unavailable.reason == (
        "There is no model. Nor could it be compared with an expert's: the expert's film is dark."
    )


def test_a_chunk_without_an_answer_makes_the_film_unavailable() -> None:
    chunks = [chunk(0, 2), chunk(2, 4)]
    good = answer([0.5], [[1.0, 2.0]])
    found = embedded_film(MODEL, chunks, [good, EndpointError("it takes pictures alone.", "Ask another.")])
    assert isinstance(found, Unavailable)
    assert found.reason == "looks gave no embeddings of 2 to 4 s: it takes pictures alone."
    assert found.remedy == "Ask another."
    changed = embedded_film(MODEL, chunks, [good, answer([0.5], [[1.0, 2.0]], model="other")])
    assert isinstance(changed, Unavailable)
    assert "changed at 2 to 4 s" in changed.reason
    wider = embedded_film(MODEL, chunks, [good, answer([0.5], [[1.0]])])
    assert isinstance(wider, Unavailable)
    assert isinstance(embedded_film(MODEL, [], []), Unavailable)


def test_only_films_with_segments_are_examples_and_no_more_than_three() -> None:
    plain = sample_dish()
    assert (
        filmed_experts(plain.model_copy(update={"expert_performances": (), "expert_video_s3_key": "x"})) == ()
    )
    one = ActionSegment(action_type="chop", step_id="chop", start_s=0, end_s=4)
    made = [
        ExpertPerformance(performance_id=f"e{n}", actions=(one,), video_s3_key=None if n == 1 else f"e/{n}")
        for n in range(6)
    ]
    known = plain.model_copy(update={"expert_performances": tuple(made)})
    assert [e.performance_id for e in filmed_experts(known)] == ["e0", "e2", "e3"]
    alone = {"expert_performances": (), "expert_video_s3_key": "x", "expert_action_sequence": (one,)}
    assert [e.video_s3_key for e in filmed_experts(plain.model_copy(update=alone))] == ["x"]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (answer([0.5], [[1.0]], format="bharatchef-plate"), "expected format 'bharatchef-embeddings'"),
        (answer([0.5], [[1.0]], model=""), "expected the name of what embeds"),
        (answer([0.5, 1.5], [[1.0]]), "expected 2 embeddings, one a time, got a list of 1"),
        (answer([0.5, 1.5], [[1.0, 2.0], [1.0]]), "expected 2 numbers in embedding 1, got a list of 1"),
        (answer([0.5], [[float("nan")]]), "expected finite numbers in embedding 0"),
        (answer([1.5, 0.5], [[1.0], [1.0]]), "expected times that increase"),
        (answer([0.5], [[]]), "numbers in embedding 0"),
    ],
)
def test_embeddings_that_break_their_contract_are_refused(given: dict[str, object], words: str) -> None:
    with pytest.raises(EndpointError, match=words.replace("(", r"\(")):
        check_answer(Analyser.PLATE, given, chunk(0, 2))
    check_answer(Analyser.PLATE, answer([0.5, 1.5], [[1.0], [2.0]]), chunk(0, 2))
