"""What all tests share: where the real recordings lie, and a home of one's own for every test."""

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """The folder of real recordings and films beside the checkout; the test is skipped where it is absent."""
    folder = Path(__file__).resolve().parents[1].parent / "shared"
    if not folder.is_dir():
        pytest.skip(f"real recordings are not here: {folder} does not exist")
    return folder
