"""Buckets, queues, topics, tables and the rule between them, made for real by an emulator of AWS."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from servers.ministack import CREDENTIALS, REGION, ministack
from terraforming import Terraform

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]
KEY = 'trainee/user-1/masala-chai/attempt "2"/front.mp4'
PART = b"x" * 5 * 1024 * 1024


@pytest.fixture(scope="module")
def aws() -> Iterator[str]:
    with ministack() as url:
        yield url


def _client(service: str, url: str) -> Any:
    import boto3

    return boto3.Session(
        aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        region_name=REGION,
    ).client(service, endpoint_url=url)


def _upload_in_parts(s3: Any, bucket: str) -> None:
    upload = s3.create_multipart_upload(Bucket=bucket, Key=KEY)["UploadId"]
    parts = [
        {
            "PartNumber": number,
            "ETag": s3.upload_part(Bucket=bucket, Key=KEY, UploadId=upload, PartNumber=number, Body=body)[
                "ETag"
            ],
        }
        for number, body in ((1, PART), (2, b"the rest"))
    ]
    s3.complete_multipart_upload(Bucket=bucket, Key=KEY, UploadId=upload, MultipartUpload={"Parts": parts})


def _messages(sqs: Any, queue: str, wait_s: int) -> list[dict[str, Any]]:
    received = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=wait_s)
    return [json.loads(message["Body"]) for message in received.get("Messages", [])]


def test_the_core_is_made_works_and_goes_again(
    terraform: Terraform, copy_of_terraform: Path, aws: str
) -> None:
    root = copy_of_terraform.parents[1] / "tests" / "infra" / "core"
    given = ("-input=false", f"-var=endpoint={aws}")
    terraform.initialise(root)

    terraform.succeed(root, "apply", "-auto-approve", *given)
    made = {
        name: output["value"]
        for name, output in json.loads(terraform.succeed(root, "output", "-json")).items()
    }

    again = terraform.run(root, "plan", "-detailed-exitcode", *given)
    assert again.returncode == 0, f"the second plan is not clean:\n{again.stdout}\n{again.stderr}"

    s3, sqs, dynamodb = (_client(service, aws) for service in ("s3", "sqs", "dynamodb"))
    bucket = made["bucket_names"]["bharatchef-trainee-videos"]
    queue = made["queue_urls"]["video-processing-queue"]
    _upload_in_parts(s3, bucket)
    (message,) = _messages(sqs, queue, wait_s=15)
    assert message["source"] == "aws.s3"
    assert message["detail-type"] == "Object Created"
    assert message["detail"]["bucket"]["name"] == bucket
    assert message["detail"]["object"]["key"] == KEY
    assert message["detail"]["object"]["size"] == len(PART) + len(b"the rest")
    assert message["detail"]["object"]["etag"]
    assert message["id"]
    assert message["time"]
    assert "requester" not in message["detail"], "who uploaded goes no further"
    assert "source-ip-address" not in message["detail"], "from where goes no further"

    s3.put_object(Bucket=made["bucket_names"]["bharatchef-processed-results"], Key="r.json", Body=b"{}")
    assert _messages(sqs, queue, wait_s=2) == [], "a result starts nothing"

    table = dynamodb.describe_table(TableName=made["table_names"]["Evaluations"])["Table"]
    assert [key["AttributeName"] for key in table["KeySchema"]] == ["evaluationId", "userId"]
    assert table["GlobalSecondaryIndexes"][0]["IndexName"] == "userId-timestamp-index"
    attributes = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]
    assert json.loads(attributes["RedrivePolicy"])["maxReceiveCount"] == 10
    assert attributes["VisibilityTimeout"] == "900"

    terraform.succeed(root, "destroy", "-auto-approve", "-refresh=false", *given)
    assert s3.list_buckets()["Buckets"] == []
    assert sqs.list_queues().get("QueueUrls", []) == []
    assert dynamodb.list_tables()["TableNames"] == []
