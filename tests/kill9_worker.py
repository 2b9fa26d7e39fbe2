"""A worker that claims, stages and publishes as the flow does, light enough to be killed many times a minute.

Everything it stores can be told from a half of it: pictures and reports begin with the hash of their rest.
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

from forking import counted_calls, die_after, die_at_call
from samples import sample_evaluation, sample_result, sha

from adapters import build_ports
from bharatchef.observed import Still
from bharatchef.ports import Ports
from bharatchef.records import Evaluation
from bharatchef.results import EvaluationResult
from bharatchef.settings import load_settings
from tasks.publishing import announce_pending, publish, remove_evaluation

HELD = 3


def sealed(body: bytes) -> bytes:
    """``body`` with its hash before it."""
    return hashlib.sha256(body).hexdigest().encode() + b"\n" + body


def is_sealed(data: bytes) -> bool:
    seal, _, body = data.partition(b"\n")
    return seal == hashlib.sha256(body).hexdigest().encode()


def report_of(evaluation_id: str) -> str:
    return sealed(f"<html>{evaluation_id} {'report ' * 3_000}</html>".encode()).decode()


def stage(ports: Ports, evaluation: Evaluation, work: str) -> EvaluationResult:
    """What the stages before publishing leave: cached pictures, and a result that points to them."""
    stills = []
    for number in range(3):
        key = f"media/{sha(work)}/stills/{number:04d}.jpg"
        ports.objects.put_bytes(key, sealed(f"{work} {number}".encode() * 500), "image/jpeg")
        stills.append(Still(key=key, time_s=number, width_px=640, height_px=360))
    return sample_result(evaluation).model_copy(update={"stills": tuple(stills)})


def work_once(
    home: str,
    work: str,
    owner: str,
    lease_s: float,
    call: int = 0,
    call_anywhere: int = 0,
    publish_delay_s: float = 0,
    delay_s: float = 0,
    count_into: str = "",
) -> int:
    """Do one piece of work, and die at the instant that is asked for, if any.

    Args:
        call: die at this call of a C function within ``publish``; ``call_anywhere``: from the start on.
        publish_delay_s: die so long after ``publish`` began; ``delay_s``: after the start.
        count_into: a file that gets the calls within ``publish``, in all and before the announcement.
    """
    if call_anywhere:
        die_at_call(call_anywhere)
    if delay_s:
        die_after(delay_s)
    ports = build_ports(load_settings(home=Path(home)))
    announce_pending(ports)
    claim = ports.evaluations.claim(sample_evaluation(f"ev-{work}-{owner}", work=work), owner, lease_s)
    if claim.outcome != "claimed":
        return 0 if claim.outcome == "done" else HELD
    result = stage(ports, claim.evaluation, work)
    report = report_of(claim.evaluation.evaluation_id)
    counter = counted_calls() if count_into else None
    if call:
        die_at_call(call)
    if publish_delay_s:
        die_after(publish_delay_s)
    publish(ports, result, report, owner, lease_s)
    sys.setprofile(None)
    if counter:
        Path(count_into).write_text(json.dumps([counter.seen, counter.seen_before["tell_of_end"]]))
    return 0


def claim_only(home: str, owner: str, note: str) -> int:
    """Claim one and the same work and note under ``note`` how that went."""
    ports = build_ports(load_settings(home=Path(home)))
    outcome = ports.evaluations.claim(sample_evaluation(f"ev-{owner}"), owner, 60).outcome
    Path(note).write_text(outcome)
    return 0


def remove(home: str, evaluation_id: str, call: int = 0, count_into: str = "") -> int:
    """Delete an evaluation, and die at the instant that is asked for, if any.

    Args:
        count_into: a file that gets the calls of C functions, in all and before the first object goes.
    """
    ports = build_ports(load_settings(home=Path(home)))
    evaluation = ports.evaluations.get(evaluation_id)
    if evaluation is None:
        return 0
    counter = counted_calls() if count_into else None
    if call:
        die_at_call(call)
    remove_evaluation(ports, evaluation)
    sys.setprofile(None)
    if counter:
        Path(count_into).write_text(json.dumps([counter.seen, counter.seen_before["_erase_all"]]))
    return 0
