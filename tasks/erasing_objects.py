"""The places of a person's traces that lie behind the ports: records, films, results, documents, consent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from bharatchef.consent import PEOPLE
from bharatchef.erasing.documents import is_about, with_pseudonym, without_person
from bharatchef.erasing.person import Erasable, Found, Kept, Traces
from bharatchef.ports import ObjectStore, Ports
from tasks.publishing import archive_key, result_key

DOCUMENTS = ("labels/", "retraining/", "experts/", "review/", "exports/", "drift/", "notices/")
TRAIL = "trail/"
TASK_RESULTS = "prefect-results/"
_RECORDS = ("Evaluation", "ActionSequence", "Feedback")
_READABLE = (".json", ".jsonl", ".csv", ".txt")
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
class DocumentsPlace:
    """Corrected labels, lists of what models were trained with, and other documents about films.

    A label is the person's own and goes whole, as does what bears an evaluation's id or a film's hash in its
    key; of lists that are about many, the person's entries go.
    """

    objects: ObjectStore
    place: str = "labels, training manifests and other documents"

    def find(self, traces: Traces) -> Found:
        things, models = [], set()
        for key in _keys(self.objects, DOCUMENTS):
            if self._is_own(key, traces) or self._is_about(key, traces):
                things.append(key)
                if key.startswith("retraining/"):
                    models.add("/".join(key.split("/")[1:3]))
        return Found(things=tuple(things), models=tuple(sorted(models)))

    def erase(self, traces: Traces, things: Sequence[str]) -> None:
        # A label that is deleted now may have versions that are not: its key is known.
        for evaluation_id in traces.evaluations:
            for purpose in ("training", "audit"):
                self.objects.erase(f"labels/{purpose}/{evaluation_id}.json")
        for key in things:
            if self._is_own(key, traces):
                self.objects.erase(key)
            elif self.objects.exists(key):
                rest = without_person(self.objects.get_bytes(key), key, traces)
                if key.startswith("labels/") and rest is not None:
                    self.objects.erase(key)
                    continue
                if rest is not None:
                    self.objects.put_bytes(key, rest, _content_type(key))
                # Also where it was rewritten before a crash: the version before it still says all.
                self.objects.erase_earlier(key)

    def _is_own(self, key: str, traces: Traces) -> bool:
        return traces.marker()(key)

    def _is_about(self, key: str, traces: Traces) -> bool:
        return key.endswith(_READABLE) and is_about(self.objects.get_bytes(key), key, traces)


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
    """What Prefect keeps of tasks in the object store, so that a run that died goes on where it was."""

    objects: ObjectStore
    place: str = "results of tasks"

    def find(self, traces: Traces) -> Found:
        found = [
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


def _content_type(key: str) -> str:
    return "application/json" if key.endswith(".json") else "text/plain"
