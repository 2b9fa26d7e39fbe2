"""Which code runs here: the program's version, and the commit where it runs from a git checkout."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from bharatchef import __version__

_HERE = Path(__file__).resolve()
_GIT_S = 20.0
_SHOWN = 12


def code_version(file: Path = _HERE) -> str:
    """``0.1.0, commit 0123456789ab``; where code has changed since, or no commit is known, it says so.

    Args:
        file: a file of the code that is asked for. A file that git does not follow is not of its commit,
            also where it lies inside of some checkout, as an environment's packages do.
    """
    commit = _git(file, "rev-parse", "HEAD")
    if not commit or not _git(file, "ls-files", "--error-unmatch", "--", file.name):
        return f"{__version__}, commit unknown"
    changed = _git(file, "status", "--porcelain", "--untracked-files=no")
    return f"{__version__}, commit {commit[:_SHOWN]}" + (", with changes since" if changed else "")


def _git(file: Path, *words: str) -> str:
    """What git answers in the file's folder; nothing where there is no git, no checkout or no answer."""
    try:
        done = subprocess.run(
            ["git", *words],
            cwd=file.parent,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_GIT_S,
            # A hook or a wrapper may have pointed git elsewhere.
            env={name: value for name, value in os.environ.items() if not name.startswith("GIT_")},
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()
