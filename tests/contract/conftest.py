"""Every contract test runs on every side."""

from __future__ import annotations

from pathlib import Path

import pytest
from contract_sides import SIDES, Side

from bharatchef.ports import Ports


@pytest.fixture(params=sorted(SIDES))
def side(request: pytest.FixtureRequest, tmp_path: Path) -> Side:
    return SIDES[request.param](tmp_path)


@pytest.fixture
def ports(side: Side) -> Ports:
    return side.ports
