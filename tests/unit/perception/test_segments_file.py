"""Segments files as people write them: what is taken, what is refused, and how a bad row is named."""

import json
import subprocess
import sys

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from samples import sample_dish

from bharatchef.errors import InputError
from bharatchef.observed import PlatedDish, Unavailable
from bharatchef.perception.segments_file import read_segments
from bharatchef.vocabulary import HeatLevel

DISH = sample_dish()
ROWS = "step,start,end,confidence\nheat-oil,0,0:20,0.9\nFry the onion until it turns GOLDEN!,20.5,1:02.5,\n"


def ours(**parts: object) -> bytes:
    document = {
        "format": "bharatchef-segments",
        "version": 1,
        "dish": "egg-bhurji",
        "segments": [{"stepId": "heat-oil", "actionType": "heat", "startTime": 0.0, "endTime": 20.0}],
    }
    return json.dumps(document | parts, indent=1).encode()


def problem(data: bytes | str) -> str:
    with pytest.raises(InputError) as caught:
        read_segments(data.encode() if isinstance(data, str) else data, "labels", DISH)
    return str(caught.value)


@pytest.mark.parametrize(
    "data",
    [
        ROWS.encode(),
        b"\xef\xbb\xbf" + ROWS.encode(),
        ROWS.encode("utf-16"),
        ROWS.encode("utf-16-le"),
        ROWS.encode("utf-16-be"),
        ROWS.replace("\n", "\r\n").encode(),
        ROWS.replace(",", ";").replace("20.5", "20,5").replace("0.9", "0,9").encode(),
        ROWS.replace(",", "\t").encode(),
        ("# labelled on Sunday\n\n" + ROWS + "\n\n").encode(),
        ROWS.replace("step,start,end", "Label,Start Time,end_s").encode(),
        b"end,begin,note,step,score\n20,0,quick,heat-oil,.9\n62.5,20.5,,fry onion,\n",
    ],
)
def test_a_table_is_read_however_it_was_saved(data: bytes) -> None:
    given_ = read_segments(data, "labels.csv", DISH)
    told = [(s.step_id, s.action_type, s.start_s, s.end_s, s.confidence) for s in given_.segments]
    assert told == [("heat-oil", "heat", 0, 20, 0.9), ("fry-onion", "fry", 20.5, 62.5, 1.0)]
    assert given_.duration_s == 62.5
    assert not given_.duration_stated
    assert given_.source.kind == "person"
    assert isinstance(given_.heat, Unavailable)
    assert "says nothing of the heat" in given_.heat.reason


@pytest.mark.parametrize("words", ["add-eggs", "ADD EGGS", "add anda", "add अंडा", "Pour in the beaten eggs."])
def test_a_step_is_known_by_id_description_or_what_is_done_to_what(words: str) -> None:
    given_ = read_segments(f"step,start,end\n{words},1,2\n".encode(), "l.csv", DISH)
    assert given_.segments[0].step_id == "add-eggs"


def test_something_that_is_no_step_needs_an_action_and_is_kept() -> None:
    given_ = read_segments(b"step,action,start,end\n,other,5,9\nheat-oil,,0,4\n", "l.csv", DISH)
    assert [(s.step_id, s.action_type) for s in given_.segments] == [("heat-oil", "heat"), (None, "other")]
    assert "row 1 (line 2)" in problem("step,start,end\n,5,9\n")
    assert "give an action" in problem("step,start,end\n,5,9\n")


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("heatoil,0,1", "'heatoil' is no step of egg-bhurji; did you mean heat-oil?"),
        ("boil rice,0,1", "its steps are heat-oil, fry-onion, add-eggs, garnish"),
        ("heat-oil,-1,1", "start: a time cannot be negative, got -1"),
        ("heat-oil,nan,1", "start: expected a time in seconds, got nan"),
        ("heat-oil,0,inf", "end: expected a time in seconds, got inf"),
        ("heat-oil,0,1e999", "end: expected a time in seconds, got inf"),
        ("heat-oil,9,3", "ends (3 s) before it starts (9 s)"),
        ("heat-oil,0,1:75", "expected minutes and seconds below 60"),
        ("heat-oil,0,soon", "end: expected seconds or mm:ss, got 'soon'"),
        ("heat-oil,,3", "start: expected seconds or mm:ss, got ''"),
        ("heat-oil,0,9999999", "expected a time below a week"),
        ("heat-oil,0,3,95", "expected a confidence from 0 to 1, got 95 (write 0.9 for 90 %)"),
        ("heat-oil", "start and end are not among them"),
    ],
)
def test_a_bad_row_is_named_by_number_and_line(row: str, words: str) -> None:
    said = problem(f"step,start,end,confidence\nadd-eggs,30,40,1\n\n{row}\n")
    assert "labels has 1 problem: row 2 (line 4): " in said
    assert words in said


