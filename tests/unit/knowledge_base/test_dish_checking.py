"""Each kind of mistake in a dish file is found, with its file and its line, and all of them at once."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge_base import graph
from knowledge_base.checking import Problem, check_bytes, check_dishes

SOUND = """\
dish: toast
name: Toast
version: "1"
created: 2026-11-22
total_time: 4 min
source: A test.
ingredients:
  - id: bread
    name: Bread
    amount: 2 slices
    hi: [ब्रेड, bread]
safety:
  - id: hot
    hazard: It is hot.
    rule: Wait.
    core_temperature: 74 C
    source: Somebody
    url: https://example.org/page
steps:
  - id: cut
    action: chop
    text: Cut the bread.
    ingredients: [bread]
    objects: [knife]
    time: 10-30 s
    heat: low
    technique:
      - id: even
        do: Cut evenly.
        why: It browns evenly.
  - id: brown
    action: roast
    text: Toast it.
    time: 2 min
    how_often: 2
    must_come_after:
      - step: cut
        because: It fits no toaster otherwise.
    safety: [hot]
  - id: serve
    action: serve
    text: Serve it.
    optional: true
    must_come_after:
      - step: brown
        because: It is bread until then.
plating: Golden.
expert_performances:
  - id: first
    actions:
      - {step: cut, start: 0, end: 10.5}
      - {step: brown, start: 11, end: 100}
