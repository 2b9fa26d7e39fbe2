"""Commands over many evaluations: how a person gets on, how a dish goes, what it costs, how models do."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from rich.markup import escape
from rich.table import Table

from app.console import NotFound, err, out, print_json
from bharatchef.analytics.anonymity import Spread
from bharatchef.analytics.charts import Bar, Range, Series, bar_chart, line_chart, range_chart
from bharatchef.analytics.reports import Attempt, Benchmark, ModelQuality
from bharatchef.errors import StoreError
from bharatchef.vocabulary import Category, Record
from tasks.analytics import analytics_here, person_key, refresh

_OVERALL = "overall"
_NOTHING = (
    "Nothing is loaded yet. `bharatchef report refresh` loads what is kept; `bharatchef up` does it hourly."
)


def refresh_reports(afresh: bool, as_json: bool) -> None:
    """Load what changed, and say how much it was."""
    loaded, groups = refresh(afresh)
    if as_json:
        print_json(
            {"changes": loaded.changes, "newer": loaded.newer, "groups": groups, "afresh": loaded.afresh}
        )
        return
    out().print(f"{loaded.changes} changes read, {loaded.newer} of them new; {groups} groups closed.")
    if loaded.without_result:
        err().print(
            f"{loaded.without_result} evaluations have no readable result any more: their scores alone count."
        )


def show_progress(user: str, dish: str | None, svg: Path | None, as_json: bool) -> None:
    """Print a person's attempts, oldest first, and draw their overall scores.

    Raises:
        NotFound: none is loaded.
    """
    from adapters.analytics.queries import attempts_of

    with analytics_here() as store:
        attempts = attempts_of(store.engine, person_key(user), dish)
    if as_json:
        print_json(_plain(attempts))
    if not attempts:
        if as_json:
            return
        raise NotFound(
            f"No attempts of {user!r} are loaded{' of that dish' if dish else ''}.",
            "`bharatchef report refresh` loads what is kept.",
        )
    lines = _lines(attempts)
    if not as_json:
        table = _table("when (UTC)", "dish", "overall", "level", *(c.replace("_", " ") for c in Category))
        for attempt in attempts:
            table.add_row(
                f"{attempt.created_at:%Y-%m-%d %H:%M}",
                attempt.dish_id,
                _points(attempt.overall),
                str(attempt.level or "-"),
                *(_points(attempt.categories.get(category)) for category in Category),
            )
        out().print(table)
        for line in lines:
            out().print(escape(_trend(line)))
    described = " ".join(_trend(line) for line in lines)
    _draw(svg, line_chart("Overall score, attempt by attempt", described, lines))


def show_benchmark(dish: str, svg: Path | None, as_json: bool) -> None:
    """Print what was told of the people who cooked a dish, and draw the last month that was.

    Raises:
        NotFound: no month of the dish has closed.
    """
    from adapters.analytics.queries import benchmarks_of

    with analytics_here() as store:
        benchmarks = benchmarks_of(store.engine, dish)
    if as_json:
        print_json(_plain(benchmarks))
    if not benchmarks:
        if as_json:
            return
        raise NotFound(
            f"No month of {dish!r} is told yet.",
            "A month is told from its fourth day after on, where ten people or more cooked the dish in it.",
        )
    if not as_json:
        table = _table("month", "rubric", "measure", "people", "lower quarter", "median", "upper quarter")
        for one in benchmarks:
            _add_benchmark(table, one)
        out().print(table)
        for one in benchmarks:
            for mistake in one.mistakes:
                out().print(
                    f"{one.month}: about {mistake.share:.0%} had {mistake.kind.replace('_', ' ')}"
                    f"{f' at {escape(mistake.step_id)}' if mistake.step_id else ''}."
                )
    told = [one for one in benchmarks if not one.suppressed]
    if svg is not None and not told:
        raise NotFound("Every month had fewer than ten people: there is nothing to draw.")
    if told:
        last = told[-1]
        ranges = [
            Range(measure.replace("_", " "), found.lower, found.median, found.upper)
            for measure, found in _in_order(last)
        ]
        title = f"{dish}, {last.month}: half of the people lie within each bar"
        described = "; ".join(
            f"{r.label}: {r.lower:.0f} to {r.upper:.0f}, median {r.middle:.0f}" for r in ranges
        )
        _draw(svg, range_chart(title, described, ranges))


def show_cost(months: int, svg: Path | None, as_json: bool) -> None:
    """Print and draw what evaluations of the last ``months`` months cost, by month and stage."""
    from adapters.analytics.queries import stage_costs

    with analytics_here() as store:
        costs = stage_costs(store.engine, months)
    if as_json:
        print_json(_plain(costs))
    elif not costs:
        out().print(_NOTHING)
    if not costs:
        return
    by_month: dict[str, list[tuple[str, float]]] = defaultdict(list)
    evaluations: dict[str, int] = {}
    for cost in costs:
        by_month[cost.month].append((cost.stage, cost.inr))
        evaluations[cost.month] = cost.evaluations
    if not as_json:
        table = _table("month", "stage", "₹ before tax", "₹ an evaluation", "without a price")
        for cost in costs:
            table.add_row(
                cost.month,
                escape(cost.stage),
                f"{cost.inr:.2f}",
                f"{cost.inr / cost.evaluations:.3f}",
                str(cost.unpriced or "-"),
            )
        out().print(table)
        for month, parts in by_month.items():
            total = math.fsum(inr for _, inr in parts)
            out().print(
                f"{month}: ₹{total:.2f} for {evaluations[month]} evaluations,"
                f" ₹{total / evaluations[month]:.3f} each."
            )
    bars = [
        Bar(month, parts, f"₹{math.fsum(inr for _, inr in parts):.2f}") for month, parts in by_month.items()
    ]
    described = "; ".join(
        f"{bar.label}: {bar.figure} for {evaluations[bar.label]} evaluations" for bar in bars
    )
    _draw(svg, bar_chart("Rupees before tax, by month and stage", described, bars))


def show_models(svg: Path | None, as_json: bool) -> None:
    """Print and draw how each version of each model did."""
    from adapters.analytics.queries import model_qualities

    with analytics_here() as store:
        models = model_qualities(store.engine)
    if as_json:
        print_json(_plain(models))
    elif not models:
        out().print(_NOTHING)
    if not models:
        return
    if not as_json:
        table = _table(
            "model", "version", "weights", "evaluations", "confidence", "coverage", "deviations", "not seen"
        )
        for model in models:
            table.add_row(
                escape(f"{model.analyser}: {model.name}"),
                escape(model.version),
                model.weights_sha256[:8],
                str(model.evaluations),
                _share(model.mean_confidence),
                _share(model.mean_coverage),
                str(model.deviations),
                _share(_not_seen(model)),
            )
        out().print(table)
        out().print(
            "Confidence is what a model says of itself, not how often it is right; `not seen` is the share of"
            " deviations that were probably done and not detected."
        )
    bars = [
        Bar(
            f"{model.analyser} {model.name} {model.version}",
            [("confidence", model.mean_confidence or 0.0)],
            f"{_share(model.mean_confidence)} of {model.evaluations}",
        )
        for model in models
    ]
    described = "; ".join(f"{bar.label}: {bar.figure} evaluations" for bar in bars)
    _draw(svg, bar_chart("Mean confidence by model and version", described, bars))


def _lines(attempts: Sequence[Attempt]) -> list[Series]:
    """Overall scores over attempts; dishes and rubric versions are never on one line."""
    points: dict[tuple[str, str], list[tuple[str, float | None]]] = defaultdict(list)
    for attempt in attempts:
        points[attempt.dish_id, attempt.rubric_version].append(
            (f"{attempt.created_at:%Y-%m-%d}", attempt.overall)
        )
    return [Series(f"{dish_id} (rubric {rubric})", found) for (dish_id, rubric), found in points.items()]


def _trend(line: Series) -> str:
    scores = [value for _, value in line.points if value is not None]
    if not scores:
        return f"{line.name}: no attempt could be scored as a whole."
    if len(scores) == 1:
        return f"{line.name}: {scores[0]:.0f}, one attempt."
    first, last = scores[0], scores[-1]
    return (
        f"{line.name}: {first:.0f} at first, {last:.0f} now, {last - first:+.0f} over {len(scores)} attempts."
    )


def _in_order(benchmark: Benchmark) -> list[tuple[str, Spread]]:
    return [(name, benchmark.spreads[name]) for name in (_OVERALL, *Category) if name in benchmark.spreads]


def _add_benchmark(table: Table, benchmark: Benchmark) -> None:
    if benchmark.suppressed:
        table.add_row(benchmark.month, benchmark.rubric_version, "fewer than 10 people: not told")
    for measure, found in _in_order(benchmark):
        table.add_row(
            benchmark.month,
            benchmark.rubric_version,
            measure.replace("_", " "),
            f"{found.people_at_least} or more",
            f"{found.lower:.0f}",
            f"{found.median:.0f}",
            f"{found.upper:.0f}",
        )


def _not_seen(model: ModelQuality) -> float | None:
    return model.not_seen / model.deviations if model.deviations else None


def _table(*titles: str) -> Table:
    table = Table(box=None, pad_edge=False)
    for title in titles:
        table.add_column(title)
    return table


def _points(value: float | None) -> str:
    return "-" if value is None else f"{value:.0f}"


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.0%}"


def _plain(records: Sequence[Record]) -> list[object]:
    return [json.loads(record.to_json()) for record in records]


def _draw(file: Path | None, svg: str) -> None:
    if file is None:
        return
    try:
        file.write_text(svg, encoding="utf-8")
    except OSError as error:
        raise StoreError(
            f"Could not write {file}: {error.strerror}.", "Name a file in a folder that is there."
        ) from error
    err().print(f"Drawn: {escape(str(file))}")
