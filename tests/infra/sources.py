"""Reads Terraform's files as text, for what no plan shows: comments, reasons, descriptions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from terraforming import TERRAFORM

_BLOCK = re.compile(r'^(variable|output) "([^"]+)" \{$', re.MULTILINE)


def terraform_files() -> list[Path]:
    """Every file of infra/terraform that Terraform reads, tests of modules aside."""
    return sorted(
        path
        for path in TERRAFORM.rglob("*.tf")
        if not any(part.startswith(".") for part in path.relative_to(TERRAFORM).parts)
    )


def place(path: Path) -> str:
    return str(path.relative_to(TERRAFORM))


def blocks(path: Path) -> Iterator[tuple[str, str, str]]:
    """Kind, name and text of each variable and output of a file that `terraform fmt` has written."""
    text = path.read_text(encoding="utf-8")
    for found in _BLOCK.finditer(text):
        yield found[1], found[2], text[found.end() : text.index("\n}", found.end())]
