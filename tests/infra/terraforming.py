"""Finds Terraform and its provider on this machine and runs it on copies; knows no AWS."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from running import ROOT

TERRAFORM = ROOT / "infra" / "terraform"
MODULES = sorted(path.parent.name for path in TERRAFORM.glob("modules/*/main.tf"))
ENVIRONMENTS = ("development", "staging", "production")
OLDEST = (1, 11)
"""The modules take Terraform 1.9; their tests override values during a plan, which came with 1.11."""
PROVIDER = Path("registry.terraform.io", "hashicorp", "aws")

_SEARCH_S = 30.0
_SEARCH_DEPTH = 7
_NOT_THERE = {"proc", "sys", "dev", "run", "node_modules", "site-packages", "__pycache__", ".git"}


@dataclass(frozen=True)
class Terraform:
    """A terraform that finds its provider in a folder of this machine, and nowhere else."""

    program: str
    configuration: Path

    def run(
        self, folder: Path, *words: str, timeout_s: float = 900, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """What ``terraform words`` did in ``folder``."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("TF_", "AWS_"))}
        return subprocess.run(
            [self.program, *words],
            cwd=folder,
            env={
                **kept,
                "TF_CLI_CONFIG_FILE": str(self.configuration),
                "TF_IN_AUTOMATION": "1",
                "TF_CLI_ARGS": "-no-color",
                "CHECKPOINT_DISABLE": "1",
                "AWS_EC2_METADATA_DISABLED": "true",
                **environment,
            },
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )

    def succeed(self, folder: Path, *words: str, **environment: str) -> str:
        """Its output; the test fails with all that it said where it did not succeed."""
        done = self.run(folder, *words, **environment)
        if done.returncode != 0:
            pytest.fail(f"terraform {' '.join(words)} in {folder.name}:\n{done.stdout}\n{done.stderr}")
        return done.stdout

    def initialise(self, folder: Path) -> None:
        if not (folder / ".terraform").exists():
            self.succeed(folder, "init", "-input=false", "-backend=false")


def _version(program: str) -> tuple[int, ...]:
    said = subprocess.run([program, "version"], capture_output=True, text=True, timeout=60, check=False)
    words = said.stdout.split()
    return tuple(int(part) for part in words[1].lstrip("v").split("-")[0].split(".")) if words else (0,)


def _folders(top: Path, depth: int, until: float) -> Iterator[Path]:
    """Folders below ``top``, the near ones first, each file system's own and none behind a link."""
    level = [top]
    for _ in range(depth):
        below: list[Path] = []
        for folder in level:
            if time.monotonic() > until:
                return
            try:
                with os.scandir(folder) as entries:
                    found = [
                        Path(entry.path)
                        for entry in entries
                        if entry.name not in _NOT_THERE and entry.is_dir(follow_symlinks=False)
                    ]
            except OSError:
                continue
            yield from found
            below += found
        level = below


def provider_mirror() -> Path | None:
    """The folder that ``registry.terraform.io/hashicorp/aws`` lies in, looked for within 30 s, or None."""
    usual = [
        os.environ.get("TF_PLUGIN_CACHE_DIR", ""),
        str(Path.home() / ".terraform.d" / "plugins"),
        "/usr/local/share/terraform/plugins",
        "/usr/share/terraform/plugins",
    ]
    for place in usual:
        if place and any(Path(place, PROVIDER).glob("*")):
            return Path(place)
    for folder in _folders(Path("/"), _SEARCH_DEPTH, time.monotonic() + _SEARCH_S):
        if folder.name == PROVIDER.parts[0] and any((folder.parent / PROVIDER).glob("*")):
            return folder.parent
    return None


def find_terraform(folder: Path) -> Terraform:
    """A terraform whose settings lie in ``folder``.

    Raises:
        LookupError: it, or its provider, is not on this machine; the message says which.
    """
    program = shutil.which("terraform")
    if program is None:
        raise LookupError("the program terraform is not on this machine")
    version = _version(program)
    if version[:2] < OLDEST:
        raise LookupError(f"terraform is {'.'.join(map(str, version))}, the tests take 1.11 or later")
    mirror = provider_mirror()
    if mirror is None:
        raise LookupError(
            "its provider hashicorp/aws is in no folder of this machine "
            "(`terraform providers mirror ~/.terraform.d/plugins` in an environment's folder puts it there)"
        )
    configuration = folder / "terraform.rc"
    configuration.write_text(
        f'provider_installation {{\n  filesystem_mirror {{\n    path    = "{mirror}"\n  }}\n}}\n'
    )
    return Terraform(program, configuration)
