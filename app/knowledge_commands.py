"""The ``knowledge`` commands: check the tips, index them, and show what a question would find and why."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from pathlib import Path

from rich.markup import escape

from app.console import err, out, print_json
from bharatchef.errors import InputError, KnowledgeError
from knowledge_base.advice import ADVICE_DIR, read_advice
from knowledge_base.advice_checking import check_advice
from knowledge_base.library import BUILT_IN_DISHES, DishLibrary


def check_knowledge(folder: Path | None, as_json: bool) -> None:
    """Check the tips of a folder, or those that come with the program, against the dishes that do.

    Raises:
        KnowledgeError: something is wrong; all of it was printed.
        InputError: there is no such folder.
    """
    if folder is not None and not folder.is_dir():
        raise InputError(f"Expected a folder of tips, found none at {folder}.")
    book = read_advice(folder or ADVICE_DIR)
    concerns = check_advice(book, DishLibrary((BUILT_IN_DISHES,)).list_dishes())
    if as_json:
        print_json({"tips": len(book.tips), "concerns": [asdict(concern) for concern in concerns]})
    else:
        for concern in concerns:
            out().print(f"[bold]{concern.code}[/bold] {escape(str(concern))}", soft_wrap=True)
    counts = Counter(concern.code for concern in concerns)
    if concerns:
        listed = ", ".join(f"{count} {code}" for code, count in sorted(counts.items()))
        raise KnowledgeError(
            f"{len(concerns)} concern(s) about {len(book.tips)} tips: {listed}.",
            "docs/knowledge.md tells how a tip is written.",
        )
    if not as_json:
        err().print(f"All {len(book.tips)} tips are sound.")
