"""The code's version, asked of real checkouts."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from adapters.local.code_version import code_version
from bharatchef import __version__


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with one commit; its file."""
    file = tmp_path / "code.py"
    file.write_text("one = 1\n")
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", "code.py")
    who = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
    git(tmp_path, *who, "commit", "-q", "-m", "first")
    return file


def git(folder: Path, *words: str) -> str:
    done = subprocess.run(["git", *words], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_a_checkout_says_its_commit_and_whether_code_has_changed_since(checkout: Path) -> None:
    commit = git(checkout.parent, "rev-parse", "HEAD")[:12]
    assert code_version(checkout) == f"{__version__}, commit {commit}"
    checkout.write_text("one = 2\n")
    assert code_version(checkout) == f"{__version__}, commit {commit}, with changes since"


def test_without_a_checkout_the_commit_is_said_to_be_unknown(
    checkout: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = tmp_path_factory.mktemp("installed") / "code.py"
    alone.write_text("one = 1\n")
    installed = checkout.parent / "site-packages" / "code.py"
    installed.parent.mkdir()
    installed.write_text("one = 1\n")
    unknown = f"{__version__}, commit unknown"
    assert (code_version(alone), code_version(installed)) == (unknown, unknown)
    monkeypatch.setenv("PATH", str(alone.parent))
    assert code_version(checkout) == unknown
