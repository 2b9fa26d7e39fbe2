"""Detections against the dish's ingredients: aliases, contact, strangers, and what cannot be named."""

from samples import sample_dish
from simulated import model_identity

from bharatchef.observed import Analyser, Detection, Detections
from bharatchef.perception.ingredients import ingredients_seen

DISH = sample_dish()
HAND = (0.4, 0.4, 0.6, 0.6)
FAR = (0.0, 0.0, 0.1, 0.1)
NEAR = (0.55, 0.55, 0.65, 0.65)


def detections(
    labels: tuple[str, ...], *items: tuple[float, str, float, tuple[float, ...]], length: int = 60
) -> Detections:
    return Detections(
        model=model_identity(Analyser.OBJECTS),
        times_s=tuple(float(t) for t in range(length)),
        labels=labels,
        items=tuple(Detection(time_s=t, label=n, confidence=c, box=box) for t, n, c, box in items),
    )


def test_an_ingredient_is_known_by_any_of_its_names_once_a_visit() -> None:
    found = ingredients_seen(
        detections(
            ("anda", "onion", "hand"),
            (3, "anda", 0.6, FAR), (4, "anda", 0.7, FAR), (5, "anda", 0.5, FAR),
            (40, "anda", 0.9, FAR), (9, "onion", 0.5, FAR),
        ),
        DISH,
    )  # fmt: skip
    # One unsure look at the onion alone is no evidence.
    assert [(i.ingredient, i.time_s, i.confidence) for i in found.seen] == [("egg", 3, 0.7), ("egg", 40, 0.9)]
    assert found.unrecognisable == ()


def test_an_ingredient_that_the_detector_cannot_name_is_said_so() -> None:
    assert ingredients_seen(detections(("onion",)), DISH).unrecognisable == ("egg",)
    assert ingredients_seen(detections(("knife", "bowl")), DISH).unrecognisable == ("egg", "onion")


def test_a_stranger_counts_only_where_it_is_used() -> None:
    labels = ("banana", "onion", "egg", "hand")
    lying = [(float(t), "banana", 0.9, FAR) for t in range(60)]
    hands = [(float(t), "hand", 0.9, HAND) for t in range(60)]
    assert ingredients_seen(detections(labels, *lying, *hands), DISH).seen == ()
    used = [(20.0, "banana", 0.9, NEAR), (21.0, "banana", 0.8, NEAR)]
    seen = ingredients_seen(detections(labels, *lying, *hands, *used), DISH).seen
    assert [(i.ingredient, i.time_s) for i in seen] == [("banana", 20)]
    assert ingredients_seen(detections(("banana", "onion"), *used), DISH).seen == ()
    assert ingredients_seen(detections(("knife", "hand"), (3.0, "knife", 0.9, NEAR), *hands), DISH).seen == ()


def test_what_merely_stands_there_all_the_time_is_half_as_sure() -> None:
    labels = ("egg", "onion", "hand")
    standing = [(float(t), "egg", 0.8, FAR) for t in range(60)]
    hands = [(float(t), "hand", 0.9, HAND) for t in range(60)]
    assert ingredients_seen(detections(labels, *standing, *hands), DISH).seen[0].confidence == 0.4
    touched = [(30.0, "egg", 0.9, NEAR)]
    seen = ingredients_seen(detections(labels, *standing, *hands, *touched), DISH).seen
    assert [(i.ingredient, i.time_s, i.confidence) for i in seen] == [("egg", 30, 0.9)]
