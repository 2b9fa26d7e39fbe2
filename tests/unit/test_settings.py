"""Settings take what fits and name what does not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bharatchef.errors import ConfigurationError
from bharatchef.settings import load_settings


@given(st.integers(min_value=1, max_value=65535))
def test_an_address_may_have_any_port(port):
    assert load_settings(aws_url=f"http://127.0.0.1:{port}").aws_url == f"http://127.0.0.1:{port}"


@pytest.mark.parametrize("port", ["65536", "99999", "100000", "", "x"])
def test_what_is_no_port_is_refused(port):
    with pytest.raises(ConfigurationError, match="BHARATCHEF_AWS_URL"):
        load_settings(aws_url=f"http://127.0.0.1:{port}")
