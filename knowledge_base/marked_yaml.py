"""Reads YAML as plain text values with the line of each; knows nothing of dishes.

Every value stays the text that was written: ``off``, ``no``, ``1.0`` and ``12:30`` mean what they look
like, not what YAML 1.1 makes of them. Anchors, aliases and tags are refused: a data file that people
review has no use for them, and nested aliases can grow without bound.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import yaml

Path_ = tuple[str | int, ...]
Tree = str | None | list["Tree"] | dict[str, "Tree"]

MAX_BYTES = 2_000_000
MAX_DEPTH = 12
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, order=True)
class Flaw:
    """Something wrong at a line (counted from 1)."""

    line: int
    message: str


@dataclass
class Marked:
    """A YAML document: its values, the line of each path into them, and what is wrong with its form.

    ``tree`` holds ``dict``, ``list``, ``str`` and, where a value was left empty, ``None``; it is ``None``
    where the text is no YAML at all.
    """

    tree: Tree
    lines: dict[Path_, int] = field(default_factory=dict)
    flaws: list[Flaw] = field(default_factory=list)

    def line(self, path: Path_) -> int:
        """The line of a path, or of the nearest thing around it that was written."""
        for length in range(len(path), -1, -1):
            found = self.lines.get(path[:length])
            if found is not None:
                return found
        return 1


def read_marked(data: bytes) -> Marked:
    """The values of a YAML document with their lines; nothing is raised, flaws are listed."""
    if len(data) > MAX_BYTES:
        return Marked(
            None, flaws=[Flaw(1, f"expected a file of at most {MAX_BYTES:,} bytes, got {len(data):,}")]
        )
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return Marked(None, flaws=[Flaw(line, "expected text in UTF-8; save the file with that encoding")])
    try:
        _refuse_references(text)
        documents = list(yaml.compose_all(text, Loader=_LOADER))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        return Marked(None, flaws=[Flaw(line, _explain(error, text, line))])
    except yaml.YAMLError as error:
        return Marked(None, flaws=[Flaw(1, f"this is not YAML: {str(error).splitlines()[0]}")])
    except _Refused as refused:
        return Marked(None, flaws=[Flaw(refused.line, refused.message)])
    if not documents or documents[0] is None:
        return Marked(None, flaws=[Flaw(1, "the file is empty")])
    marked = Marked(None)
    if len(documents) > 1:
        line = documents[1].start_mark.line + 1
        marked.flaws.append(Flaw(line, "expected one document a file; remove what follows the '---'"))
    marked.tree = _plain(documents[0], (), marked)
    if marked.tree is None:
        marked.flaws.append(Flaw(1, "the file is empty"))
    return marked


class _Refused(Exception):
    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line
        self.message = message


def _refuse_references(text: str) -> None:
    """Look at the event stream, which costs no more than the text is long, before anything is built."""
    depth = 0
    for event in _events(text):
        line = event.start_mark.line + 1 if event.start_mark else 1
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise _Refused(
                line, "anchors and aliases ('&', '*') are not taken; write the value out, or quote it"
            )
        tag = getattr(event, "tag", None)
        if tag:
            raise _Refused(line, f"tags such as {tag!r} are not taken; write plain text")
        if isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
            depth += 1
            if depth > MAX_DEPTH:
                raise _Refused(line, f"expected at most {MAX_DEPTH} levels of nesting")
        elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
            depth -= 1


def _events(text: str) -> Iterator[yaml.Event]:
    events: Iterator[yaml.Event] = yaml.parse(text, Loader=_LOADER)
    return events


def _plain(node: yaml.Node, path: Path_, marked: Marked) -> Tree:
    marked.lines.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, yaml.ScalarNode):
        plain = not node.style  # None from the parser in Python, "" from the one in C
        empty = plain and node.value in ("", "~", "null")
        return None if empty else str(node.value)
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item, (*path, index), marked) for index, item in enumerate(node.value)]
    values: dict[str, Tree] = {}
    for key_node, value_node in node.value:
        line = key_node.start_mark.line + 1
        if not isinstance(key_node, yaml.ScalarNode):
            marked.flaws.append(Flaw(line, "expected a plain word before the ':'"))
            continue
        key = str(key_node.value)
        if key in values:
            first = marked.lines[(*path, key)]
            marked.flaws.append(
                Flaw(line, f"`{key}` is written twice; the first is in line {first}: keep one")
            )
            continue
        marked.lines[(*path, key)] = line
        values[key] = _plain(value_node, (*path, key), marked)
    return values


def _explain(error: yaml.MarkedYAMLError, text: str, line: int) -> str:
    """A YAML error in words for somebody who does not know YAML, with the causes seen most."""
    problem = str(error.problem or error.context or "it cannot be read")
    lines = text.splitlines()
    written = lines[line - 1] if 0 < line <= len(lines) else ""
    if "\t" in written[: len(written) - len(written.lstrip())]:
        return "a tab stands at the start of the line; indent with spaces"
    if "mapping values are not allowed" in problem:
        return "a second ': ' stands in this value; put the whole value in double quotes"
    hint = "look at the indentation and for a missing ':' or quote, here and in the line above"
    return f"this is not YAML ({problem}); {hint}"
