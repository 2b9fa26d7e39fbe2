"""Words of a retraining: what is added to the challenger's model card, and what people are shown."""

from __future__ import annotations

from bharatchef.retraining.records import RetrainingRecord

_OUTCOMES = {
    "not_trained": "Nothing was trained.",
    "refused": "**Refused: the champion stays.**",
    "promoted": "**Promoted: it is rolled out.**",
}


def comparison(record: RetrainingRecord) -> str:
    """``## Beside the champion``: the figures of both, class by class, the decision and its reasons."""
    lines = ["## Beside the champion", ""]
    if record.decision is not None:
        lines += [_OUTCOMES[record.decision.outcome], *(f"- {why}" for why in record.decision.reasons), ""]
    data = record.data
    lines += [
        f"- retraining `{record.run_id}`, code {record.code_version}, policy {record.policy_version}"
        f" (`{record.policy_sha256[:12]}`)",
        f"- data `{data.sha256[:12]}`: {data.labels} labels, {data.new_labels} of them new;"
        f" {data.training_films} films of {data.training_groups} groups of people and kitchens to learn from,"
        f" {data.test_films} films of {data.test_groups} groups to measure on, {data.left_out} left out",
    ]
    if record.training_seconds is not None:
        lines.append(
            f"- trained in {record.training_seconds:.0f} s on {record.trained_where},"
            f" started {record.training_tries} time(s)"
        )
    counted = record.counted_in
    before, after, apart = record.champion, record.challenger, record.difference
    if before is None or after is None or apart is None:
        return "\n".join(lines) + "\n"
    lines += [
        f"- mean F1: **{after.mean_f1:.3f}** against {before.mean_f1:.3f}, {apart.gain:+.3f}"
        f" ({apart.level:.0%} interval {apart.low:+.3f} to {apart.high:+.3f}, bootstrap over"
        f" {apart.groups} groups, {apart.resamples} draws)",
        f"- {counted} right: {after.accuracy:.1%} against {before.accuracy:.1%} of {after.seconds}",
        f"- mean confidence: {after.confidence:.1%} against {before.confidence:.1%}",
        f"- champion: version {record.champion_version}, `{(record.champion_sha256 or '')[:12]}`; challenger:"
        f" `{(record.challenger_sha256 or '')[:12]}`",
        "",
        f"| class | {counted} | champion found | challenger found | champion F1 | challenger F1 |",
        "|---|---|---|---|---|---|",
    ]
    for name, old in before.classes.items():
        new = after.classes[name]
        lines.append(
            f"| {name} | {old.seconds} | {old.recall:.1%} | {new.recall:.1%} | {old.f1:.3f} | {new.f1:.3f} |"
        )
    return "\n".join(lines) + "\n"
