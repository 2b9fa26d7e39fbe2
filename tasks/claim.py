"""The first stage: claim the work, so that the same work is never done twice, and hold the claim."""

from __future__ import annotations

import hashlib
import json
import os
import socket
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from prefect import task
from prefect.cache_policies import NO_CACHE

from bharatchef.errors import BharatChefError, LeaseLost
from bharatchef.ports import Claim, EvaluationStore, Ports
from bharatchef.records import Evaluation
from bharatchef.vocabulary import Status
from tasks.publishing import record_failure
from tasks.runtime import Stopped, ports_here, stop_all_stages

ABANDONED = "The program that was evaluating this film ended before it was finished. Evaluate it again."


def work_key(parts: Mapping[str, str | None]) -> str:
    """The sha256 that names a piece of work: the same parts, in any order, give the same key."""
    return hashlib.sha256(json.dumps(dict(parts), sort_keys=True).encode()).hexdigest()


def new_owner() -> str:
    """A name for one worker that no other worker has had."""
    return f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:12]}"


@task(name="claim", cache_policy=NO_CACHE, persist_result=False)
def claim_work(evaluation: Evaluation, owner: str, lease_s: float) -> Claim:
    """Claim ``evaluation.work_key`` for ``owner``; see ``EvaluationStore.claim``."""
    return ports_here().evaluations.claim(evaluation, owner, lease_s)


@contextmanager
def lease_held(
    store: EvaluationStore, evaluation_id: str, owner: str, lease_s: float
) -> Iterator[Callable[[], None]]:
    """Renew the lease three times in its length for as long as the context lasts.

    Yields a function that raises ``LeaseLost`` once another worker has taken the work over: **a
    stalled worker that wakes after its lease ran out must not publish over its successor**. The
    store checks again inside the transaction that publishes.
    """
    lost: list[LeaseLost] = []
    done = threading.Event()

    def keep() -> None:
        while not done.wait(lease_s / 3):
            try:
                store.renew(evaluation_id, owner, lease_s)
            except LeaseLost as error:
                if _is_completed(store, evaluation_id):
                    return  # nothing is left to hold; whoever else completed it, publishing says so
                lost.append(error)
                stop_all_stages()
                return
            except BharatChefError:
                continue  # a busy store: the next renewal is due before the lease runs out

    def check() -> None:
        if lost:
            raise lost[0]

    keeper = threading.Thread(target=keep, name="lease", daemon=True)
    keeper.start()
    try:
        yield check
    except Stopped as error:
        # Stages end because the lease was lost; why it was lost is what a person wants to know.
        if lost:
            raise lost[0] from error
        raise
    finally:
        done.set()
        keeper.join(timeout=lease_s)


def _is_completed(store: EvaluationStore, evaluation_id: str) -> bool:
    try:
        evaluation = store.get(evaluation_id)
    except BharatChefError:
        return False
    return evaluation is not None and evaluation.status is Status.COMPLETED


def fail_abandoned(ports: Ports) -> list[Evaluation]:
    """Record FAILED for evaluations whose worker died and which nobody took over; returns them."""
    failed = []
    for evaluation in ports.evaluations.expired():
        owner = new_owner()
        claim = ports.evaluations.claim(evaluation, owner, 60.0)
        if claim.outcome == "claimed":
            failed.append(record_failure(ports, claim.evaluation.evaluation_id, owner, ABANDONED))
    return failed
