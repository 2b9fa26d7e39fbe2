"""The job of Glue as a process: DynamoDB, S3 and secrets on an emulator, into a real PostgreSQL."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator

import pytest
from analytics_samples import keep, result_of, store_at, tables
from aws_side import aws
from running import ROOT, own_environment
from servers.ministack import CREDENTIALS
from servers.on_aws import client
from servers.postgres import postgres

from bharatchef.pseudonyms import pseudonym

KEY = "a key of more than thirty-two characters"
PACKED = ROOT / "adapters" / "analytics" / "requirements.txt"
# The job, and then where everything that it imported came from.
JOB = """
import json, runpy, sys
from importlib.metadata import packages_distributions
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
loaded = {name.partition(".")[0] for name in list(sys.modules)}
used = {d for name, found in packages_distributions().items() if name in loaded for d in found}
print(json.dumps(sorted(used)))
"""


@pytest.fixture
def database() -> Iterator[str]:
    with postgres("analytics") as url:
        yield url.replace("+asyncpg", "+psycopg")


def test_the_job_loads_into_postgresql_with_what_glue_installs_alone(installed, tmp_path, database):
    side = aws(installed)
    client("dynamodb", installed.url).update_table(
        TableName=f"{installed.settings.table_prefix}Evaluations",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )
    for number in range(3):
        keep(side.ports, result_of(number, f"person-{number}"))
    secrets = client("secretsmanager", installed.url)
    prefix = installed.settings.table_prefix
    secrets.create_secret(Name=f"{prefix}key", SecretString=KEY)
    login = json.dumps({"username": "prefect", "password": "not asked for on loopback"})
    secrets.create_secret(Name=f"{prefix}login", SecretString=login)
    _, _, address = database.rpartition("@")
    settings = {
        "AWS_URL": installed.url,
        "TRAINEE_BUCKET": installed.settings.trainee_bucket,
        "EXPERT_BUCKET": installed.settings.expert_bucket,
        "RESULTS_BUCKET": installed.settings.results_bucket,
        "TABLE_PREFIX": prefix,
        "ANALYTICS_URL": f"postgresql://{address}",
        "ANALYTICS_LOGIN": f"{prefix}login",
    }
    words = [word for name, value in settings.items() for word in (f"--BHARATCHEF_{name}", value)]
    glues_own = [
        "--JOB_NAME",
        "bharatchef-analytics",
        "--enable-metrics",
        "--PSEUDONYM_KEY_SECRET",
        f"{prefix}key",
    ]

    def run(*more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", JOB, "adapters/analytics/glue_job.py", *glues_own, *words, *more],
            cwd=ROOT,
            env={**own_environment(tmp_path), **CREDENTIALS, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )

    first = run()
    assert first.returncode == 0, first.stderr[-3000:]
    done, used = (json.loads(line) for line in first.stdout.splitlines())
    assert (done["afresh"], done["withoutResult"]) == (True, 0)
    in_glue = {"boto3", "botocore", "s3transfer", "jmespath", "python-dateutil", "urllib3", "six"}
    in_glue |= {"certifi", "pygments"}  # used where they are there, by urllib3 and Mako; needed by nothing
    ours_alone = {"bharatchef", "setuptools", "pip", "distutils-precedence"}
    installed_there = {line.partition("==")[0].lower() for line in PACKED.read_text("utf-8").splitlines()}
    lacking = {name.lower() for name in used} - installed_there - in_glue - ours_alone
    assert lacking == set(), "the job imports what Glue is not told to install"
    assert not {"prefect", "av", "opencv-python-headless", "fastapi"} & {name.lower() for name in used}

    store = store_at(database)
    whole = tables(store.engine, without=("source_watermark", "source_version", "benchmark_group"))
    assert len(whole["fact_evaluation"]) == 3
    assert (pseudonym("person-1", KEY.encode()),) in whole["dim_person"]
    again = json.loads(run("--AFRESH", "true").stdout.splitlines()[0])
    assert again["afresh"]
    assert tables(store.engine, without=("source_watermark", "source_version", "benchmark_group")) == whole
    store.engine.dispose()

    refused = run("--BHARATCHEF_ANALYTICS_LOGIN", f"{prefix}key")
    assert refused.returncode == 3
    assert "Expected username and password as JSON" in refused.stderr
    assert KEY not in refused.stderr + refused.stdout


def test_what_glue_installs_is_what_was_tested_together():
    pinned = dict(
        line.lower().split("==")
        for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
        if "==" in line and not line.startswith("#")
    )
    named = [line.split("==") for line in PACKED.read_text("utf-8").splitlines()]
    assert len(named) > 8
    assert {name: version for name, version in named if pinned.get(name.lower()) != version} == {}
