"""The trail of reviews: who said what of an evaluation and when, one document each, only ever added to.

Names people by pseudonym alone. Knows nothing of what follows from an entry.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, StringConstraints, ValidationError

from bharatchef.errors import StoreError
from bharatchef.ports import ObjectStore
from bharatchef.vocabulary import DeviationKind, Level, Record, Sha256, Slug

TRAIL = "trail/"
LONGEST_REASON = 1000
Reason = Annotated[str, StringConstraints(max_length=LONGEST_REASON)]
Pseudonym = Annotated[str, StringConstraints(pattern=r"^(p-[0-9a-f]{16}|policy)$")]


class TrailEntry(Record):
    """One thing that was said or done.

    ``kind``: ``drawn`` (for audit), ``appeal``, ``upheld`` and ``dismissed`` (of an appeal), ``corrected``
    (segments were imported), ``rescored`` (``linked_evaluation_id`` is the new evaluation), ``rescore_of``
    (it is the original one), ``signed`` (``level`` holds from now on), ``released`` and ``rejected`` (a film
    that was held for a person).

    Attributes:
        by: a pseudonym, or ``policy`` where a rule drew it.
        deviation_id: the mistake that an appeal is about; ``deviation_kind`` is its kind.
        original_level: what the scores alone gave, beside ``level``.
        segments_changed: whether a correction says something else than the evaluation did.
        labels_sha256: of the corrected segments file.
        version: of the policy by which it was drawn.
    """

    evaluation_id: str
    kind: Literal[
        "drawn",
        "appeal",
        "upheld",
        "dismissed",
        "corrected",
        "rescored",
        "rescore_of",
        "signed",
        "released",
        "rejected",
    ]
    at: AwareDatetime
    by: Pseudonym
    reason: Reason = ""
    deviation_id: Slug | None = None
    deviation_kind: DeviationKind | None = None
    level: Level | None = None
    original_level: Level | None = None
    linked_evaluation_id: str | None = None
    segments_changed: bool | None = None
    labels_sha256: Sha256 | None = None
    version: Annotated[str, Field(max_length=64)] = ""


def trail_of(evaluation_id: str) -> str:
    """Where the entries of an evaluation lie."""
    return f"{TRAIL}{evaluation_id}/"


def append(objects: ObjectStore, entry: TrailEntry) -> str:
    """Keep an entry beside all earlier ones; the key it is kept under. No entry is ever overwritten."""
    while objects.exists(key := _new_key(entry)):
        continue
    objects.put_bytes(key, entry.to_json().encode(), "application/json")
    return key


def entries(objects: ObjectStore, evaluation_id: str) -> tuple[TrailEntry, ...]:
    """All that was said of an evaluation, oldest first."""
    return tuple(entry for entry in _read(objects, trail_of(evaluation_id)))


def all_entries(objects: ObjectStore) -> dict[str, tuple[TrailEntry, ...]]:
    """All that was said of any evaluation, by its id, oldest first."""
    found: dict[str, list[TrailEntry]] = {}
    for entry in _read(objects, TRAIL):
        found.setdefault(entry.evaluation_id, []).append(entry)
    return {evaluation_id: tuple(said) for evaluation_id, said in found.items()}


def _new_key(entry: TrailEntry) -> str:
    time = f"{entry.at:%Y%m%dT%H%M%S.%fZ}"
    return f"{trail_of(entry.evaluation_id)}{time}-{entry.kind}-{secrets.token_hex(8)}.json"


def _read(objects: ObjectStore, prefix: str) -> Iterator[TrailEntry]:
    for key in objects.list_keys(prefix):
        try:
            yield TrailEntry.model_validate_json(objects.get_bytes(key))
        except ValidationError as error:
            raise StoreError(
                f"An entry of the trail cannot be read ({key}): {error.errors()[0]['msg']}.",
                "Bring the file back from a backup; the trail is never written anew.",
            ) from None
