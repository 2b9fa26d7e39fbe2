"""What people type: letters stay, commands to terminals go, names become pseudonyms."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bharatchef.erasing.person import Traces
from bharatchef.errors import InputError
from bharatchef.review.said import plain_reason

ASHA = Traces(user_id="asha.k", person="p-0123456789abcdef", words=("Asha Kumar", "asha@home.example"))


@given(st.text(max_size=400))
def test_nothing_unseen_is_left_and_it_stays_as_it_is(text):
    try:
        plain = plain_reason(text, "--why")
    except InputError:
        return
    assert {unicodedata.category(c) for c in plain if c not in "\u200c\u200d"}.isdisjoint({"Cc", "Cf", "Zl"})
    assert "\n" not in plain
    assert plain_reason(plain, "--why") == plain


def test_hindi_and_tamil_stay_and_names_go():
    assert plain_reason("मैंने\u200d उबाला", "--why") == "मैंने\u200d उबाला"
    said = plain_reason("Asha Kumar (asha.k, asha@home.example)\r\nboiled it\x1b[31m\u202e", "--why", [ASHA])
    assert said.endswith(") boiled it [31m")
    assert not [name for name in (ASHA.user_id, *ASHA.words) if name in said]


@pytest.mark.parametrize(
    ("text", "said"), [("", "got none"), (" \u202e\n", "got none"), ("x" * 1001, "1001")]
)
def test_nothing_and_too_much_are_refused(text, said):
    with pytest.raises(InputError, match=said):
        plain_reason(text, "--why")
