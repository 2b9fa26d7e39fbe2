"""The object store on S3: one name space over the three buckets; knows nothing of what the bytes mean."""

from __future__ import annotations

import heapq
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

from adapters.aws.clients import aws_client, error_code, telling_aws
from adapters.keys import check_content_type, key_parts, shown
from bharatchef.errors import StoreError
from bharatchef.ports import StoredObject
from bharatchef.settings import Settings

T = TypeVar("T")
_MIB = 1 << 20
_PART_BYTES = 16 * _MIB
_THREADS = 4
_READ_TRIES = 3
_NOTHING_THERE = {"NoSuchKey", "404", "NotFound"}
_ARCHIVES = {"GLACIER", "DEEP_ARCHIVE"}
_TRAINEES = ("trainee", "films")
_EXPERTS = ("expert",)


class S3Objects:
    """The object store port on S3.

    The first part of a key says which bucket it is in: ``trainee`` and ``films`` the trainees', ``expert``
    the experts', any other that of results. A large file goes up in parts, side by side; it appears whole or
    not at all, and the parts of a failed one are given up. It comes down as a stream. All is encrypted at
    rest.

    Args:
        settings: names the buckets and the key.
        part_bytes: a file larger than this goes in parts of this size, at least 5 MiB.
    """

    def __init__(self, settings: Settings, part_bytes: int = _PART_BYTES) -> None:
        from boto3.s3.transfer import TransferConfig

        self._client: Any = aws_client("s3", settings, read_s=30.0, pool=32, s3={"addressing_style": "auto"})
        self._trainees = settings.trainee_bucket
        self._experts = settings.expert_bucket
        self._results = settings.results_bucket
        self._encryption = (
            {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": settings.kms_key}
            if settings.kms_key
            else {"ServerSideEncryption": "AES256"}
        )
        self._transfer = TransferConfig(
            multipart_threshold=part_bytes,
            multipart_chunksize=part_bytes,
            max_concurrency=_THREADS,
        )

    def put_bytes(self, key: str, data: bytes, content_type: str) -> None:
        key_parts(key)
        check_content_type(content_type)
        with telling_aws(f"store {shown(key)!r}"):
            self._client.put_object(
                Bucket=self.bucket_of(key), Key=key, Body=data, ContentType=content_type, **self._encryption
            )

    def put_file(self, key: str, path: Path, content_type: str) -> None:
        key_parts(key)
        check_content_type(content_type)
        if not path.is_file():
            raise StoreError(f"Could not store {shown(key)!r}: expected a file to store, there is none.")
        with telling_aws(f"store {shown(key)!r}"):
            self._client.upload_file(
                str(path),
                self.bucket_of(key),
                key,
                ExtraArgs={"ContentType": content_type, **self._encryption},
                Config=self._transfer,
            )

    def get_bytes(self, key: str) -> bytes:
        key_parts(key)
        with telling_aws(f"read {shown(key)!r}"), _absent(key):
            bucket = self.bucket_of(key)
            return _whole(lambda: bytes(self._client.get_object(Bucket=bucket, Key=key)["Body"].read()))

    @contextmanager
    def as_file(self, key: str) -> Iterator[Path]:
        key_parts(key)
        with tempfile.TemporaryDirectory(prefix="bharatchef-") as folder:
            path = Path(folder, f"object{PurePosixPath(key).suffix}")
            with telling_aws(f"read {shown(key)!r}"), _absent(key):
                _whole(lambda: self._stream(key, path))
            yield path

    def exists(self, key: str) -> bool:
        from botocore.exceptions import ClientError

        key_parts(key)
        with telling_aws(f"look for {shown(key)!r}"):
            try:
                self._client.head_object(Bucket=self.bucket_of(key), Key=key)
            except ClientError as error:
                # A 403 is no "missing": the role lacks a right, and that must show.
                if error_code(error) in _NOTHING_THERE:
                    return False
                raise
        return True

    def list_keys(self, prefix: str) -> Iterator[str]:
        if prefix:
            key_parts(prefix.removesuffix("/"))
        # S3 lists in the order of UTF-8 bytes, which is that of Python's texts.
        return heapq.merge(*(self._keys(bucket, prefix) for bucket in self._buckets_of(prefix)))

    def delete(self, key: str) -> None:
        key_parts(key)
        with telling_aws(f"delete {shown(key)!r}"):
            self._client.delete_object(Bucket=self.bucket_of(key), Key=key)

    def objects(self, prefix: str) -> Iterator[StoredObject]:
        for bucket in self._buckets_of(prefix):
            for entry in self._entries(bucket, prefix):
                archived = entry.get("StorageClass") in _ARCHIVES
                yield StoredObject(entry["Key"], entry["Size"], entry["LastModified"], archived)

    def erase(self, key: str) -> int:
        key_parts(key.removesuffix("/"))
        return self._erase(key, lambda _: True)

    def erase_earlier(self, key: str) -> int:
        key_parts(key)
        return self._erase(key, lambda entry: not entry["IsLatest"])

    def bucket_of(self, key: str) -> str:
        """The bucket that a key is in."""
        first = key.split("/", 1)[0]
        if first in _TRAINEES:
            return self._trainees
        return self._experts if first in _EXPERTS else self._results

    def check(self) -> None:
        """Return where the buckets are there and may be read.

        Raises:
            StoreError: one is not; names it and its setting.
        """
        for name, bucket in (
            ("TRAINEE", self._trainees),
            ("EXPERT", self._experts),
            ("RESULTS", self._results),
        ):
            with telling_aws(f"find the bucket {bucket!r} of BHARATCHEF_{name}_BUCKET"):
                self._client.head_bucket(Bucket=bucket)

    def _erase(self, key: str, chosen: Callable[[dict[str, Any]], bool]) -> int:
        bucket, gone = self.bucket_of(key), 0
        pages = self._client.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=key)
        with telling_aws("erase what is stored under a key"):
            for page in pages:
                asked = [
                    {"Key": entry["Key"], "VersionId": entry["VersionId"]}
                    for entry in (*page.get("Versions", ()), *page.get("DeleteMarkers", ()))
                    if (key.endswith("/") or entry["Key"] == key) and chosen(entry)
                ]
                if not asked:
                    continue
                answer = self._client.delete_objects(Bucket=bucket, Delete={"Objects": asked, "Quiet": True})
                if refused := answer.get("Errors"):
                    raise StoreError(
                        f"Could not erase {len(refused)} of {len(asked)} stored versions:"
                        f" {refused[0].get('Code')}.",
                        "Repeat it; a role needs s3:DeleteObjectVersion and s3:ListBucketVersions for it.",
                    )
                gone += len(asked)
        return gone

    def _stream(self, key: str, path: Path) -> None:
        body = self._client.get_object(Bucket=self.bucket_of(key), Key=key)["Body"]
        with path.open("wb") as file:
            for piece in body.iter_chunks(_MIB):
                file.write(piece)

    def _buckets_of(self, prefix: str) -> list[str]:
        if "/" in prefix:
            return [self.bucket_of(prefix)]
        return sorted({self._trainees, self._experts, self._results})

    def _keys(self, bucket: str, prefix: str) -> Iterator[str]:
        return (entry["Key"] for entry in self._entries(bucket, prefix))

    def _entries(self, bucket: str, prefix: str) -> Iterator[dict[str, Any]]:
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        with telling_aws(f"list what is stored under {shown(prefix)!r}"):
            for page in pages:
                for entry in page.get("Contents", ()):
                    # Who may upload may use any key: what this store would not take is none of its own.
                    if entry["Key"] and self._is_own(bucket, entry["Key"]):
                        yield entry

    def _is_own(self, bucket: str, key: str) -> bool:
        try:
            key_parts(key)
        except StoreError:
            return False
        return self.bucket_of(key) == bucket


def _whole(read: Callable[[], T]) -> T:
    """What ``read`` gives; a body that broke off or came changed is asked for anew, a few times."""
    from botocore.exceptions import FlexibleChecksumError, HTTPClientError, ResponseStreamingError
    from urllib3.exceptions import HTTPError

    # botocore tries a request again, never its body.
    for _ in range(_READ_TRIES - 1):
        try:
            return read()
        except (FlexibleChecksumError, HTTPClientError, ResponseStreamingError, HTTPError):
            continue
    return read()


@contextmanager
def _absent(key: str) -> Iterator[None]:
    from botocore.exceptions import ClientError

    try:
        yield
    except ClientError as error:
        if error_code(error) in _NOTHING_THERE:
            raise StoreError(f"Expected something stored under {shown(key)!r}; there is nothing.") from error
        raise
    except OSError as error:
        raise StoreError(f"Could not read {shown(key)!r}: {os.strerror(error.errno or 0)}.") from error
