"""Appeals and reviews on the command line: what waits, Label Studio out and in, decisions, trust."""

from __future__ import annotations

import json
from pathlib import Path

from rich.markup import escape
from rich.table import Table

from app.console import err, out, print_json
from app.evaluate import LARGEST_SEGMENTS_BYTES, check_user, run_flow, stage_bars
from app.records_commands import find_evaluation
from bharatchef.analytics.charts import Range, range_chart
from bharatchef.errors import InputError, StoreError
from bharatchef.pseudonyms import pseudonym_key
from bharatchef.report.words import KIND_WORDS
from bharatchef.review.exchange import label_config, task_of
from bharatchef.review.heat import is_heat
from bharatchef.review.plates import is_plate
from bharatchef.review.policy import load_review_policy
from bharatchef.review.trail import TrailEntry
from bharatchef.review.trust import Share, TrustReport
from bharatchef.review.waiting import Waiting
from bharatchef.settings import load_settings
from bharatchef.vocabulary import Level
from tasks.correcting import take_correction
from tasks.publishing import announce_pending
from tasks.reviewing import (
    Reviewer,
    appeal,
    decide_appeal,
    film_stills,
    link_rescored,
    result_of,
    sign,
    trust,
    waiting_list,
)
from tasks.runtime import ports_here


def make_appeal(wanted: str, mistake: str, why: str, by: str, as_json: bool) -> None:
    """Keep an appeal and say what becomes of it."""
    reviewer = _reviewer()
    if by:
        check_user(by)
    evaluation = find_evaluation(reviewer.ports, wanted)
    entry = appeal(reviewer, evaluation, mistake, why, by)
    _tell(
        entry,
        f"{entry.evaluation_id}: {entry.deviation_id} is under appeal. A person will look at it.",
        as_json,
    )


def decide(wanted: str, mistake: str, upheld: bool, by: str, reason: str, as_json: bool) -> None:
    """Uphold or dismiss an appeal."""
    check_user(by)
    reviewer = _reviewer()
    evaluation = find_evaluation(reviewer.ports, wanted)
    entry = decide_appeal(reviewer, evaluation, mistake, upheld, by, reason)
    _tell(
        entry,
        f"{entry.evaluation_id}: the appeal against {entry.deviation_id} is {entry.kind}. The result stays as"
        " it was, and says so; `bharatchef review export` starts a correction of what was seen.",
        as_json,
    )


def sign_level(wanted: str, by: str, level: str, reason: str, as_json: bool) -> None:
    """Sign a level off, or set another one."""
    check_user(by)
    if level and level not in list(Level):
        raise InputError(f"Expected --level to be one of {', '.join(Level)}, got {level!r}.")
    reviewer = _reviewer()
    evaluation = find_evaluation(reviewer.ports, wanted)
    entry = sign(reviewer, evaluation, by, Level(level) if level else None, reason)
    was = (
        "" if entry.level is entry.original_level else f" (the scores gave {entry.original_level or 'none'})"
    )
    _tell(entry, f"{entry.evaluation_id}: level {entry.level} is signed off{was}.", as_json)


def list_waiting(policy: Path | None, as_json: bool) -> None:
    """Print what needs a person."""
    found = waiting_list(_reviewer(policy))
    if as_json:
        print_json([json.loads(one.to_json()) for one in found])
        return
    if not found:
        out().print("Nothing waits for a person.")
        return
    for one in found:
        out().print(_waiting_words(one), soft_wrap=True)
    out().print(f"{len(found)} to look at. docs/review.md tells how each is dealt with.")


def export_task(wanted: str, file: Path, media_base: str) -> None:
    """Write a task for Label Studio with its labelling interface beside it."""
    reviewer = _reviewer()
    result = result_of(reviewer.ports, find_evaluation(reviewer.ports, wanted))
    stills = film_stills(reviewer.ports, result)
    task = task_of(result, stills, lambda key: f"{media_base}{key}")
    config = file.with_name(f"{file.name}.xml")
    try:
        file.write_text(json.dumps([task], ensure_ascii=False), encoding="utf-8")
        config.write_text(label_config(result, bool(stills)), encoding="utf-8")
    except OSError as error:
        raise StoreError(
            f"Could not write {error.filename}: {error.strerror}.", "Name a file in a folder that is there."
        ) from error
    regions = task["predictions"][0]["result"]
    boxes = sum(region["type"] == "rectanglelabels" for region in regions)
    heats, plates = sum(map(is_heat, regions)), sum(map(is_plate, regions))
    out().print(
        f"{escape(str(file))}: {len(regions) - boxes - heats - plates} segments, {heats} stretches of heat,"
        f" {boxes} boxes and {plates} plates on {len(stills)} stills; {escape(config.name)} is the labelling"
        " interface.",
        soft_wrap=True,
    )


