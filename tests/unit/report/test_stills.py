from report_samples import long_film, no_film, nothing_assessed, with_parts
from samples import sample_result

from bharatchef.observed import PlatedDish, Still
from bharatchef.report import stills_to_show
from bharatchef.report.stills import mistake_still
from bharatchef.vocabulary import Span


def test_one_still_a_mistake_then_the_plate():
    assert [still.time_s for still in stills_to_show(sample_result())] == [25, 45, 70]


def test_no_film_has_no_stills():
    assert stills_to_show(no_film()) == []


def test_where_nothing_was_judged_the_end_of_the_film_is_shown():
    assert [still.time_s for still in stills_to_show(nothing_assessed())] == [70]


def test_a_mistake_without_a_moment_has_no_still():
    result = long_film()
    missing = result.feedback.mistakes[0]
    assert missing.span is None
    assert mistake_still(result, missing) is None


def test_what_was_left_out_shows_in_no_picture():
    result = long_film()
    not_seen = result.feedback.mistakes[1]
    assert not_seen.span is not None
    assert mistake_still(result, not_seen) is None


def test_a_mistake_takes_the_moment_of_its_deviation():
    result = sample_result()
    mistake = result.feedback.mistakes[0].model_copy(update={"span": None})
    assert mistake_still(result, mistake).time_s == 25


def test_a_still_far_from_the_moment_is_not_passed_off_as_it():
    result = sample_result()
    far = with_parts(result, stills=(Still(key="stills/a.jpg", time_s=70, width_px=640, height_px=360),))
    assert mistake_still(far, far.feedback.mistakes[0]) is None


def test_a_still_that_two_moments_share_is_named_once():
    result = sample_result()
    mistakes = tuple(
        m.model_copy(update={"span": Span(start_s=68, end_s=72)}) for m in result.feedback.mistakes
    )
    shared = with_parts(result, feedback=result.feedback.model_copy(update={"mistakes": mistakes}))
    assert [still.time_s for still in stills_to_show(shared)] == [70]


def test_the_plate_is_shown_where_it_was_judged():
    result = sample_result()
    plate = PlatedDish(model=None, time_s=59, likeness=80, looks_like="egg-bhurji", confidence=0.9)
    assert stills_to_show(with_parts(result, plate=plate))[-1].time_s == 60
