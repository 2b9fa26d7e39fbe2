"""An erasure and the rules of retention over AWS's ports: every version of every object, every table."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from people_samples import MODELS, USER, WORDS, seed
from servers.on_aws import KEYS, Stack, client

from adapters.aws.building import build_aws_ports
from adapters.local.clock import SystemClock
from bharatchef.erasing.receipts import is_genuine
from bharatchef.pseudonyms import receipt_key
from bharatchef.settings import Settings
from tasks.erasing import ask_for_erasure, complete_erasure, looked_up
from tasks.erasing_objects import places_of_ports
from tasks.retaining import enforce, planned

SECRETS = {name: f"{name}-of-the-tests-0123456789-0123456789" for name in ("pseudonym_key", "receipt_key")}


@pytest.fixture
def settings(installed: Stack) -> Settings:
    """The installation with its keys, its buckets versioned as Terraform makes them."""
    s3 = client("s3", installed.url)
    for bucket in (installed.settings.expert_bucket, installed.settings.results_bucket):
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    return Settings.model_validate({**installed.settings.model_dump(), **SECRETS})


def everything(installed: Stack, settings: Settings) -> dict[str, bytes]:
    """All versions of all objects, and all tables, by where they are."""
    s3, dynamodb = client("s3", installed.url), client("dynamodb", installed.url)
    found: dict[str, bytes] = {}
    for bucket in (settings.trainee_bucket, settings.expert_bucket, settings.results_bucket):
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
            for entry in page.get("Versions", ()):
                asked = {"Bucket": bucket, "Key": entry["Key"], "VersionId": entry["VersionId"]}
                where = f"{bucket}/{entry['Key']}@{entry['VersionId']}"
                found[where] = s3.get_object(**asked)["Body"].read()
            for entry in page.get("DeleteMarkers", ()):
                found[f"{bucket}/{entry['Key']} deleted"] = b""
    for table in KEYS:
        for item in dynamodb.scan(TableName=f"{settings.table_prefix}{table}")["Items"]:
            found[f"{table}: {json.dumps(item, default=str)[:80]}"] = json.dumps(item, default=str).encode()
    return found


def holding(all_there_is: dict[str, bytes], *words: str) -> list[str]:
    return [
        where for where, data in all_there_is.items() if any(w in where or w.encode() in data for w in words)
    ]


def test_nothing_of_the_person_is_left_in_any_version_of_any_object_nor_in_any_table(installed, settings):
    ports = build_aws_ports(settings)
    seeded = seed(ports, settings)
    ports.objects.delete("labels/audit/bhurji-2-c3d4.json")
    assert len(holding(everything(installed, settings), *WORDS)) > 20

    found = looked_up(ports, settings, places_of_ports(ports), USER)
    ask_for_erasure(ports, found)
    receipt = complete_erasure(ports, settings, places_of_ports(ports), seeded.person)

    left = everything(installed, settings)
    assert holding(left, *WORDS) == []
    assert [
        where for where in holding(left, "bhurji-1-a1b2", "bhurji-2-c3d4") if "/trail/" not in where
    ] == []
    assert holding(left, seeded.film_sha256) == []
    assert holding(left, "bhurji-9-ffff") != []
    assert receipt is not None
    assert receipt.models == MODELS
    assert is_genuine(receipt, receipt_key(settings))
    days = {backup.what: backup.until for backup in receipt.backups}
    pitr = next(until for what, until in days.items() if "DynamoDB" in what)
    assert pitr == receipt.finished_at + timedelta(days=35)
    assert ports.evaluations.history(USER) == []


def rule(action: dict[str, Any], prefix: str = "trainee/") -> dict[str, Any]:
    films = {"ID": "films", "Status": "Enabled", "Filter": {"Prefix": prefix}, **action}
    return {"Rules": [films]}


@pytest.mark.parametrize(
    ("rules", "told"),
    [
        (rule({"Transitions": [{"Days": 90, "StorageClass": "GLACIER"}]}), []),
        (rule({"Transitions": [{"Days": 30, "StorageClass": "GLACIER"}]}), ["archived after 30 days"]),
        (rule({"Expiration": {"Days": 90}}), ["deleted after 90 days"]),
        (rule({"Transitions": [{"Days": 90, "StorageClass": "GLACIER"}]}, "other/"), ["nothing of films"]),
        (None, ["nothing of films"]),
    ],
)
def test_the_bucket_s_own_rule_is_looked_at(installed, settings, rules, told):
    if rules is not None:
        client("s3", installed.url).put_bucket_lifecycle_configuration(
            Bucket=settings.trainee_bucket, LifecycleConfiguration=rules
        )
    findings = planned(build_aws_ports(settings), settings).findings
    assert len(findings) == len(told)
    assert all(word in finding for word, finding in zip(told, findings, strict=True))


class LaterClock(SystemClock):
    """The system's clock, so many days ahead."""

    def __init__(self, days: float) -> None:
        self.days = days

    def now(self):
        return super().now() + timedelta(days=self.days)


def test_films_that_the_bucket_did_not_archive_are_told_and_those_past_the_archive_go(settings):
    seed(build_aws_ports(settings), settings)
    ports = build_aws_ports(settings, LaterClock(100))
    done = enforce(ports, settings)
    assert {entry.kind for entry in done.due} == {"proxies", "task result"}
    assert any("4 film(s)" in finding for finding in done.findings)
    done = enforce(build_aws_ports(settings, LaterClock(731)), settings)
    assert len([entry for entry in done.due if (entry.kind, entry.action) == ("film", "delete")]) == 4
    assert list(ports.objects.list_keys("trainee/")) == []
