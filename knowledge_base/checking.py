"""Says what is wrong with a dish file, everything in one go, by file and line; changes nothing."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from bharatchef.records import Dish
from knowledge_base import authoring
from knowledge_base.authoring import DishFile
from knowledge_base.marked_yaml import Marked, Path_, Tree, read_marked
from knowledge_base.references import reference_flaws


@dataclass(frozen=True, order=True)
class Problem:
    """One thing wrong in a dish file; lines count from 1."""

    file: Path
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}"


@dataclass(frozen=True)
class Checked:
    """A file's dish, or ``None`` and its problems; ``sha256`` is that of its bytes."""

    file: Path
    dish: Dish | None
    problems: tuple[Problem, ...] = field(default=())
    sha256: str = ""


def check_dishes(paths: Iterable[Path]) -> list[Problem]:
    """All problems of these dish files, and of the dish files in these folders, by file and line.

    Two files of one folder must not hold the same dish; a dish of another folder may take its place.
    """
    problems: list[Problem] = []
    first_with: dict[tuple[Path, str], Path] = {}
    for path in paths:
        try:
            files = dish_files(path) if path.is_dir() else [path]
        except OSError as error:
            problems.append(Problem(path, 1, f"cannot be read: {error.strerror}"))
            continue
        if path.is_dir() and not files:
            problems.append(Problem(path, 1, "no dish is in this folder; dishes are files named *.yaml"))
        for file in files:
            checked = check_file(file)
            problems.extend(checked.problems)
            if checked.dish is not None:
                dish_id = checked.dish.dish_id
                other = first_with.setdefault((file.resolve().parent, dish_id), file)
                if other.resolve() != file.resolve():
                    message = f"`dish: {dish_id}` is already the name of {other.name}: give each its own"
                    problems.append(Problem(file, 1, message))
    return sorted(set(problems))


def dish_files(folder: Path) -> list[Path]:
    """The dish files of a folder in sorted order, hidden ones left out."""
    found = (path for path in folder.iterdir() if path.suffix in (".yaml", ".yml"))
    return sorted(path for path in found if not path.name.startswith(".") and path.is_file())


def check_file(path: Path) -> Checked:
    """The dish of a file, or all that is wrong with it; a file is called after its dish."""
    try:
        data = path.read_bytes()
    except OSError as error:
        return Checked(path, None, (Problem(path, 1, f"cannot be read: {error.strerror}"),))
    checked = check_bytes(data, path)
    if checked.dish is None or checked.dish.dish_id == path.stem:
        return checked
    name = checked.dish.dish_id
    line = read_marked(data).line(("dish",))
    message = f"expected the file to be called {name}.yaml after its `dish`, it is {path.name}"
    return Checked(path, None, (Problem(path, line, message),), checked.sha256)


def check_bytes(data: bytes, path: Path) -> Checked:
    """The dish that ``data`` says, or all that is wrong with it; ``path`` is only the name to report."""
    sha256 = hashlib.sha256(data).hexdigest()
    marked = read_marked(data)
    found = {(flaw.line, flaw.message) for flaw in marked.flaws}
    dish = None
    if isinstance(marked.tree, dict):
        found |= _empty_values(marked)
        written, form = _form(marked)
        found |= form
        found |= {(flaw.line, flaw.message) for flaw in reference_flaws(marked)}
        if written is not None and not found:
            dish = authoring.dish_of(written, sha256)
    elif not found:
        found.add((1, "expected lines such as 'dish: masala-chai' at the left margin"))
    problems = tuple(sorted(Problem(path, line, message) for line, message in found))
    return Checked(path, dish, problems, sha256)


def _empty_values(marked: Marked) -> set[tuple[int, str]]:
    found = set()

    def look(tree: Tree, path: Path_) -> None:
        if tree is None:
            label = f"`{path[-1]}`" if path and isinstance(path[-1], str) else "this entry"
            found.add(
                (marked.line(path), f"{where(marked.tree, path)}{label} is empty: fill it or remove it")
            )
        elif isinstance(tree, dict):
            for key, value in tree.items():
                look(value, (*path, key))
        elif isinstance(tree, list):
            for index, value in enumerate(tree):
                look(value, (*path, index))

    look(marked.tree, ())
    return found


