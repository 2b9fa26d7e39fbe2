"""What a call may cost by the price table, and what goes first where a ceiling is low."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wording_samples import told

from adapters.aws.chat_models import chat_model_rows
from bharatchef.coaching.budget import (
    Limits,
    Planned,
    answer_tokens,
    cost_inr,
    estimated_tokens,
    planned,
    sent_tokens,
    still_tokens,
)
from bharatchef.coaching.prompt import load_prompt
from bharatchef.cost import load_prices
from bharatchef.ports import ChatFacts
from bharatchef.vocabulary import Language

PRICES, PROMPT = load_prices(), load_prompt()
ROWS = chat_model_rows()
INDIA, OPEN = ROWS["haiku-4.5-india"].facts, ROWS["haiku-5.5-global"].facts


@pytest.mark.parametrize(("facts", "most"), [(INDIA, 1.10), (OPEN, 0.15)])
def test_a_call_of_the_asked_size_costs_no_more_than_was_asked(facts: ChatFacts, most: float) -> None:
    inr = cost_inr(facts, 4000 + 4 * still_tokens(facts), 900, PRICES)
    assert inr is not None
    assert 0.5 * most < inr <= most


def test_stills_of_720p_would_cost_four_times_as_much_and_too_much() -> None:
    large = round(1280 * 720 / INDIA.pixels_per_token)
    assert large / still_tokens(INDIA) == pytest.approx(4, rel=0.01)
    inr = cost_inr(INDIA, 4000 + 4 * large, 900, PRICES)
    assert inr is not None
    assert inr > 1.10


def test_the_prices_are_those_of_the_table_with_their_sources() -> None:
    for row in ROWS.values():
        for price_id in (row.input_price_id, row.output_price_id):
            price = PRICES.price(price_id)
            assert price.usd
            assert len(price.source) > 20
    assert PRICES.inr("bedrock_haiku_4_5_india_input", 1_000_000, "input-token") == pytest.approx(1.1 * 95.96)


@pytest.mark.parametrize("language", list(Language))
def test_what_is_sent_by_default_stays_under_the_ceiling(language: Language) -> None:
    brief = told(language).brief
    plan = planned(brief, [b"jpeg"] * 4, PROMPT, INDIA, PRICES, Limits())
    assert isinstance(plan, Planned)
    assert plan.max_inr <= 1.10
    assert sent_tokens(plan.brief, PROMPT, INDIA) <= 4000
    assert plan.output_tokens >= answer_tokens(plan.brief)
    assert plan.left_out == len(brief.deviations) - len(plan.brief.deviations)
    assert plan.brief.deviations[0].deviation_id == brief.deviations[0].deviation_id


def test_the_least_important_mistakes_go_before_the_model_does() -> None:
    brief = told(Language.TAMIL).brief
    left = []
    for max_inr in (5.0, 1.0, 0.75, 0.6, 0.05):
        plan = planned(brief, [b"jpeg"] * 4, PROMPT, INDIA, PRICES, Limits(max_inr=max_inr))
        left.append(None if isinstance(plan, str) else (plan.left_out, len(plan.stills)))
    assert left[0] == (0, 4)
    assert left[-1] is None
    counted = [entry for entry in left if entry]
    assert counted == sorted(counted, key=lambda entry: (entry[0], -entry[1]))
    assert counted[-1][0] > 0


@settings(max_examples=30, deadline=None)
@given(st.floats(0, 3), st.integers(1500, 6000), st.integers(0, 6), st.sampled_from(list(Language)))
def test_no_plan_is_dearer_or_longer_than_its_limits(max_inr, input_tokens, stills, language) -> None:
    limits = Limits(max_inr=max_inr, input_tokens=input_tokens)
    plan = planned(told(language).brief, [b"jpeg"] * stills, PROMPT, INDIA, PRICES, limits)
    if isinstance(plan, str):
        assert "ceiling" in plan or "fit" in plan
        return
    assert plan.max_inr <= max_inr
    assert len(plan.stills) <= 4
    assert plan.input_tokens == sent_tokens(plan.brief, PROMPT, INDIA) + len(plan.stills) * still_tokens(
        INDIA
    )
    cited = {tip for deviation in plan.brief.deviations for tip in deviation.tip_ids}
    assert {tip.tip_id for tip in plan.brief.tips} == cited


def test_a_model_without_a_price_is_not_asked() -> None:
    from bharatchef.cost import PriceTable

    plain = PRICES.model_dump(by_alias=True)
    for price in plain["prices"]:
        price["usd"] = None
    free = PriceTable.model_validate(plain)
    said = planned(told().brief, (), PROMPT, INDIA, free, Limits())
    assert isinstance(said, str)
    assert "no price is known" in said


def test_scripts_that_are_cut_into_more_pieces_are_counted_so() -> None:
    english, hindi, tamil = (estimated_tokens(letter * 100) for letter in ("a", "क", "க"))
    assert english < hindi < tamil
    assert estimated_tokens("") == 0
