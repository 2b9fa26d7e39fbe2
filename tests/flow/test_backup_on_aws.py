"""A backup on a machine whose ports are AWS's: what it does not hold is said."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize("ports", ["aws", "local"])
def test_what_a_backup_does_not_hold_is_said_where_it_lies_on_aws(bharatchef, tmp_path, ports):
    archive = tmp_path / "backup.tar.gz"
    kept = tmp_path / "bharatchef" / "dishes" / "note.yaml"
    kept.parent.mkdir(parents=True)
    kept.write_text("{}")
    written = bharatchef("backup", archive, BHARATCHEF_PORTS=ports)
    assert written.returncode == 0, written.stderr
    restored = bharatchef("restore", archive, "--force", BHARATCHEF_PORTS=ports)
    assert restored.returncode == 0, restored.stderr
    for done in (written, restored):
        said = " ".join(done.stderr.split())
        assert ("films, results and records lie in S3 and DynamoDB" in said) == (ports == "aws")
