"""By what a person's traces are known: read from the records, the films and what was cut from them.

Changes nothing, and knows nothing of who asks.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from bharatchef.erasing.person import Traces
from bharatchef.ports import Ports
from bharatchef.records import Evaluation
from tasks.publishing import given_keys, media_sha256s, sharing


def find_traces(ports: Ports, user_id: str, person: str) -> Traces:
    """What is known of a person now.

    Args:
        person: the pseudonym.
    """
    user = ports.evaluations.user(user_id)
    evaluations = ports.evaluations.history(user_id)
    given = {key for evaluation in evaluations for key in given_keys(evaluation)}
    uploads = set(ports.objects.list_keys(f"trainee/{user_id}/"))
    shared = _shared(ports, user_id, given)
    own = (given | uploads) - shared
    segments = {evaluation.segments_s3_key for evaluation in evaluations}
    media = _media(ports, evaluations, own - segments, uploads)
    return Traces(
        user_id=user_id,
        person=person,
        words=tuple(sorted({word for word in (user.name, user.email) if word})) if user else (),
        evaluations=tuple(sorted(evaluation.evaluation_id for evaluation in evaluations)),
        keys=tuple(sorted(own)),
        shared=tuple(sorted(shared)),
        media=tuple(sorted(media)),
        pieces=tuple(sorted(_pieces(ports, media))),
    )


def traces_of(ports: Ports, evaluation: Evaluation, person: str) -> Traces:
    """What is known of one evaluation, and nothing else of its person; ``person`` is the pseudonym."""
    needed = {
        key
        for other in sharing(ports, evaluation)
        if other.evaluation_id != evaluation.evaluation_id
        for key in given_keys(other)
    }
    own = set(given_keys(evaluation)) - needed
    media = _media(ports, [evaluation], own - {evaluation.segments_s3_key}, set())
    return Traces(
        user_id=evaluation.user_id,
        person=person,
        evaluations=(evaluation.evaluation_id,),
        keys=tuple(sorted(own)),
        media=tuple(sorted(media)),
        pieces=tuple(sorted(_pieces(ports, media))),
    )


def _shared(ports: Ports, user_id: str, given: set[str]) -> set[str]:
    if all(key.startswith(f"trainee/{user_id}/") for key in given):
        return set()
    # What is named by its content may be anybody's: every evaluation is looked at.
    others = {
        key
        for evaluation in ports.evaluations.find("")
        if evaluation.user_id != user_id
        for key in given_keys(evaluation)
    }
    return given & others


def _media(ports: Ports, evaluations: Iterable[Evaluation], films: set[str], uploads: set[str]) -> set[str]:
    found: set[str] = set()
    rest = set(uploads)
    for evaluation in evaluations:
        own = [key for key in given_keys(evaluation) if key in films]
        rest -= set(own)
        found.update(media_sha256s(ports, evaluation, own))
    for key in sorted(rest):
        found.update(media_sha256s(ports, None, [key]))
    return found


def _pieces(ports: Ports, media: Iterable[str]) -> Iterable[str]:
    for sha256 in media:
        for key in ports.objects.list_keys(f"media/{sha256}/"):
            yield hashlib.sha256(key.encode()).hexdigest()
            yield hashlib.sha256(ports.objects.get_bytes(key)).hexdigest()
