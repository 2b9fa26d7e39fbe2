"""The roots: alike but for what their tfvars say, valid, planned whole, and in the program's words."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from running import ROOT
from sources import blocks
from terraforming import ENVIRONMENTS, TERRAFORM, Terraform

from bharatchef.settings import Settings

SETTING = re.compile(r"^\s+(BHARATCHEF_[A-Z_]+)\s*=", re.MULTILINE)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_an_environment_is_planned(terraform: Terraform, copy_of_terraform: Path, name: str) -> None:
    root = copy_of_terraform / "environments" / name
    terraform.initialise(root)
    said = terraform.succeed(root, "test")
    assert "Success!" in said


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_state_is_valid(terraform: Terraform, copy_of_terraform: Path) -> None:
    root = copy_of_terraform / "state"
    terraform.initialise(root)
    terraform.succeed(root, "validate")


@pytest.mark.parametrize("file", ["main.tf", "variables.tf", "outputs.tf", "versions.tf", "backend.hcl"])
def test_environments_differ_in_their_tfvars_alone(file: str) -> None:
    texts = set()
    for name in ENVIRONMENTS:
        text = (TERRAFORM / "environments" / name / file).read_text(encoding="utf-8")
        texts.add(text.replace(name, "NAME") if file in {"main.tf", "backend.hcl"} else text)
    assert len(texts) == 1, f"{file} is not the same in each environment"


def test_every_input_of_the_platform_reaches_it() -> None:
    root = TERRAFORM / "environments" / "production"
    main = (root / "main.tf").read_text(encoding="utf-8")
    given = {name for _, name, _ in blocks(root / "variables.tf")}
    taken = {name for _, name, _ in blocks(TERRAFORM / "platform" / "variables.tf")}
    assert taken - {"environment", "region", "replica_region"} == given - {"cost_centre"}
    for name in given - {"cost_centre"}:
        assert re.search(rf"^  {name}\s+= var\.{name}$", main, re.MULTILINE), f"{name} is not handed on"


def test_every_module_stands_in_the_platform() -> None:
    wired = set()
    for file in (TERRAFORM / "platform").glob("*.tf"):
        wired |= set(re.findall(r'source\s*=\s*"\.\./modules/([a-z]+)"', file.read_text(encoding="utf-8")))
    there = {path.parent.name for path in TERRAFORM.glob("modules/*/outputs.tf")}
    assert wired == there


def test_every_environment_is_tagged() -> None:
    for name in ENVIRONMENTS:
        main = (TERRAFORM / "environments" / name / "main.tf").read_text(encoding="utf-8")
        assert main.count("default_tags") == main.count('provider "aws"') == 2
        for tag in ("Project", "Environment", "ManagedBy", "CostCentre"):
            assert re.search(rf"^    {tag}\s+= ", main, re.MULTILINE), f"{name} has no tag {tag}"


def test_the_program_knows_every_setting_it_is_given() -> None:
    text = (TERRAFORM / "platform" / "settings.tf").read_text(encoding="utf-8")
    given = set(SETTING.findall(text))
    known = {f"BHARATCHEF_{field.upper()}" for field in Settings.model_fields}
    assert len(given) > 10
    assert given <= known


def test_records_and_tables_have_the_same_names() -> None:
    """What Terraform makes is what the adapter asks for."""
    pytest.importorskip("boto3")
    text = (TERRAFORM / "modules" / "data" / "main.tf").read_text(encoding="utf-8")
    made = set(re.findall(r"^    ([A-Z]\w+)\s+= \{ key = ", text, re.MULTILINE))
    adapter = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "adapters" / "aws").glob("*.py"))
    assert made == {"Users", "Dishes", "Evaluations", "ActionSequences", "Feedback"}
    for name in made:
        assert f'"{name}"' in adapter, f"nothing in adapters/aws asks for {name}"
    assert "userId-timestamp-index" in adapter


def test_nothing_of_a_run_lies_in_the_tree() -> None:
    left = [
        str(Path(folder) / name)
        for folder, folders, files in os.walk(TERRAFORM)
        for name in [*folders, *files]
        if name == ".terraform" or ".tfstate" in name
    ]
    assert left == []
