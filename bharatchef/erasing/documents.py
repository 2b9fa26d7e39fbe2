"""Takes a person out of JSON documents and lists of them; knows nothing of where a document lies."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from bharatchef.erasing.person import Traces

ERASED = "erased"
_GONE = object()


def without_person(data: bytes, name: str, traces: Traces, by_pseudonym: bool = True) -> bytes | None:
    """A document without its entries about the person; ``None`` where it has none.

    Of a list an entry goes that itself says whose it is, of an object a key that does; any other value that
    is one of the person's marks becomes ``erased``. Of files of lines (``.jsonl``, ``.csv``, ``.log``) the
    lines go that hold a mark. ``by_pseudonym`` as for ``Traces.marker``.
    """
    text = _text(data)
    if text is None:
        return None
    marked = traces.marker(by_pseudonym)
    if name.endswith(".json"):
        return _rewritten(text, lambda value: _without(value, marked))
    lines = text.splitlines(keepends=True)
    kept = [line for line in lines if not marked(line)]
    return "".join(kept).encode() if len(kept) < len(lines) else None


def with_pseudonym(data: bytes, traces: Traces) -> bytes | None:
    """A JSON document with the pseudonym wherever a text names the person; ``None`` where none does."""
    text = _text(data)
    return None if text is None else _rewritten(text, lambda value: _renamed(value, traces))


def _text(data: bytes) -> str | None:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return None


def _rewritten(text: str, change: Any) -> bytes | None:
    try:
        value = json.loads(text)
    except ValueError:
        return None
    changed = change(value)
    if changed == value:
        return None
    indent = 2 if text.startswith(("{\n", "[\n")) else None
    return json.dumps(None if changed is _GONE else changed, ensure_ascii=False, indent=indent).encode()


def _without(value: Any, marked: Callable[[str], bool]) -> Any:
    if isinstance(value, dict):
        kept = {key: _without(entry, marked) for key, entry in value.items() if not marked(key)}
        return {key: ERASED if entry is _GONE else entry for key, entry in kept.items()}
    if isinstance(value, list):
        return [
            kept
            for entry in value
            if not _says_whose(entry, marked) and (kept := _without(entry, marked)) is not _GONE
        ]
    return _GONE if isinstance(value, str) and marked(value) else value


def _says_whose(entry: Any, marked: Callable[[str], bool]) -> bool:
    return isinstance(entry, dict) and any(isinstance(said, str) and marked(said) for said in entry.values())


def _renamed(value: Any, traces: Traces) -> Any:
    if isinstance(value, dict):
        return {traces.without_names(key): _renamed(entry, traces) for key, entry in value.items()}
    if isinstance(value, list):
        return [_renamed(entry, traces) for entry in value]
    return traces.without_names(value) if isinstance(value, str) else value
