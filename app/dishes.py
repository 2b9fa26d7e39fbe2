"""The ``dishes`` commands: list, show, check and import what films are judged by."""

from __future__ import annotations

import json
import os
import tempfile
from datetime import date
from pathlib import Path

from rich.markup import escape
from rich.table import Table

from app.console import err, out, print_json
from bharatchef.errors import InputError, KnowledgeError
from bharatchef.records import Dish, DurationRange
from bharatchef.settings import load_settings
from knowledge_base.captaincook4d import dish_from_captaincook4d
from knowledge_base.checking import Problem, check_bytes, check_dishes, check_file
from knowledge_base.library import BUILT_IN_DISHES, DishLibrary
from tasks.runtime import ports_here


def dish_library() -> DishLibrary:
    return DishLibrary((BUILT_IN_DISHES, load_settings().dishes_dir))


def seconds_text(value: float) -> str:
    """A length of time as a cook says it: ``45 s``, ``4 min``, ``1 h 10 min``."""
    if value < 90:
        return f"{value:g} s"
    minutes, seconds = divmod(round(value), 60)
    hours, minutes = divmod(minutes, 60)
    parts = [(hours, "h"), (minutes, "min"), (seconds if not hours else 0, "s")]
    return " ".join(f"{count} {unit}" for count, unit in parts if count)


def _range_text(duration: DurationRange | None) -> str:
    return f"{seconds_text(duration.min_s)} to {seconds_text(duration.max_s)}" if duration else "any"


def list_dishes(as_json: bool) -> None:
    """Print all dishes; those whose files are wrong are named on stderr."""
    library = dish_library()
    dishes = library.list_dishes()
    if as_json:
        print_json([json.loads(dish.to_json()) for dish in dishes])
    else:
        table = Table(box=None, pad_edge=False)
        table.add_column("dish", no_wrap=True)
        for title in ("name", "steps", "takes", "also known as"):
            table.add_column(title, overflow="fold")
        for dish in dishes:
            names = ", ".join(dict.fromkeys(name for names in dish.aliases.values() for name in names))
            table.add_row(
                dish.dish_id,
                escape(dish.name),
                str(len(dish.expected_steps)),
                seconds_text(dish.expected_duration_s),
                escape(names),
            )
        out().print(table)
    problems = library.problems()
    if problems:
        err().print(
            f"[yellow]Left out for {len(problems)} problem(s):[/yellow] see `bharatchef dishes check`."
        )


def show_dish(dish_id: str, as_json: bool) -> None:
    """Print one dish whole, as films are judged by it."""
    dish = ports_here().dishes.get(dish_id)
    if as_json:
        print_json(json.loads(dish.to_json()))
        return
    console = out()
    console.print(f"[bold]{escape(dish.name)}[/bold] ({dish.dish_id}, version {escape(dish.version)})")
    console.print(f"Takes about {seconds_text(dish.expected_duration_s)}.")
    console.print(_steps_table(dish))
    ingredients = Table("ingredient", "amount", "names", title="Ingredients", title_justify="left", box=None)
    for ingredient in dish.ingredients:
        names = ", ".join(name for language in ingredient.aliases.values() for name in language)
        amount = ingredient.amount + (" (optional)" if ingredient.optional else "")
        ingredients.add_row(escape(ingredient.name), escape(amount), escape(names))
    console.print(ingredients)
    for point in dish.safety:
        console.print(
            f"[bold]Safety:[/bold] {escape(point.rule)} ({escape(point.hazard)}; {escape(point.source)})"
        )
    if dish.plating:
        console.print(f"[bold]On the plate:[/bold] {escape(dish.plating)}")


def _steps_table(dish: Dish) -> Table:
    table = Table(
        "step", "what", "takes", "heat", "only after", title="Steps", title_justify="left", box=None
    )
    for step in dish.expected_steps:
        after = "\n".join(f"{edge.step_id}: {edge.reason}" for edge in step.must_come_after)
        times = f" ({step.required_count} times)" if step.required_count > 1 else ""
        optional = " (optional)" if step.optional else ""
        table.add_row(
            step.step_id,
            escape(step.description + times + optional),
            _range_text(step.duration),
            str(step.heat) if step.heat else "",
            escape(after),
        )
    return table


def check_dish_files(files: list[Path], as_json: bool) -> None:
    """Check dish files and folders, or all that are in use.

    Raises:
        KnowledgeError: something is wrong; all of it was printed by file and line.
        InputError: a path does not exist.
    """
    for path in files:
        if not path.exists():
            raise InputError(f"Expected a dish file or a folder of them, found nothing at {path}.")
    own = load_settings().dishes_dir
    paths = files or [BUILT_IN_DISHES, *([own] if own.is_dir() else [])]
    problems = check_dishes(paths)
    if as_json:
        print_json(
            [{"file": str(p.file), "line": p.line, "message": p.message} for p in problems],
        )
    else:
        for problem in problems:
            out().print(escape(str(_from_here(problem))), soft_wrap=True)
    if problems:
        raise KnowledgeError(
            f"{len(problems)} problem(s) in dish files.", "docs/dishes.md tells how a dish file is written."
        )
    if not as_json:
        err().print("All dish files are sound.")


def _from_here(problem: Problem) -> Problem:
    try:
        return Problem(problem.file.resolve().relative_to(Path.cwd()), problem.line, problem.message)
    except ValueError:
        return problem


def _imported(data: bytes) -> bytes:
    """The dish file of a recipe; the day of the first import stays, so that a second one changes nothing."""
    today = dish_from_captaincook4d(data, created=date.today()).encode()
    dish = check_bytes(today, Path("the recipe")).dish
    if dish is None:
        return today
    kept = load_settings().dishes_dir / f"{dish.dish_id}.yaml"
    before = check_file(kept).dish if kept.exists() else None
    return dish_from_captaincook4d(data, created=before.created_at.date()).encode() if before else today


def import_dish(form: str, file: Path, force: bool) -> None:
    """Make a dish file out of ``file``, check it, and keep it in the home's own folder.

    Raises:
        InputError: the form is unknown, the file cannot be read, or the dish is there already.
        KnowledgeError: what would be kept is not a sound dish.
    """
    if form not in ("captaincook4d", "dish"):
        raise InputError(
            f"Expected captaincook4d or dish, got {form!r}.", "See `bharatchef dishes import --help`."
        )
    try:
        data = file.read_bytes()
    except OSError as error:
        raise InputError(f"Expected a file to read at {file}: {error.strerror}.") from error
    if form == "captaincook4d":
        data = _imported(data)
    checked = check_bytes(data, file)
    if checked.dish is None:
        raise KnowledgeError(
            "\n".join(str(problem) for problem in checked.problems), "Mend these and import it again."
        )
    dish = checked.dish
    folder = load_settings().dishes_dir
    target = folder / f"{dish.dish_id}.yaml"
    if target.exists() and target.read_bytes() != data and not force:
        raise InputError(f"There is another dish {dish.dish_id} at {target}.", "Give --force to replace it.")
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=folder, prefix=".", suffix=".part", delete=False) as part:
        part.write(data)
        part.flush()
        os.fsync(part.fileno())
    Path(part.name).replace(target)
    out().print(f"{dish.dish_id}: {escape(dish.name)}, {len(dish.expected_steps)} steps, kept in {target}")