def _form(marked: Marked) -> tuple[DishFile | None, set[tuple[int, str]]]:
    try:
        return DishFile.model_validate(marked.tree), set()
    except ValidationError as error:
        found = set()
        for detail in error.errors(include_url=False):
            path = tuple(detail["loc"])
            if detail["type"] != "missing" and detail["input"] is None:
                continue
            if detail["type"] == "too_short" and detail["input"]:
                continue  # its entries were written, and are faulty: that is told at each of them
            found.add((marked.line(path), f"{where(marked.tree, path)}{_said(detail, path)}"))
        return None, found


def where(tree: Tree, path: Path_) -> str:
    """The nearest named thing around a path: ``in step 'boil-water': `` or nothing."""
    kinds = {
        "steps": "step",
        "ingredients": "ingredient",
        "safety": "safety rule",
        "expert_performances": "expert",
    }
    if len(path) < 2 or path[0] not in kinds or not isinstance(path[1], int) or not isinstance(tree, dict):
        return ""
    entries = tree.get(str(path[0]))
    entry = entries[path[1]] if isinstance(entries, list) and path[1] < len(entries) else None
    name = entry.get("id") if isinstance(entry, dict) else None
    label = repr(name) if isinstance(name, str) else f"number {path[1] + 1}"
    return f"in {kinds[str(path[0])]} {label}: "


def _said(detail: ErrorDetails, path: Path_) -> str:
    key = next((str(part) for part in reversed(path) if isinstance(part, str)), "")
    came = detail["input"]
    context: dict[str, Any] = detail.get("ctx", {})
    match detail["type"]:
        case "missing" if key == "because":
            return "an order edge gives no reason; add `because: ...`, the cook's reason for it"
        case "missing":
            return f"`{key}` is missing"
        case "extra_forbidden":
            keys = _keys_around(path)
            return f"`{key}` is not known here{near_miss(key, keys)}; known are {', '.join(sorted(keys))}"
        case "value_error":
            return f"`{key}`: {context['error']}"
        case "enum" | "literal_error":
            words = [word.strip("' ") for word in context["expected"].replace(" or ", ", ").split(",")]
            return f"`{key}`: expected one of {', '.join(words)}, got {came!r}{near_miss(str(came), words)}"
        case "string_type":
            return f"`{key}`: expected words, got {_kind(came)}"
        case "tuple_type" | "list_type":
            return f"`{key}`: expected a list, a line '- ...' for each entry, got {_kind(came)}"
        case "model_type" | "model_attributes_type" | "dict_type":
            return f"`{key}`: expected lines such as 'id: ...', got {_kind(came)}"
        case "bool_parsing" | "bool_type":
            return f"`{key}`: expected true or false, got {came!r}"
        case "int_parsing" | "int_type" | "int_from_float":
            return f"`{key}`: expected a whole number, got {came!r}"
        case "too_short":
            return f"`{key}`: expected at least one entry"
        case "greater_than_equal" | "less_than_equal":
            bound = context.get("ge", context.get("le"))
            least = "at least" if "ge" in context else "at most"
            return f"`{key}`: expected {least} {bound}, got {came!r}"
        case _:
            return f"`{key}`: {detail['msg']}, got {came!r}"


def _kind(value: object) -> str:
    if isinstance(value, list):
        return "a list"
    return "lines of their own" if isinstance(value, dict) else repr(value)


def near_miss(word: str, known: Iterable[str]) -> str:
    """`` - did you mean 'x'?``, or nothing where nothing is near."""
    near = difflib.get_close_matches(word.lower(), sorted(known), n=1, cutoff=0.6)
    return f" - did you mean '{near[0]}'?" if near else ""


def _keys_around(path: Path_) -> Sequence[str]:
    """The keys that the form knows where ``path`` ends."""
    model: type[BaseModel] = DishFile
    for part in path[:-1]:
        if isinstance(part, str):
            inner = _model_within(model.model_fields[part].annotation)
            model = inner or model
    return list(model.model_fields)


def _model_within(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for argument in get_args(annotation):
        found = _model_within(argument)
        if found is not None:
            return found
    return None
