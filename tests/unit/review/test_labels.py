"""Labels and trails: what audits never trains, nothing is overwritten, nobody is named."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from samples import sha

from adapters.local.objects import FolderObjects
from bharatchef.errors import StoreError
from bharatchef.records import ActionSegment
from bharatchef.review.labels import (
    Box,
    CorrectedLabels,
    audit_labels,
    labels_key,
    put_labels,
    training_labels,
)
from bharatchef.review.trail import TrailEntry, all_entries, append, entries, trail_of

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
PERSON = "p-0123456789abcdef"


def labels(evaluation_id: str, purpose: str, film: str | None = None, days: int = 0) -> CorrectedLabels:
    return CorrectedLabels.model_validate(
        {
            "evaluation_id": evaluation_id,
            "media_sha256": sha(film) if film else None,
            "video_s3_key": "films/film.mp4" if film else None,
            "dish_id": "egg-bhurji",
            "person": PERSON,
            "kitchen": "kitchen-1",
            "segments": (ActionSegment(action_type="heat", step_id="heat-oil", start_s=1, end_s=2),),
            "boxes": (Box(label="pan", time_s=2, x=0.1, y=0.1, w=0.9, h=0.2),),
            "purpose": purpose,
            "corrected_at": NOW + timedelta(days=days),
            "corrected_by": PERSON,
        }
    )


PUT = st.tuples(
    st.integers(0, 4), st.sampled_from(["training", "audit"]), st.sampled_from([None, "film-1", "film-2"])
)


@given(st.lists(PUT, max_size=12))
@settings(max_examples=25, deadline=None)
def test_neither_an_evaluation_nor_a_film_is_ever_in_both(puts):
    with tempfile.TemporaryDirectory() as folder:
        objects = FolderObjects(Path(folder))
        purposes: dict[str, str] = {}
        for number, purpose, film in puts:
            evaluation_id = f"ev-{number}"
            if purposes.setdefault(evaluation_id, purpose) == purpose:
                put_labels(objects, labels(evaluation_id, purpose, film))
            else:
                with pytest.raises(StoreError, match="they are kept for"):
                    put_labels(objects, labels(evaluation_id, purpose, film))
        audited, trained = audit_labels(objects), training_labels(objects)
        assert {one.evaluation_id for one in audited} == {i for i, p in purposes.items() if p == "audit"}
        assert not {one.evaluation_id for one in trained} & {one.evaluation_id for one in audited}
        assert not ({one.media_sha256 for one in trained} & {one.media_sha256 for one in audited}) - {None}


def test_labels_come_back_as_they_were_and_since_takes_later_ones(tmp_path):
    objects = FolderObjects(tmp_path)
    early, late = labels("ev-1", "training", "film-1"), labels("ev-2", "training", "film-2", days=3)
    put_labels(objects, early)
    put_labels(objects, late)
    assert training_labels(objects) == (early, late)
    assert training_labels(objects, since=NOW) == (late,)
    written = objects.get_bytes(labels_key("training", "ev-1")).decode()
    assert '"class":"pan"' in written
    objects.put_bytes(labels_key("training", "ev-1"), b"{}", "application/json")
    with pytest.raises(StoreError, match="labels/training/ev-1"):
        training_labels(objects)


@pytest.mark.parametrize(("x", "w"), [(0.9, 0.2), (-0.1, 0.2), (0.5, 1.1)])
def test_a_box_lies_inside_its_picture(x, w):
    with pytest.raises(ValidationError):
        Box(label="pan", time_s=0, x=x, y=0, w=w, h=0.5)


def test_a_trail_only_grows_and_is_read_in_order(tmp_path):
    objects = FolderObjects(tmp_path)
    said = [
        TrailEntry(evaluation_id=name, kind="drawn", at=NOW + timedelta(minutes=minute), by="policy")
        for name, minute in (("ev-1", 2), ("ev-1", 0), ("ev-1", 0), ("ev-10", 1))
    ]
    keys = [append(objects, entry) for entry in said]
    assert len(set(keys)) == 4
    before = {key: objects.get_bytes(key) for key in keys}
    append(objects, said[0])
    assert {key: objects.get_bytes(key) for key in keys} == before
    times = [entry.at for entry in entries(objects, "ev-1")]
    assert times == [NOW, NOW, said[0].at, said[0].at]
    assert {name: len(found) for name, found in all_entries(objects).items()} == {"ev-1": 4, "ev-10": 1}
    assert keys[0].startswith("trail/ev-1/20261123T100200.000000Z-drawn-")
    objects.put_bytes(f"{trail_of('ev-1')}broken.json", b"[]", "application/json")
    with pytest.raises(StoreError, match=r"broken\.json"):
        entries(objects, "ev-1")


def test_a_trail_takes_pseudonyms_alone():
    with pytest.raises(ValidationError, match="pattern"):
        TrailEntry(evaluation_id="ev-1", kind="signed", at=NOW, by="chef-ravi")
