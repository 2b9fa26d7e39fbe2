"""A module's tests bite: a small mistake in a copy of it is found, and named."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from terraforming import Terraform

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
_RUN = re.compile(r'^(?=run ")', re.MULTILINE)
MUTATIONS: list[dict[str, str]] = yaml.safe_load(
    Path(__file__).with_name("mutations.yaml").read_text(encoding="utf-8")
)


def _title(mutation: dict[str, Any]) -> str:
    return f"{mutation['module']}: {mutation['found']}"


def keep_what_finds(module: Path, run: str | None, found: str) -> None:
    """Leave of a module's tests the one run that is to find the mistake: each run costs seconds.

    Args:
        run: its name, where ``found`` is not among its words.
    """
    kept = 0
    for file in module.glob("tests/*.tftest.hcl"):
        head, *runs = _RUN.split(file.read_text(encoding="utf-8"))
        finding = [one for one in runs if (one.startswith(f'run "{run}"') if run else found in one)]
        kept += len(finding)
        file.write_text("".join((head, *finding)), encoding="utf-8")
    assert kept == 1, f"{kept} runs of {module.name} speak of it: name one as `run`"


@pytest.mark.parametrize("mutation", MUTATIONS, ids=_title)
def test_a_mistake_is_found(
    terraform: Terraform, copy_of_terraform: Path, tmp_path: Path, mutation: dict[str, str]
) -> None:
    module = copy_of_terraform / "modules" / mutation["module"]
    terraform.initialise(module)
    mutated = tmp_path / mutation["module"]
    # The link to the provider comes along, so that a copy needs no start of its own.
    shutil.copytree(module, mutated, symlinks=True)
    file = mutated / mutation["file"]
    text = file.read_text(encoding="utf-8")
    assert mutation["instead_of"] in text, f"{file.name} no longer has what the mutation replaces"
    file.write_text(text.replace(mutation["instead_of"], mutation["now"]), encoding="utf-8")
    keep_what_finds(mutated, mutation.get("run"), mutation["found"])

    done = terraform.run(mutated, "test")

    assert done.returncode != 0, f"nobody noticed:\n{done.stdout}"
    said = " ".join((done.stdout + done.stderr).replace("│", " ").split())
    assert mutation["found"] in said, f"something else failed:\n{done.stdout}\n{done.stderr}"
