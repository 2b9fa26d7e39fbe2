"""The evaluation store against the simplest thing that could be right: a dictionary and a clock."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import ClassVar

import pytest
from contract_sides import HeldClock
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from samples import MOMENT, sample_evaluation, sample_result

from adapters.local.evaluations import SqliteEvaluations
from bharatchef.errors import LeaseLost
from bharatchef.records import Evaluation
from bharatchef.vocabulary import Status

OWNERS = st.sampled_from(["one", "two", "three"])
WORKS = st.sampled_from(["chai", "poha", "raita"])
USERS = st.sampled_from(["asha", "ravi"])
LEASES_S = st.sampled_from([1.0, 60.0])


@dataclass(frozen=True)
class Row:
    """What the model knows of one evaluation."""

    evaluation: Evaluation
    owner: str
    until: datetime
    owed: bool = False


class Store(RuleBasedStateMachine):
    """Every operation on both; after each, both say the same of everything."""

    held: ClassVar[set[Status]] = {Status.PROCESSING, Status.COMPLETED}

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.clock = HeldClock()
        self.store = SqliteEvaluations(Path(self.folder.name, "b.sqlite3"), self.clock)
        self.model: dict[str, Row] = {}
        self.begun = 0

    def teardown(self) -> None:
        self.folder.cleanup()

    @rule(work=WORKS, user=USERS, owner=OWNERS, lease_s=LEASES_S, minutes=st.integers(-2, 2))
    def claim(self, work: str, user: str, owner: str, lease_s: float, minutes: int) -> None:
        self.begun += 1
        asked = sample_evaluation(f"ev-{self.begun}", user_id=user, minutes=minutes, work=work)
        got = self.store.claim(asked, owner, lease_s)
        until = self.clock.now() + timedelta(seconds=lease_s)
        live = [
            row
            for row in self.model.values()
            if row.evaluation.work_key == asked.work_key and row.evaluation.status in self.held
        ]
        if not live:
            assert (got.outcome, got.resumed, got.evaluation) == ("claimed", False, asked)
            self.model[asked.evaluation_id] = Row(asked, owner, until)
            return
        (row,) = live
        assert got.evaluation == row.evaluation
        if row.evaluation.status == Status.COMPLETED:
            assert got.outcome == "done"
        elif row.owner != owner and row.until > self.clock.now():
            assert (got.outcome, got.until) == ("held", row.until)
        else:
            assert (got.outcome, got.resumed) == ("claimed", row.owner != owner)
            self.model[row.evaluation.evaluation_id] = replace(row, owner=owner, until=until)

    @precondition(lambda self: self.model)
    @rule(data=st.data(), owner=OWNERS, lease_s=LEASES_S)
    def renew(self, data: st.DataObject, owner: str, lease_s: float) -> None:
        row = self.some(data)
        evaluation_id = row.evaluation.evaluation_id
        if self.holds(row, owner):
            self.store.renew(evaluation_id, owner, lease_s)
            self.model[evaluation_id] = replace(row, until=self.clock.now() + timedelta(seconds=lease_s))
        else:
            with pytest.raises(LeaseLost):
                self.store.renew(evaluation_id, owner, lease_s)

    @precondition(lambda self: self.model)
    @rule(data=st.data(), owner=OWNERS)
    def complete(self, data: st.DataObject, owner: str) -> None:
        row = self.some(data)
        result = sample_result(row.evaluation.model_copy(update={"status": Status.PROCESSING}))
        if self.holds(row, owner):
            self.store.complete(result, owner)
            self.model[row.evaluation.evaluation_id] = replace(row, evaluation=result.evaluation, owed=True)
        else:
            with pytest.raises(LeaseLost):
                self.store.complete(result, owner)

    @precondition(lambda self: self.model)
    @rule(data=st.data(), owner=OWNERS)
    def fail(self, data: st.DataObject, owner: str) -> None:
        row = self.some(data)
        evaluation_id = row.evaluation.evaluation_id
        if self.holds(row, owner):
            self.store.fail(evaluation_id, owner, "the film is empty")
            failed = {
                "status": Status.FAILED,
                "failure_reason": "the film is empty",
                "completed_at": self.clock.now(),
            }
            self.model[evaluation_id] = replace(
                row, evaluation=row.evaluation.model_copy(update=failed), owed=True
            )
        else:
            with pytest.raises(LeaseLost):
                self.store.fail(evaluation_id, owner, "the film is empty")

    @precondition(lambda self: self.model)
    @rule(data=st.data())
    def announce(self, data: st.DataObject) -> None:
        row = self.some(data)
        self.store.announced(row.evaluation.evaluation_id)
        self.model[row.evaluation.evaluation_id] = replace(row, owed=False)

    @precondition(lambda self: self.model)
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        row = self.some(data)
        assert self.store.delete(row.evaluation.evaluation_id)
        assert not self.store.delete(row.evaluation.evaluation_id)
        del self.model[row.evaluation.evaluation_id]

    @rule(seconds=st.sampled_from([0.5, 1.0, 59.5, 60.0]))
    def wait(self, seconds: float) -> None:
        self.clock.advance(seconds)

    @rule()
    def open_again(self) -> None:
        self.store = SqliteEvaluations(self.store.database, self.clock)

    @invariant()
    def both_say_the_same(self) -> None:
        rows = sorted(
            self.model.values(), key=lambda row: (row.evaluation.created_at, row.evaluation.evaluation_id)
        )
        everything = [row.evaluation for row in rows]
        assert self.store.find("") == everything
        for user in ("asha", "ravi"):
            own = [e for e in everything if e.user_id == user]
            assert self.store.history(user) == own
            assert self.store.history(user, since=MOMENT) == [e for e in own if e.created_at >= MOMENT]
        now = self.clock.now()
        begun = [row for row in rows if row.evaluation.status == Status.PROCESSING]
        assert self.store.expired() == [row.evaluation for row in begun if row.until <= now]
        assert self.store.unannounced() == [row.evaluation for row in rows if row.owed]
        for row in rows[-2:]:
            feedback = self.store.feedback(row.evaluation.evaluation_id)
            assert (feedback is not None) == (row.evaluation.status == Status.COMPLETED)

    def some(self, data: st.DataObject) -> Row:
        return self.model[data.draw(st.sampled_from(sorted(self.model)))]

    def holds(self, row: Row, owner: str) -> bool:
        return row.evaluation.status == Status.PROCESSING and row.owner == owner


TestStore = Store.TestCase
TestStore.settings = settings(
    max_examples=30, stateful_step_count=20, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
