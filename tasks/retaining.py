"""What the rules of retention say is due now, and the doing of it; knows nothing of Prefect.

**Nothing is done that a fresh look at the store does not call due**: what an interrupted run had begun is
only told of, or found due again. What a run means to do is written down before it does it, so that the next
one can tell what an interrupted one did.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from adapters.keys import shown
from bharatchef.ports import Ports
from bharatchef.records import Evaluation
from bharatchef.retention import Policy, is_older, load_policy
from bharatchef.settings import Settings
from bharatchef.vocabulary import Record, Status
from tasks.erasing_objects import BATCHES, TASK_RESULTS
from tasks.publishing import archive_key, given_keys, media_sha256s, remove_evaluation
from tasks.runtime import report_progress

_OPEN = "retention/open.json"
_ARCHIVE = archive_key("")
_LATE_DAYS = 2
Kind = Literal["film", "proxies", "task result", "evaluation", "segments", "notice", "expert film", "receipt"]


class Due(Record):
    """One thing that is due; ``key``: an object's, a prefix of several, a file's name, an evaluation's id."""

    kind: Kind
    action: Literal["archive", "delete"]
    key: str


class Retained(Record):
    """What was due, what an interrupted run had done of it, and what a person should look at."""

    policy_version: str
    due: tuple[Due, ...] = ()
    done_before: tuple[Due, ...] = ()
    findings: tuple[str, ...] = ()

    def lines(self) -> list[str]:
        """The same for people, without anybody's name."""
        return [
            *(f"{entry.action:<8} {entry.kind}: {shown(entry.key)}" for entry in self.due),
            *(f"done by an interrupted run: {e.action} {e.kind}: {shown(e.key)}" for e in self.done_before),
            *(f"look at this: {finding}" for finding in self.findings),
        ]


def planned(ports: Ports, settings: Settings) -> Retained:
    """What is due now by the rules that the settings name; changes nothing.

    Raises:
        ConfigurationError: the rules cannot be read.
        StoreError: what is kept cannot be read.
    """
    policy = load_policy(settings.retention)
    look = _Look(ports, settings, policy)
    due = sorted(look.all_due(), key=lambda entry: (entry.kind, entry.key))
    return Retained(policy_version=policy.version, due=tuple(due), findings=tuple(look.findings))


def enforce(ports: Ports, settings: Settings) -> Retained:
    """Do what is due; called again at any time it goes on where it is.

    Raises:
        StoreError: something could not be moved or deleted; the next call does what is left.
    """
    begun = _begun(ports)
    plan = planned(ports, settings)
    plan = plan.model_copy(update={"done_before": tuple(e for e in begun if e not in plan.due)})
    if plan.due:
        noted = plan.model_copy(update={"due": (*plan.due, *plan.done_before), "done_before": ()})
        ports.objects.put_bytes(_OPEN, noted.to_json().encode(), "application/json")
    for number, entry in enumerate(plan.due):
        report_progress("retention", number, len(plan.due))
        _do(ports, settings, entry)
    ports.objects.erase(_OPEN)
    return plan


