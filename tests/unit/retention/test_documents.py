"""A person is taken out of documents about many: their entries go, everybody else's stay as they were."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bharatchef.erasing.documents import with_pseudonym, without_person
from bharatchef.erasing.person import Traces

THEIRS = Traces(
    user_id="asha",
    person="p-00000000000000aa",
    words=("Asha Rao", "asha@home.example"),
    evaluations=("chai-1",),
    keys=("trainee/asha/chai/1/front.mp4",),
)
SHORT = Traces(user_id="me", person="p-00000000000000bb", evaluations=("chai-2",))


def rest(value: object, traces: Traces = THEIRS) -> object:
    changed = without_person(json.dumps(value).encode(), "a.json", traces)
    return value if changed is None else json.loads(changed)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"of": ["chai-1", "chai-10"]}, {"of": ["chai-10"]}),
        ({"of": [{"id": "chai-1", "n": 1}, {"id": "chai-10"}]}, {"of": [{"id": "chai-10"}]}),
        ({"by_id": {"chai-1": 3, "chai-10": 4}}, {"by_id": {"chai-10": 4}}),
        ({"best": "chai-1", "n": 2}, {"best": "erased", "n": 2}),
        (
            {"splits": [{"name": "a", "of": ["labels/training/chai-1.json"]}]},
            {"splits": [{"name": "a", "of": []}]},
        ),
        ({"of": [{"person": "p-00000000000000aa"}, {"person": "p-0"}]}, {"of": [{"person": "p-0"}]}),
        ({"of": [{"key": "s3://films/trainee/asha/chai/1/front.mp4"}]}, {"of": []}),
        (
            {"of": ["asha.k", "ashanti", "asha@other.example"]},
            {"of": ["asha.k", "ashanti", "asha@other.example"]},
        ),
    ],
)
def test_entries_go_and_what_is_like_them_stays(before, after):
    assert rest(before) == after
    assert rest(after) == after


def test_a_short_name_is_only_the_whole_text():
    assert rest({"of": ["me", "tell me", {"user": "me"}]}, SHORT) == {"of": ["tell me"]}


def test_lines_go_whole():
    data = b'{"id": "chai-1"}\n{"id": "chai-10"}\n'
    assert without_person(data, "a.jsonl", THEIRS) == b'{"id": "chai-10"}\n'
    assert without_person(b"chai-10,x\n", "a.csv", THEIRS) is None
    assert without_person(b"\xff\xfe\x00", "a.json", THEIRS) is None
    assert without_person(b"no json: chai-1", "a.json", THEIRS) is None


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(alphabet="bcd ", max_size=5),
        lambda below: (
            st.lists(below, max_size=3) | st.dictionaries(st.text(alphabet="xyz"), below, max_size=3)
        ),
        max_leaves=8,
    )
)
def test_what_names_nobody_is_left_as_it_is(value):
    assert without_person(json.dumps(value).encode(), "a.json", THEIRS) is None
    assert with_pseudonym(json.dumps(value).encode(), THEIRS) is None


def test_names_in_texts_are_left_out_and_a_name_alone_becomes_the_pseudonym():
    said = {
        "why": "Asha Rao (asha, asha@home.example) says: asha. Not asha.k, not ashanti.",
        "n": [1, "asha"],
    }
    changed = with_pseudonym(json.dumps(said).encode(), THEIRS)
    assert changed is not None
    assert json.loads(changed) == {
        "why": "… (…, …) says: …. Not asha.k, not ashanti.",
        "n": [1, THEIRS.person],
    }
    assert with_pseudonym(changed, THEIRS) is None
    assert with_pseudonym(b'{"why": "it told me"}', SHORT) is None
