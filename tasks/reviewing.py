"""Reviews over the ports: appeals and decisions, the draw for audit, corrections, sign-offs, what waits.

Plain functions; knows nothing of Prefect. **The stored result is never changed**: what people say lies in
the trail, and is read beside it. Whatever dies half-way is finished by doing it again: an entry that is there
already is not written twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import PurePosixPath

from bharatchef.erasing.person import Traces
from bharatchef.errors import InputError
from bharatchef.observed import Still
from bharatchef.ports import ObjectStore, Ports
from bharatchef.pseudonyms import pseudonym
from bharatchef.records import Evaluation
from bharatchef.report import render_html
from bharatchef.results import EvaluationResult
from bharatchef.review.labels import Purpose, labels_key, training_labels
from bharatchef.review.policy import ReviewPolicy
from bharatchef.review.said import plain_reason
from bharatchef.review.standing import Standing, standing
from bharatchef.review.trail import TrailEntry, all_entries, append, entries
from bharatchef.review.trust import TrustReport, trust_report
from bharatchef.review.waiting import Waiting, waiting_reasons
from bharatchef.vocabulary import DeviationKind, Level, Status
from tasks.publishing import result_key

_STILL_LONG_SIDE_PX = 640
_PRESSING = ("appeal", "level", "low_confidence", "audit")


@dataclass(frozen=True)
class Reviewer:
    """Who reviews: the ports, the key of pseudonyms, and the policy."""

    ports: Ports
    key: bytes
    policy: ReviewPolicy

    def person(self, user_id: str) -> str:
        """The pseudonym of a person."""
        return pseudonym(user_id, self.key)


def result_of(ports: Ports, evaluation: Evaluation) -> EvaluationResult:
    """The stored result of an evaluation.

    Raises:
        InputError: it has none, because it is not complete.
    """
    if evaluation.status is not Status.COMPLETED or evaluation.result_s3_key is None:
        raise InputError(
            f"Expected a complete evaluation, {evaluation.evaluation_id} is {evaluation.status}.",
            "`bharatchef show` says how it stands.",
        )
    return EvaluationResult.model_validate_json(ports.objects.get_bytes(evaluation.result_s3_key))


def standing_of(ports: Ports, evaluation_id: str) -> Standing:
    """How an evaluation stands after what people said of it."""
    return standing(entries(ports.objects, evaluation_id))


def appeal(reviewer: Reviewer, evaluation: Evaluation, mistake: str, why: str, by: str = "") -> TrailEntry:
    """Keep a person's word that a mistake is none.

    Args:
        mistake: its number in the report, or its deviation's id.
        by: who says so; without it the trainee.

    Raises:
        InputError: there is no such mistake, no reason, or it is under appeal already or was decided.
    """
    result = result_of(reviewer.ports, evaluation)
    deviation_id = mistake_id(result, mistake)
    before = standing_of(reviewer.ports, evaluation.evaluation_id).appeal(deviation_id)
    if before is not None:
        raise InputError(
            f"{deviation_id} of {evaluation.evaluation_id} is {before.state.replace('_', ' ')} already.",
            "`bharatchef show` says how it stands.",
        )
    kinds = {d.deviation_id: d.kind for d in result.judgement.deviations}
    entry = TrailEntry(
        evaluation_id=evaluation.evaluation_id,
        kind="appeal",
        at=reviewer.ports.clock.now(),
        by=reviewer.person(by or evaluation.user_id),
        reason=plain_reason(why, "--why", _people(reviewer, evaluation.user_id, by)),
        deviation_id=deviation_id,
        deviation_kind=kinds[deviation_id],
    )
    return _said(reviewer, result, entry)


def decide_appeal(
    reviewer: Reviewer, evaluation: Evaluation, mistake: str, upheld: bool, by: str, reason: str
) -> TrailEntry:
    """Uphold or dismiss the appeal against a mistake.

    Raises:
        InputError: it is not under appeal, or there is no reason.
    """
    result = result_of(reviewer.ports, evaluation)
    deviation_id = mistake_id(result, mistake)
    before = standing_of(reviewer.ports, evaluation.evaluation_id).appeal(deviation_id)
    if before is None or before.state != "under_appeal":
        how = "was never appealed against" if before is None else f"was {before.state} already"
        raise InputError(
            f"{deviation_id} of {evaluation.evaluation_id} {how}.", "`bharatchef review` lists what waits."
        )
    entry = TrailEntry(
        evaluation_id=evaluation.evaluation_id,
        kind="upheld" if upheld else "dismissed",
        at=reviewer.ports.clock.now(),
        by=reviewer.person(by),
        reason=plain_reason(reason, "--reason", _people(reviewer, evaluation.user_id, by)),
        deviation_id=deviation_id,
        deviation_kind=before.deviation_kind,
    )
    return _said(reviewer, result, entry)


def sign(reviewer: Reviewer, evaluation: Evaluation, by: str, level: Level | None, reason: str) -> TrailEntry:
    """Sign a level off, or set another one for a reason; what the scores gave is kept beside it.

    Raises:
        InputError: there is no level to sign, or another one is set without a reason.
    """
    result = result_of(reviewer.ports, evaluation)
    original = result.scorecard.level
    signed = level or original
    if signed is None:
        raise InputError(
            f"{evaluation.evaluation_id} has no level: {result.scorecard.overall_reason}",
            'Give one yourself: --level LEVEL --reason "…"',
        )
    needs_reason = signed is not original or bool(reason)
    entry = TrailEntry(
        evaluation_id=evaluation.evaluation_id,
        kind="signed",
        at=reviewer.ports.clock.now(),
        by=reviewer.person(by),
        reason=plain_reason(reason, "--reason", _people(reviewer, evaluation.user_id, by))
        if needs_reason
        else "",
        level=signed,
        original_level=original,
    )
    return _said(reviewer, result, entry)


def mistake_id(result: EvaluationResult, mistake: str) -> str:
    """The deviation's id of a mistake that was told, by its number in the report or by that id.

    Raises:
        InputError: there is no such; says which there are.
    """
    told = sorted(result.feedback.mistakes, key=lambda found: found.priority)
    known = {d.deviation_id for d in result.judgement.deviations}
    if mistake.isascii() and mistake.isdigit() and 1 <= int(mistake) <= len(told):
        mistake = told[int(mistake) - 1].deviation_id
    if mistake not in known:
        there = ", ".join(f"{n} ({m.deviation_id})" for n, m in enumerate(told, 1)) or "none"
        raise InputError(
            f"Expected the number or the id of a mistake, got {mistake[:60]!r}.", f"There are: {there}."
        )
    return mistake


def waiting_list(reviewer: Reviewer) -> list[Waiting]:
    """All that waits for a person, most pressing first, then oldest first.

    What the policy draws for audit waits from its draw on: see ``draw_audits``.
    """
    trails = all_entries(reviewer.ports.objects)
    store = reviewer.ports.evaluations
    found: list[Waiting] = []
    for evaluation in _recent(reviewer):
        found += waiting_reasons(
            evaluation,
            store.action_sequence(evaluation.evaluation_id),
            store.feedback(evaluation.evaluation_id),
            trails.get(evaluation.evaluation_id, ()),
            reviewer.policy,
            reviewer.person(evaluation.user_id),
        )
    return sorted(found, key=lambda one: (_PRESSING.index(one.reason), one.created_at))


def draw_audits(reviewer: Reviewer) -> list[TrailEntry]:
    """Draw the audit's share of what has come since the last draw; the entries that were added.

    Drawn once, an evaluation stays so, whatever becomes of the policy. What was scored again is not drawn,
    nor is a film that models may have been trained with: that audit would flatter them.
    """
    objects = reviewer.ports.objects
    trails = all_entries(objects)
    trained = _trained_films(objects)
    drawn = []
    for evaluation in _recent(reviewer):
        said = trails.get(evaluation.evaluation_id, ())
        if any(entry.kind == "drawn" for entry in said):
            continue
        if _falls_to_audit(reviewer, evaluation, said, trained):
            drawn.append(_draw(reviewer, evaluation))
    return drawn


def link_rescored(
    ports: Ports, original: Evaluation, rescored: Evaluation, by: str, reason: str = ""
) -> None:
    """Say in both trails that one evaluation is the other, scored again; once, however often it is asked.

    Args:
        by: a pseudonym, or ``policy`` where a newer model gave cause.
    """
    if original.evaluation_id == rescored.evaluation_id:
        return
    pairs = (("rescored", original, rescored), ("rescore_of", rescored, original))
    for kind, of, other in pairs:
        said = entries(ports.objects, of.evaluation_id)
        if any(e.kind == kind and e.linked_evaluation_id == other.evaluation_id for e in said):
            continue
        entry = TrailEntry.model_validate(
            {
                "evaluation_id": of.evaluation_id,
                "kind": kind,
                "at": ports.clock.now(),
                "by": by,
                "reason": reason,
                "linked_evaluation_id": other.evaluation_id,
                "level": rescored.skill_level,
                "original_level": original.skill_level,
            }
        )
        append(ports.objects, entry)
    for of in (original, rescored):
        draw_report_again(ports, result_of(ports, of))


def film_stills(ports: Ports, result: EvaluationResult) -> list[Still]:
    """All stills that were made of an evaluation's film, while they are kept; later those of its report.

    The name of a still is its moment in milliseconds.
    """
    film = result.film
    if film is None:
        return []
    scale = _STILL_LONG_SIDE_PX / max(film.width_px, film.height_px)
    width_px, height_px = round(film.width_px * scale), round(film.height_px * scale)
    names = {key: PurePosixPath(key).stem for key in ports.objects.list_keys(f"media/{film.sha256}/stills/")}
    found = [
        Still(key=key, time_s=int(name) / 1000, width_px=width_px, height_px=height_px)
        for key, name in names.items()
        if name.isdigit()
    ]
    return found or list(result.stills)


def draw_report_again(ports: Ports, result: EvaluationResult) -> None:
    """Put a report that says how its evaluation stands now in the place of the earlier one."""
    pictures = {s.key: ports.objects.get_bytes(s.key) for s in result.stills if ports.objects.exists(s.key)}
    evaluation_id = result.evaluation.evaluation_id
    page = render_html(result, pictures, standing_of(ports, evaluation_id))
    ports.objects.put_bytes(
        result_key(evaluation_id, "report.html"), page.encode(), "text/html; charset=utf-8"
    )


def trust(reviewer: Reviewer) -> TrustReport:
    """What appeals and audits say of all evaluations, whenever they were made."""
    return trust_report(
        all_entries(reviewer.ports.objects),
        _told_kinds(reviewer.ports),
        reviewer.policy.version,
        reviewer.policy.interval,
    )


def _told_kinds(ports: Ports) -> Iterator[DeviationKind]:
    for evaluation in ports.evaluations.find(""):
        feedback = ports.evaluations.feedback(evaluation.evaluation_id)
        sequence = ports.evaluations.action_sequence(evaluation.evaluation_id)
        if feedback is not None and sequence is not None:
            kinds = {d.deviation_id: d.kind for d in sequence.step_deviations}
            yield from (kinds[m.deviation_id] for m in feedback.mistakes if m.deviation_id in kinds)


def _recent(reviewer: Reviewer) -> Iterator[Evaluation]:
    since = reviewer.ports.clock.now() - timedelta(days=reviewer.policy.look_back_days)
    for evaluation in reviewer.ports.evaluations.find(""):
        if evaluation.status is Status.COMPLETED and evaluation.created_at >= since:
            yield evaluation


def _said(reviewer: Reviewer, result: EvaluationResult, entry: TrailEntry) -> TrailEntry:
    append(reviewer.ports.objects, entry)
    draw_report_again(reviewer.ports, result)
    return entry


def _trained_films(objects: ObjectStore) -> frozenset[str]:
    return frozenset(labels.media_sha256 for labels in training_labels(objects) if labels.media_sha256)


def _falls_to_audit(
    reviewer: Reviewer, evaluation: Evaluation, said: Sequence[TrailEntry], trained: frozenset[str]
) -> bool:
    """Whether an evaluation that was not drawn yet is one of the audit's share."""
    if not reviewer.policy.draws(evaluation.evaluation_id):
        return False
    if any(entry.kind == "rescore_of" for entry in said):
        return False
    if reviewer.ports.objects.exists(labels_key("training", evaluation.evaluation_id)):
        return False
    films = result_of(reviewer.ports, evaluation).provenance.media_sha256.values() if trained else ()
    return trained.isdisjoint(films)


