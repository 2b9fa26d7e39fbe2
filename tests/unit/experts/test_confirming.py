"""What a person confirms is laid over a dish, and nothing else ever is."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from samples import MOMENT, sample_dish, sample_expert

from adapters.confirmed_dishes import ConfirmedDishes
from adapters.local.objects import FolderObjects
from bharatchef.errors import InputError, StoreError
from bharatchef.experts import keeping
from bharatchef.experts.confirming import confirmed_experts, dish_as_confirmed, standing
from bharatchef.experts.proposal import confirmation_of, proposal_of, state_of
from bharatchef.experts.records import (
    Confirmation,
    ConfirmedEdge,
    ConfirmedExpert,
    OnboardedExpert,
)
from bharatchef.judgement.graph import step_graph
from bharatchef.records import Dish
from bharatchef.vocabulary import HeatLevel

DISH = sample_dish()
STEPS = [step.step_id for step in DISH.expected_steps]
PLAIN = DISH.model_copy(
    update={
        "expert_performances": (),
        "expert_action_sequence": (),
        "expected_steps": tuple(
            step.model_copy(update={"must_come_after": (), "required_count": 1})
            for step in DISH.expected_steps
        ),
    }
)


def expert(name: str, order: list[str] | None = None) -> OnboardedExpert:
    return sample_expert(PLAIN, name, order)


def said(number: int = 0, **words: object) -> Confirmation:
    return Confirmation(
        dish_id=PLAIN.dish_id, at=MOMENT + timedelta(seconds=number), by="p-0123456789abcdef", **words
    )


def confirmed(one: OnboardedExpert) -> ConfirmedExpert:
    return ConfirmedExpert(performance_id=one.performance_id, sha256=one.sha256)


def edge(first: str, then: str) -> ConfirmedEdge:
    return ConfirmedEdge(
        first=first, then=then, times=(1, 1), reason="so", seen=3, performances=3, probability=0.9
    )


def test_without_a_word_the_dish_is_the_very_same():
    assert dish_as_confirmed(PLAIN, standing([]), [expert("a"), expert("b")]) is PLAIN


def test_a_confirmed_expert_judges_and_changes_what_results_name():
    one, other = expert("a"), expert("b")
    dish = dish_as_confirmed(PLAIN, standing([said(experts=(confirmed(one),))]), [one, other])
    assert dish.expert_performances == (one.performance,)
    assert dish.version.startswith(f"{PLAIN.version}+confirmed.")
    assert dish.sha256 != PLAIN.sha256
    both = said(experts=(confirmed(one), confirmed(other)))
    assert dish_as_confirmed(PLAIN, standing([both]), [one, other]).sha256 != dish.sha256


def test_what_was_confirmed_is_what_was_looked_at():
    one = expert("a")
    held = standing([said(experts=(confirmed(one),))])
    changed = one.model_copy(update={"actions": one.actions[:-1]})
    assert confirmed_experts(held, [changed]) == []
    assert dish_as_confirmed(PLAIN, held, [changed]) is PLAIN
    assert (state_of(one, held), state_of(changed, held)) == ("confirmed", "changed since it was confirmed")
    analysed_again = one.model_copy(update={"code_version": "2", "perception_version": "2"})
    assert confirmed_experts(held, [analysed_again]) == [analysed_again]


def test_the_last_word_holds():
    one = expert("a")
    first = said(0, experts=(confirmed(one),), edges=(edge(STEPS[0], STEPS[1]),))
    second = said(1, withdrawn=(one.performance_id,), rejected=((STEPS[0], STEPS[1]),))
    assert dish_as_confirmed(PLAIN, standing([first, second]), [one]) is PLAIN
    third = said(2, experts=(confirmed(one),), edges=(edge(STEPS[0], STEPS[1]),))
    dish = dish_as_confirmed(PLAIN, standing([first, second, third]), [one])
    assert dish == dish_as_confirmed(PLAIN, standing([first]), [one])
    assert [e.step_id for e in dish.step(STEPS[1]).must_come_after] == [STEPS[0]]


def test_the_dishs_own_sequence_is_not_hidden_by_a_confirmed_expert():
    one = expert("a")
    own = PLAIN.model_copy(update={"expert_action_sequence": one.actions[:2]})
    dish = dish_as_confirmed(own, standing([said(experts=(confirmed(one),))]), [one])
    assert [p.performance_id for p in dish.expert_performances] == ["expert", one.performance_id]


def test_steps_that_the_dish_does_not_have_any_more_judge_nobody():
    one = expert("a", [*STEPS[:2], "gone"])
    held = standing([said(experts=(confirmed(one),), edges=(edge("gone", STEPS[0]),))])
    assert dish_as_confirmed(PLAIN, held, [one]) is PLAIN


pairs = st.tuples(st.sampled_from([*STEPS, "gone"]), st.sampled_from([*STEPS, "gone"])).filter(
    lambda pair: pair[0] != pair[1]
)


@given(
    st.lists(
        st.builds(lambda on, off: (on, off), st.lists(pairs, max_size=4), st.lists(pairs, max_size=2)),
        max_size=5,
    )
)
@settings(max_examples=60)
def test_whatever_is_said_the_order_stays_one_that_can_be_cooked(words):
    spoken = [
        said(n, edges=tuple(edge(*pair) for pair in dict.fromkeys(on)), rejected=tuple(off))
        for n, (on, off) in enumerate(words)
    ]
    held = standing(spoken)
    dish = dish_as_confirmed(PLAIN, held, [])
    step_graph(dish)
    asked = {(e.step_id, step.step_id) for step in dish.expected_steps for e in step.must_come_after}
    assert asked <= set(held.edges)
    assert not asked & set(held.rejected)


def experts_of_three() -> list[OnboardedExpert]:
    orders = ([0, 1, 2, 3], [0, 1, 3, 2], [0, 2, 1, 3])
    return [expert(f"e{n}", [STEPS[i] for i in order]) for n, order in enumerate(orders)]


def confirm(dish: Dish, experts: list[OnboardedExpert], **words: object) -> Confirmation:
    return confirmation_of(dish, experts, standing([]), by="p-0", at=MOMENT, **words)


def test_a_proposal_counts_what_the_experts_show():
    experts = experts_of_three()
    proposal = proposal_of(PLAIN, experts, standing([]))
    assert proposal.suggestion.performances == 3
    assert all(offer.edge.performances == 3 for offer in proposal.edges)
    assert [h.seen for h in proposal.heat] == [{HeatLevel.LOW: 3}] * len(STEPS)
    gone = standing([said(withdrawn=(experts[0].performance_id,))])
    assert proposal_of(PLAIN, experts, gone).suggestion.performances == 2


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({}, "something to confirm"),
        ({"confirm": ["expert-none"]}, "no expert 'expert-none'"),
        ({"withdraw": ["expert-none"]}, "no expert"),
        ({"edges": [(STEPS[-1], STEPS[0])]}, "No expert proposes"),
        ({"reject": [(STEPS[-1], STEPS[0])]}, "No expert proposes"),
    ],
)
def test_what_is_not_there_is_not_confirmed(words, message):
    with pytest.raises(InputError, match=message):
        confirm(PLAIN, experts_of_three(), **words)


def test_a_film_without_steps_cannot_be_confirmed():
    one = expert("a", [])
    with pytest.raises(InputError, match="shows no step"):
        confirm(PLAIN, [one], confirm=[one.performance_id])


# --- kept ---


def test_what_is_kept_is_read_back_and_reaches_whoever_asks_for_the_dish(tmp_path: Path):
    objects = FolderObjects(tmp_path)

    class Library:
        def get(self, dish_id: str) -> Dish:
            assert dish_id == PLAIN.dish_id
            return PLAIN

        def list_dishes(self) -> list[Dish]:
            return [PLAIN, PLAIN.model_copy(update={"dish_id": "other"})]

    dishes = ConfirmedDishes(Library(), objects)
    one, other = expert("a"), expert("b")
    for film in (one, other):
        keeping.put_expert(objects, film)
    assert keeping.experts_of(objects, PLAIN.dish_id) == sorted([one, other], key=lambda e: e.performance_id)
    assert dishes.get(PLAIN.dish_id) is PLAIN
    assert keeping.confirmed_dishes(objects) == set()
    first = said(0, experts=(confirmed(one),))
    key = keeping.put_confirmation(objects, first)
    assert keeping.put_confirmation(objects, first) != key
    assert keeping.confirmations_of(objects, PLAIN.dish_id) == [first, first]
    assert dishes.get(PLAIN.dish_id).expert_performances == (one.performance,)
    listed = dishes.list_dishes()
    assert [bool(dish.expert_performances) for dish in listed] == [True, False]
    objects.delete(f"experts/{PLAIN.dish_id}/{one.performance_id}/performance.json")
    assert dishes.get(PLAIN.dish_id) is PLAIN


def test_a_damaged_document_is_named_and_nobody_is_judged_by_less(tmp_path: Path):
    objects = FolderObjects(tmp_path)
    one = expert("a")
    keeping.put_expert(objects, one)
    keeping.put_confirmation(objects, said(experts=(confirmed(one),)))
    key = f"experts/{PLAIN.dish_id}/{one.performance_id}/performance.json"
    objects.put_bytes(key, b'{"performanceId": 1}', "application/json")
    with pytest.raises(StoreError, match=r"performance\.json"):
        keeping.expert(objects, PLAIN.dish_id, one.performance_id)
