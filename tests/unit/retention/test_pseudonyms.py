"""Pseudonyms: one person one name, no way back, and a key that is made once and never shown."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bharatchef.errors import ConfigurationError, StoreError
from bharatchef.pseudonyms import missing_keys, pseudonym, pseudonym_key, receipt_key
from bharatchef.settings import load_settings

KEY = b"k" * 32
SECRET = "this-key-must-not-be-seen-anywhere-0123456789"


@given(st.text(min_size=1), st.text(min_size=1))
def test_one_person_has_one_name_and_two_have_two(one, other):
    assert re.fullmatch("p-[0-9a-f]{16}", pseudonym(one, KEY))
    assert (pseudonym(one, KEY) == pseudonym(other, KEY)) == (one == other)


def test_another_key_gives_another_name():
    assert pseudonym("asha", KEY) != pseudonym("asha", b"l" * 32)


def test_the_key_is_made_once_and_only_its_owner_reads_it(tmp_path):
    settings = load_settings(home=tmp_path / "home")
    key = pseudonym_key(settings)
    assert len(key) == 32
    assert pseudonym_key(settings) == key
    assert receipt_key(settings) != key
    assert (tmp_path / "home" / "pseudonym.key").stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in (tmp_path / "home").iterdir()) == ["pseudonym.key", "receipt.key"]


def test_programs_that_begin_at_once_agree_on_the_key(tmp_path):
    code = (
        "from bharatchef.pseudonyms import pseudonym_key\n"
        "from bharatchef.settings import load_settings\n"
        f"print(pseudonym_key(load_settings(home={str(tmp_path / 'home')!r})).hex())"
    )
    running = [
        subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) for _ in range(4)
    ]
    assert len({process.communicate(timeout=120)[0] for process in running}) == 1


def test_a_damaged_key_file_is_not_replaced(tmp_path):
    (tmp_path / "pseudonym.key").write_bytes(b"short")
    with pytest.raises(StoreError, match=r"found 5.*backup"):
        pseudonym_key(load_settings(home=tmp_path))
    assert (tmp_path / "pseudonym.key").read_bytes() == b"short"


def test_a_key_that_is_set_is_used_and_never_shown(tmp_path, monkeypatch):
    monkeypatch.setenv("BHARATCHEF_PSEUDONYM_KEY", SECRET)
    settings = load_settings(home=tmp_path / "home")
    assert pseudonym_key(settings) == SECRET.encode()
    assert not (tmp_path / "home").exists()
    assert SECRET not in repr(settings) + settings.model_dump_json()


def test_a_key_that_is_too_short_is_refused_without_saying_it(monkeypatch):
    monkeypatch.setenv("BHARATCHEF_RECEIPT_KEY", "hush-hush")
    with pytest.raises(ConfigurationError, match="BHARATCHEF_RECEIPT_KEY") as caught:
        load_settings()
    assert "hush" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_on_aws_a_key_must_be_set():
    settings = load_settings(ports="aws", pseudonym_key=SECRET)
    assert missing_keys(settings) == ["receipt_key"]
    with pytest.raises(ConfigurationError, match="BHARATCHEF_RECEIPT_KEY"):
        receipt_key(settings)
