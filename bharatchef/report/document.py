"""The published JSON of one evaluation; it knows nothing of where it is kept."""

from __future__ import annotations

from bharatchef.results import EvaluationResult


def result_json(result: EvaluationResult) -> str:
    """The whole result as indented JSON under its published names, ending in a newline.

    ``schemaVersion`` says which published schema it follows (``docs/schemas``).
    """
    return result.to_json(indent=2) + "\n"
