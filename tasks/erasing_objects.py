"""The places of a person's traces that lie behind the ports: records, films, results, documents, consent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from pydantic import ValidationError

from bharatchef.consent import PEOPLE
from bharatchef.erasing.documents import with_pseudonym, without_person
from bharatchef.erasing.person import Erasable, Found, Kept, Traces
from bharatchef.ports import ObjectStore, Ports
from bharatchef.retraining.records import FOLDER, RetrainingRecord
from bharatchef.review.labels import LABEL_STILLS, LABELS, CorrectedLabels, Purpose, labels_key
from tasks.publishing import archive_key, result_key

DOCUMENTS = ("retraining/", "experts/", "review/", "exports/", "drift/", "notices/")
TRAIL = "trail/"
TASK_RESULTS = "prefect-results/"
BATCHES = "batch/"
_RECORDS = ("Evaluation", "ActionSequence", "Feedback")
_READABLE = (".json", ".jsonl", ".csv", ".log")
_PURPOSES: tuple[Purpose, ...] = ("training", "audit")
_USER = "user"


@dataclass(frozen=True)
class RecordsPlace:
    """Users, Evaluations, ActionSequences and Feedback; Dishes name nobody."""

    ports: Ports
    place: str = "records in the tables"

    def find(self, traces: Traces) -> Found:
        store = self.ports.evaluations
        user = (_USER,) if store.user(traces.user_id) else ()
        return Found(things=(*user, *(e.evaluation_id for e in store.history(traces.user_id))))

    def erase(self, traces: Traces, things: Sequence[str]) -> None:
        for evaluation_id in sorted({*traces.evaluations, *things} - {_USER}):
            self.ports.evaluations.delete(evaluation_id)
        self.ports.evaluations.delete_user(traces.user_id)


@dataclass(frozen=True)
class ObjectsPlace:
    """Films, what was cut from them, segments, and results, with every version of each."""

    objects: ObjectStore
    place: str = "films, proxies, stills, segments and results"

    def find(self, traces: Traces) -> Found:
        things = sorted({key for prefix in _prefixes(traces) for key in _under(self.objects, prefix)})
        kept = [key for key in traces.shared if self.objects.exists(key)]
        why = "somebody else's evaluation is made of the same file"
        return Found(
            things=tuple(things),
            kept=(Kept(what="films and segments", count=len(kept), why=why),) if kept else (),
        )

    def erase(self, traces: Traces, things: Sequence[str]) -> None:
        # By prefix and not by what was listed: what is deleted now may have versions that are not.
        for prefix in _prefixes(traces):
            self.objects.erase(prefix)
        for key in set(things) - set(traces.shared):
            self.objects.erase(key)


@dataclass(frozen=True)
class LabelsPlace:
    """Corrected labels of the person's films; those of other people's that the person corrected stay."""

    objects: ObjectStore
    place: str = "corrected labels"

    def find(self, traces: Traces) -> Found:
        labels = list(_all_labels(self.objects))
        own = [one for one in labels if _is_of(one, traces)]
        of_others = sum(one.corrected_by == traces.person for one in labels) - sum(
            one.corrected_by == traces.person for one in own
        )
        why = "what others cooked is theirs; who corrected it is named by pseudonym"
        return Found(
            things=tuple(labels_key(one.purpose, one.evaluation_id) for one in own),
            kept=(Kept(what="labels of other people's films", count=of_others, why=why),)
            if of_others
            else (),
        )

    def erase(self, traces: Traces, things: Sequence[str]) -> None:
        # One that is deleted now may have versions that are not: its key is known.
        known = {
            labels_key(purpose, evaluation_id)
            for evaluation_id in traces.evaluations
            for purpose in _PURPOSES
        }
        for key in known | set(things):
            self.objects.erase(key)


@dataclass(frozen=True)
class DocumentsPlace:
    """What was written of trainings and other documents about films: the person's entries go.

    What bears an evaluation's id or a film's hash in its key goes whole.
    """

    objects: ObjectStore
    place: str = "training manifests and other documents"

    def find(self, traces: Traces) -> Found:
        things = [
            key
            for key in _keys(self.objects, DOCUMENTS)
            if self._is_own(key, traces) or self._rest(key, traces)
        ]
        named = {"/".join(key.split("/")[1:3]) for key in things if key.count("/") > 2 and _is_training(key)}
        return Found(things=tuple(things), models=tuple(sorted(named | set(self._learned(traces)))))

    def erase(self, traces: Traces, things: Sequence[str]) -> None:
        for key in things:
            if self._is_own(key, traces):
                self.objects.erase(key)
            elif self.objects.exists(key):
                rest = self._rest(key, traces)
                if rest is not None:
                    self.objects.put_bytes(
                        key, rest, "application/json" if key.endswith(".json") else "text/plain"
                    )
                # Also where it was rewritten before a crash: the version before it still says all.
                self.objects.erase_earlier(key)

    def _is_own(self, key: str, traces: Traces) -> bool:
        return traces.marker(by_pseudonym=True)(key)

    def _rest(self, key: str, traces: Traces) -> bytes | None:
        if not key.endswith(_READABLE):
            return None
        return without_person(self.objects.get_bytes(key), key, traces, by_pseudonym=_is_training(key))

    def _learned(self, traces: Traces) -> Iterator[str]:
        """Trainings that could learn from the person's labels; a record counts films and names none."""
        corrected = [
            kept.corrected_at
            for kept in _all_labels(self.objects)
            if kept.purpose == "training" and _is_of(kept, traces)
        ]
        if not corrected:
            return
        for key in self.objects.list_keys(f"{FOLDER}/"):
            if key.endswith("/record.json"):
                try:
                    record = RetrainingRecord.model_validate_json(self.objects.get_bytes(key))
                except ValidationError:
                    continue  # an older release's, which named its films
                until = record.data.labels_until
                if record.challenger_sha256 is not None and until is not None and min(corrected) <= until:
                    yield f"{record.package}/{record.run_id}"


