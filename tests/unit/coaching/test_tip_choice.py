"""Of every mistake of every dish: the tip whose words the coach takes was read against its recipe."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from deviations_of_dishes import deviations, place

from adapters.local.home_tips import HomeTips
from bharatchef.coaching.fitting import Fit, fitting
from bharatchef.coaching.languages import Speaker
from bharatchef.coaching.words import Words
from bharatchef.judgement.graph import step_graph
from bharatchef.vocabulary import Language
from knowledge_base.library import DishLibrary

LIBRARY = DishLibrary()
ACCEPTED = yaml.safe_load(Path(__file__).with_name("accepted_tips.yaml").read_text("utf-8"))["dishes"]


@pytest.fixture(scope="module")
def tips(tmp_path_factory):
    return HomeTips(tmp_path_factory.mktemp("tips") / "tips.sqlite3", LIBRARY, lambda: None)


def chosen(dish, tips) -> dict[str, dict[str, list[str]]]:
    """By kind and place, the tips whose correction is told for it."""
    words = Words(dish, step_graph(dish), Speaker(dish, Language.ENGLISH))
    given = list(deviations(dish))
    found = tips.search_each([words.query(one) for one in given], dish.dish_id, 12)
    told: dict[str, dict[str, list[str]]] = {}
    for one, near in zip(given, found, strict=True):
        fits = [f.tip.tip_id for f in fitting(near, one, dish, 2) if f.fit is Fit.EXACT]
        names = told.setdefault(str(one.kind), {}).setdefault(place(one), [])
        names += [name for name in fits[:1] if name not in names]
    return told


@pytest.mark.parametrize("dish", LIBRARY.list_dishes(), ids=lambda dish: dish.dish_id)
def test_the_chosen_tip_is_one_that_was_read_and_accepted(dish, tips):
    accepted = ACCEPTED[dish.dish_id]
    odd = [
        f"{kind} {where}: {name}"
        for kind, places in chosen(dish, tips).items()
        for where, names in places.items()
        for name in names
        if name not in accepted.get(kind, {}).get(where, ())
    ]
    assert odd == [], "read these tips, mend `kinds` or `steps`, or accept them in accepted_tips.yaml"


@pytest.mark.parametrize("dish", LIBRARY.list_dishes(), ids=lambda dish: dish.dish_id)
def test_what_was_accepted_is_still_found(dish, tips):
    told = chosen(dish, tips)
    lost = [
        f"{kind} {where}"
        for kind, places in ACCEPTED[dish.dish_id].items()
        for where in places
        if not told.get(kind, {}).get(where)
    ]
    assert lost == []
