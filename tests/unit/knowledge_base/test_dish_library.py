"""Dishes are found by name in folders, and named near misses where there is none."""

import hashlib
from pathlib import Path

import pytest

from bharatchef.errors import KnowledgeError
from bharatchef.ports import DishStore
from knowledge_base.library import BUILT_IN_DISHES, DishLibrary, load_dish

CHAI = BUILT_IN_DISHES / "masala-chai.yaml"


@pytest.fixture
def own(tmp_path: Path) -> Path:
    folder = tmp_path / "dishes"
    folder.mkdir()
    return folder


def test_a_dish_carries_the_version_and_the_hash_of_its_file() -> None:
    store: DishStore = DishLibrary()
    dish = store.get("masala-chai")
    assert dish.sha256 == hashlib.sha256(CHAI.read_bytes()).hexdigest()
    assert dish.version == "1.0"
    assert dish.step("boil-water").must_come_after[0].step_id == "pour-water"
    assert dish.step("turn-off-heat").heat == "off"
    assert {"hi", "ta"} <= set(dish.aliases)


@pytest.mark.parametrize(
    ("asked", "offered"),
    [
        ("masla-chai", "masala-chai"),
        ("Masala Chai", "masala-chai"),
        ("खीर", "kheer"),
        ("paal payasam", "kheer"),
    ],
)
def test_a_dish_that_is_not_there_names_those_that_are_near(asked: str, offered: str) -> None:
    with pytest.raises(KnowledgeError) as raised:
        DishLibrary().get(asked)
    assert f"There is no dish '{asked}'. Did you mean" in str(raised.value)
    assert offered in raised.value.remedy


def test_a_dish_like_no_other_is_told_all_that_are_known() -> None:
    with pytest.raises(KnowledgeError) as raised:
        DishLibrary().get("xyzzy")
    assert "Known are: aloo-paratha, chicken-curry" in str(raised.value)


def test_an_own_dish_takes_the_place_of_the_built_in_one(own: Path) -> None:
    text = CHAI.read_text(encoding="utf-8").replace('version: "1.0"', 'version: "mine"')
    (own / "masala-chai.yaml").write_text(text, encoding="utf-8")
    library = DishLibrary([BUILT_IN_DISHES, own])
    assert library.get("masala-chai").version == "mine"
    assert library.path("masala-chai") == own / "masala-chai.yaml"
    assert [d.dish_id for d in library.list_dishes()].count("masala-chai") == 1
    assert library.problems() == []


def test_a_broken_own_dish_is_left_out_of_the_list_and_told(own: Path) -> None:
    (own / "soup.yaml").write_text("dish: soup\nname: Soup\nheat: hihg\n", encoding="utf-8")
    library = DishLibrary([BUILT_IN_DISHES, own, own / "not-there"])
    assert "soup" not in [d.dish_id for d in library.list_dishes()]
    assert {p.file.name for p in library.problems()} == {"soup.yaml"}
    with pytest.raises(KnowledgeError, match=r"soup\.yaml:3: `heat` is not known here") as raised:
        library.get("soup")
    assert "docs/dishes.md" in raised.value.remedy


def test_loading_a_file_that_is_not_there_says_so(own: Path) -> None:
    with pytest.raises(KnowledgeError, match="cannot be read"):
        load_dish(own / "nothing.yaml")


def test_a_change_to_a_file_is_seen_at_once(own: Path) -> None:
    path = own / "masala-chai.yaml"
    text = CHAI.read_text(encoding="utf-8")
    path.write_text(text, encoding="utf-8")
    library = DishLibrary([own])
    before = library.get("masala-chai")
    path.write_text(text.replace("12 min", "13 min") + "# edited\n", encoding="utf-8")
    assert library.get("masala-chai").sha256 != before.sha256
