"""The stages of a retraining: labels are gathered, a challenger is trained, both are measured, one is chosen.

Each stage leaves what it did in the run's record, so that a retraining that died goes on where it was.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from prefect import task
from prefect.cache_policies import NO_CACHE
from pydantic import ValidationError

from adapters.local.code_version import code_version
from adapters.local.models import local_models
from adapters.local.packing import put_package, unpacked
from adapters.local.training import CHECKPOINT, found_by_program, measured, set_aside, weights_of
from adapters.retraining import registry_of, traffic_of, trainer_of
from bharatchef.errors import ConfigurationError, InputError, StoreError
from bharatchef.observed import Analyser, Unavailable
from bharatchef.ports import ObjectStore, Ports
from bharatchef.retraining.card import comparison
from bharatchef.retraining.deciding import decision_on, lacking
from bharatchef.retraining.figures import difference, figures_of
from bharatchef.retraining.policy import Policy
from bharatchef.retraining.ports import TrainingJob
from bharatchef.retraining.records import (
    FOLDER,
    ModelVersion,
    RetrainingRecord,
    record_key,
    rollout_key,
)
from bharatchef.retraining.rolling import Rollout, begun
from bharatchef.retraining.teaching import TAUGHT
from bharatchef.settings import Settings
from tasks.retraining_folders import laid_out
from tasks.retraining_labels import Gathered, gather, policy_of
from tasks.retraining_pictures import CLASSES

_JSON = "application/json"


def analyser_of(package: str) -> Analyser:
    """What a package sees.

    Raises:
        ConfigurationError: corrections teach it nothing.
    """
    if package not in TAUGHT:
        raise ConfigurationError(
            f"Expected a package that corrected labels can teach ({', '.join(TAUGHT)}), got '{package}'.",
            "Train the others on labelled folders of their own: docs/models.md.",
        )
    return TAUGHT[package].analyser


@task(name="the champion", cache_policy=NO_CACHE, persist_result=False)
def champion_of(ports: Ports, settings: Settings, package: str) -> ModelVersion:
    """The version that answers now; where none is registered yet, the package that answers becomes the first.

    Where none answers because the program's own is below its bar, that one is learned on from all the same;
    nobody is judged by it for that.

    Raises:
        ConfigurationError: no package answers.
    """
    registry = registry_of(settings, ports.objects)
    known = [version for version in registry.versions(package) if version.champion]
    if known:
        return known[-1]
    analyser = analyser_of(package)
    found = local_models(settings).answering(analyser)
    if not isinstance(found, Unavailable):
        first = registered(ports, settings, package, found.folder, "It answered before any retraining.")
    else:
        with tempfile.TemporaryDirectory(prefix="bharatchef-") as scratch:
            folder = set_aside(settings, package, analyser, Path(scratch))
            if folder is None:
                raise ConfigurationError(
                    f"Expected a {package} package to begin with. {found.reason}", found.remedy
                )
            first = registered(ports, settings, package, folder, "It came with the program, set aside.")
    first = first.model_copy(update={"champion": True})
    registry.change(first)
    return first


def retrained(ports: Ports, settings: Settings, package: str) -> RetrainingRecord:
    """The record of a retraining, whole: stage after stage in this process.

    Raises:
        InputError: a challenger is on trial; two at once could not be told apart.
    """
    trial = running_rollout(ports.objects, package)
    if trial is not None:
        raise InputError(
            f"Version {trial.challenger_version} of {package} is being rolled out: nothing is trained now.",
            "Wait for its end, or end it: bharatchef models roll-back.",
        )
    champion = champion_of.fn(ports, settings, package)
    gathered = gather.fn(ports, settings, package, champion)
    record = begun_or_resumed(ports, settings, package, champion, gathered)
    if record.stage != "decided":
        record = train.fn(ports, settings, record, champion, gathered)
        record = measure.fn(ports, settings, record)
        record = decide.fn(ports, settings, record, champion)
    return record


def registered(ports: Ports, settings: Settings, package: str, folder: Path, why: str) -> ModelVersion:
    """Register the package in ``folder``, approved, under the next version."""
    registry = registry_of(settings, ports.objects)
    sha256 = weights_of(folder)
    key = f"{FOLDER}/{package}/{sha256[:16]}/model.tar.gz"
    put_package(ports.objects, folder, key)
    return registry.register(
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
        counted_in=policy.of(package).counted_in,
        code_version=code_version(),
        policy_version=policy.version,
        policy_sha256=policy.sha256,
        data=gathered.data,
        champion_version=champion.version,
        champion_sha256=champion.weights_sha256,
    )
    rules = policy.of(package)
    short = lacking(rules, gathered.data)
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
    if not (folder / "champion").exists():
        unpacked(ports.objects, champion.archive_key, folder / "champion")
    start = laid_out(ports.objects, record, champion, gathered, folder)
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
    old, new = (measured(record.package, folder / name, folder / "test") for name in ("champion", "out"))
    before, after = figures_of(old), figures_of(new)
    apart = difference(old, new, interval)
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
    for path, kind in (
        (folder / "train.log", "text/plain"),
        (folder / "labelled" / CLASSES, "text/plain"),
        (folder / "work" / CHECKPOINT, "application/octet-stream"),
    ):
        if path.exists():
            ports.objects.put_file(f"{key}{path.name}", path, kind)
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


def _run_id(now: datetime, data_sha256: str) -> str:
    return f"{now:%Y%m%dt%H%M%S}-{data_sha256[:8]}"
