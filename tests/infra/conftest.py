"""Terraform on copies of the modules; where it cannot be had, that is said where everybody reads it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from rendering import render_policies
from running import ROOT
from terraforming import TERRAFORM, Terraform, find_terraform

_missing: list[str] = []


@pytest.fixture(scope="session")
def terraform(tmp_path_factory: pytest.TempPathFactory) -> Terraform:
    """A terraform that works here; the tests that need one are skipped, loudly, where there is none."""
    try:
        return find_terraform(tmp_path_factory.mktemp("terraform-settings"))
    except LookupError as error:
        if not _missing:
            _missing.append(str(error))
        pytest.skip(f"Terraform is NOT checked: {error}")


@pytest.fixture(scope="session")
def copy_of_terraform(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout's infra/terraform and tests/infra/core elsewhere, so that runs leave nothing in the tree."""
    root = tmp_path_factory.mktemp("checkout")
    without = shutil.ignore_patterns(".terraform", "*.tfstate*")
    shutil.copytree(TERRAFORM, root / "infra" / "terraform", ignore=without)
    shutil.copytree(ROOT / "tests" / "infra" / "core", root / "tests" / "infra" / "core", ignore=without)
    return root / "infra" / "terraform"


@pytest.fixture(scope="session")
def rendered(
    terraform: Terraform, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, list[dict[str, Any]]]:
    """The statements of the workloads' policies, and of the key's."""
    return render_policies(terraform, tmp_path_factory.mktemp("policies"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for reason in _missing:
        terminalreporter.write_sep("!", "TERRAFORM WAS NOT CHECKED", red=True, bold=True)
        terminalreporter.write_line(f"{reason}; what is in infra/terraform is as untested as if it were new.")