def import_correction(wanted: str, file: Path, by: str, kitchen: str, as_json: bool, debug: bool) -> None:
    """Keep a correction, score it, and link the two evaluations."""
    check_user(by)
    reviewer = _reviewer()
    ports, settings = reviewer.ports, load_settings()
    original = find_evaluation(ports, wanted)
    data = _read(file)
    correction = take_correction(reviewer, original, data, file.name, by, kitchen)
    with stage_bars() as show:
        evaluation_id, _ = run_flow(ports, settings, correction.request, show, debug)
    rescored = find_evaluation(ports, evaluation_id)
    link_rescored(ports, original, rescored, reviewer.person(by))
    announce_pending(ports)
    if as_json:
        print_json(
            {
                "evaluationId": evaluation_id,
                "rescoreOf": original.evaluation_id,
                "segmentsChanged": correction.segments_changed,
                "purpose": correction.purpose,
                "overallScore": rescored.overall_score,
                "originalOverallScore": original.overall_score,
            }
        )
        return
    changed = "was changed" if correction.segments_changed else "was confirmed as it stood"
    out().print(
        f"What was seen {changed}: {original.evaluation_id} ({_points(original.overall_score)}) is kept, and"
        f" scored again as {evaluation_id} ({_points(rescored.overall_score)}). The labels are kept for"
        f" {correction.purpose}.",
        soft_wrap=True,
    )


def show_trust(svg: Path | None, as_json: bool) -> None:
    """Print how far evaluations can be trusted, and draw it."""
    found = trust(_reviewer())
    if as_json:
        print_json(json.loads(found.to_json()))
    else:
        _print_trust(found)
    if svg is not None:
        _draw_trust(svg, found)


def _print_trust(found: TrustReport) -> None:
    if not found.kinds and not found.audit.drawn:
        out().print("No mistake was told of yet, and nothing drawn for audit.")
        return
    table = Table(box=None, pad_edge=False)
    for title in ("kind", "told", "appealed", "open", "upheld", "of decided", "of told"):
        table.add_column(title)
    for kind in found.kinds:
        table.add_row(
            KIND_WORDS[kind.kind],
            str(kind.told),
            str(kind.appealed),
            str(kind.open),
            str(kind.upheld.count),
            share_words(kind.upheld),
            share_words(kind.upheld_of_told),
        )
    out().print(table)
    audit = found.audit
    out().print(
        f"Audit: {audit.drawn} drawn, {audit.looked_at} looked at. Segments left as they were:"
        f" {share_words(audit.segments_kept)}. Levels left as they were: {share_words(audit.levels_kept)}."
    )
    out().print(f"In brackets: Wilson intervals that hold the true share {found.interval:.0%} of the time.")


def share_words(share: Share) -> str:
    """A share with its interval; a dash where there is nothing to take a share of."""
    if share.share is None or share.interval is None:
        return "-"
    low, high = share.interval
    return f"{share.share:.0%} of {share.of} ({low:.0%} to {high:.0%})"


def _draw_trust(svg: Path, found: TrustReport) -> None:
    shares = [(f"{KIND_WORDS[kind.kind]}, upheld", kind.upheld) for kind in found.kinds]
    shares += [
        ("audit: segments kept", found.audit.segments_kept),
        ("audit: levels kept", found.audit.levels_kept),
    ]
    known = [(name, s, s.share, s.interval) for name, s in shares]
    ranges = [
        Range(name, 100 * interval[0], 100 * share, 100 * interval[1])
        for name, _, share, interval in known
        if share is not None and interval is not None
    ]
    described = "; ".join(f"{name}: {share_words(s)}" for name, s, *_ in known) + "."
    try:
        svg.write_text(
            range_chart("Upheld appeals and audits, per cent with intervals", described, ranges),
            encoding="utf-8",
        )
    except OSError as error:
        raise StoreError(
            f"Could not write {svg}: {error.strerror}.", "Name a file in a folder that is there."
        ) from error
    err().print(f"Drawn: {escape(str(svg))}")


def _reviewer(policy: Path | None = None) -> Reviewer:
    return Reviewer(ports_here(), pseudonym_key(load_settings()), load_review_policy(policy))


def _read(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            data = opened.read(LARGEST_SEGMENTS_BYTES + 1)
    except OSError as error:
        raise InputError(
            f"Expected an export of Label Studio at {file}: {error.strerror}.", "Check the name."
        ) from error
    if len(data) > LARGEST_SEGMENTS_BYTES:
        raise InputError(f"{file} is larger than any export of one film.", "Export one task alone.")
    return data


def _waiting_words(one: Waiting) -> str:
    reason = one.reason.replace("_", " ")
    where = f" {one.deviation_id}" if one.deviation_id else ""
    return (
        f"[bold]{one.evaluation_id}[/bold]{where}  {reason}: {escape(one.why)}"
        f" ({escape(one.dish_id)}, {one.person}, {one.created_at:%Y-%m-%d})"
    )


def _points(value: float | None) -> str:
    return "no score" if value is None else f"{value:.0f}"


def _tell(entry: TrailEntry, words: str, as_json: bool) -> None:
    if as_json:
        print_json(json.loads(entry.to_json()))
    else:
        out().print(escape(words), soft_wrap=True)
