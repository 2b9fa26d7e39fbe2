"""The stricter gate, the heat of each step, and the plate as a vector."""

from __future__ import annotations

from importlib import resources

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from samples import sha

from bharatchef.errors import ConfigurationError, EndpointError, MediaError
from bharatchef.experts.gate import check_expert_film, expert_gate, read_expert_gate
from bharatchef.experts.profile import PLATE_S, chunks_of_plate, heat_profile, likeness, plate_look
from bharatchef.media.recipe import quality_thresholds
from bharatchef.observed import (
    Analyser,
    Chunk,
    HeatMark,
    MediaInfo,
    ModelIdentity,
    PlatedDish,
    QualityIssue,
    QualityReport,
    Unavailable,
)
from bharatchef.records import ActionSegment
from bharatchef.vocabulary import HeatLevel

FILM = MediaInfo(
    sha256=sha("film"), file_name="front.mp4", size_bytes=1, container="mp4", codec="h264", width_px=1280,
    height_px=720, rotation_degrees=0, duration_s=300, fps=30, frames=9000, variable_frame_rate=False,
    has_audio=False,
)  # fmt: skip
MODEL = ModelIdentity(
    analyser=Analyser.PLATE, name="plates", version="1", weights_sha256=sha("w"), engine="numpy",
    trained_on="drawn films",
)  # fmt: skip
SOUND = QualityReport(usable=True)


def issue(kind: str, share: float) -> QualityIssue:
    return QualityIssue(kind=kind, measured=1, limit=1, unit="u", share=share, advice=f"mend {kind}")


def test_a_good_film_passes():
    check_expert_film(FILM, SOUND, expert_gate())


@pytest.mark.parametrize(
    ("film", "quality", "said"),
    [
        ({"duration_s": 19.0}, SOUND, "too short (19 s of 20)"),
        ({"width_px": 240}, SOUND, "too small (240 px of 256)"),
        ({"fps": 11.0}, SOUND, "too jerky (11.0"),
        ({"decode_errors": 91}, SOUND, "damaged (1.0%"),
        ({}, QualityReport(usable=True, issues=(issue("too_dark", 0.3),)), "too dark (30% of it)"),
        ({}, QualityReport(usable=True, issues=(issue("frozen", 0.5),)), "frozen (50%"),
    ],
)
def test_what_is_wrong_is_said_with_its_measure_and_what_to_do(film, quality, said):
    with pytest.raises(MediaError) as raised:
        check_expert_film(FILM.model_copy(update=film), quality, expert_gate())
    assert said in raised.value.message
    assert raised.value.remedy
    assert raised.value.kind == "quality"


def test_all_that_is_wrong_is_said_at_once():
    film = FILM.model_copy(update={"duration_s": 5.0, "fps": 5.0})
    quality = QualityReport(usable=True, issues=(issue("too_short", 1.0), issue("blurred", 0.9)))
    with pytest.raises(MediaError) as raised:
        check_expert_film(film, quality, expert_gate())
    assert raised.value.message.count("too short") == 1
    assert all(said in raised.value.message for said in ("too jerky", "blurred"))


def test_it_is_stricter_than_what_a_trainees_film_is_held_to():
    trainee, gate = quality_thresholds(), expert_gate()
    assert gate.least_duration_s > trainee.too_short.reject_below_s
    for kind, share in gate.refuse_from_share.items():
        held_to = getattr(trainee, kind)
        # A fault below the share at which a trainee is told of it is not reported at all.
        assert held_to.warn_share <= share < held_to.reject_share


@given(st.floats(0, 1), st.sampled_from(["too_dark", "too_bright", "blurred", "shaking", "frozen"]))
def test_the_gate_shuts_at_its_share(share, kind):
    quality = QualityReport(usable=True, issues=(issue(kind, share),))
    if share >= expert_gate().refuse_from_share[kind]:
        with pytest.raises(MediaError):
            check_expert_film(FILM, quality, expert_gate())
    else:
        check_expert_film(FILM, quality, expert_gate())


@pytest.mark.parametrize(
    "change", [("least_fps: 12", "least_fps: -1"), ("least_fps", "least_frames"), ("advice:", "advice: [")]
)
def test_wrong_numbers_are_refused(change):
    data = (resources.files("bharatchef.media") / "expert_quality.yaml").read_text()
    with pytest.raises(ConfigurationError, match=r"expert_quality\.yaml"):
        read_expert_gate(data.replace(*change).encode())


