"""The receipt of an erasure: what was erased where, what stays, what backups hold until when; signed.

Names nobody: the person is a pseudonym, and places are told with counts. The signature is HMAC-SHA256 (RFC
2104) over the receipt without it, as JSON with sorted keys and no spaces: who has the key can tell that not a
letter was changed.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import datetime, timedelta
from typing import Literal

from pydantic import AwareDatetime, Field, ValidationError

from bharatchef import __version__
from bharatchef.erasing.person import Erasure, Kept
from bharatchef.errors import InputError
from bharatchef.retention import Policy
from bharatchef.vocabulary import Record, Sha256

MODELS_KEEP = (
    "These trainings used the person's films or labels. Their entries were taken out of the lists; what a"
    " model has learned cannot be taken out of its weights: it ends with the next training."
)


class ErasedThere(Record):
    """How many things of one place were erased."""

    place: str
    count: int = Field(ge=0)


class BackupHolds(Record):
    """A copy that an erasure does not reach, and when it ends; ``None``: when a person ends it."""

    what: str
    until: AwareDatetime | None
    note: str


class Receipt(Record):
    """What an erasure did."""

    schema_version: Literal["1"] = "1"
    person: str
    environment: str
    asked_at: AwareDatetime
    finished_at: AwareDatetime
    erased: tuple[ErasedThere, ...]
    kept: tuple[Kept, ...]
    models: tuple[str, ...]
    models_note: str
    backups: tuple[BackupHolds, ...]
    policy_version: str
    policy_sha256: Sha256
    program_version: str
    algorithm: Literal["HMAC-SHA256"] = "HMAC-SHA256"
    signature: str = ""

    @property
    def name(self) -> str:
        """The key under which it is kept."""
        return receipt_key_of(self.person, self.asked_at)


def receipts_of(person: str) -> str:
    """Where receipts of a pseudonym lie."""
    return f"receipts/{person}/"


def receipt_key_of(person: str, asked_at: datetime) -> str:
    """The key of the receipt of the erasure that was asked for at that moment."""
    return f"{receipts_of(person)}{asked_at:%Y%m%dT%H%M%S.%fZ}.json"


def made_receipt(
    erasure: Erasure,
    policy: Policy,
    side: Literal["local", "aws"],
    environment: str,
    now: datetime,
    key: bytes,
) -> Receipt:
    """The signed receipt of an erasure that is finished."""
    found = erasure.found
    models = sorted({model for place in found.values() for model in place.models})
    receipt = Receipt(
        person=erasure.traces.person,
        environment=environment,
        asked_at=erasure.asked_at,
        finished_at=now,
        erased=tuple(ErasedThere(place=name, count=len(found[name].things)) for name in sorted(found)),
        kept=tuple(kept for name in sorted(found) for kept in found[name].kept),
        models=tuple(models),
        models_note=MODELS_KEEP if models else "",
        backups=tuple(
            BackupHolds(
                what=backup.what,
                until=now + timedelta(days=backup.days) if backup.days is not None else None,
                note=backup.note,
            )
            for backup in policy.backups[side]
        ),
        policy_version=policy.version,
        policy_sha256=policy.sha256,
        program_version=__version__,
    )
    return receipt.model_copy(update={"signature": _signature(receipt, key)})


def read_receipt(data: bytes) -> Receipt:
    """A receipt out of its file.

    Raises:
        InputError: it is none.
    """
    try:
        return Receipt.model_validate_json(data)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "the file"
        raise InputError(
            f"Expected a receipt of an erasure as JSON; {place}: {first['msg']}.",
            "Give the file as `bharatchef delete-user` wrote it.",
        ) from error


def is_genuine(receipt: Receipt, key: bytes) -> bool:
    """Whether a receipt is as it was signed, and by this key."""
    return hmac.compare_digest(receipt.signature.encode(), _signature(receipt, key).encode())


def _signature(receipt: Receipt, key: bytes) -> str:
    said = json.loads(receipt.model_copy(update={"signature": ""}).to_json())
    text = json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
