"""A correction is no new attempt: the coach does not ask of it whether a mistake was fixed."""

from __future__ import annotations

from review_samples import keep, result_with_boxes
from samples import MOMENT, sample_evaluation, sha

from adapters import build_ports
from bharatchef.review.trail import TrailEntry, append
from bharatchef.settings import load_settings
from tasks.coach_performance import attempt_before


def test_what_a_person_corrected_is_no_attempt_before_its_correction(tmp_path):
    ports = build_ports(load_settings(home=tmp_path, built_in_models=False))
    keep(ports, result_with_boxes("ev-1", with_film=False))
    again = sample_evaluation("ev-2", minutes=10, work="again").model_copy(
        update={"trainee_video_s3_key": None, "segments_s3_key": f"segments/{sha('corrected')}.json"}
    )
    assert attempt_before(ports, again).evaluation_id == "ev-1"
    said = TrailEntry(
        evaluation_id="ev-1", kind="corrected", at=MOMENT, by="policy", labels_sha256=sha("corrected")
    )
    append(ports.objects, said)
    assert attempt_before(ports, again) is None
    other = again.model_copy(update={"segments_s3_key": f"segments/{sha('another attempt')}.json"})
    assert attempt_before(ports, other).evaluation_id == "ev-1"
