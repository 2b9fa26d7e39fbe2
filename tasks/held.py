"""Films that are held for a person: what that person decides, and what follows from it.

Plain functions over the ports; knows nothing of Prefect. A decision is written down first (who, when, why),
then carried out: called again after a crash, it is carried out whole.
"""

from __future__ import annotations

from bharatchef.errors import InputError
from bharatchef.ports import Ports
from bharatchef.records import Evaluation
from bharatchef.review.trail import TrailEntry, append
from bharatchef.vocabulary import Status
from tasks.claim import new_owner
from tasks.look_over import is_held, release
from tasks.publishing import media_sha256s, record_failure

_LEASE_S = 60.0
REJECTED = "A person has looked at the film, and it cannot be judged: {reason} Film the dish again."


def release_held(ports: Ports, evaluation: Evaluation, by: str, reason: str) -> bool:
    """Let a held film be judged after all.

    Args:
        by: the person's pseudonym.
        reason: in their own words.

    Returns:
        Whether it is evaluated again by itself; else somebody has to ask for it.

    Raises:
        InputError: no film of this evaluation is held.
        EndpointError: it could not be put off to be evaluated; repeat it.
    """
    held = _held(ports, evaluation)
    _note(ports, evaluation, "released", by, reason)
    for sha256 in held:
        release(ports, sha256, by, reason)
    if ports.later is None:
        return False
    ports.later.analyse_again(evaluation.evaluation_id, f"released {held[0][:16]}")
    return True


def reject_held(ports: Ports, evaluation: Evaluation, by: str, reason: str) -> int:
    """Tell the person that their held film cannot be judged, and erase it with all that was cut from it.

    Args:
        by: the pseudonym of whoever looked at it.
        reason: in words for the person whose film it is.

    Returns:
        How many stored objects went, each kept version of one counted.

    Raises:
        InputError: no film of this evaluation is held.
        LeaseLost: somebody evaluates it again right now.
    """
    held = _held(ports, evaluation)
    _note(ports, evaluation, "rejected", by, reason)
    owner = new_owner()
    claim = ports.evaluations.claim(evaluation, owner, _LEASE_S)
    if claim.outcome != "claimed":
        raise InputError(
            "The film is being evaluated right now, or was evaluated meanwhile.", "Look at it again."
        )
    said = REJECTED.format(reason=reason.strip().rstrip(".") + ".")
    record_failure(ports, claim.evaluation.evaluation_id, owner, said)
    films = [key for key in (evaluation.trainee_video_s3_key, evaluation.side_video_s3_key) if key]
    return sum(ports.objects.erase(key) for key in (*(f"media/{sha256}/" for sha256 in held), *films))


def _held(ports: Ports, evaluation: Evaluation) -> list[str]:
    films = [key for key in (evaluation.trainee_video_s3_key, evaluation.side_video_s3_key) if key]
    if evaluation.status is Status.FAILED:
        held = [sha256 for sha256 in media_sha256s(ports, evaluation, films) if is_held(ports, sha256)]
        if held:
            return held
    raise InputError(
        f"Expected an evaluation whose film is held; {evaluation.evaluation_id} is {evaluation.status} and no"
        " film of it waits for a person.",
        "`bharatchef show` says how it stands.",
    )


def _note(ports: Ports, evaluation: Evaluation, kind: str, by: str, reason: str) -> None:
    said = {
        "evaluation_id": evaluation.evaluation_id,
        "kind": kind,
        "at": ports.clock.now(),
        "by": by,
        "reason": reason,
    }
    append(ports.objects, TrailEntry.model_validate(said))