def test_all_bad_rows_are_told_of_at_once_ten_of_them_in_full() -> None:
    said = problem("step,start,end\n" + "x,0,1\n" * 12)
    assert "labels has 12 problems" in said
    assert "row 10 (line 11)" in said
    assert "row 11" not in said
    assert "and 2 more" in said


def test_words_that_could_be_two_steps_are_refused_with_both() -> None:
    eggs = DISH.step("add-eggs")
    double = eggs.model_copy(update={"step_id": "add-more-eggs"})
    dish = DISH.model_copy(update={"expected_steps": (*DISH.expected_steps, double)})
    with pytest.raises(InputError) as caught:
        read_segments(b"step,start,end\nadd-eggs,0,1\nadd egg,2,3\n", "l", dish)
    assert "row 2 (line 3): 'add egg' could be add-eggs or add-more-eggs: write the step's id" in str(
        caught.value
    )


def test_one_doing_labelled_twice_is_refused_and_a_counted_step_may_overlap() -> None:
    said = problem("step,start,end\nheat-oil,0,10\nheat-oil,4,14\n")
    assert "row 2 (line 3): 'heat-oil' overlaps row 1 (line 2), the same step, by 6.0 s" in said
    assert "says the same as row 1" in problem("step,start,end\nheat-oil,0,10\nheat-oil,0,10\n")
    touching = read_segments(b"step,start,end\nheat-oil,0,10\nheat-oil,9.96,14\n", "l", DISH)
    assert len(touching.segments) == 2
    twice = DISH.step("heat-oil").model_copy(update={"required_count": 2})
    dish = DISH.model_copy(update={"expected_steps": (twice, *DISH.expected_steps[1:])})
    assert len(read_segments(b"step,start,end\nheat-oil,0,10\nheat-oil,4,14\n", "l", dish).segments) == 2


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is empty"),
        (b" \r\n ", "is empty"),
        (b"\xef\xbb\xbf", "is empty"),
        (b"step,start,end\n", "has a header and no rows"),
        (b"heat-oil,0,10\n", "the first line must name the columns step, start and end"),
        (b"step,start,begin,end\n", "two columns for start"),
        (b"step,start\n", "end not found"),
        (b"step,start,end\nh\xe9,0,1\n", "is not text in UTF-8 or UTF-16"),
        (b"\x00\x01" * 200, "not"),
        (b'{"segments": [}', "is not JSON: "),
        (b"[" * 200_000, "nested too deep"),
        (b"[1, 2]", "neither our segments file nor a Label Studio export"),
        (b'{"segments": 3}', 'expected "segments" to be a list, got int'),
        (b'{"segments": [' + b"9" * 5000 + b"]}", "cannot be read"),
        (b"x" * 20_000_001, "is 20 MB; expected a segments file of at most 20 MB"),
        ("step,start,end\n" + "heat-oil,0,1\n" * 20_001, "more than 20,000 rows"),
    ],
)
def test_what_is_no_segments_file_is_told_so(data: bytes | str, words: str) -> None:
    assert words in problem(data)


def test_our_json_gives_every_part() -> None:
    given_ = read_segments(
        ours(
            source={"kind": "drawn_truth", "name": "kitchen_sim"},
            durationSeconds=120,
            observed=[{"startSeconds": 0, "endSeconds": 60}],
            heat=[{"startTime": 0, "endTime": 60, "level": "high"}],
            ingredients=[
                {"ingredient": "anda", "timeSeconds": 31},
                {"ingredient": "ketchup", "timeSeconds": 2},
            ],
            technique=[{"stepId": "fry-onion", "pointId": "keep-moving", "met": False, "timeSeconds": 3}],
            plate={"likeness": 85, "remarks": ["neat"]},
        ),
        "truth.json",
        DISH,
    )
    assert (given_.source.kind, given_.source.name) == ("drawn_truth", "kitchen_sim")
    assert given_.source.sha256 == given_.sha256
    assert (given_.duration_s, given_.duration_stated, given_.observed[0].end_s) == (120, True, 60)
    assert not isinstance(given_.heat, Unavailable)
    assert given_.heat[0].level is HeatLevel.HIGH
    assert not isinstance(given_.ingredients, Unavailable)
    assert [i.ingredient for i in given_.ingredients] == ["egg", "ketchup"]
    assert not isinstance(given_.technique, Unavailable)
    assert given_.technique[0].met is False
    assert isinstance(given_.plate, PlatedDish)
    assert (given_.plate.likeness, given_.plate.remarks) == (85, ("neat",))


