"""What every module keeps to: one provider, described inputs, no `*` without a reason, the design's names."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from running import ROOT
from sources import blocks, place, terraform_files
from terraforming import MODULES, TERRAFORM

_EVERYTHING = re.compile(r'^\s*(?:"?[Rr]esources?"?|not_resources)\s*=\s*(?:\[\s*)?"\*"', re.MULTILINE)
_SKIP = re.compile(r"checkov:skip=(?P<check>CKV2?_AWS_\d+)(?P<reason>.*)")


def test_the_modules_of_the_design_are_there() -> None:
    assert set(MODULES) == {
        *("network", "storage", "data", "queues", "models", "orchestration", "knowledge", "edge"),
        *("observability", "governance", "delivery", "analytics"),
    }


@pytest.mark.parametrize("name", MODULES)
def test_a_module_has_its_four_files(name: str) -> None:
    module = TERRAFORM / "modules" / name
    assert {"main.tf", "variables.tf", "outputs.tf", "versions.tf"} <= {
        file.name for file in module.iterdir()
    }
    versions = (module / "versions.tf").read_text(encoding="utf-8")
    assert 'required_version = ">= 1.9"' in versions
    assert re.findall(r'source\s*=\s*"([^"]+)"', versions) == ["hashicorp/aws"]
    assert 'version = "~> 5.0"' in versions


@pytest.mark.parametrize("path", terraform_files(), ids=place)
def test_inputs_and_outputs_are_described(path: Path) -> None:
    for kind, name, text in blocks(path):
        assert re.search(r"^  description\s*=\s*\S", text, re.MULTILINE), f"{kind} {name} has no description"
        if kind == "variable":
            assert re.search(r"^  type\s*=\s*\S", text, re.MULTILINE), f"variable {name} has no type"


@pytest.mark.parametrize("path", terraform_files(), ids=place)
def test_everything_is_named_with_a_reason(path: Path) -> None:
    """A policy over every resource carries a comment just above that says why."""
    lines = path.read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines):
        if _EVERYTHING.match(line):
            assert lines[number - 1].strip().startswith("#"), (
                f"line {number + 1} gives no reason: {line.strip()}"
            )


@pytest.mark.parametrize("path", terraform_files(), ids=place)
def test_a_check_is_skipped_with_a_reason(path: Path) -> None:
    for found in _SKIP.finditer(path.read_text(encoding="utf-8")):
        assert len(found["reason"].lstrip(":").split()) >= 4, f"{found['check']} is skipped without a reason"


@pytest.mark.parametrize("path", terraform_files(), ids=place)
def test_no_module_reads_anothers_state(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert "terraform_remote_state" not in text
    assert not re.search(r"\b(AKIA|ASIA)[A-Z0-9]{16}\b", text), "an access key"


def test_files_stay_short() -> None:
    long = {place(path): len(path.read_text(encoding="utf-8").splitlines()) for path in terraform_files()}
    assert {name: lines for name, lines in long.items() if lines > 400} == {}


def test_an_address_of_endpoints_is_a_service_of_aws() -> None:
    endpoints = yaml.safe_load((TERRAFORM / "modules/network/endpoints.yaml").read_text(encoding="utf-8"))
    botocore = pytest.importorskip("botocore.session")
    known = set(botocore.Session().get_available_services())
    for name, endpoint in endpoints.items():
        assert set(endpoint) <= {"type", "service", "clients", "why", "optional", "private_dns"}, name
        assert endpoint["type"] in {"Gateway", "Interface"}
        assert set(endpoint["clients"]) <= known


def test_nothing_names_this_machine() -> None:
    for path in [*terraform_files(), *TERRAFORM.rglob("*.md"), *(ROOT / "tests" / "infra").rglob("*.py")]:
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"(?<![\w.])/(?:opt|home|root)/\w", text), path