def action(step: str, start: float, end: float) -> ActionSegment:
    return ActionSegment(action_type="cook", start_s=start, end_s=end, step_id=step)


def mark(start: float, end: float, level: HeatLevel) -> HeatMark:
    return HeatMark(start_s=start, end_s=end, level=level)


def test_the_heat_of_a_step_is_the_word_for_most_of_its_time():
    marks = (mark(0, 10, HeatLevel.LOW), mark(10, 40, HeatLevel.HIGH), mark(60, 70, HeatLevel.OFF))
    found = heat_profile([action("fry", 4, 20), action("rest", 45, 55), action("fry", 60, 62)], marks)
    assert [(h.step_id, h.level, round(h.share, 3)) for h in found] == [("fry", HeatLevel.HIGH, 0.556)]
    nothing = Unavailable(analyser=Analyser.HEAT, reason="no flame")
    assert heat_profile([action("fry", 0, 1)], nothing) is nothing


spans = st.tuples(st.floats(0, 100), st.floats(0, 50)).map(lambda p: (p[0], p[0] + p[1]))


@given(
    st.lists(st.tuples(st.sampled_from(["fry", "boil"]), spans), max_size=6),
    st.lists(st.tuples(st.sampled_from(list(HeatLevel)), spans), max_size=6),
)
def test_a_heat_is_only_named_for_what_was_done_while_it_was_known(actions, marks):
    found = heat_profile(
        [action(step, *span) for step, span in actions], tuple(mark(*span, level) for level, span in marks)
    )
    done = {step for step, _ in actions}
    known = {level for level, _ in marks}
    assert len({h.step_id for h in found}) == len(found)
    assert all(h.step_id in done and h.level in known and 0 < h.share <= 1 for h in found)


# --- the plate ---


def chunk(number: int) -> Chunk:
    return Chunk(
        key=f"c{number}", start_s=60.0 * number, end_s=60.0 * number + 60, frames=900, size_bytes=1,
        sha256=sha(str(number)),
    )  # fmt: skip


def answer(vector: list[float], model: str = "m") -> dict[str, object]:
    return {"model": model, "times": [float(t) for t in range(60)], "embeddings": [vector] * 60}


PLATE = PlatedDish(model=MODEL, time_s=119.0, likeness=None, looks_like=None, confidence=0.9)
CHUNKS = tuple(chunk(n) for n in range(3))


def test_only_the_moments_around_the_plate_are_embedded():
    near = chunks_of_plate(CHUNKS, PLATE)
    assert [c.key for c in near] == ["c1", "c2"]
    look = plate_look(MODEL, PLATE, near, [answer([3.0, 4.0]), answer([3.0, 4.0])])
    assert look.vector == pytest.approx((0.6, 0.8), abs=1e-6)
    assert (look.embedded_by, look.time_s) == ("m", 119.0)
    assert look.moments == 2 * PLATE_S + 1
    assert likeness(look, look) == pytest.approx(1, abs=1e-5)
    assert likeness(look, look.model_copy(update={"embedded_by": "other"})) is None


def test_the_nearer_half_of_two_pieces_decides():
    look = plate_look(MODEL, PLATE, CHUNKS[1:], [answer([1.0, 0.0]), answer([0.0, 1.0])])
    assert look.vector[0] > look.vector[1] > 0
    assert np.linalg.norm(look.vector) == pytest.approx(1, abs=1e-5)


def test_without_a_plate_or_an_answer_there_is_no_vector_but_a_reason():
    unseen = Unavailable(analyser=Analyser.PLATE, reason="no plate in view")
    assert chunks_of_plate(CHUNKS, unseen) == ()
    assert plate_look(MODEL, unseen, (), []) is unseen
    failed = plate_look(MODEL, PLATE, CHUNKS[1:2], [EndpointError("it is down.")])
    assert isinstance(failed, Unavailable)
    assert "it is down" in failed.reason
    empty = plate_look(MODEL, PLATE, CHUNKS[1:2], [answer([0.0, 0.0])])
    assert isinstance(empty, Unavailable)