def test_an_empty_list_was_looked_at_and_an_absent_one_was_not() -> None:
    given_ = read_segments(ours(heat=[], segments=[]), "t", DISH)
    assert given_.heat == ()
    assert given_.segments == ()
    assert isinstance(given_.ingredients, Unavailable)


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"dish": "poha"}, "is of the dish 'poha', and it was to be judged as 'egg-bhurji'"),
        ({"version": 2}, "version 2; expected 'bharatchef-segments', version 1"),
        ({"durationSecond": 3}, "has 'durationSecond', which a segments file does not know"),
        ({"durationSeconds": -3}, "durationSeconds: a time cannot be negative"),
        ({"durationSeconds": 5}, "the segments reach 20 s and the film is said to end at 5 s"),
        ({"observed": [{"startSeconds": 5, "endSeconds": 1}]}, "observed 1: "),
        ({"heat": [{"startTime": 0, "endTime": 6, "level": "hot"}]}, "heat 1: level: "),
        ({"heat": "high"}, "heat: expected a list"),
        ({"technique": [{"stepId": "fry", "pointId": "x", "met": True}]}, "'fry' is no step of egg-bhurji"),
        (
            {"technique": [{"stepId": "fry-onion", "pointId": "x", "met": True}]},
            "'x' is no technique point of fry-onion; it has keep-moving",
        ),
        ({"plate": {"likeness": 185}}, "plate: likeness: "),
        ({"source": {"kind": "oracle"}}, "source: expected"),
        ({"segments": [{"stepId": "heat-oil", "startTime": 0}]}, "row 1 (line 6): lacks endTime"),
        ({"segments": [{"stepId": 3, "startTime": 0, "endTime": 1}]}, "stepId and actionType to be text"),
        (
            {"segments": [{"stepId": "x", "startTime": 0, "endTime": 1, "end": 2}]},
            "has 'end', which a segment",
        ),
        ({"segments": ["heat-oil"]}, "row 1 (line 6): expected an object"),
        (
            {"segments": [{"stepId": "heat-oil", "startTime": float("nan"), "endTime": 1}]},
            "row 1 (line 6): start: expected a time in seconds, got nan",
        ),
        ({"segments": [{"stepId": "heat-oil", "startTime": True, "endTime": 1}]}, "got bool True"),
    ],
)
def test_a_wrong_part_of_our_json_is_named(parts: dict[str, object], words: str) -> None:
    assert words in problem(ours(**parts))


def test_the_line_of_a_bad_segment_is_its_own() -> None:
    good = {"stepId": "heat-oil", "startTime": 0, "endTime": 1}
    data = json.dumps({"segments": [good, good | {"startTime": 2, "endTime": 3}, {"stepId": "q"}]}, indent=1)
    line = data.splitlines().index('   "stepId": "q"')
    assert f"row 3 (line {line})" in problem(data)


def refusal(data: bytes) -> InputError | None:
    try:
        read_segments(data, "any", DISH)
    except InputError as error:
        return error
    return None


@example(b'{"annotations":[{"result":10}]}')
@example(b'{"annotations":7}')
@given(
    st.one_of(
        st.binary(max_size=400),
        st.text(max_size=200).map(lambda text: ("step,start,end\n" + text).encode()),
        st.recursive(
            st.none() | st.booleans() | st.floats() | st.text(max_size=9),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from(
                        ["segments", "annotations", "result", "value", "ranges", "start", "labels"]
                    ),
                    inner,
                    max_size=4,
                )
            ),
        ).map(lambda document: json.dumps(document).encode()),
    )
)
def test_any_bytes_are_read_or_refused_with_a_remedy(data: bytes) -> None:
    refused = refusal(data)
    assert refused is None or refused.remedy


@given(
    st.lists(
        st.tuples(
            st.sampled_from([s.step_id for s in DISH.expected_steps]),
            st.floats(0, 5000).map(lambda t: round(t, 2)),
            st.floats(0.01, 500).map(lambda t: round(t, 2)),
        ),
        min_size=1,
        max_size=12,
        unique_by=lambda row: row[0],
    )
)
def test_the_same_rows_say_the_same_as_table_and_as_json(rows: list[tuple[str, float, float]]) -> None:
    table = "step,start,end\n" + "".join(f"{s},{a},{a + d!r}\n" for s, a, d in rows)
    document = ours(segments=[{"stepId": s, "startTime": a, "endTime": a + d} for s, a, d in rows])
    from_table = read_segments(table.encode(), "a.csv", DISH)
    from_json = read_segments(document, "a.json", DISH)
    assert from_table.segments == from_json.segments
    assert [s.start_s for s in from_table.segments] == sorted(a for _, a, _ in rows)
    assert from_table.duration_s == max(a + d for _, a, d in rows)


def test_reading_labels_needs_no_heavy_library() -> None:
    heavy = "sorted({'numpy', 'av', 'scipy'} & set(sys.modules))"
    code = f"import sys, bharatchef.perception.segments_file; print({heavy})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
