"""Which films lie in a folder of a bucket, and in which version each; reads none of them."""

from __future__ import annotations

from typing import Any

from adapters.aws.clients import aws_client, error_code, telling_aws
from bharatchef.settings import Settings


class Uploads:
    """What was uploaded, as S3 has it now; knows no keys' meaning."""

    def __init__(self, settings: Settings) -> None:
        self._client: Any = aws_client("s3", settings, s3={"addressing_style": "auto"})

    def in_folder(self, bucket: str, folder: str) -> dict[str, str]:
        """The keys that begin with ``folder``, each with its version's id, else its etag.

        Raises:
            StoreError: S3 does not answer, or refuses.
        """
        with telling_aws(f"list {folder!r}"):
            pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=folder)
            keys = [entry["Key"] for page in pages for entry in page.get("Contents", ())]
        found = {key: self.version(bucket, key) for key in keys}
        return {key: version for key, version in found.items() if version is not None}

    def version(self, bucket: str, key: str) -> str | None:
        """The version's id of what is under ``key`` now, else its etag; ``None`` where nothing is.

        Raises:
            StoreError: S3 does not answer, or refuses.
        """
        from botocore.exceptions import ClientError

        with telling_aws(f"look at {key!r}"):
            try:
                head = self._client.head_object(Bucket=bucket, Key=key)
            except ClientError as error:
                if error_code(error) in ("404", "NoSuchKey", "NotFound"):
                    return None
                raise
        version = head.get("VersionId")
        return str(version) if version and version != "null" else str(head["ETag"]).strip('"')
