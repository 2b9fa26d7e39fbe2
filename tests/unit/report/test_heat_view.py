import re

from report_samples import long_film, nothing_assessed, with_parts
from samples import sample_result

from bharatchef.observed import HeatMark, HeatTrace
from bharatchef.report.heat import heat_view
from bharatchef.vocabulary import HeatLevel


def points(path):
    return [tuple(float(n) for n in pair.split()) for pair in re.findall(r"[ML]([\d.]+ [\d.]+)", path)]


def test_no_heat_known_is_no_view():
    assert heat_view(nothing_assessed()) is None


def test_the_trace_runs_along_the_film_with_full_at_the_top():
    drawn = points(heat_view(sample_result()).line)
    assert drawn[0] == (0.0, 50.0)
    assert drawn[-1] == (round(1000 * 75 / 75.2, 1), 30.0)


def test_a_long_trace_is_thinned_and_keeps_its_peaks():
    drawn = points(heat_view(long_film()).line)
    assert len(drawn) <= 620
    assert min(y for _, y in drawn) < 1
    assert max(y for _, y in drawn) > 99


def test_the_line_breaks_where_the_flame_was_hidden():
    drawn = heat_view(long_film()).line
    assert drawn.count("M") == 2
    assert not [x for x, _ in points(drawn) if 1000 * 1206 / 3600 < x < 1000 * 1494 / 3600]


def test_each_step_that_asks_for_heat_tells_wanted_and_seen():
    rows = heat_view(sample_result()).rows
    assert [(r.when, r.wanted, r.seen, r.verdict) for r in rows] == [
        ("0:02 to 0:20", "medium", "medium", "As asked"),
        ("0:45 to 0:50", "medium", "medium", "As asked"),
    ]


def test_wrong_heat_is_said_of_its_step_alone():
    verdicts = {r.step.split(".")[0]: r.verdict for r in heat_view(long_film()).rows}
    assert [number for number, verdict in verdicts.items() if verdict == "Wrong heat"] == ["14"]


def test_marks_that_change_within_a_step_are_told_by_their_share():
    result = sample_result()
    marks = (
        HeatMark(start_s=0, end_s=15.5, level=HeatLevel.LOW),
        HeatMark(start_s=15.5, end_s=75, level=HeatLevel.HIGH),
    )
    changed = with_parts(result, performance=result.performance.model_copy(update={"heat": marks}))
    assert heat_view(changed).rows[0].seen == "low 75 %, high 25 %"


def test_a_trace_alone_is_told_as_a_mean():
    result = sample_result()
    unseen = nothing_assessed().performance.heat
    trace_alone = with_parts(result, performance=result.performance.model_copy(update={"heat": unseen}))
    assert heat_view(trace_alone).rows[0].seen == "50 % of full on average"


def test_steps_that_overlap_are_drawn_in_lanes_of_their_own():
    result = long_film()
    lanes = heat_view(result).wanted
    assert len(lanes) == 2
    assert sum(len(lane) for lane in lanes) == sum(
        1 for step_id, _ in result.judgement.matches if result.dish.step(step_id).heat
    )


def test_a_trace_of_one_sample_is_still_drawn():
    result = sample_result()
    one = HeatTrace(model=None, samples=result.heat.samples[:1])
    assert len(points(heat_view(with_parts(result, heat=one)).line)) == 2
