"""Each module is formatted, valid and does what its own tests say, against a provider that makes nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from terraforming import MODULES, Terraform

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def test_everything_is_formatted(terraform: Terraform, copy_of_terraform: Path) -> None:
    terraform.succeed(copy_of_terraform, "fmt", "-check", "-recursive", "-diff")
    terraform.succeed(copy_of_terraform.parents[1] / "tests" / "infra" / "core", "fmt", "-check", "-diff")


@pytest.mark.parametrize("name", MODULES)
def test_a_module_does_what_its_tests_say(terraform: Terraform, copy_of_terraform: Path, name: str) -> None:
    module = copy_of_terraform / "modules" / name
    assert list(module.glob("tests/*.tftest.hcl")), f"{name} has no tests of its own"
    terraform.initialise(module)
    # A test run validates first; nothing is validated twice.
    said = terraform.succeed(module, "test")
    assert "Success!" in said
    assert " 0 failed" in said
