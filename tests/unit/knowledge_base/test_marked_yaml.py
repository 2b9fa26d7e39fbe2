"""YAML read as the text that was written, with its lines, and with nothing that can hurt."""

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge_base.marked_yaml import MAX_BYTES, read_marked


def test_values_stay_the_text_that_was_written() -> None:
    marked = read_marked(b"heat: off\nlang: no\nversion: 1.0\ntime: 12:30\nday: 2026-11-22\n")
    assert marked.flaws == []
    assert marked.tree == {
        "heat": "off",
        "lang": "no",
        "version": "1.0",
        "time": "12:30",
        "day": "2026-11-22",
    }


def test_what_was_left_empty_is_none_and_what_is_quoted_is_not() -> None:
    marked = read_marked(b'a:\nb: ~\nc: ""\nd: \'\'\ne: null\nf: "null"\n')
    assert marked.tree == {"a": None, "b": None, "c": "", "d": "", "e": None, "f": "null"}


def test_the_parser_written_in_python_reads_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    data = b"a:\nb: [x, 'y', off]\nc:\n  - d: 1\n    e: \"\"\n"
    fast = read_marked(data)
    monkeypatch.setattr("knowledge_base.marked_yaml._LOADER", yaml.SafeLoader)
    assert read_marked(data) == fast


def test_every_path_has_its_line() -> None:
    marked = read_marked(b"a: 1\n\nsteps:\n  - id: x\n    list: [p,\n      q]\n  - id: y\n")
    assert marked.line(("steps", 0, "id")) == 4
    assert marked.line(("steps", 0, "list", 1)) == 6
    assert marked.line(("steps", 1)) == 7
    assert marked.line(("steps", 1, "missing", 3)) == 7


@pytest.mark.parametrize(
    ("data", "line", "said"),
    [
        (b"", 1, "empty"),
        (b"# only a note\n", 1, "empty"),
        (b"~\n", 1, "empty"),
        (b"! x\n", 1, "tags"),
        (b"name: caf\xe9\n", 1, "UTF-8"),
        (b"a: 1\nb: \xff\n", 2, "UTF-8"),
        (b"a: 1\n\tb: 2\n", 2, "tab"),
        (b"text: wait: then stir\n", 1, "double quotes"),
        (b"a: [1, 2\n", 2, "not YAML"),
        (b'a: "open\n', 2, "not YAML"),
        (b"a: 1\na: 2\n", 2, "written twice; the first is in line 1"),
        (b"a: &x 1\nb: *x\n", 1, "anchors"),
        (b"a: !!python/object:os.system x\n", 1, "tags"),
        (b"a: 1\n---\nb: 2\n", 3, "one document"),
        (b"? [a, b]\n: c\n", 1, "plain word"),
        (b"a: " + b"[" * 40 + b"]" * 40, 1, "levels"),
        (b"#" * (MAX_BYTES + 1), 1, "at most"),
    ],
)
def test_a_flaw_of_form_is_named_with_its_line(data: bytes, line: int, said: str) -> None:
    flaws = read_marked(data).flaws
    assert [flaw.line for flaw in flaws] == [line]
    assert said in flaws[0].message


def test_aliases_that_would_grow_without_bound_are_refused_at_once() -> None:
    bomb = "a0: &a0 [x]\n" + "".join(f"a{i}: &a{i} [{','.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 12))
    marked = read_marked(bomb.encode())
    assert marked.tree is None
    assert "anchors" in marked.flaws[0].message


_TREES = st.recursive(
    st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=1),
    lambda inner: (
        st.lists(inner, min_size=1) | st.dictionaries(st.text("abc", min_size=1), inner, min_size=1)
    ),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.text("abc", min_size=1), _TREES, min_size=1))
def test_what_a_writer_of_yaml_writes_is_read_back(tree: dict[str, object]) -> None:
    written = yaml.safe_dump(tree, allow_unicode=True, default_flow_style=False).encode()
    marked = read_marked(written)
    if not marked.flaws:
        assert marked.tree == tree
    else:
        assert "levels" in marked.flaws[0].message


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=200))
def test_no_bytes_raise(data: bytes) -> None:
    marked = read_marked(data)
    assert marked.flaws or marked.tree is not None
