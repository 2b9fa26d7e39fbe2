"""One emulator a session for all tests of the AWS side; each test has an installation of its own on it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from aws_side import aws
from contract_sides import Side
from servers.ministack import CREDENTIALS, ministack
from servers.on_aws import Stack, stack

from bharatchef.ports import Ports

pytest.register_assert_rewrite("contract")


@pytest.fixture(scope="session", autouse=True)
def _credentials() -> Iterator[None]:
    """The emulator's credentials, and none of whoever runs the tests."""
    before = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
    for name in before:
        del os.environ[name]
    os.environ.update(CREDENTIALS)
    yield
    for name in CREDENTIALS:
        os.environ.pop(name, None)
    os.environ.update(before)


@pytest.fixture(scope="session")
def emulator_url() -> Iterator[str]:
    with ministack() as url:
        yield url


@pytest.fixture
def installed(emulator_url: str, tmp_path: Path) -> Stack:
    """An empty installation of its own."""
    return stack(emulator_url, home=tmp_path / "home")


@pytest.fixture
def side(installed: Stack) -> Side:
    return aws(installed)


@pytest.fixture
def ports(side: Side) -> Ports:
    return side.ports
