"""What every side promises, held to by AWS's: the same tests as of the local side, on an emulator."""

from __future__ import annotations

from typing import Any

import pytest
from contract.test_contract_objects import *  # noqa: F403
from servers.on_aws import Stack, client

from adapters.aws.objects import S3Objects

OCTETS_TYPE = "application/octet-stream"


@pytest.fixture
def versioned(installed: Stack) -> tuple[S3Objects, Any]:
    """The store over a bucket of results that keeps every version, as Terraform makes it."""
    s3 = client("s3", installed.url)
    s3.put_bucket_versioning(
        Bucket=installed.settings.results_bucket, VersioningConfiguration={"Status": "Enabled"}
    )
    return S3Objects(installed.settings), s3


def versions(s3: Any, bucket: str) -> list[tuple[str, str]]:
    found = s3.list_object_versions(Bucket=bucket)
    return sorted(
        [(entry["Key"], "version") for entry in found.get("Versions", ())]
        + [(entry["Key"], "mark") for entry in found.get("DeleteMarkers", ())]
    )


def test_erasing_takes_every_version_and_every_mark_of_a_deletion(versioned, installed: Stack) -> None:
    objects, s3 = versioned
    bucket = installed.settings.results_bucket
    for key in ("results/a/1", "results/a/2", "results/ab/1"):
        for text in (b"first", b"second"):
            objects.put_bytes(key, text, OCTETS_TYPE)
    objects.delete("results/a/1")
    assert versions(s3, bucket).count(("results/a/1", "mark")) == 1
    assert objects.erase("results/a/") == 5
    assert versions(s3, bucket) == [("results/ab/1", "version")] * 2
    assert objects.erase("results/a/") == 0


def test_what_was_there_before_goes_and_what_is_there_stays(versioned, installed: Stack) -> None:
    objects, s3 = versioned
    for text in (b"first", b"second", b"third"):
        objects.put_bytes("labels/one.json", text, OCTETS_TYPE)
    assert objects.erase_earlier("labels/one.json") == 2
    assert objects.get_bytes("labels/one.json") == b"third"
    assert versions(s3, installed.settings.results_bucket) == [("labels/one.json", "version")]
