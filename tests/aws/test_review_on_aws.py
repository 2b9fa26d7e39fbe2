"""Reviews over the AWS side of the ports: the same circle, kept in S3 and DynamoDB of an emulator."""

from __future__ import annotations

import json

import pytest
from review_samples import KEY, keep, labelled, result_with_boxes

from bharatchef.errors import InputError
from bharatchef.ports import Ports
from bharatchef.review.labels import audit_labels, training_labels
from bharatchef.review.policy import Audit, ReviewPolicy, load_review_policy
from bharatchef.review.trail import entries
from bharatchef.vocabulary import DeviationKind, Level
from tasks.correcting import take_correction
from tasks.reviewing import (
    Reviewer,
    appeal,
    decide_appeal,
    draw_audits,
    film_stills,
    link_rescored,
    sign,
    standing_of,
    trust,
    waiting_list,
)


def drawing(share: float) -> ReviewPolicy:
    return load_review_policy().model_copy(update={"audit": Audit(share=share, seed="a seed")})


def test_an_appeal_a_correction_a_signature_and_the_trust_report(ports: Ports) -> None:
    reviewer = Reviewer(ports, KEY, drawing(0.0))
    result = result_with_boxes()
    original, rescored = keep(ports, result), keep(ports, result_with_boxes("ev-2"))
    stored = ports.objects.get_bytes(original.result_s3_key or "")
    appeal(reviewer, original, "1", "I fried it first")
    waiting = waiting_list(reviewer)
    assert [(one.evaluation_id, one.reason) for one in waiting] == [
        ("ev-1", "appeal"),
        ("ev-1", "level"),
        ("ev-2", "level"),
    ]
    assert len(film_stills(ports, result)) == len(result.stills)
    document = labelled(result)
    other = json.dumps(labelled(result_with_boxes("ev-3", film="another"))).encode()
    with pytest.raises(InputError, match="is of the film"):
        take_correction(reviewer, original, other, "other.json", "ravi")
    document[0]["annotations"][0]["result"].pop(0)
    data = json.dumps(document).encode()
    correction = take_correction(reviewer, original, data, "export.json", "ravi")
    assert ports.objects.exists(str(correction.request["segments_key"]))
    link_rescored(reviewer.ports, original, rescored, reviewer.person("ravi"))
    decide_appeal(reviewer, original, "1", True, "ravi", "It was fried at 0:12")
    sign(reviewer, rescored, "ravi", Level.COMMIS, "Too slow")
    assert waiting_list(reviewer) == []
    # The tests' clock stands still, so that all entries are of one moment.
    assert sorted(entry.kind for entry in entries(ports.objects, "ev-1")) == [
        "appeal",
        "corrected",
        "rescored",
        "upheld",
    ]
    assert standing_of(ports, "ev-2").rescore_of == "ev-1"
    assert [labels.evaluation_id for labels in training_labels(ports.objects)] == ["ev-1"]
    assert ports.objects.get_bytes(original.result_s3_key or "") == stored
    (kind,) = (kind for kind in trust(reviewer).kinds if kind.appealed)
    assert (kind.kind, kind.upheld.count) == (DeviationKind.OUT_OF_ORDER, 1)


def test_what_is_drawn_there_is_audited_and_never_trains(ports: Ports) -> None:
    reviewer = Reviewer(ports, KEY, drawing(1.0))
    result = result_with_boxes()
    evaluation = keep(ports, result)
    assert [entry.evaluation_id for entry in draw_audits(reviewer)] == ["ev-1"]
    assert draw_audits(reviewer) == []
    later = Reviewer(ports, KEY, drawing(0.0))
    data = json.dumps(labelled(result)).encode()
    assert take_correction(later, evaluation, data, "export.json", "ravi").purpose == "audit"
    assert training_labels(ports.objects) == ()
    assert [labels.evaluation_id for labels in audit_labels(ports.objects)] == ["ev-1"]
