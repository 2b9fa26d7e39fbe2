"""What is done about runs and records that disagree; each decision is plain, and made from what both say now.

A run that was started again says so itself, in its history: no other note has to be kept in step with it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from bharatchef.errors import BharatChefError, LeaseLost
from bharatchef.ports import Ports
from bharatchef.records import Evaluation
from bharatchef.settings import Settings
from bharatchef.vocabulary import Status
from tasks.claim import new_owner
from tasks.planning import plan_work
from tasks.publishing import announce_pending, record_failure
from tasks.sweeping_runs import Step, open_runs, put_in_state, start_again, was_started_again
from tasks.sweeping_wording import WORDING_FLOW, wording_looked_at

FLOW = "evaluate-video"
DIED_TWICE = (
    "The program that evaluated this film died twice. Evaluate it again; if it fails again, tell whoever"
    " runs this system."
)
TOO_LATE = "It was not finished within the time that an evaluation may take. Evaluate it again later."
LEFT = "The program that was evaluating this film ended before it was finished. Evaluate it again."
_CLOCKS_DIFFER = timedelta(seconds=60)
_LEASE_S = 60.0


def reconcile(ports: Ports, settings: Settings, look_back_hours: float) -> tuple[int, list[Step], int]:
    """Bring records and runs to agree.

    Returns:
        How many runs were looked at, what was done, and how many evaluations were announced late.
    """
    from prefect.client.orchestration import get_client

    with get_client(sync_client=True) as client:
        sweep = _Sweep(ports, settings, client)
        looked_at = 0
        since = sweep.now - timedelta(hours=look_back_hours)
        for run in open_runs(client, FLOW, since):
            looked_at += 1
            sweep.look_at(run)
        sweep.fail_uncovered()
        announced = len(announce_pending(ports))
        for run in open_runs(client, WORDING_FLOW, since):
            looked_at += 1
            sweep.steps.extend(wording_looked_at(ports, settings, client, run, sweep.now))
    return looked_at, sweep.steps, announced


class _Sweep:
    def __init__(self, ports: Ports, settings: Settings, client: Any) -> None:
        self.now = ports.clock.now()
        self.steps: list[Step] = []
        self._ports = ports
        self._settings = settings
        self._client = client
        self._expired = {e.evaluation_id: e for e in ports.evaluations.expired()}
        self._covered: set[str] = set()

    def look_at(self, run: Any) -> None:
        """Do what is to be done about one run and the record of its work."""
        request = (run.parameters or {}).get("request")
        if not isinstance(request, dict) or run.state is None:
            return
        record = self._record_of(run, request)
        kind = str(run.state_type.value)
        waited_s = (self.now - run.state.timestamp).total_seconds()
        if record is not None and record.status is Status.COMPLETED:
            self._close(run, kind, waited_s)
            return
        begun = record.created_at if record is not None else run.created
        late = (self.now - begun).total_seconds() > self._settings.finish_deadline_s
        working = record is not None and record.status is Status.PROCESSING
        dead = record is not None and record.evaluation_id in self._expired
        if kind == "SCHEDULED":
            if working and dead and late:
                self._give_up(run, request, record, TOO_LATE)
            elif record is not None:
                self._covered.add(record.evaluation_id)
        elif kind == "CANCELLING":
            if waited_s > self._settings.start_deadline_s:
                put_in_state(self._client, run, "Cancelled", "sweep: its worker is gone")
        elif working and not dead:
            if late and kind == "RUNNING":
                put_in_state(self._client, run, "Cancelling", "sweep: it took too long")
                self.steps.append(Step("cancelled", str(run.id), TOO_LATE))
        elif self._is_stuck(kind, record, dead, waited_s):
            self._start_again_or_give_up(run, request, record, late)
        elif record is not None:
            self._covered.add(record.evaluation_id)

    def fail_uncovered(self) -> None:
        """Make what no run will take up FAILED: its runs ended without it, or were never on this server."""
        for evaluation_id, evaluation in self._expired.items():
            if evaluation_id not in self._covered:
                self._fail(evaluation, LEFT)

    def _is_stuck(self, kind: str, record: Evaluation | None, dead: bool, waited_s: float) -> bool:
        if kind == "CRASHED":
            return True
        if kind == "RUNNING" and dead:
            return True
        # Before the claim there is no lease to tell by: a container may take minutes to come up.
        return waited_s > self._settings.start_deadline_s and (dead or record is None or kind == "RUNNING")

    def _start_again_or_give_up(
        self, run: Any, request: dict[str, Any], record: Evaluation | None, late: bool
    ) -> None:
        if run.deployment_id is None and record is None:
            # The command's own run, ended before it began: whoever called it saw that.
            self._end(run)
            return
        again = was_started_again(self._client, run)
        if again or late or run.deployment_id is None:
            if record is not None and record.status is Status.FAILED:
                self._end(run)
                return
            reason = DIED_TWICE if again else TOO_LATE if late else LEFT
            self._give_up(run, request, record, reason)
            return
        start_again(self._client, run)
        if record is not None:
            self._covered.add(record.evaluation_id)
        self.steps.append(Step("started again", str(run.id), f"its run was {run.state.name}"))

    def _give_up(self, run: Any, request: dict[str, Any], record: Evaluation | None, reason: str) -> None:
        # The record first: ended in between, the next sweep finds it FAILED and ends the run.
        evaluation = record if record is not None else self._planned(request)
        if evaluation is not None:
            self._covered.add(evaluation.evaluation_id)
            self._fail(evaluation, reason)
        self._end(run)

    def _fail(self, evaluation: Evaluation, reason: str) -> None:
        owner = new_owner()
        claim = self._ports.evaluations.claim(evaluation, owner, _LEASE_S)
        if claim.outcome != "claimed":
            return
        try:
            record_failure(self._ports, claim.evaluation.evaluation_id, owner, reason)
        except LeaseLost:
            return
        self.steps.append(Step("failed", claim.evaluation.evaluation_id, reason))

    def _planned(self, request: dict[str, Any]) -> Evaluation | None:
        """A record for work that nobody came to claim, so that its person hears of it."""
        words = {
            name: request.get(name)
            for name in (
                "film_key",
                "film_version",
                "side_key",
                "side_version",
                "segments_key",
                "segments_name",
                "segments_fps",
                "language",
            )
        }
        try:
            return plan_work(
                self._ports,
                self._settings,
                dish_id=str(request.get("dish_id")),
                user_id=str(request.get("user_id", "me")),
                force=bool(request.get("force", False)),
                **words,
            ).evaluation
        except BharatChefError:
            return None

    def _record_of(self, run: Any, request: dict[str, Any]) -> Evaluation | None:
        """The last record of a run's work that was made since the run was."""
        made_after = run.created - _CLOCKS_DIFFER
        found = [
            evaluation
            for evaluation in self._ports.evaluations.history(
                str(request.get("user_id", "me")), str(request.get("dish_id")), made_after
            )
            if evaluation.trainee_video_s3_key == request.get("film_key")
            and evaluation.side_video_s3_key == request.get("side_key")
        ]
        return found[-1] if found else None

    def _close(self, run: Any, kind: str, waited_s: float) -> None:
        if kind in ("RUNNING", "PENDING") and waited_s > self._settings.start_deadline_s:
            put_in_state(self._client, run, "Completed", "sweep: its evaluation is complete")
            self.steps.append(Step("closed", str(run.id), "its evaluation is complete"))

    def _end(self, run: Any) -> None:
        if run.state_type.value not in ("CRASHED", "CANCELLED"):
            put_in_state(self._client, run, "Crashed", "sweep: its worker died")
