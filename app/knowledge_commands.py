"""The ``knowledge`` commands: check the tips, index them, and show what a question would find and why."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from pathlib import Path

from rich.markup import escape
from rich.table import Table

from adapters.knowledge import Knowledge, open_knowledge
from app.console import err, out, print_json, progress_bars
from bharatchef.errors import InputError, KnowledgeError
from bharatchef.settings import load_settings
from knowledge_base.advice import ADVICE_DIR, Advice, read_advice
from knowledge_base.advice_checking import check_advice
from knowledge_base.building import likeness_by_meaning
from knowledge_base.library import BUILT_IN_DISHES, DishLibrary
from knowledge_base.retrieval import Found, Where


def check_knowledge(folder: Path | None, as_json: bool) -> None:
    """Check the tips of a folder, or those that come with the program, against the dishes that do.

    Raises:
        KnowledgeError: something is wrong; all of it was printed.
        InputError: there is no such folder.
    """
    if folder is not None and not folder.is_dir():
        raise InputError(f"Expected a folder of tips, found none at {folder}.")
    book = read_advice(folder or ADVICE_DIR)
    dishes = DishLibrary((BUILT_IN_DISHES,)).list_dishes()
    concerns = check_advice(book, dishes, likeness_by_meaning(book.tips))
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


def build_knowledge(anew: bool, as_json: bool) -> None:
    """Bring the index of tips up to date, or make it anew.

    Raises:
        KnowledgeError: the tips' files are wrong.
        StoreError: it cannot be written.
    """
    knowledge = open_knowledge(load_settings())
    with progress_bars() as bars:
        bar = bars.add_task("Embedding the tips", total=None)
        built = knowledge.build(lambda done, of: bars.update(bar, completed=done, total=of), anew)
    stamp = knowledge.stamp()
    model = stamp.get("model_name")
    if as_json:
        print_json(
            {
                "tips": knowledge.count(),
                "embedded": built.embedded if built else 0,
                "changed": built is not None,
                "modelName": model,
                "dimension": int(stamp["dimension"]) if model else None,
                "index": knowledge.where,
            }
        )
    else:
        made = f"{built.embedded} embedded now" if built else "nothing had changed"
        by = f"by words and by meaning ({model}, {stamp['dimension']} numbers)" if model else "by words alone"
        out().print(
            f"{knowledge.count()} tips, {made}; searched {escape(by)}: {escape(knowledge.where)}",
            soft_wrap=True,
        )
    _say_lacking(knowledge)


def roll_back_knowledge(as_json: bool) -> None:
    """Go back to the index of tips before this one.

    Raises:
        KnowledgeError: there is none, or the index is one of this machine, which follows the program.
        EndpointError: OpenSearch does not answer; the alias stays where it was.
    """
    index = open_knowledge(load_settings()).roll_back()
    if as_json:
        print_json({"index": index})
    else:
        out().print(f"The tips are those of {escape(index)} again.", soft_wrap=True)
        err().print("A program of other tips does not search them: go back to its earlier version too.")


def search_knowledge(question: str, where: Where, limit: int, as_json: bool) -> None:
    """Print what a question finds, best first, with its rank by words and by meaning."""
    knowledge = open_knowledge(load_settings())
    found = knowledge.ranked(question, where, limit)
    tips = [knowledge.tip(one.tip_id) for one in found]
    if as_json:
        print_json([_published(one, tip) for one, tip in zip(found, tips, strict=True)])
    elif not found:
        out().print("No tip shares a word with this question.")
    else:
        table = Table(box=None, pad_edge=False)
        for title in ("words", "meaning", "score"):
            table.add_column(title, justify="right")
        table.add_column("tip", overflow="fold")
        for one, tip in zip(found, tips, strict=True):
            table.add_row(
                _rank(one.keyword_rank),
                _rank(one.vector_rank),
                f"{one.score:.4f}",
                f"[bold]{tip.tip_id}[/bold] [dim]{tip.severity}, {escape(tip.theme)}[/dim]\n"
                f"{escape(tip.mistake)}\n[dim]{escape(tip.correction)}[/dim]",
            )
        out().print(table)
    _say_lacking(knowledge)


def place_named(dish_id: str | None, step_id: str | None, severity: str | None) -> Where:
    """Where a search is to be held to, as words on the command line name it.

    Raises:
        InputError: there is no such step or severity, or a step without its dish.
        KnowledgeError: there is no such dish.
    """
    if severity not in (None, "low", "medium", "high"):
        raise InputError(f"Expected --severity low, medium or high, got {severity!r}.")
    if step_id is not None and dish_id is None:
        raise InputError(f"Expected the dish of step {step_id!r} too.", "Give --dish.")
    if dish_id is not None:
        dish = DishLibrary((BUILT_IN_DISHES, load_settings().dishes_dir)).get(dish_id)
        steps = [step.step_id for step in dish.expected_steps]
        if step_id is not None and step_id not in steps:
            raise InputError(f"{dish_id} has no step {step_id!r}.", f"Its steps are: {', '.join(steps)}.")
    return Where(dish_id, step_id, severity)


def _rank(rank: int | None) -> str:
    return "-" if rank is None else str(rank)


def _published(found: Found, tip: Advice) -> dict[str, object]:
    return {
        "tipId": tip.tip_id,
        "score": round(found.score, 6),
        "keywordRank": found.keyword_rank,
        "vectorRank": found.vector_rank,
        "severity": tip.severity,
        "theme": tip.theme,
        "mistake": tip.mistake,
        "why": tip.why,
        "correction": tip.correction,
        "safety": tip.safety.rule if tip.safety else None,
        "source": f"{tip.safety.source} ({tip.safety.url})" if tip.safety else None,
    }


def _say_lacking(knowledge: Knowledge) -> None:
    if knowledge.lacking:
        err().print(f"[yellow]Note:[/yellow] {escape(knowledge.lacking)}", soft_wrap=True)
