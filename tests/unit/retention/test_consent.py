"""Consent: by purpose and version, withdrawn at any time, and a guardian's for a child."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.local.objects import FolderObjects
from bharatchef.consent import (
    Consent,
    Purpose,
    check_may_evaluate,
    consent_of,
    consents,
    may_be_a_child,
    may_train,
    people_who_may_train,
    record_consent,
)
from bharatchef.errors import InputError, StoreError
from bharatchef.settings import load_settings

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)


@pytest.fixture
def objects(tmp_path):
    return FolderObjects(tmp_path / "objects")


def said(given: bool = True, user: str = "asha", **more) -> Consent:
    return Consent.model_validate(
        {
            "user_id": user,
            "person": f"p-{user}",
            "purpose": Purpose.TRAINING,
            "version": "2026-11",
            "given": given,
            "at": NOW,
            **more,
        }
    )


def test_what_is_given_holds_until_it_is_withdrawn_and_both_stay_on_record(objects):
    assert not may_train(objects, "p-asha")
    record_consent(objects, said())
    assert may_train(objects, "p-asha")
    held = consent_of(objects, "asha", Purpose.TRAINING)
    assert held is not None
    assert held.version == "2026-11"
    withdrawn = record_consent(objects, said(given=False))
    assert withdrawn.at > NOW, "nothing is overwritten"
    assert not may_train(objects, "p-asha")
    assert [entry.given for entry in consents(objects, "asha")] == [True, False]
    record_consent(objects, said(version="2027-01"))
    assert may_train(objects, "p-asha")


def test_each_purpose_and_each_person_is_asked_by_itself(objects):
    record_consent(objects, said(purpose=Purpose.EVALUATION))
    record_consent(objects, said(user="ravi"))
    record_consent(objects, said(user="ravi.k"))
    assert people_who_may_train(objects) == {"p-ravi", "p-ravi.k"}
    assert consent_of(objects, "asha", Purpose.STILLS_TO_MODEL) is None
    assert len(consents(objects, "ravi")) == 1


def test_a_child_needs_a_guardian_also_where_the_year_was_said_before(objects):
    with pytest.raises(InputError, match=r"guardian.*2010"):
        record_consent(objects, said(birth_year=2010))
    assert consents(objects, "asha") == ()
    record_consent(objects, said(birth_year=2010, guardian="Meena Rao"))
    assert may_train(objects, "p-asha")
    with pytest.raises(InputError, match="guardian"):
        record_consent(objects, said(purpose=Purpose.EVALUATION))
    record_consent(objects, said(given=False))
    assert not may_train(objects, "p-asha"), "a child can withdraw alone"


@given(st.dates(min_value=datetime(1930, 1, 1).date(), max_value=NOW.date()))
def test_nobody_under_18_is_taken_for_a_grown_up(born):
    birthday_came = (NOW.month, NOW.day) >= (born.month, born.day)
    years = NOW.year - born.year - (not birthday_came)
    assert may_be_a_child(born.year, NOW) or years >= 18
    assert not may_be_a_child(born.year, NOW) or years <= 18


def test_a_damaged_entry_is_told_without_the_name(objects):
    objects.put_bytes("people/asha/consent/1.json", b"{}", "application/json")
    with pytest.raises(StoreError, match="consent") as caught:
        consents(objects, "asha")
    assert "asha" not in str(caught.value)


def test_where_consent_is_asked_for_nothing_is_evaluated_without_it(objects, tmp_path):
    asked = load_settings(home=tmp_path, consent_required=True)
    check_may_evaluate(objects, load_settings(home=tmp_path), "asha")
    with pytest.raises(InputError, match="not agreed") as caught:
        check_may_evaluate(objects, asked, "asha")
    assert "asha" not in str(caught.value)
    record_consent(objects, said(purpose=Purpose.TRAINING))
    with pytest.raises(InputError, match="not agreed"):
        check_may_evaluate(objects, asked, "asha")
    record_consent(objects, said(purpose=Purpose.EVALUATION))
    check_may_evaluate(objects, asked, "asha")
    record_consent(objects, said(purpose=Purpose.EVALUATION, given=False))
    with pytest.raises(InputError, match="not agreed"):
        check_may_evaluate(objects, asked, "asha")
