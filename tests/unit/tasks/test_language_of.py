"""Whose language feedback is in: what was asked for, else the person's own, else the default."""

from __future__ import annotations

import pytest

from adapters.local.building import build_local_ports
from app.evaluate import _keep_language, _language
from bharatchef.errors import InputError
from bharatchef.settings import load_settings
from bharatchef.vocabulary import Language
from tasks.speaking import language_of


def test_a_chosen_language_is_kept_with_the_person_and_comes_before_the_default(tmp_path):
    settings = load_settings(home=tmp_path, language="ta", embedding="none")
    ports = build_local_ports(settings)
    assert language_of(ports, settings, "asha") is Language.TAMIL
    _keep_language(ports, "asha", Language.HINDI)
    again = build_local_ports(settings)
    assert language_of(again, settings, "asha") is Language.HINDI
    assert language_of(again, settings, "ravi") is Language.TAMIL
    _keep_language(again, "asha", Language.HINGLISH)
    user = again.evaluations.user("asha")
    assert user is not None
    assert (user.language, user.user_id) == (Language.HINGLISH, "asha")


def test_a_language_that_there_is_none_of_is_refused_with_those_there_are():
    assert _language("") is None
    assert _language("HI-Latn") is Language.HINGLISH
    with pytest.raises(InputError, match="en, hi, ta, hi-latn"):
        _language("bengali")
