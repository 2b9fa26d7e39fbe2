"""Publishing: what an evaluation leaves behind, in an order that a crash at any moment cannot spoil.

Plain functions over the ports; knows nothing of Prefect. **First the objects, then the one transaction
that makes the evaluation COMPLETED, then the announcement.** Killed before the transaction, the
evaluation is still PROCESSING and whoever takes it over writes the same keys again; killed after it,
only the announcement is owed, and ``announce_pending`` makes it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath

from bharatchef.errors import LeaseLost
from bharatchef.ports import Ports
from bharatchef.records import Evaluation
from bharatchef.results import EvaluationResult
from bharatchef.vocabulary import Status
from tasks.noticing import tell_of_end

_SHA256 = re.compile("[0-9a-f]{64}")


def result_key(evaluation_id: str, name: str = "") -> str:
    """The key of a published object (``result.json``, ``report.html``), or the prefix of them all."""
    return f"results/{evaluation_id}/{name}"


def publish(
    ports: Ports, result: EvaluationResult, report_html: str, owner: str, lease_s: float = 60.0
) -> Evaluation:
    """Keep the result, the report and the stills, make the evaluation COMPLETED, and tell of it.

    The stills are copied to the result's own keys, so that it stays whole when cached frames are
    swept. The announcement is made at least once: when it fails it stays owed, and the evaluation is
    complete all the same.

    Args:
        lease_s: how long the lease is held from each object on, seconds; one object must be stored within it.

    Returns:
        The evaluation as it is stored, COMPLETED, with its ``result_s3_key``.

    Raises:
        LeaseLost: another worker took the work over, or somebody deleted it; nothing is completed.
        StoreError: something could not be kept; the evaluation stays PROCESSING.
    """
    evaluation_id = result.evaluation.evaluation_id
    try:
        result, stills = _with_own_stills(result)
        completed = _completed(ports, result)
        result = result.model_copy(update={"evaluation": completed})
        written = set()
        for source, key in stills:
            ports.evaluations.renew(evaluation_id, owner, lease_s)
            ports.objects.put_bytes(key, ports.objects.get_bytes(source), "image/jpeg")
            written.add(key)
        documents = (
            ("report.html", report_html, "text/html; charset=utf-8"),
            ("result.json", result.to_json(), "application/json"),
        )
        for name, text, content_type in documents:
            ports.evaluations.renew(evaluation_id, owner, lease_s)
            ports.objects.put_bytes(result_key(evaluation_id, name), text.encode(), content_type)
            written.add(result_key(evaluation_id, name))
        _delete_all(
            ports, (k for k in ports.objects.list_keys(result_key(evaluation_id)) if k not in written)
        )
        ports.evaluations.complete(result, owner)
    except LeaseLost:
        if ports.evaluations.get(evaluation_id) is None:
            # Deleted while it was being published: nothing of it may stay behind.
            _delete_all(ports, ports.objects.list_keys(result_key(evaluation_id)))
        raise
    tell_of_end(ports, completed)
    return completed


def record_failure(
    ports: Ports, evaluation_id: str, owner: str, reason: str, lease_s: float = 60.0
) -> Evaluation:
    """Make the evaluation FAILED for a reason that a person understands, and tell of it.

    What was published of it so far goes first: a FAILED evaluation has no report.

    Raises:
        LeaseLost: another worker took the work over; nothing is written.
    """
    ports.evaluations.renew(evaluation_id, owner, lease_s)
    _delete_all(ports, ports.objects.list_keys(result_key(evaluation_id)))
    ports.evaluations.fail(evaluation_id, owner, reason)
    failed = ports.evaluations.get(evaluation_id)
    if failed is None:
        raise LeaseLost(f"Evaluation {evaluation_id} was deleted while its failure was being recorded.")
    tell_of_end(ports, failed)
    return failed


def announce_pending(ports: Ports) -> list[Evaluation]:
    """Tell of every evaluation that ended and that nobody was told of, because a worker died in between."""
    return [evaluation for evaluation in ports.evaluations.unannounced() if tell_of_end(ports, evaluation)]


def remove_evaluation(ports: Ports, evaluation: Evaluation) -> int:
    """Delete an evaluation with its report, result and stills, and films (with what was cut from
    them) and segments that no other one was made of; of all of them also what was there before.

    Interrupted, it is finished by calling it again or by ``sweep_orphans``: the record goes first.

    Returns:
        How many stored objects went, each kept version of one counted.
    """
    given = given_keys(evaluation)
    others = [
        other for other in sharing(ports, evaluation) if other.evaluation_id != evaluation.evaluation_id
    ]
    still_needed = {key for other in others for key in given_keys(other)}
    own = [key for key in given if key not in still_needed]
    films = [key for key in own if key != evaluation.segments_s3_key]
    cut = [f"media/{sha256}/" for sha256 in media_sha256s(ports, evaluation, films)]
    ports.evaluations.delete(evaluation.evaluation_id)
    # The films go last: called again after a crash, what was cut from them is found by their bytes.
    return _erase_all(
        ports, [result_key(evaluation.evaluation_id), *cut, *(archive_key(key) for key in own), *own]
    )


def given_keys(evaluation: Evaluation) -> list[str]:
    """The keys of what an evaluation was made of: films, and the segments that a person marked."""
    given = (evaluation.trainee_video_s3_key, evaluation.side_video_s3_key, evaluation.segments_s3_key)
    return [key for key in given if key]


def sharing(ports: Ports, evaluation: Evaluation) -> Sequence[Evaluation]:
    """The evaluations that may be made of the same files."""
    # An upload's key bears whose it is: only that person's evaluations can be made of it, and an index finds
    # those. What is named by its content may be anybody's.
    own = f"trainee/{evaluation.user_id}/"
    if all(key.startswith(own) for key in given_keys(evaluation)):
        return ports.evaluations.history(evaluation.user_id)
    return ports.evaluations.find("")


def media_sha256s(ports: Ports, evaluation: Evaluation | None, films: Iterable[str]) -> list[str]:
    """The hashes of an evaluation's films ``films``, under which lies what was cut from them.

    One that nothing tells is left out: an upload that was archived before anything was published of it.
    """
    found: list[str] = []
    for film in films:
        name = PurePosixPath(film).stem
        # A film taken in here is named by its hash, an upload by its uploader.
        if _SHA256.fullmatch(name):
            found.append(name)
        elif any(there.key == film and not there.archived for there in ports.objects.objects(film)):
            with ports.objects.as_file(film) as path, path.open("rb") as file:
                found.append(hashlib.file_digest(file, "sha256").hexdigest())
        elif evaluation and (kept := evaluation.result_s3_key) and ports.objects.exists(kept):
            stored = EvaluationResult.model_validate_json(ports.objects.get_bytes(kept))
            found += stored.provenance.media_sha256.values()
    return found


def archive_key(film: str) -> str:
    """Where a film lies once it is archived on this machine."""
    return f"archive/{film}"


def sweep_orphans(ports: Ports) -> int:
    """Delete published objects whose evaluation is gone or FAILED, as crashes leave them; returns a count."""
    swept = 0
    for evaluation_id in sorted({key.split("/")[1] for key in ports.objects.list_keys("results/")}):
        # A record is there before the first object is, so what has none is never somebody's work in progress.
        evaluation = ports.evaluations.get(evaluation_id)
        if evaluation is None or evaluation.status == Status.FAILED:
            swept += _erase_all(ports, [result_key(evaluation_id)])
    return swept


def _with_own_stills(result: EvaluationResult) -> tuple[EvaluationResult, list[tuple[str, str]]]:
    prefix = result_key(result.evaluation.evaluation_id, "stills/")
    moved = [
        (still, f"{prefix}{number:04d}.{still.key.rsplit('.', 1)[-1]}")
        for number, still in enumerate(result.stills)
    ]
    stills = tuple(still.model_copy(update={"key": key}) for still, key in moved)
    return result.model_copy(update={"stills": stills}), [(still.key, key) for still, key in moved]


def _completed(ports: Ports, result: EvaluationResult) -> Evaluation:
    evaluation = result.evaluation
    return evaluation.model_copy(
        update={
            "status": Status.COMPLETED,
            "completed_at": evaluation.completed_at or ports.clock.now(),
            "result_s3_key": result_key(evaluation.evaluation_id, "result.json"),
        }
    )


def _erase_all(ports: Ports, keys: Iterable[str]) -> int:
    return sum(ports.objects.erase(key) for key in keys)


def _delete_all(ports: Ports, keys: Iterable[str]) -> int:
    found = list(keys)
    for key in found:
        ports.objects.delete(key)
    return len(found)