"""


def problems(text: str, name: str = "toast.yaml") -> list[tuple[int, str]]:
    return [(p.line, p.message) for p in check_bytes(text.encode(), Path(name)).problems]


def line_of(text: str, part: str) -> int:
    return text[: text.index(part)].count("\n") + 1


def test_the_sound_file_is_sound_and_becomes_the_dish_it_says() -> None:
    checked = check_bytes(SOUND.encode(), Path("toast.yaml"))
    assert checked.problems == ()
    dish = checked.dish
    assert dish is not None
    brown = dish.step("brown")
    assert (brown.required_count, brown.duration and brown.duration.min_s) == (2, 90.0)
    assert dish.safety[0].min_core_temperature_c == 74.0
    assert dish.expert_action_sequence[1].action_type == "roast"
    assert dish.step("serve").optional
    assert dish.sha256 == checked.sha256
    assert dish.created_at.isoformat() == "2026-11-22T00:00:00+00:00"


MISTAKES = [
    ("name: Toast", "nmae: Toast", "nmae", "did you mean 'name'?"),
    ("name: Toast\n", "", "dish: toast", "`name` is missing"),
    ("total_time: 4 min", "total_time: 4", "total_time", "say '4 s' or '4 min'"),
    ("total_time: 4 min", "total_time:", "total_time", "`total_time` is empty"),
    ("created: 2026-11-22", "created: yesterday", "created", "a day such as 2026-11-22"),
    ("created: 2026-11-22", "created: 2026-13-40", "created", "created"),
    ('version: "1"', "version: [1]", "version", "expected words, got a list"),
    ("dish: toast", "dish: Toast Hawaii", "dish", "small letters"),
    ("amount: 2 slices", "amount: slices", "amount", "starts with a number"),
    ("core_temperature: 74 C", "core_temperature: 74", "core_temperature", "'74 C' or '165 F'"),
    ("url: https://example.org/page", "url: example.org", "url", "https://"),
    ("    source: Somebody\n", "", "- id: hot", "in safety rule 'hot': `source` is missing"),
    ("action: chop", "action: chopp", "action: chopp", "'chopp' is no action"),
    ("action: chop", "action: chopp", "action: chopp", "did you mean 'chop'?"),
    ("action: chop", "action: slice", "action: slice", "the word for it there is 'chop'"),
    ("ingredients: [bread]", "ingredients: [bred]", "ingredients: [bred]", "did you mean 'bread'?"),
    ("ingredients: [bread]", "ingredients: [bread, bread]", "ingredients: [bread, bread]", "named twice"),
    ("    ingredients: [bread]\n", "", "- id: bread", "ingredient 'bread' is used in no step"),
    ("objects: [knife]", "objects: [knive]", "objects: [knive]", "did you mean 'knife'?"),
    ("objects: [knife]", "objects: knife", "objects: knife", "expected a list"),
    (
        "time: 10-30 s",
        "time: 30-10 s",
        "time: 30-10",
        "in step 'cut': `time`: expected the shorter time first",
    ),
    ("time: 10-30 s", "time: 10-30", "time: 10-30", "say '10-30 s'"),
    (
        "heat: low",
        "heat: lwo",
        "heat: lwo",
        "expected one of off, low, medium, high, got 'lwo' - did you mean 'low'?",
    ),
    ("        why: It browns evenly.\n", "", "- id: even", "`why` is missing"),
    ("how_often: 2", "how_often: twice", "how_often", "expected a whole number, got 'twice'"),
    ("how_often: 2", "how_often: 0", "how_often", "expected at least 1"),
    ("optional: true", "optional: perhaps", "optional", "expected true or false"),
    ("        because: It is bread until then.\n", "", "- step: brown", "gives no reason"),
    ("because: It is bread until then.", 'because: " "', 'because: " "', "expected some words"),
    (
        "- step: brown",
        "- step: browm",
        "- step: browm",
        "'browm' is no step of this dish - did you mean 'brown'?",
    ),
    ("- step: brown", "- step: serve", "- step: serve", "come after itself"),
    ("safety: [hot]", "safety: [hto]", "safety: [hto]", "'hto' is no safety rule of this dish"),
    ("  - id: serve", "  - id: cut", "  - id: cut\n    action: serve", "step 'cut' is there already"),
    ("{step: cut, start: 0", "{step: cutt, start: 0", "{step: cutt", "'cutt' is no step of this dish"),
    ("start: 11, end: 100", "start: 11, end: 1", "start: 11", "ends (1 s) before it starts (11 s)"),
    ("start: 11, end: 100", "start: -1, end: 100", "start: -1", "expected at least 0"),
    ("start: 11, end: 100", "start: 11, end: soon", "end: soon", "soon"),
    (
        "        because: It is bread until then.",
        "        because: x\n        that_time: 3",
        "that_time",
        "2 time(s)",
    ),
    (
        "        because: It is bread until then.",
        "        because: x\n        this_time: 2",
        "this_time",
        "1 time(s)",
    ),
    ("  - id: serve", "  - id: serve\n    any_time: true", "any_time", "remove one"),
    ("plating: Golden.", "plating: Golden.\nplating: Brown.", "plating: Brown", "written twice"),
]


@pytest.mark.parametrize(
    ("sound", "broken", "at", "said"), MISTAKES, ids=[f"{m[1]!r}"[:60] for m in MISTAKES]
)
def test_a_mistake_is_found_at_its_line(sound: str, broken: str, at: str, said: str) -> None:
    assert SOUND.count(sound) >= 1
    text = SOUND.replace(sound, broken, 1)
    found = problems(text)
    assert any(line == line_of(text, at) and said in message for line, message in found), found


def test_a_second_edge_to_the_same_step_is_found() -> None:
    edge = "      - step: brown\n        because: It is bread until then.\n"
    text = SOUND.replace(edge, edge + edge)
    assert (
        line_of(text, edge) + 2,
        "step 'serve' already comes after 'brown': remove one of the two",
    ) in problems(text)


def test_a_circle_is_named_at_its_first_step_and_what_it_blocks_as_well() -> None:
    text = SOUND.replace(
        "    objects: [knife]\n",
        "    objects: [knife]\n    must_come_after:\n      - step: brown\n        because: A mistake.\n",
    )
    found = problems(text)
    circle = [message for line, message in found if line == line_of(text, "- id: cut")]
    assert len(circle) == 1
    assert "cut -> brown" in circle[0]
    assert circle[0].endswith("-> cut; remove one edge")
    blocked = [message for line, message in found if line == line_of(text, "- id: serve")]
    assert blocked == ["step 'serve' can never be reached: it must come after such a cycle"]


def test_times_of_a_repeated_step_are_no_circle() -> None:
    text = SOUND.replace(
        "    objects: [knife]\n",
        "    objects: [knife]\n    how_often: 2\n    must_come_after:\n"
        "      - {step: brown, that_time: 1, this_time: 2, because: The second slice waits.}\n",
    ).replace("- step: cut\n", "- step: cut\n        that_time: 1\n        this_time: 1\n")
    checked = check_bytes(text.encode(), Path("toast.yaml"))
    assert checked.problems == ()
    assert checked.dish is not None
    assert checked.dish.step("cut").must_come_after[0].times == (1, 2)


def test_a_step_that_nothing_ties_in_is_found_unless_it_is_meant() -> None:
    lonely = "  - id: hum\n    action: rest\n    text: Hum.\n"
    text = SOUND.replace("plating:", lonely + "plating:")
    assert [(line_of(text, "- id: hum"), True)] == [(n, "no step must come" in m) for n, m in problems(text)]
    meant = SOUND.replace("plating:", lonely + "    any_time: true\nplating:")
    assert problems(meant) == []


def test_all_mistakes_of_a_file_are_found_in_one_go_by_line() -> None:
    text = (
        SOUND.replace("heat: low", "heat: hot")
        .replace("action: roast", "action: rost")
        .replace("- step: brown", "- step: bron")
        .replace("total_time: 4 min", "total_time: 4")
        .replace("    source: Somebody\n", "")
        .replace("plating: Golden.", "platting: Golden.")
    )
    found = problems(text)
    wanted = ["total_time", "- id: hot", "heat: hot", "action: rost", "- step: bron", "platting"]
    assert {line_of(text, part) for part in wanted} <= {line for line, _ in found}
    assert found == sorted(found)


@pytest.mark.parametrize(
    "text", ["- a\n- b\n", "just words\n", "steps: {a: b}\n", "steps: []\n", "steps: [x, y]\n"]
)
def test_what_is_no_dish_at_all_is_told_so_without_falling_over(text: str) -> None:
    checked = check_bytes(text.encode(), Path("toast.yaml"))
    assert checked.dish is None
    assert checked.problems


def test_a_file_is_called_after_its_dish(tmp_path: Path) -> None:
    path = tmp_path / "bread.yaml"
    path.write_text("# a note\n" + SOUND, encoding="utf-8")
    found = check_dishes([path])
    assert [(p.file, p.line) for p in found] == [(path, 2)]
    assert "expected the file to be called toast.yaml" in found[0].message


def test_faulty_steps_are_not_called_missing_as_well() -> None:
    text = SOUND[: SOUND.index("steps:")] + "steps:\n  - id: a\n    action: stir\n    text: x\n    time: 4\n"
    assert [line for line, _ in problems(text)] == [line_of(text, "- id: bread"), line_of(text, "time: 4\n")]


def test_files_and_folders_are_checked_together(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "toast.yaml").write_text(SOUND, encoding="utf-8")
    (tmp_path / "one" / "toast.yml").write_text(SOUND, encoding="utf-8")
    (tmp_path / "one" / ".hidden.yaml").write_text("broken", encoding="utf-8")
    (tmp_path / "one" / "notes.txt").write_text("broken", encoding="utf-8")
    (tmp_path / "empty").mkdir()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "toast.yaml").write_text(SOUND, encoding="utf-8")
    gone = tmp_path / "gone.yaml"
    found = check_dishes([tmp_path / "one", tmp_path / "empty", tmp_path / "other", gone])
    assert [(p.file.relative_to(tmp_path).as_posix(), p.line) for p in found] == [
        ("empty", 1),
        ("gone.yaml", 1),
        ("one/toast.yml", 1),
    ]
    assert "already the name of toast.yaml" in found[2].message
    assert str(found[1]).startswith(f"{gone}:1: cannot be read")
    assert isinstance(found[0], Problem)


@settings(max_examples=60, deadline=None)
@given(st.integers(2, 8), st.data())
def test_any_graph_of_edges_is_accepted_or_refused_as_it_is_acyclic_or_not(
    size: int, data: st.DataObject
) -> None:
    names = [f"step-{i}" for i in range(size)]
    pairs = data.draw(st.sets(st.tuples(st.sampled_from(names), st.sampled_from(names)), max_size=12))
    befores = {name: sorted(b for a, b in pairs if a == name and a != b) for name in names}
    tied = {name for name in names if befores[name] or any(name in b for b in befores.values())}
    lines = [SOUND[: SOUND.index("ingredients:")] + "steps:"]
    for name in names:
        lines.append(
            f"  - {{id: {name}, action: stir, text: Stir., any_time: {'false' if name in tied else 'true'},"
        )
        edges = ", ".join(f"{{step: {b}, because: So it is.}}" for b in befores[name])
        lines.append(f"     must_come_after: [{edges}]}}")
    checked = check_bytes("\n".join(lines).encode(), Path("toast.yaml"))
    assert bool(checked.problems) == bool(graph.cycles(befores)), checked.problems
    said = " ".join(p.message for p in checked.problems)
    assert all(name in said for name in graph.blocked(befores))


@settings(deadline=None)
@given(st.text(max_size=120))
def test_no_text_raises(text: str) -> None:
    checked = check_bytes(text.encode(errors="surrogatepass"), Path("toast.yaml"))
    assert checked.problems


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_no_cut_or_swapped_line_raises(data: st.DataObject) -> None:
    lines = SOUND.splitlines()
    for _ in range(data.draw(st.integers(1, 3))):
        i = data.draw(st.integers(0, len(lines) - 1))
        j = data.draw(st.integers(0, len(lines) - 1))
        lines[i] = data.draw(st.sampled_from([lines[j], "", lines[i].strip(), lines[i][:6], lines[i] + ":"]))
    checked = check_bytes("\n".join(lines).encode(), Path("toast.yaml"))
    assert (checked.dish is None) == bool(checked.problems)
