"""The draw for audit: stable, of about the share that is asked for, growing only by addition."""

from __future__ import annotations

from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bharatchef.errors import ConfigurationError
from bharatchef.review.policy import Audit, load_review_policy
from bharatchef.vocabulary import Level

POLICY = load_review_policy()
WHOLE = (resources.files("bharatchef.review") / "policy.yaml").read_text()
IDS = st.text(alphabet="abcdefghijklmnopqrstuvwxyz0123456789-", min_size=1, max_size=40)


def with_share(share: float, seed: str = "a seed"):
    return POLICY.model_copy(update={"audit": Audit(share=share, seed=seed)})


@given(IDS, st.floats(0, 1), st.floats(0, 1))
def test_a_larger_share_only_adds(evaluation_id, one, other):
    low, high = sorted((one, other))
    assert with_share(low).draws(evaluation_id) <= with_share(high).draws(evaluation_id)
    assert with_share(low).draws(evaluation_id) == with_share(low).draws(evaluation_id)


def test_the_share_is_about_what_was_asked_and_another_seed_draws_others():
    ids = [f"masala-chai-20261123-{n:08x}" for n in range(20_000)]
    drawn = {i for i in ids if with_share(0.05).draws(i)}
    assert 0.045 < len(drawn) / len(ids) < 0.055
    others = {i for i in ids if with_share(0.05, "another").draws(i)}
    assert len(drawn & others) / len(drawn) < 0.15
    assert not [i for i in ids if with_share(0.0).draws(i)]
    assert all(with_share(1.0).draws(i) for i in ids)


def test_every_level_from_the_threshold_on_is_signed():
    assert [POLICY.asks_for_signature(level) for level in Level] == [False, False, True, True]
    assert not POLICY.asks_for_signature(None)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (WHOLE.replace("share: 0.05", "share: 2"), "audit.share"),
        (WHOLE + "no_such: 3\n", "no_such"),
        (WHOLE.replace("demi-chef", "cook"), "level_from"),
        ("- a\n- b", "no YAML of names"),
    ],
)
def test_a_wrong_policy_is_named_by_its_place(tmp_path, text, said):
    file = tmp_path / "policy.yaml"
    file.write_text(text)
    with pytest.raises(ConfigurationError, match=said):
        load_review_policy(file)
    with pytest.raises(ConfigurationError, match="Expected a policy"):
        load_review_policy(tmp_path / "none.yaml")
