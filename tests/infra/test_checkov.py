"""checkov finds nothing in infra/terraform that is not skipped in place with a reason."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
from running import ROOT

CHECKOV = ROOT / ".checkov" / "bin" / "checkov"


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_checkov_is_content(copy_of_terraform: Path) -> None:
    if not CHECKOV.exists():
        pytest.skip("checkov is not here, the stack is NOT scanned: `make setup-emulators` installs it")
    done = subprocess.run(
        [
            *(str(CHECKOV), "--directory", str(copy_of_terraform)),
            *("--framework", "terraform", "--skip-download", "--output", "json", "--compact"),
        ],
        env={**os.environ, "LOG_LEVEL": "ERROR", "BC_API_KEY": ""},
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    found = json.loads(done.stdout)
    failed = [
        f"{check['check_id']} {check['resource']} ({check['file_path']}): {check['check_name']}"
        for check in found["results"]["failed_checks"]
    ]
    assert failed == []
    assert found["summary"]["passed"] > 200, "checkov looked at too little"
    assert found["summary"]["parsing_errors"] == 0
