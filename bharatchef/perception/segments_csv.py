"""Reads labels written as a table (CSV) into rows; knows no dish.

One header line, then one row a doing. Commas, semicolons and tabs separate; the header's names may be any
of those in ``COLUMNS``, in any order; columns of other names are left alone.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from bharatchef.errors import InputError
from bharatchef.perception.segment_rows import MAX_ROWS, Problems, Row
from bharatchef.perception.step_names import normalised

COLUMNS = {
    "step": ("step", "step id", "stepid", "label", "name", "step name", "task"),
    "start": (
        "start",
        "start time",
        "starttime",
        "start s",
        "start seconds",
        "begin",
        "from",
        "onset",
        "start sec",
    ),
    "end": ("end", "end time", "endtime", "end s", "end seconds", "stop", "to", "offset", "end sec"),
    "confidence": ("confidence", "probability", "score", "certainty"),
    "action": ("action", "action type", "actiontype", "verb"),
}
_EXAMPLE = "step,start,end\nboil-water,0,1:30"


def rows_from_csv(text: str, file_name: str, problems: Problems) -> Iterator[Row]:
    """The rows of a table; blank lines and lines that start with '#' are passed over.

    Raises:
        InputError: there is no header, it lacks a column, or the table is too long or not a table.
    """
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_separator(text), skipinitialspace=True)
    columns: dict[str, int] | None = None
    number = 0
    try:
        for cells in reader:
            if not any(cell.strip() for cell in cells) or cells[0].lstrip().startswith("#"):
                continue
            if columns is None:
                columns = _columns(cells, file_name)
                continue
            number += 1
            if number > MAX_ROWS:
                raise InputError(
                    f"{file_name} has more than {MAX_ROWS:,} rows; that is no one film.",
                    "Give one film's labels a file.",
                )
            where = f"row {number} (line {reader.line_num})"
            if len(cells) <= max(columns["start"], columns["end"]):
                problems.add(where, f"has {len(cells)} cells, and start and end are not among them")
                continue
            yield Row(
                where=where,
                step=_cell(cells, columns.get("step")),
                action=_cell(cells, columns.get("action")) or "",
                start=cells[columns["start"]],
                end=cells[columns["end"]],
                confidence=_cell(cells, columns.get("confidence")),
            )
    except csv.Error as error:
        raise InputError(
            f"{file_name} stops being a table at line {reader.line_num}: {error}.",
            "Save it again as CSV (UTF-8), one row a step.",
        ) from error
    if columns is None:
        raise InputError(
            f"{file_name} is empty.", f"Expected a header and a row a step, such as:\n{_EXAMPLE}"
        )


def _separator(text: str) -> str:
    header = next((line for line in text.splitlines() if line.strip() and not line.startswith("#")), "")
    return max(",;\t", key=header.count)


def _columns(cells: list[str], file_name: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for index, cell in enumerate(cells):
        for column, accepted in COLUMNS.items():
            if normalised(cell) in accepted:
                if column in found:
                    raise InputError(
                        f"{file_name}: the header has two columns for {column}:"
                        f" '{cells[found[column]].strip()}' and '{cell.strip()}'.",
                        "Keep one of them.",
                    )
                found[column] = index
    missing = [c for c in ("start", "end") if c not in found]
    if "step" not in found and "action" not in found:
        missing.insert(0, "step")
    if missing:
        got = ", ".join(cell.strip() for cell in cells)[:120]
        raise InputError(
            f"{file_name}: the first line must name the columns step, start and end;"
            f" {' and '.join(missing)} not found in '{got}'.",
            f"Begin the file so:\n{_EXAMPLE}",
        )
    return found


def _cell(cells: list[str], index: int | None) -> str | None:
    return cells[index] if index is not None and index < len(cells) else None
