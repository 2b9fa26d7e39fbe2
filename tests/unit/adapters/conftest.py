"""A home with something of everything in it, and a backup of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from homes import filled_home

from adapters.local.backup import backup
from bharatchef.settings import Settings


@pytest.fixture
def home(tmp_path: Path) -> Settings:
    return filled_home(tmp_path / "home")


@pytest.fixture
def archive(home: Settings, tmp_path: Path) -> Path:
    target = tmp_path / "backup.tar.gz"
    backup(home, target, include_weights=True)
    return target