def _draw(reviewer: Reviewer, evaluation: Evaluation) -> TrailEntry:
    entry = TrailEntry(
        evaluation_id=evaluation.evaluation_id,
        kind="drawn",
        at=reviewer.ports.clock.now(),
        by="policy",
        version=reviewer.policy.version,
    )
    append(reviewer.ports.objects, entry)
    return entry


def purpose_of(reviewer: Reviewer, evaluation: Evaluation, said: Sequence[TrailEntry]) -> Purpose:
    """What labels of an evaluation are for; one that falls to audit is drawn by asking."""
    if reviewer.ports.objects.exists(labels_key("training", evaluation.evaluation_id)):
        return "training"
    if any(entry.kind == "drawn" for entry in said) or _film_is_drawn(reviewer, evaluation):
        return "audit"
    if not _falls_to_audit(reviewer, evaluation, said, _trained_films(reviewer.ports.objects)):
        return "training"
    _draw(reviewer, evaluation)
    return "audit"


def _film_is_drawn(reviewer: Reviewer, evaluation: Evaluation) -> bool:
    """Whether the same film was drawn by another evaluation of the same person."""
    ports = reviewer.ports
    films = set(result_of(ports, evaluation).provenance.media_sha256.values())
    return bool(films) and any(
        standing_of(ports, other.evaluation_id).drawn_for_audit
        and not films.isdisjoint(result_of(ports, other).provenance.media_sha256.values())
        for other in ports.evaluations.history(evaluation.user_id)
        if other.status is Status.COMPLETED and other.evaluation_id != evaluation.evaluation_id
    )


def _people(reviewer: Reviewer, *user_ids: str) -> list[Traces]:
    """By what people are named, so that a reason can name them by pseudonym."""
    found = []
    for user_id in filter(None, user_ids):
        user = reviewer.ports.evaluations.user(user_id)
        words = tuple(word for word in (user.name, user.email) if word) if user else ()
        found.append(Traces(user_id=user_id, person=reviewer.person(user_id), words=words))
    return found
