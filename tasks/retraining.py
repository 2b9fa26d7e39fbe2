"""The stages of a retraining: labels are gathered, a challenger is trained, both are measured, one is chosen.

Each stage leaves what it did in the run's record, so that a retraining that died goes on where it was.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from prefect import task
from prefect.cache_policies import NO_CACHE
from pydantic import ValidationError

from adapters.local.models import local_models
from adapters.local.packing import put_package, unpacked
from adapters.local.training import found_by_program, measured, weights_of
from adapters.retraining import registry_of, traffic_of, trainer_of
from bharatchef import __version__
from bharatchef.errors import ConfigurationError, InputError, StoreError
from bharatchef.observed import Analyser, Unavailable
from bharatchef.ports import ObjectStore, Ports
from bharatchef.retraining.card import comparison
from bharatchef.retraining.deciding import decision_on, lacking
from bharatchef.retraining.figures import Measured, difference, figures_of
from bharatchef.retraining.parting import Parting, groups_of, on_side, parted
from bharatchef.retraining.policy import Policy, read_policy
from bharatchef.retraining.ports import TrainingJob
from bharatchef.retraining.records import (
    FOLDER,
    Data,
    ModelVersion,
    RetrainingRecord,
    parting_key,
    record_key,
    rollout_key,
)
from bharatchef.retraining.rolling import Rollout, begun
from bharatchef.review.labels import CorrectedLabels, training_labels
from bharatchef.settings import Settings

ANALYSERS = {"slowfast": Analyser.ACTIONS}
_JSON = "application/json"


@dataclass(frozen=True)
class Gathered:
    """What a retraining has: corrected films by side, the group of each, and the same counted."""

    training: tuple[CorrectedLabels, ...]
    test: tuple[CorrectedLabels, ...]
    groups: dict[str, str]
    data: Data


def policy_of(settings: Settings) -> Policy:
    return read_policy(settings.retraining_policy)


def analyser_of(package: str) -> Analyser:
    """What a package sees.

    Raises:
        ConfigurationError: corrections teach it nothing.
    """
    if package not in ANALYSERS:
        raise ConfigurationError(
            f"Expected a package that corrected labels can teach ({', '.join(ANALYSERS)}), got '{package}'.",
            "Train the others on labelled folders of their own: docs/models.md.",
        )
    return ANALYSERS[package]


@task(name="the champion", cache_policy=NO_CACHE, persist_result=False)
def champion_of(ports: Ports, settings: Settings, package: str) -> ModelVersion:
    """The version that answers now; where none is registered yet, the package that answers becomes the first.

    Raises:
        ConfigurationError: no package answers.
    """
    registry = registry_of(settings, ports.objects)
    known = [version for version in registry.versions(package) if version.champion]
    if known:
        return known[-1]
    analyser = analyser_of(package)
    found = local_models(settings).answering(analyser)
    if isinstance(found, Unavailable):
        raise ConfigurationError(f"Expected a {package} package to begin with. {found.reason}", found.remedy)
    return new_champion(ports, settings, package, found.folder, "It answered before any retraining.")


def new_champion(ports: Ports, settings: Settings, package: str, folder: Path, why: str) -> ModelVersion:
    """Register the package in ``folder`` and make it the champion."""
    registry = registry_of(settings, ports.objects)
    sha256 = weights_of(folder)
    key = f"{FOLDER}/{package}/{sha256[:16]}/model.tar.gz"
    put_package(ports.objects, folder, key)
    version = registry.register(
        ModelVersion(
            package=package,
            version=1,
            analyser=analyser_of(package).value,
            status="approved",
            weights_sha256=sha256,
            archive_key=key,
            registered_at=ports.clock.now(),
            why=why,
        )
    )
    version = version.model_copy(update={"champion": True})
    registry.change(version)
    return version


@task(name="gather labels", cache_policy=NO_CACHE, persist_result=False)
def gather(ports: Ports, settings: Settings, package: str, champion: ModelVersion) -> Gathered:
    """Corrected films, parted by person and kitchen; who is new is put on a side for good.

    Audit's labels are not read here at all.
    """
    objects, rules = ports.objects, policy_of(settings).of(package)
    labels = _newest_of_each_film(training_labels(objects))
    there = [one for one in labels if one.segments and one.video_s3_key and objects.exists(one.video_s3_key)]
    key = parting_key(package)
    before = Parting.model_validate_json(objects.get_bytes(key)) if objects.exists(key) else Parting()
    parting = parted(there, before, rules.test_share)
    if parting != before:
        objects.put_bytes(key, parting.to_json(indent=1).encode(), _JSON)
    sides = on_side(there, parting, "training"), on_side(there, parting, "test")
    groups = {one.evaluation_id: group for one, group in zip(there, groups_of(there), strict=True)}
    since = champion.labels_until
    fresh = [one for one in labels if since is None or one.corrected_at > since]
    return Gathered(
        *sides,
        groups,
        Data(
            sha256=_hash_of(sides),
            new_labels=sum(len(one.segments) for one in fresh),
            labels=sum(len(one.segments) for one in labels),
            training_films=len(sides[0]),
            training_groups=len({groups[one.evaluation_id] for one in sides[0]}),
            test_films=len(sides[1]),
            test_groups=len({groups[one.evaluation_id] for one in sides[1]}),
            left_out=len(labels) - len(sides[0]) - len(sides[1]),
            labels_until=max((one.corrected_at for one in labels), default=None),
        ),
    )


def begun_or_resumed(
    ports: Ports, settings: Settings, package: str, champion: ModelVersion, gathered: Gathered
) -> RetrainingRecord:
    """The record of a retraining that died with the same data and champion, or of a new one.

    One whose data or champion has changed since is closed: what it would compare no longer stands.
    """
    policy = policy_of(settings)
    for record in records(ports.objects, package):
        if record.stage in ("decided", "abandoned"):
            continue
        same = (record.data.sha256, record.champion_sha256, record.policy_sha256) == (
            gathered.data.sha256,
            champion.weights_sha256,
            policy.sha256,
        )
        if same:
            return record
        kept(
            ports.objects,
            record.model_copy(
                update={
                    "stage": "abandoned",
                    "ended_at": ports.clock.now(),
                    "note": "Labels, champion or policy changed before it ended.",
                }
            ),
        )
        shutil.rmtree(folder_of(settings, record), ignore_errors=True)
    now = ports.clock.now()
    record = RetrainingRecord(
        run_id=_run_id(now, gathered.data.sha256),
        package=package,
        stage="gathered",
        began_at=now,
        code_version=__version__,
        policy_version=policy.version,
        policy_sha256=policy.sha256,
        data=gathered.data,
        champion_version=champion.version,
        champion_sha256=champion.weights_sha256,
    )
    rules = policy.of(package)
    data = gathered.data
    short = lacking(rules, data.new_labels, data.training_groups, data.test_groups)
    if short is not None:
        record = record.model_copy(update={"stage": "decided", "ended_at": now, "decision": short})
    kept(ports.objects, record)
    return record


@task(name="train the challenger", cache_policy=NO_CACHE, persist_result=False)
def train(
    ports: Ports, settings: Settings, record: RetrainingRecord, champion: ModelVersion, gathered: Gathered
) -> RetrainingRecord:
    """Train a challenger on the training side; ended anywhere, the same call goes on.

    Raises:
        EndpointError: the training failed.
        StoreError: a film could not be read.
    """
    folder = folder_of(settings, record)
    for name, films in (("labelled", gathered.training), ("test", gathered.test)):
        _labelled_folder(ports.objects, films, gathered.groups, folder / name)
    start = folder / "champion"
    if not start.exists():
        unpacked(ports.objects, champion.archive_key, start)
    rules = policy_of(settings).of(record.package)
    job = TrainingJob(
        package=record.package,
        run_id=record.run_id,
        folder=folder,
        labelled=folder / "labelled",
        start=start if rules.start_from_champion else None,
        recipe=rules.recipe,
        tries=rules.tries,
    )
    trained = trainer_of(settings, ports.objects).train(job)
    found_by_program(trained.folder)
    return kept(
        ports.objects,
        record.model_copy(
            update={
                "stage": "trained",
                "challenger_sha256": weights_of(trained.folder),
                "training_seconds": trained.seconds,
                "training_tries": trained.tries,
                "trained_where": trained.where,
            }
        ),
    )


@task(name="measure both", cache_policy=NO_CACHE, persist_result=False)
def measure(ports: Ports, settings: Settings, record: RetrainingRecord) -> RetrainingRecord:
    """Measure champion and challenger on the same frozen films, through the files that are served.

    Raises:
        EndpointError: one of them does not answer.
    """
    folder = folder_of(settings, record)
    rules, interval = policy_of(settings).of(record.package), policy_of(settings).interval
    told: list[Measured] = []
    for place in (folder / "champion", folder / "out"):
        told.append(measured(record.package, place, folder / "test"))
    before, after = (figures_of(one) for one in told)
    apart = difference(*told, interval)
    return kept(
        ports.objects,
        record.model_copy(
            update={
                "stage": "measured",
                "champion": before,
                "challenger": after,
                "difference": apart,
                "decision": decision_on(rules, before, after, apart),
            }
        ),
    )


@task(name="decide", cache_policy=NO_CACHE, persist_result=False)
def decide(
    ports: Ports, settings: Settings, record: RetrainingRecord, champion: ModelVersion
) -> RetrainingRecord:
    """Register the challenger as pending, then approve it and begin its roll-out, or reject it."""
    assert record.decision is not None
    assert record.challenger_sha256 is not None
    folder, package = folder_of(settings, record), record.package
    registry, policy = registry_of(settings, ports.objects), policy_of(settings)
    card = folder / "out" / "MODEL_CARD.md"
    words = comparison(record)
    own = card.read_text("utf-8") if card.exists() else f"# {package}\n"
    card.write_text(own.split("\n## Beside the champion\n")[0].rstrip() + "\n\n" + words, "utf-8")
    key = record_key(package, record.run_id).replace("record.json", "")
    ports.objects.put_file(f"{key}MODEL_CARD.md", card, "text/markdown")
    put_package(ports.objects, folder / "out", f"{key}model.tar.gz")
    version = registry.register(
        ModelVersion(
            package=package,
            version=1,
            analyser=analyser_of(package).value,
            status="pending",
            weights_sha256=record.challenger_sha256,
            archive_key=f"{key}model.tar.gz",
            run_id=record.run_id,
            labels_until=record.data.labels_until,
            figures=record.challenger,
            registered_at=ports.clock.now(),
        )
    )
    promoted = record.decision.outcome == "promoted"
    why = " ".join(record.decision.reasons)
    version = version.model_copy(update={"status": "approved" if promoted else "rejected", "why": why})
    registry.change(version)
    # The champion's figures on the same test are what drift is told by until it is replaced.
    registry.change(champion.model_copy(update={"figures": record.champion}))
    if promoted:
        begin_rollout(ports, settings, policy, champion, version)
    done = kept(
        ports.objects,
        record.model_copy(
            update={
                "stage": "decided",
                "ended_at": ports.clock.now(),
                "challenger_version": version.version,
            }
        ),
    )
    # People's films do not stay behind; what is kept of them is in the object store, under its own rules.
    shutil.rmtree(folder, ignore_errors=True)
    return done


def begin_rollout(
    ports: Ports, settings: Settings, policy: Policy, champion: ModelVersion, challenger: ModelVersion
) -> Rollout:
    """Give the challenger the first share of the evaluations."""
    traffic = traffic_of(settings, ports.objects)
    rollout = begun(
        policy.rollout,
        challenger.package,
        challenger.analyser,
        (champion.version, challenger.version),
        challenger.weights_sha256,
        ports.clock.now(),
    )
    traffic.deploy(champion, challenger)
    traffic.split(challenger.analyser, rollout.percent)
    ports.objects.put_bytes(rollout_key(challenger.package), rollout.to_json(indent=1).encode(), _JSON)
    return rollout


def running_rollout(objects: ObjectStore, package: str) -> Rollout | None:
    """The roll-out of a package that is not at its end."""
    key = rollout_key(package)
    if not objects.exists(key):
        return None
    rollout = Rollout.model_validate_json(objects.get_bytes(key))
    return rollout if rollout.status == "running" else None


def records(objects: ObjectStore, package: str) -> Sequence[RetrainingRecord]:
    """All retrainings of a package, oldest first.

    Raises:
        StoreError: one cannot be read.
    """
    found = []
    for key in objects.list_keys(f"{FOLDER}/{package}/"):
        if key.endswith("/record.json"):
            try:
                found.append(RetrainingRecord.model_validate_json(objects.get_bytes(key)))
            except ValidationError as error:
                raise StoreError(
                    f"The record of a retraining cannot be read ({key}): {error.errors()[0]['msg']}.",
                    "Bring the file back from a backup, or remove it.",
                ) from error
    return sorted(found, key=lambda record: record.began_at)


def kept(objects: ObjectStore, record: RetrainingRecord) -> RetrainingRecord:
    """``record``, once it is stored."""
    key = record_key(record.package, record.run_id)
    objects.put_bytes(key, record.to_json(indent=1).encode(), _JSON)
    return record


def folder_of(settings: Settings, record: RetrainingRecord) -> Path:
    """Where a retraining works on this machine; removed when it is decided."""
    return settings.home / FOLDER / record.package / record.run_id


def _labelled_folder(
    objects: ObjectStore, films: Sequence[CorrectedLabels], groups: dict[str, str], folder: Path
) -> None:
    """Films with their segments beside them, a folder for each group, as train.py takes them."""
    for one in films:
        assert one.video_s3_key is not None
        place = folder / groups[one.evaluation_id]
        place.mkdir(parents=True, exist_ok=True)
        film = place / f"{one.evaluation_id}{Path(one.video_s3_key).suffix.lower() or '.mp4'}"
        segments = [
            {"startTime": s.start_s, "endTime": s.end_s, "actionType": s.action_type}
            for s in one.segments
            if s.end_s > s.start_s
        ]
        film.with_suffix(".segments.json").write_text(
            json.dumps({"format": "bharatchef-segments", "segments": segments}), "utf-8"
        )
        if film.exists():
            continue
        part = film.with_suffix(".part")
        with objects.as_file(one.video_s3_key) as source:
            shutil.copyfile(source, part)
        with part.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        if sha256 != one.media_sha256:
            part.unlink()
            raise InputError(
                f"Expected the film that {one.evaluation_id} was corrected on, got another under its key.",
                "Import the correction again, or remove it.",
            )
        part.rename(film)


def _newest_of_each_film(labels: Sequence[CorrectedLabels]) -> list[CorrectedLabels]:
    """One correction a film: two of one film would count it twice."""
    newest: dict[str | None, CorrectedLabels] = {}
    for one in sorted(labels, key=lambda one: one.corrected_at):
        if one.media_sha256 is not None:
            newest[one.media_sha256] = one
    return sorted(newest.values(), key=lambda one: one.evaluation_id)


def _hash_of(sides: tuple[Sequence[CorrectedLabels], Sequence[CorrectedLabels]]) -> str:
    rows = [
        [number, one.evaluation_id, one.media_sha256, one.person, one.kitchen]
        + [[s.start_s, s.end_s, s.action_type] for s in one.segments]
        for number, side in enumerate(sides)
        for one in side
    ]
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()


def _run_id(now: datetime, data_sha256: str) -> str:
    return f"{now:%Y%m%dt%H%M%S}-{data_sha256[:8]}"
