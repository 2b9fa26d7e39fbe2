"""README's tables are what the program of costs prints, and its figures are what the parts come to."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
import yaml
from running import ROOT

from infra.costs.__main__ import (
    ENVIRONMENTS,
    HERE,
    HOURS,
    MODES,
    TERRAFORM,
    VOLUMES,
    Prices,
    a_film,
    added_inr,
    at_rest,
    full_inr,
    models,
    tables,
)

_MARK = re.compile(r"<!-- costs -->\n(.*?)\n<!-- /costs -->", re.DOTALL)


@pytest.fixture(scope="module")
def prices() -> Prices:
    return Prices()


def test_readme_has_the_programs_tables() -> None:
    printed = subprocess.run(
        [sys.executable, "-m", "infra.costs"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    ).stdout
    readme = (ROOT / "infra" / "README.md").read_text(encoding="utf-8")
    found = _MARK.search(readme)
    assert found, "infra/README.md has no <!-- costs --> part"
    assert found[1] == printed.rstrip("\n"), (
        "run `python -m infra.costs` and put what it prints into infra/README.md"
    )


def test_every_price_has_a_source_and_a_date(prices: Prices) -> None:
    for name, entry in prices.entries.items():
        assert entry["usd"] > 0, name
        assert all(entry[key] for key in ("source", "as_of", "unit")), name
        if entry["region"] != "ap-south-1" and not entry["region"].startswith("in. "):
            assert entry.get("stands_in_for"), (
                f"{name} is of {entry['region']} and says not what it stands in for"
            )


def test_endpoints_of_models_at_rest(prices: Prices) -> None:
    assert models(prices, "serverless", 0).usd == 0
    assert models(prices, "async", 0).usd == 0
    assert models(prices, "realtime-cpu", 0).usd == pytest.approx(4 * 0.242 * HOURS)
    assert models(prices, "realtime-gpu", 0).usd == pytest.approx(4 * 0.811 * HOURS)
    assert models(prices, "realtime-gpu", 0) == models(prices, "realtime-gpu", 15_000)


def test_an_asynchronous_endpoint_never_costs_more_than_one_that_stays(prices: Prices) -> None:
    for films in (1, *VOLUMES, 1_000_000):
        assert models(prices, "async", films).usd <= models(prices, "realtime-cpu", films).usd


@pytest.mark.parametrize("mode", MODES)
def test_more_films_make_each_one_no_dearer_and_arm_is_cheaper(prices: Prices, mode: str) -> None:
    for price in (added_inr, full_inr):
        figures = [price(prices, mode, "arm", films) for films in VOLUMES]
        assert figures == sorted(figures, reverse=True)
        assert all(price(prices, mode, "arm", n) < price(prices, mode, "x86", n) for n in VOLUMES)


def test_a_run_costs_two_processors_and_eight_gigabytes(prices: Prices) -> None:
    job = yaml.safe_load((ROOT / "prefect.yaml").read_text(encoding="utf-8"))["definitions"]["work_pools"][
        "ecs"
    ]
    assert (job["job_variables"]["cpu"], job["job_variables"]["memory"]) == (2048, 8192)
    assert a_film(prices, "arm")[0].usd == pytest.approx((2 * 0.02383 + 8 * 0.00261) * 300 / 3600)


def test_the_floor_counts_the_doors_that_terraform_makes(prices: Prices) -> None:
    endpoints = yaml.safe_load((TERRAFORM / "modules/network/endpoints.yaml").read_text(encoding="utf-8"))
    doors = sum(e["type"] == "Interface" and not e.get("optional") for e in endpoints.values())
    zones = {"development": 1, "staging": 1, "production": 2}
    for environment in ENVIRONMENTS:
        assert at_rest(prices, environment, "arm")[0].usd == pytest.approx(
            doors * zones[environment] * 0.013 * HOURS
        )


def test_what_stands_in_is_marked_wherever_it_is_used(prices: Prices) -> None:
    assert not models(prices, "realtime-cpu", 1).sure
    assert not models(prices, "serverless", 1).sure
    assert prices.line("x", ("alb_hour", 1)).sure
    assert any("†" in line for line in tables(prices))


def test_tables_name_what_is_unknown(prices: Prices) -> None:
    text = "\n".join(tables(prices))
    assert prices.unknown
    for thing in prices.unknown:
        assert thing in text
    assert HERE.joinpath("usage.yaml").read_text(encoding="utf-8").count("why:") == 13
