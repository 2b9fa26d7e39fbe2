"""Whether a challenger takes the champion's place: each rule of the policy in turn, answered in words."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime

from bharatchef.retraining.figures import Difference, Figures
from bharatchef.retraining.policy import PackagePolicy
from bharatchef.vocabulary import Record, Sha256


class Data(Record):
    """What a retraining had: counts by side, and one hash over films, labels and sides together.

    ``not_agreed`` counts labels of people who have not agreed to training; they are in no other count.
    """

    sha256: Sha256
    new_labels: int
    labels: int
    training_films: int
    training_groups: int
    test_films: int
    test_groups: int
    left_out: int
    not_agreed: int = 0
    labels_until: AwareDatetime | None


class Decision(Record):
    """What was decided, and each reason for it as a sentence.

    ``not_trained``: there was too little to learn from or to measure on; ``missing_labels`` says how many
    labels are missing. ``refused``: the champion stays. ``promoted``: the challenger is rolled out.
    """

    outcome: Literal["not_trained", "refused", "promoted"]
    reasons: tuple[str, ...]
    missing_labels: int = 0


def lacking(policy: PackagePolicy, data: Data) -> Decision | None:
    """Why nothing is trained, or ``None`` where there is enough."""
    missing = max(0, policy.least_new_labels - data.new_labels)
    reasons = []
    if missing:
        reasons.append(
            f"{missing} labels are missing: {data.new_labels} were corrected since the champion's,"
            f" {policy.least_new_labels} are asked for."
        )
        if data.not_agreed:
            reasons.append(
                f"{data.not_agreed} more are of people who have not agreed that their films train models"
                " (`bharatchef consent give USER --purpose training`)."
            )
    for what, there, least in (
        ("to learn from", data.training_groups, policy.least_training_groups),
        ("to measure on", data.test_groups, policy.least_test_groups),
    ):
        if there < least:
            reasons.append(
                f"{least - there} groups of people and kitchens {what} are missing: there are {there},"
                f" {least} are asked for."
            )
    if not reasons:
        return None
    return Decision(outcome="not_trained", reasons=tuple(reasons), missing_labels=missing)


def decision_on(
    policy: PackagePolicy, champion: Figures, challenger: Figures, difference: Difference
) -> Decision:
    """Promoted where it is better by the margin, surely, useful at all, and no class falls too far."""
    against = []
    percent = f"{difference.level:.0%}"
    if difference.gain < policy.margin:
        against.append(
            f"Its mean F1 is {challenger.mean_f1:.3f} against {champion.mean_f1:.3f}: {difference.gain:+.3f},"
            f" where at least {policy.margin:+.3f} is asked for."
        )
    if difference.low <= 0:
        against.append(
            f"The gain is not sure: its {percent} interval over {difference.groups} groups of people and"
            f" kitchens is {difference.low:+.3f} to {difference.high:+.3f}."
        )
    if challenger.accuracy < policy.least_accuracy:
        against.append(
            f"It is right in {challenger.accuracy:.1%} of {policy.counted_in}; {policy.least_accuracy:.0%} is"
            " asked of a model that judges people."
        )
    for name, before in champion.classes.items():
        after = challenger.classes[name].f1
        # Not by what is found alone: whoever calls everything 'pour' finds every pouring.
        if before.seconds >= policy.class_seconds and before.f1 - after > policy.largest_fall_of_a_class:
            against.append(
                f"'{name}' falls from F1 {before.f1:.3f} to {after:.3f}, more than the"
                f" {policy.largest_fall_of_a_class:.2f} that a class may lose."
            )
    if against:
        return Decision(outcome="refused", reasons=tuple(against))
    return Decision(
        outcome="promoted",
        reasons=(
            f"Its mean F1 is {challenger.mean_f1:.3f} against {champion.mean_f1:.3f}: {difference.gain:+.3f}"
            f" ({percent} interval {difference.low:+.3f} to {difference.high:+.3f}), and no class falls by"
            f" more than {policy.largest_fall_of_a_class:.2f}.",
        ),
    )