@dataclass(frozen=True)
class TrailPlace:
    """The trail of reviews: its entries stay under the pseudonym; a name in one of them goes."""

    objects: ObjectStore
    place: str = "names in the trail of reviews"

    def find(self, traces: Traces) -> Found:
        keys = [
            key
            for evaluation_id in traces.evaluations
            for key in self.objects.list_keys(f"{TRAIL}{evaluation_id}/")
        ]
        named = [key for key in keys if with_pseudonym(self.objects.get_bytes(key), traces) is not None]
        kept = Kept(
            what="entries in the trail of reviews",
            count=max(1, len(keys)),
            why="what was decided and why has to stay provable; they name the person by pseudonym",
        )
        return Found(things=tuple(named), kept=(kept,) if keys else ())

    def erase(self, traces: Traces, things: Sequence[str]) -> None:
        for key in things:
            if not self.objects.exists(key):
                continue
            renamed = with_pseudonym(self.objects.get_bytes(key), traces)
            if renamed is not None:
                self.objects.put_bytes(key, renamed, "application/json")
            self.objects.erase_earlier(key)


@dataclass(frozen=True)
class ConsentPlace:
    """What the person agreed to."""

    objects: ObjectStore
    place: str = "consent"

    def find(self, traces: Traces) -> Found:
        return Found(things=tuple(self.objects.list_keys(f"{PEOPLE}{traces.user_id}/")))

    def erase(self, traces: Traces, things: Sequence[str]) -> None:  # noqa: ARG002 - all of it goes
        self.objects.erase(f"{PEOPLE}{traces.user_id}/")


@dataclass(frozen=True)
class TaskResultsPlace:
    """What Prefect keeps of tasks in the object store, so that a run that died goes on where it was.

    Also what a batch transform job leaves behind whose run was killed.
    """

    objects: ObjectStore
    place: str = "results of tasks"

    def find(self, traces: Traces) -> Found:
        found = [key for key in self.objects.list_keys(BATCHES) if names_one_of(key, traces)]
        found += [
            key
            for key in self.objects.list_keys(TASK_RESULTS)
            if names_one_of(key, traces)
            or ("/inspect-" in key and tells_of(self.objects.get_bytes(key), traces))
        ]
        return Found(things=tuple(found))

    def erase(self, traces: Traces, things: Sequence[str]) -> None:  # noqa: ARG002 - what was found
        for key in things:
            self.objects.erase(key)


def names_one_of(name: str, traces: Traces) -> bool:
    """Whether the name under which a task's result is kept is made of one of the person's films."""
    return any(sha256 in name for sha256 in (*traces.media, *traces.pieces))


def tells_of(data: bytes, traces: Traces) -> bool:
    """Whether a task's result is about one of the person's films or evaluations."""
    marks = (*traces.media, *traces.keys, *traces.evaluations)
    return any(mark.encode() in data for mark in marks) or traces.named_in(data.decode(errors="replace"))


def places_of_ports(ports: Ports) -> list[Erasable]:
    """All places behind the ports; records first, so that whoever is at work on a film stops."""
    objects = ports.objects
    return [
        RecordsPlace(ports),
        ObjectsPlace(objects),
        DocumentsPlace(objects),
        LabelsPlace(objects),
        TrailPlace(objects),
        ConsentPlace(objects),
        TaskResultsPlace(objects),
    ]


def _prefixes(traces: Traces) -> Iterator[str]:
    for evaluation_id in traces.evaluations:
        yield result_key(evaluation_id)
        for kind in _RECORDS:
            yield f"records/{kind}/{evaluation_id}/"
    for sha256 in traces.media:
        yield f"media/{sha256}/"
        yield f"{LABEL_STILLS}{sha256}/"
    for key in traces.keys:
        yield key
        yield archive_key(key)
    yield f"trainee/{traces.user_id}/"
    yield archive_key(f"trainee/{traces.user_id}/")


def _under(objects: ObjectStore, prefix: str) -> Iterable[str]:
    if prefix.endswith("/"):
        return objects.list_keys(prefix)
    return [prefix] if objects.exists(prefix) else []


def _keys(objects: ObjectStore, prefixes: Iterable[str]) -> Iterator[str]:
    for prefix in prefixes:
        yield from objects.list_keys(prefix)


def _all_labels(objects: ObjectStore) -> Iterator[CorrectedLabels]:
    for key in objects.list_keys(LABELS):
        try:
            yield CorrectedLabels.model_validate_json(objects.get_bytes(key))
        except ValidationError:
            continue  # nobody can train with it; what is known by its evaluation's id goes all the same


def _is_training(key: str) -> bool:
    return key.startswith(f"{FOLDER}/")


def _is_of(labels: CorrectedLabels, traces: Traces) -> bool:
    return (
        labels.person == traces.person
        or labels.evaluation_id in traces.evaluations
        or labels.media_sha256 in traces.media
        or labels.video_s3_key in traces.keys
    )
