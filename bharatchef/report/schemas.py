"""The published JSON Schemas of what is stored and shown, generated from the records.

``python -m bharatchef.report.schemas docs/schemas`` writes them, one file each.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bharatchef.records import ActionSequence, Dish, Evaluation, Feedback, User
from bharatchef.results import EvaluationResult
from bharatchef.vocabulary import SCHEMA_VERSION, Record

_PUBLISHED: Mapping[str, type[Record]] = {
    "evaluation-result": EvaluationResult,
    "users": User,
    "dishes": Dish,
    "evaluations": Evaluation,
    "action-sequences": ActionSequence,
    "feedback": Feedback,
}


def schemas() -> dict[str, dict[str, Any]]:
    """The schema of each published record by its file's stem, of what is written (JSON Schema 2020-12)."""
    return {
        name: {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "$id": f"urn:bharatchef:schema:{name}:{SCHEMA_VERSION}",
            **record.model_json_schema(by_alias=True, mode="serialization"),
        }
        for name, record in _PUBLISHED.items()
    }


def schema_text(schema: Mapping[str, Any]) -> str:
    """A schema as it lies in its file."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def write_schemas(folder: Path) -> list[Path]:
    """Write every schema into ``folder`` as ``<name>.schema.json`` and return the files."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, schema in schemas().items():
        path = folder / f"{name}.schema.json"
        path.write_text(schema_text(schema), encoding="utf-8")
        written.append(path)
    return written


if __name__ == "__main__":
    for written_path in write_schemas(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/schemas")):
        print(written_path)
