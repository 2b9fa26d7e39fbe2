"""The expert beside the trainee in the report."""

from samples import sample_result

from bharatchef.judgement.expert import ExpertMatch
from bharatchef.judgement.warping import TimeMap
from bharatchef.report import render_html


def with_match(meaningless: str = "", tempo: dict[str, float] | None = None):
    match = ExpertMatch(
        performance_id="asha-1",
        video_s3_key=None,
        experts=3,
        time_map=TimeMap(pairs=((0, 0), (10, 22), (30, 45), (60, 75)), likeness=0.8, meaningless=meaningless),
        tempo={"heat-oil": 1.04, "fry-onion": 2.0, "add-eggs": 0.5} if tempo is None else tempo,
    )
    return sample_result().model_copy(update={"expert_match": match})


def test_each_step_stands_on_both_clocks_with_its_tempo():
    page = render_html(with_match(), {})
    assert "Beside the expert" in page
    assert "asha-1, one of 3 experts of this dish" in page
    for words in ("about as long", "2.0 times as long", "50% of the time", "0:22", "0:10"):
        assert words in page
    assert 'href="#beside"' in page


def test_a_meaningless_map_shows_no_times():
    page = render_html(with_match("the two films have too little in common", {}), {})
    assert "cannot be set side by side: the two films have too little in common" in page
    assert "times as long" not in page


def test_without_an_expert_nothing_is_said():
    assert "Beside the expert" not in render_html(sample_result(), {})
