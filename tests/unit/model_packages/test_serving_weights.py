"""An answer bears its weights within where that is asked, and is otherwise as the package gave it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_packages.serving.package import Manifest
from model_packages.serving.requests import SAGEMAKER_ASK_WITHIN, WEIGHTS_WITHIN, with_weights_within

MANIFEST = Manifest(
    analyser="actions",
    name="one",
    version="1",
    inference="inference.py",
    weights="weights.json",
    weights_sha256="a" * 64,
    trained_on="nothing",
    engine="numpy",
    content_types=["application/json"],
)
ASKED = {"headers": [(b"x-amzn-sagemaker-custom-attributes", SAGEMAKER_ASK_WITHIN.encode())]}
VALUES = st.recursive(st.none() | st.integers() | st.text(), lambda inner: st.lists(inner, max_size=3))


@given(st.dictionaries(st.text(), VALUES, max_size=4), st.sampled_from(["", "\n", " \r\n\t"]), st.booleans())
def test_the_weights_are_one_more_member(said: dict[str, Any], end: str, indented: bool) -> None:
    raw = (json.dumps(said, indent=1 if indented else None) + end).encode()
    answer = json.loads(with_weights_within(ASKED, raw, MANIFEST))
    assert answer == {**said, WEIGHTS_WITHIN: "a" * 64}


@pytest.mark.parametrize("headers", [[], [(b"x-amzn-sagemaker-custom-attributes", b"trace=1")]])
def test_who_does_not_ask_gets_what_the_package_said(headers: list[tuple[bytes, bytes]]) -> None:
    assert with_weights_within({"headers": headers}, b'{"value": 7}', MANIFEST) == b'{"value": 7}'
