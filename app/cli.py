"""The command ``bharatchef``: parses words, calls one function a command, speaks its answer.

Imports nothing heavy: each command loads what it needs when it is called.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from app.console import spoken_errors
from app.experts_cli import experts_app
from app.held_cli import held_app
from app.knowledge_cli import knowledge_app
from app.options import Json, Options, Segments, SegmentsFps
from app.people_cli import people_app
from app.report_cli import report_app
from app.retraining_cli import retraining_app
from app.review_cli import appeal_app, review_app

app = typer.Typer(
    name="bharatchef",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Watches a film of someone cooking and says what to do better next time.",
)
dishes_app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="The dishes that films are judged by."
)
app.add_typer(dishes_app, name="dishes")
dishes_app.add_typer(experts_app)
models_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="The models that watch the films.")
app.add_typer(models_app, name="models")
models_app.add_typer(retraining_app)
app.add_typer(knowledge_app, name="knowledge")
app.add_typer(report_app, name="report")
app.add_typer(people_app)
app.add_typer(held_app)
app.add_typer(appeal_app)
app.add_typer(review_app, name="review")


def _version(value: bool) -> None:
    if value:
        from bharatchef import __version__

        typer.echo(f"bharatchef {__version__}")
        raise typer.Exit


@app.callback()
def _main(
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks and Prefect's log.")] = False,
    home: Annotated[
        Path | None,
        typer.Option("--home", help="Where results are kept (else BHARATCHEF_HOME, else your data folder)."),
    ] = None,
    version: Annotated[  # noqa: ARG001 - handled by its callback
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    Options.debug = debug
    if home is not None:
        os.environ["BHARATCHEF_HOME"] = str(home)


@app.command()
def evaluate(
    film: Annotated[
        Path | None, typer.Argument(help="The film; may be left out where segments are given.")
    ] = None,
    dish: Annotated[str, typer.Option("--dish", help="Which dish it is: see `bharatchef dishes list`.")] = "",
    user: Annotated[str, typer.Option("--user", help="Whose attempt it is.")] = "me",
    side: Annotated[Path | None, typer.Option("--side", help="A second film, from the side.")] = None,
    segments: Segments = None,
    fps: SegmentsFps = None,
    language: Annotated[
        str,
        typer.Option(
            "--language",
            help="Language of the feedback: en, hi, ta or hi-latn (Hinglish). It is kept for this user.",
        ),
    ] = "",
    out: Annotated[
        Path | None, typer.Option("--out", help="Also put report.html and result.json into this folder.")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Evaluate anew, even if it was done before.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Evaluate a film of a dish.

    Gives scores, a report, and what to do better next time.
    """
    with spoken_errors(Options.debug):
        from app.evaluate import evaluate_film

        evaluate_film(
            film=film,
            dish_id=dish,
            user_id=user,
            side=side,
            segments=segments,
            segments_fps=fps,
            language=language,
            out_dir=out,
            force=force,
            as_json=as_json,
            debug=Options.debug,
        )


@app.command()
def history(
    user: Annotated[str, typer.Argument(help="Whose attempts.")],
    dish: Annotated[str | None, typer.Option("--dish", help="Only this dish.")] = None,
    as_json: Json = False,
) -> None:
    """Show one person's attempts and which way the scores go."""
    with spoken_errors(Options.debug):
        from app.records_commands import show_history

        show_history(user, dish, as_json)


@app.command()
def show(
    evaluation: Annotated[str, typer.Argument(help="An evaluation's id, or the beginning of it.")],
    as_json: Json = False,
) -> None:
    """Show one evaluation: scorecard, and where its report lies."""
    with spoken_errors(Options.debug):
        from app.records_commands import show_evaluation

        show_evaluation(evaluation, as_json)


