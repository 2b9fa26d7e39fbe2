"""Records as DynamoDB items and back; one too large for an item goes to the object store. Knows no table."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeVar

from pydantic import ValidationError

from adapters.moments import moment
from bharatchef.errors import StoreError
from bharatchef.ports import ObjectStore
from bharatchef.vocabulary import Record

Item = dict[str, Any]
"""An item in DynamoDB's wire form: ``{"name": {"S": "text"}}``."""

RecordT = TypeVar("RecordT", bound=Record)

LARGEST_BYTES = 380_000
"""DynamoDB takes 400 KB an item; names, types and what is kept beside the record need their room."""

SPILLED, SPILLED_SHA256 = "documentS3Key", "documentSha256"
DIGEST = "recordSha256"
"""The attribute that says which record an item holds, so that a condition can ask for it whole."""
_TIMES = ("createdAt", "completedAt")


def item_of(record: Record, key: tuple[str, ...], **beside: Any) -> Item:
    """A record as an item under its published names; moments are of one width in UTC, so that they sort.

    Args:
        key: the attributes that the table is keyed by; they are in the item even where it spills.
        beside: more attributes, which are no part of the record.
    """
    plain: dict[str, Any] = json.loads(record.to_json(), parse_float=_decimal)
    for name in _TIMES:
        if isinstance(plain.get(name), str):
            plain[name] = moment(datetime.fromisoformat(plain[name]))
    missing = [name for name in key if not plain.get(name)]
    if missing:
        raise StoreError(f"Expected a {type(record).__name__} with {' and '.join(missing)}; it has none.")
    return wire({**plain, **beside})


def wire(plain: Mapping[str, Any]) -> Item:
    """Plain values in DynamoDB's wire form."""
    from boto3.dynamodb.types import TypeSerializer

    serialize = TypeSerializer().serialize
    return {name: serialize(value) for name, value in plain.items()}


def plain(item: Mapping[str, Any]) -> dict[str, Any]:
    """An item's values; numbers are whole numbers where they are whole, else floats."""
    from boto3.dynamodb.types import TypeDeserializer

    deserialize = TypeDeserializer().deserialize
    return {name: _without_decimals(deserialize(value)) for name, value in item.items()}


def read(kind: type[RecordT], item: Mapping[str, Any], name: str, objects: ObjectStore) -> RecordT:
    """The record in an item, or in the object that the item points to.

    Raises:
        StoreError: it cannot be read, or its object is gone or another one.
    """
    values = plain(item)
    try:
        if SPILLED in values:
            document = objects.get_bytes(values[SPILLED])
            if hashlib.sha256(document).hexdigest() != values[SPILLED_SHA256]:
                raise StoreError(f"The stored {kind.__name__} {name!r} is not what was stored.")
            return kind.model_validate_json(document)
        known = {field.alias for field in kind.model_fields.values()}
        return kind.model_validate({key: value for key, value in values.items() if key in known})
    except ValidationError as error:
        raise StoreError(
            f"The stored {kind.__name__} {name!r} cannot be read: {error.errors()[0]['msg']}.",
            "Restore the table to a moment before, or delete the evaluation.",
        ) from error


def fitted(record: Record, item: Item, key: tuple[str, ...], objects: ObjectStore) -> Item:
    """The item, where it fits; else its scalars and a pointer to the record in the object store.

    The object's key bears the record's hash: written twice it is the same object, and who reads the old item
    still finds the old one.
    """
    # The wire form as JSON is never smaller than what DynamoDB counts (names and values in UTF-8).
    if len(json.dumps(item, ensure_ascii=False).encode()) <= LARGEST_BYTES:
        return item
    document = record.to_json().encode()
    sha256 = hashlib.sha256(document).hexdigest()
    name = item[key[0]]["S"]
    stored = f"records/{type(record).__name__}/{name}/{sha256}.json"
    objects.put_bytes(stored, document, "application/json")
    scalars = {
        name: value
        for name, value in item.items()
        if name in key or (not {"L", "M"} & set(value) and len(str(value)) <= 1024)
    }
    return {**scalars, **wire({SPILLED: stored, SPILLED_SHA256: sha256})}


def _decimal(text: str) -> Decimal:
    # DynamoDB holds no number nearer to nothing than 1E-130.
    return Decimal(text) if abs(float(text)) > 1e-120 else Decimal(0)


def _without_decimals(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, list):
        return [_without_decimals(entry) for entry in value]
    if isinstance(value, dict):
        return {name: _without_decimals(entry) for name, entry in value.items()}
    return value
