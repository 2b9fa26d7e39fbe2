"""A module's tests bite: a small mistake in a copy of it is found, and named."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from terraforming import Terraform

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
MUTATIONS: list[dict[str, str]] = yaml.safe_load(
    Path(__file__).with_name("mutations.yaml").read_text(encoding="utf-8")
)


def _title(mutation: dict[str, Any]) -> str:
    return f"{mutation['module']}: {mutation['found']}"


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

    done = terraform.run(mutated, "test")

    assert done.returncode != 0, f"nobody noticed:\n{done.stdout}"
    said = " ".join((done.stdout + done.stderr).replace("│", " ").split())
    assert mutation["found"] in said, f"something else failed:\n{done.stdout}\n{done.stderr}"
