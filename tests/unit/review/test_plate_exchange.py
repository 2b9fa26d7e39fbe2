"""What lies on a plate goes to Label Studio and comes back as it went; a wrong choice is refused in words."""

from __future__ import annotations

import json
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from review_samples import KEY, keep, labelled, result_with_boxes
from samples import sha

from adapters import build_ports
from bharatchef.errors import InputError
from bharatchef.observed import Analyser, ModelIdentity, PlatedDish
from bharatchef.perception.segments_file import read_segments
from bharatchef.review.exchange import label_config, marked_plates
from bharatchef.review.labels import PlateMark, still_key, training_labels
from bharatchef.review.plates import NO_PLATE, is_plate, plate_marks, plate_regions
from bharatchef.review.policy import Audit, load_review_policy
from bharatchef.settings import load_settings
from tasks.correcting import take_correction
from tasks.reviewing import Reviewer

RESULT = result_with_boxes()
DISH = RESULT.dish.dish_id
NO_AUDIT = Audit(share=0.0, seed="a seed")
TIMES = [still.time_s for still in RESULT.stills]


def exported(marks: tuple[PlateMark, ...], **change: object) -> list[dict]:
    document = labelled(RESULT)
    regions = document[0]["annotations"][0]["result"]
    plates = plate_regions(marks, TIMES)
    if change:
        plates[0] = {**plates[0], **change}
    document[0]["annotations"][0]["result"] = [*(r for r in regions if not is_plate(r)), *plates]
    return document


def mark(number: int, dish_id: str | None = DISH) -> PlateMark:
    return PlateMark(time_s=TIMES[number], dish_id=dish_id)


@given(st.dictionaries(st.integers(0, len(TIMES) - 1), st.sampled_from([DISH, None])))
@settings(max_examples=60, deadline=None)
def test_choices_come_back_to_the_still_and_are_no_steps_and_no_boxes(chosen):
    marks = tuple(mark(number, chosen[number]) for number in sorted(chosen, key=lambda n: TIMES[n]))
    document = json.loads(json.dumps(exported(marks)))
    assert marked_plates(document, RESULT, "export.json") == marks
    steps = read_segments(json.dumps(document).encode(), "export.json", RESULT.dish).segments
    assert [s.step_id for s in steps] == [s.step_id for s in RESULT.performance.segments]


def test_the_still_on_which_the_dish_was_seen_is_proposed_and_another_dish_is_not():
    model = ModelIdentity(
        analyser=Analyser.PLATE,
        name="plate",
        version="1",
        weights_sha256=sha("weights"),
        engine="e",
        trained_on="t",
    )
    plate = PlatedDish(model=model, time_s=TIMES[-1], likeness=None, looks_like=DISH, confidence=0.8)
    seen = RESULT.model_copy(update={"plate": plate})
    assert plate_marks(seen) == (mark(-1),)
    assert marked_plates(labelled(seen), seen, "export.json") == (mark(-1),)
    other = plate.model_copy(update={"looks_like": "poha"})
    assert plate_marks(RESULT.model_copy(update={"plate": other})) == ()


def test_the_labelling_interface_asks_of_each_still():
    view = ElementTree.fromstring(label_config(RESULT, True))
    (ask,) = view.iter("Choices")
    assert [choice.get("value") for choice in ask] == [DISH, NO_PLATE]
    assert (ask.get("toName"), ask.get("perItem")) == ("stills", "true")
    assert not list(ElementTree.fromstring(label_config(RESULT, False)).iter("Choices"))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"value": {"choices": ["poha"]}}, "on the plate, got .*poha"),
        ({"value": {"choices": [DISH, NO_PLATE]}}, "on the plate, got"),
        ({"value": None}, "on the plate, got null"),
        ({"item_index": len(TIMES)}, f"a plate on one of {len(TIMES)} stills"),
        ({"item_index": -1}, "a plate on one of"),
        ({"item_index": "first"}, "a plate on one of"),
    ],
)
def test_a_choice_that_says_nothing_is_refused_by_its_number(change, said):
    with pytest.raises(InputError, match=said) as refused:
        marked_plates(exported((mark(0),), **change), RESULT, "export.json")
    assert "export.json, region" in str(refused.value)


def test_a_still_shows_one_thing():
    assert marked_plates(exported((mark(0), mark(0))), RESULT, "export.json") == (mark(0),)
    with pytest.raises(InputError, match="two different choices"):
        marked_plates(exported((mark(0), mark(0, None))), RESULT, "export.json")


def test_what_was_said_of_plates_is_kept_with_the_labels_and_its_stills_with_it(tmp_path):
    ports = build_ports(load_settings(home=tmp_path, built_in_models=False))
    reviewer = Reviewer(ports, KEY, load_review_policy().model_copy(update={"audit": NO_AUDIT}))
    evaluation = keep(ports, RESULT)
    document = exported((mark(0), mark(1, None)))
    take_correction(reviewer, evaluation, json.dumps(document).encode(), "export.json", "ravi")
    (kept,) = training_labels(ports.objects)
    assert kept.plates == (mark(0), mark(1, None))
    assert RESULT.film is not None
    assert all(ports.objects.exists(still_key(RESULT.film.sha256, mark.time_s)) for mark in kept.plates)
