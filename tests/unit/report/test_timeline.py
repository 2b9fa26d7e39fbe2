import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_samples import EVERY_KIND, long_film, nothing_assessed, with_parts
from samples import sample_result

from bharatchef.records import ActionSegment
from bharatchef.report.axis import Axis, film_axis
from bharatchef.report.timeline import timeline


def row(result, number):
    return next(r for r in timeline(result).steps if r.number == str(number))


def per_cent(text):
    assert text.endswith("%")
    return float(text[:-1])


@given(st.floats(min_value=1, max_value=7200))
def test_an_axis_has_few_round_ticks_within_the_film(total):
    ticks = Axis(total).ticks()
    assert 1 <= len(ticks) <= 11
    assert sum(tick.major for tick in ticks) <= 6
    assert ticks[0].label == "0:00"
    assert all(0 <= per_cent(tick.x) <= 100 for tick in ticks)


def test_the_axis_is_as_long_as_the_longest_of_film_and_steps():
    result = sample_result()
    late = ActionSegment(action_type="other", start_s=90, end_s=200)
    longer = result.performance.model_copy(update={"segments": (*result.performance.segments, late)})
    assert film_axis(result).total_s == 75.2
    assert film_axis(with_parts(result, performance=longer)).total_s == 200


def test_the_dishs_steps_come_first_in_the_dishs_order_with_what_is_asked():
    drawn = timeline(sample_result())
    assert [r.number for r in drawn.steps] == ["1", "2", "3", "4"]
    assert [r.asked for r in drawn.steps] == [
        "10 to 40 s, medium heat",
        "10 to 40 s, medium heat, after step 1",
        "10 to 40 s, after step 2",
        "after step 3, optional",
    ]
    assert [r.name for r in drawn.others] == ["Other"]


def test_bars_lie_where_the_segments_lie():
    bar = row(sample_result(), 1).bars[0]
    assert per_cent(bar.x) == pytest.approx(100 * 2 / 75.2, abs=1e-3)
    assert per_cent(bar.width) == pytest.approx(100 * 18 / 75.2, abs=1e-3)
    assert per_cent(bar.asked.low) == pytest.approx(100 * 12 / 75.2, abs=1e-3)
    assert per_cent(bar.asked.high) == pytest.approx(100 * 42 / 75.2, abs=1e-3)


def test_each_difference_marks_its_step_in_words_and_its_bar_by_shape():
    result = sample_result()
    eggs, onion, garnish = row(result, 3), row(result, 2), row(result, 4)
    assert [m.word for m in eggs.marks] == ["Out of order"]
    assert eggs.bars[0].glyphs == ("out_of_order",)
    assert [g.label for g in eggs.ghosts] == ["step 2"]
    assert onion.bars[0].glyphs == ("too_short",)
    assert onion.bars[0].short is not None
    assert (garnish.state, garnish.bars) == ("not_seen", ())
    assert row(result, 1).state == "done"


def test_the_part_beyond_the_time_asked_is_drawn_apart():
    result = long_film()
    bar = row(result, 6).bars[0]
    segment = result.performance.segments[5]
    limit = segment.start_s + result.dish.expected_steps[5].duration.max_s
    assert per_cent(bar.tail[0]) == pytest.approx(100 * limit / 3600, abs=1e-3)
    assert per_cent(bar.tail[0]) + per_cent(bar.tail[1]) == pytest.approx(
        100 * segment.end_s / 3600, abs=1e-2
    )


def test_a_step_done_again_marks_only_the_bar_that_repeats_it():
    bars = row(long_film(), 3).bars
    assert [bar.kind for bar in bars] == ["done", "repeated"]
    assert bars[1].late


def test_every_segment_is_drawn_exactly_once():
    for kind in EVERY_KIND.values():
        result = kind()
        drawn = timeline(result)
        bars = sum(len(r.bars) for r in drawn.steps + drawn.others)
        assert bars == len(result.performance.segments)


def test_every_deviation_is_told_exactly_once():
    for kind in EVERY_KIND.values():
        result = kind()
        drawn = timeline(result)
        told = [d for r in drawn.steps + drawn.others for d in r.differences] + list(drawn.loose)
        assert len(told) == len(result.judgement.deviations)


def test_many_kinds_of_other_actions_share_one_row():
    result = sample_result()
    strange = tuple(ActionSegment(action_type=f"wave-{n}", start_s=n, end_s=n + 1) for n in range(20))
    performance = result.performance.model_copy(update={"segments": result.performance.segments + strange})
    others = timeline(with_parts(result, performance=performance)).others
    assert len(others) == 7
    assert others[-1].name == "15 other actions"


def test_stretches_that_were_not_seen_are_marked():
    assert timeline(sample_result()).unseen == ()
    assert [per_cent(x) for x, _ in timeline(long_film()).unseen] == [40]
    assert timeline(nothing_assessed()).unseen == (("0%", "100%"),)


def test_steps_that_nobody_judged_are_not_called_missing():
    assert {r.state for r in timeline(nothing_assessed()).steps} == {"unjudged"}


def test_a_difference_that_follows_from_another_names_the_step_it_follows_from():
    result = sample_result()
    first, second, third = result.judgement.deviations
    caused = second.model_copy(update={"cause_id": first.deviation_id})
    judged = result.judgement.model_copy(update={"deviations": (first, caused, third)})
    told = row(with_parts(result, judgement=judged), 2).differences[0].text
    assert told == "5 s. Asked: 10 to 40 s (the cook who wrote the dish). It follows from step 3."
