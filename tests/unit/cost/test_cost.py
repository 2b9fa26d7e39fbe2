import math
import re
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bharatchef.cost import Ledger, load_prices
from bharatchef.errors import ConfigurationError, KnowledgeError

PRICES = load_prices()
usage = st.tuples(
    st.sampled_from(["prepare", "actions", "coach"]),
    st.sampled_from(PRICES.prices),
    st.floats(min_value=0, max_value=1e7),
)


@given(st.lists(usage, max_size=30))
def test_the_total_is_the_sum_of_its_entries_and_of_its_stages(used):
    ledger = Ledger(PRICES)
    for stage, price, quantity in used:
        ledger.add(stage, price.price_id, quantity, price.unit)
    report = ledger.report()
    by_hand = [q / p.per * p.usd * PRICES.rupees.per_usd for _, p, q in used if p.usd is not None]
    assert report.total_inr == pytest.approx(math.fsum(by_hand))
    assert report.total_inr == pytest.approx(math.fsum(ledger.by_stage().values()))
    assert len(report.entries) == len(used)


@given(st.lists(usage, max_size=12), st.randoms())
def test_the_order_of_entries_does_not_change_the_total(used, random):
    totals = []
    for _ in range(2):
        ledger = Ledger(PRICES)
        for stage, price, quantity in used:
            ledger.add(stage, price.price_id, quantity, price.unit)
        totals.append(ledger.total_inr)
        random.shuffle(used)
    assert totals[0] == totals[1]


@given(st.sampled_from(PRICES.prices), st.text(max_size=12))
def test_usage_in_another_unit_is_refused(price, unit):
    ledger = Ledger(PRICES)
    if unit == price.unit:
        return
    with pytest.raises(ConfigurationError, match=re.escape(price.unit)):
        ledger.add("prepare", price.price_id, 1.0, unit)
    assert ledger.entries == ()


@pytest.mark.parametrize("quantity", [-1e-9, math.nan, math.inf, -math.inf])
def test_a_quantity_that_cannot_be_measured_is_refused(quantity):
    with pytest.raises(ConfigurationError, match="0 or more"):
        Ledger(PRICES).add("prepare", "laptop", quantity, "cpu-second")


def test_an_unknown_price_names_the_nearest():
    with pytest.raises(ConfigurationError, match="bedrock_nova_lite_input"):
        Ledger(PRICES).add("coach", "bedrock_nova_lite_inputs", 1, "input-token")


def test_a_laptop_is_metered_and_bills_nothing():
    ledger = Ledger(PRICES)
    ledger.add("prepare", "laptop", 42.5, "cpu-second")
    report = ledger.report()
    assert report.total_inr == 0
    assert report.entries[0].quantity == 42.5
    assert report.note == "nothing was billed: it ran on this machine"
    assert ledger.report("Nothing is billed here.").note == "Nothing is billed here"


def test_one_coached_film_costs_what_was_worked_out_by_hand():
    ledger = Ledger(PRICES)
    ledger.add("coach", "bedrock_haiku_4_5_india_input", 8800, "input-token")
    ledger.add("coach", "bedrock_haiku_4_5_india_output", 900, "output-token")
    assert ledger.total_inr == pytest.approx((8800 * 1.1 + 900 * 5.5) / 1e6 * 95.96)
    assert "GST of 18 % comes on top" in ledger.report().note
    assert PRICES.version == ledger.report().prices_version


def test_the_ceiling_is_asked_before_spending():
    ledger = Ledger(PRICES)
    ledger.add("coach", "bedrock_haiku_4_5_india_output", 1000, "output-token")
    spent = ledger.total_inr
    assert not ledger.over(spent)
    assert ledger.over(spent - 1e-9)
    assert ledger.over(spent, planned_inr=0.01)
    planned = PRICES.inr("bedrock_haiku_4_5_india_output", 1000, "output-token")
    assert planned == pytest.approx(spent)


def test_what_was_measured_elsewhere_is_priced_here():
    there, here = Ledger(PRICES), Ledger(PRICES)
    entry = there.add("actions", "ec2_g4dn_xlarge", 30, "instance-second")
    here.take([entry.model_copy(update={"inr": 999.0})])
    assert here.entries == (entry,)


def test_what_has_no_price_is_left_out_of_the_total_and_named(tmp_path):
    file = tmp_path / "prices.yaml"
    file.write_text(
        "version: '1'\nrupees: {per_usd: 90, as_of: '2026', source: x}\ngst_percent: 18\nprices:\n"
        "- {id: new, usd: null, per: 1, unit: call, region: x, as_of: x, source: x, confidence: low}\n"
    )
    ledger = Ledger(load_prices(file))
    assert ledger.add("coach", "new", 3, "call").inr is None
    assert ledger.report().total_inr == 0
    assert "no price is known for new" in ledger.report().note


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "got NoneType"),
        ("a: [", "cannot be read"),
        ("version: '1'", "rupees"),
        (
            "version: '1'\nrupees: {per_usd: 0, as_of: x, source: x}\ngst_percent: 18\nprices: []",
            "rupees.per_usd",
        ),
    ],
)
def test_a_wrong_price_table_says_where(tmp_path, text, named):
    file = tmp_path / "prices.yaml"
    file.write_text(text)
    with pytest.raises(KnowledgeError, match=re.escape(named)):
        load_prices(file)


def test_the_same_price_twice_is_refused(tmp_path):
    one = "- {id: a, usd: 1, per: 1, unit: call, region: x, as_of: x, source: x, confidence: low}\n"
    file = tmp_path / "prices.yaml"
    head = "version: '1'\nrupees: {per_usd: 90, as_of: x, source: x}\ngst_percent: 18\nprices:\n"
    file.write_text(head + one + one)
    with pytest.raises(KnowledgeError, match="each price once"):
        load_prices(file)


def test_every_price_has_a_source_a_date_and_a_unit():
    for price in PRICES.prices:
        assert price.source
        assert price.as_of
        assert price.unit
        assert price.region


def test_importing_the_ledger_reads_no_price():
    script = "import pathlib\npathlib.Path.read_bytes = None\nimport bharatchef.cost"
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)