class _Look:
    """One look at all that is kept, at one moment."""

    def __init__(self, ports: Ports, settings: Settings, policy: Policy) -> None:
        self._ports = ports
        self._settings = settings
        self._policy = policy
        self._now = ports.clock.now()
        self._evaluations = ports.evaluations.find("")
        at_work = [e for e in self._evaluations if e.status is Status.PROCESSING]
        self._in_use = {key for evaluation in at_work for key in given_keys(evaluation)}
        self._media_in_use = {
            sha256
            for evaluation in at_work
            for sha256 in media_sha256s(ports, evaluation, _films_of(evaluation))
        }
        self.findings: list[str] = []

    def all_due(self) -> Iterator[Due]:
        yield from self._films()
        yield from self._proxies()
        yield from self._task_results()
        yield from self._results()
        yield from self._segments()
        yield from self._expert_films()
        yield from self._aged("notice", "notices/", self._policy.notices.days)
        yield from self._aged("receipt", "receipts/", self._policy.receipts.days)
        if self._settings.ports == "aws":
            from adapters.aws.lifecycle import film_rule_findings

            self.findings += film_rule_findings(self._settings, self._policy.trainee_films)

    def _films(self) -> Iterator[Due]:
        rule, late = self._policy.trainee_films, 0
        on_aws = self._settings.ports == "aws"
        for prefix in ("films/", "trainee/"):
            for film in self._ports.objects.objects(prefix):
                due = self._policy.film_is_due(film.modified_at, self._now)
                if due == "keep" or film.key in self._in_use:
                    continue
                if due == "delete":
                    yield Due(kind="film", action="delete", key=film.key)
                elif not on_aws:
                    yield Due(kind="film", action="archive", key=film.key)
                elif not film.archived and is_older(film.modified_at, rule.days + _LATE_DAYS, self._now):
                    late += 1
        if late:
            self.findings.append(
                f"{late} film(s) are older than {rule.days} days and not archived: does the bucket's"
                " lifecycle rule reach them?"
            )
        # A film that was archived here has its age from then on.
        yield from self._aged("film", _ARCHIVE, rule.archive_days - rule.days)

    def _proxies(self) -> Iterator[Due]:
        newest: dict[str, datetime] = {}
        for found in self._ports.objects.objects("media/"):
            sha256 = found.key.split("/")[1]
            newest[sha256] = max(found.modified_at, newest.get(sha256, found.modified_at))
        for sha256, made in sorted(newest.items()):
            if is_older(made, self._policy.media.days, self._now) and sha256 not in self._media_in_use:
                yield Due(kind="proxies", action="delete", key=f"media/{sha256}/")

    def _task_results(self) -> Iterator[Due]:
        days = self._policy.task_results.days
        yield from self._aged("task result", TASK_RESULTS, days)
        yield from self._aged("task result", BATCHES, days)
        if self._settings.ports == "local":
            folder = _storage(self._settings)
            for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
                if path.is_file() and is_older(_modified(path), days, self._now):
                    name = path.relative_to(folder).as_posix()
                    yield Due(kind="task result", action="delete", key=f"{_FILE}{name}")

    def _results(self) -> Iterator[Due]:
        for evaluation in self._evaluations:
            ended = evaluation.completed_at or evaluation.created_at
            if evaluation.status is not Status.PROCESSING and is_older(
                ended, self._policy.results.days, self._now
            ):
                yield Due(kind="evaluation", action="delete", key=evaluation.evaluation_id)

    def _segments(self) -> Iterator[Due]:
        named = {evaluation.segments_s3_key for evaluation in self._evaluations}
        for due in self._aged("segments", "segments/", self._policy.segments.days):
            if due.key not in named:
                yield due

    def _expert_films(self) -> Iterator[Due]:
        old = list(self._aged("expert film", "expert/", self._policy.expert_films.days_unused))
        if not old:
            return
        objects = self._ports.objects
        written = b"\n".join(
            objects.get_bytes(k) for k in objects.list_keys("experts/") if k.endswith(".json")
        )
        named = {
            key
            for dish in self._ports.dishes.list_dishes()
            for key in (dish.expert_video_s3_key, *(e.video_s3_key for e in dish.expert_performances))
        }
        yield from (due for due in old if due.key not in named and due.key.encode() not in written)

    def _aged(self, kind: Kind, prefix: str, days: int) -> Iterator[Due]:
        for found in self._ports.objects.objects(prefix):
            if is_older(found.modified_at, days, self._now):
                yield Due(kind=kind, action="delete", key=found.key)


_FILE = "file:"


def _do(ports: Ports, settings: Settings, due: Due) -> None:
    if due.kind == "evaluation":
        evaluation = ports.evaluations.get(due.key)
        if evaluation is not None:
            remove_evaluation(ports, evaluation)
    elif due.key.startswith(_FILE):
        (_storage(settings) / due.key.removeprefix(_FILE)).unlink(missing_ok=True)
    elif due.action == "archive":
        # Killed in between, both are there, and the next run does the same again.
        if ports.objects.exists(due.key):
            with ports.objects.as_file(due.key) as path:
                ports.objects.put_file(archive_key(due.key), path, "application/octet-stream")
            ports.objects.erase(due.key)
    else:
        ports.objects.erase(due.key)


def _begun(ports: Ports) -> Iterable[Due]:
    if not ports.objects.exists(_OPEN):
        return ()
    try:
        return Retained.model_validate_json(ports.objects.get_bytes(_OPEN)).due
    except ValidationError:
        return ()  # an older release's: what is due is found anew


def _films_of(evaluation: Evaluation) -> list[str]:
    return [key for key in given_keys(evaluation) if key != evaluation.segments_s3_key]


def _storage(settings: Settings) -> Path:
    return settings.prefect_home / "storage"


def _modified(path: Path) -> datetime:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)