@app.command()
def delete(
    evaluation: Annotated[str, typer.Argument(help="An evaluation's id, or the beginning of it.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Remove an evaluation and what only it needs.

    That is its report, its runs, and its films (with what was cut from them) and segments where no other
    evaluation was made of them.
    """
    with spoken_errors(Options.debug):
        from app.records_commands import delete_evaluation

        delete_evaluation(evaluation, yes, Options.debug)


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(help="The file to write, for example bharatchef.tar.gz.")],
    weights: Annotated[bool, typer.Option("--weights", help="Put the models' weights in too.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a file of that name.")] = False,
) -> None:
    """Write all that is kept into one file.

    That is records, results, films and dishes.
    """
    with spoken_errors(Options.debug):
        from app.records_commands import write_backup

        write_backup(file, weights, overwrite)


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="A file that `bharatchef backup` wrote.")],
    force: Annotated[bool, typer.Option("--force", help="Replace what is kept now.")] = False,
) -> None:
    """Bring back what a backup holds.

    Every byte is checked before anything is touched.
    """
    with spoken_errors(Options.debug):
        from app.records_commands import restore_backup

        restore_backup(file, force)


@app.command()
def doctor(as_json: Json = False) -> None:
    """Show what is installed, and what is missing.

    Also which models have weights, which ports are in use and what the disk holds. Changes nothing.
    """
    with spoken_errors(Options.debug):
        from app.doctor import examine

        examine(as_json)


@app.command()
def up(
    port: Annotated[
        int, typer.Option("--port", min=1, max=65535, help="The port of Prefect's UI on this machine.")
    ] = 4200,
) -> None:
    """Run Prefect with its UI and the local deployments.

    Ctrl-C stops all of it.
    """
    with spoken_errors(Options.debug):
        from app.up import run_until_stopped

        run_until_stopped(port, Options.debug)


@app.command()
def intake(
    replay_dlq: Annotated[
        bool,
        typer.Option("--replay-dlq", help="Send what waits in dlq-queue back to its queues, then end."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Turn uploads on AWS into evaluations.

    Serves the queues until SIGTERM; docs/runbooks/intake.md says what it needs.
    """
    with spoken_errors(Options.debug):
        from app.intake import replay_dead_letters, run_intake

        if replay_dlq:
            replay_dead_letters(as_json)
        else:
            run_intake(Options.debug)


@dishes_app.command("list")
def dishes_list(as_json: Json = False) -> None:
    """List all dishes."""
    with spoken_errors(Options.debug):
        from app.dishes import list_dishes

        list_dishes(as_json)


@dishes_app.command("show")
def dishes_show(dish: Annotated[str, typer.Argument(help="A dish's id.")], as_json: Json = False) -> None:
    """Show one dish whole.

    Its steps, their order with the reasons, its ingredients and what must be safe.
    """
    with spoken_errors(Options.debug):
        from app.dishes import show_dish

        show_dish(dish, as_json)


@dishes_app.command("check")
def dishes_check(
    files: Annotated[
        list[Path] | None, typer.Argument(help="Dish files or folders; else all there are.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Check dish files; says what is wrong by file and line."""
    with spoken_errors(Options.debug):
        from app.dishes import check_dish_files

        check_dish_files(files or [], as_json)


@dishes_app.command("import")
def dishes_import(
    form: Annotated[str, typer.Argument(help="What it is: captaincook4d, or dish for a dish file.")],
    file: Annotated[Path, typer.Argument(help="The file.")],
    force: Annotated[bool, typer.Option("--force", help="Replace a dish of the same id.")] = False,
) -> None:
    """Make a dish of your own out of a file.

    It is checked first, and kept in your home.
    """
    with spoken_errors(Options.debug):
        from app.dishes import import_dish

        import_dish(form, file, force)


@dishes_app.command("suggest-order")
def dishes_suggest_order(
    dish: Annotated[str, typer.Argument(help="A dish's id.")],
    experts: Annotated[
        list[Path] | None, typer.Argument(help="Segments files of people who can cook it.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Propose an order from several experts."""
    with spoken_errors(Options.debug):
        from app.suggest_order import propose_order

        propose_order(dish, experts or [], as_json)


@models_app.command("list")
def models_list(
    classes: Annotated[bool, typer.Option("--classes", help="Also name what each model can tell.")] = False,
    as_json: Json = False,
) -> None:
    """List the models and say which answer.

    Where each comes from, what it was trained on and how it was measured; a damaged one with what is wrong.
    """
    with spoken_errors(Options.debug):
        from app.models_commands import list_models

        list_models(classes, as_json)


@models_app.command("add")
def models_add(
    path: Annotated[Path, typer.Argument(help="A package's folder, or with --as an official checkpoint.")],
    kind: Annotated[str, typer.Option("--as", help="What the checkpoint is, for example slowfast.")] = "",
    labels: Annotated[
        Path | None, typer.Option("--labels", help="With --as: the classes' names in order, one a line.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a package of the same name.")] = False,
) -> None:
    """Check a model and put it into the models folder.

    It is added only once it has answered as its contract asks. A package is code that runs with your
    rights: add only what you trust.
    """
    with spoken_errors(Options.debug):
        from app.models_commands import add_model

        add_model(path, kind, labels, force)


@models_app.command("remove")
def models_remove(
    name: Annotated[str, typer.Argument(help="A package's name: see `bharatchef models list`.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Take a model out of the models folder."""
    with spoken_errors(Options.debug):
        from app.models_commands import remove_model

        remove_model(name, yes)
