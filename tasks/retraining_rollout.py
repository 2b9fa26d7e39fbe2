"""A roll-out goes on: what was counted is judged by the policy; the traffic follows what is written."""

from __future__ import annotations

from prefect import task
from prefect.cache_policies import NO_CACHE

from adapters.retraining import registry_of, traffic_of
from bharatchef.errors import InputError
from bharatchef.observed import Analyser
from bharatchef.ports import Ports
from bharatchef.retraining.ports import Registry
from bharatchef.retraining.records import ModelVersion, rollout_key
from bharatchef.retraining.rolling import Health, Rollout, ended, moved
from bharatchef.settings import Settings
from tasks.retraining_drift import seen_since
from tasks.retraining_labels import policy_of


@task(name="move the share", cache_policy=NO_CACHE, persist_result=False)
def move_on(ports: Ports, settings: Settings, package: str) -> tuple[Rollout | None, str]:
    """The roll-out as it stands now, and in words why.

    **What is written down goes before the traffic**: a flow that dies in between is put right by the next,
    which sets the traffic to what is written whether or not anything changed.
    """
    rollout = read_rollout(ports, package)
    if rollout is None:
        return None, "Nothing is being rolled out."
    traffic = traffic_of(settings, ports.objects)
    champion, challenger = (
        traffic.health(rollout.analyser, variant, rollout.since) for variant in ("champion", "challenger")
    )
    champion, challenger = (
        _with_confidence(ports, settings, rollout, health, number)
        for health, number in (
            (champion, rollout.champion_version),
            (challenger, rollout.challenger_version),
        )
    )
    before = rollout
    rollout, why = moved(policy_of(settings).rollout, rollout, champion, challenger, ports.clock.now())
    if rollout != before:
        keep(ports, rollout)
    _follow(ports, settings, rollout, why)
    return rollout, why


def taken_back(ports: Ports, settings: Settings, package: str, why: str) -> Rollout:
    """End the roll-out of a package by a person's word; all goes to the champion.

    Raises:
        InputError: none is running.
    """
    rollout = read_rollout(ports, package)
    if rollout is None or rollout.status != "running":
        raise InputError(
            f"Expected a running roll-out of {package}, found none.",
            "`bharatchef models champion` names the versions; promote an earlier one with --version.",
        )
    rollout = ended(rollout, why, ports.clock.now())
    keep(ports, rollout)
    _follow(ports, settings, rollout, why)
    return rollout


def crowned(ports: Ports, settings: Settings, package: str, number: int, why: str) -> ModelVersion:
    """Make an earlier or pending version the champion by a person's word.

    Raises:
        InputError: there is no such version, or a roll-out is running.
    """
    rollout = read_rollout(ports, package)
    if rollout is not None and rollout.status == "running":
        raise InputError(
            f"Version {rollout.challenger_version} is being rolled out.", "End it first: models roll-back."
        )
    registry = registry_of(settings, ports.objects)
    version = _version(registry, package, number)
    version = version.model_copy(update={"status": "approved", "champion": True, "why": why})
    traffic_of(settings, ports.objects).settle(version)
    registry.change(version)
    return version


def read_rollout(ports: Ports, package: str) -> Rollout | None:
    key = rollout_key(package)
    return Rollout.model_validate_json(ports.objects.get_bytes(key)) if ports.objects.exists(key) else None


def keep(ports: Ports, rollout: Rollout) -> None:
    body = rollout.to_json(indent=1).encode()
    ports.objects.put_bytes(rollout_key(rollout.package), body, "application/json")


def _with_confidence(
    ports: Ports, settings: Settings, rollout: Rollout, health: Health, number: int
) -> Health:
    """The health with the mean confidence of published results, where the traffic itself counts none."""
    if health.confidence is not None:
        return health
    version = _version(registry_of(settings, ports.objects), rollout.package, number)
    analyser = Analyser(rollout.analyser)
    found = seen_since(ports.objects, rollout.since, version.weights_sha256, analyser)
    seen = [film.confidence for film in found]
    return health.model_copy(update={"confidence": sum(seen) / len(seen)}) if seen else health


def _follow(ports: Ports, settings: Settings, rollout: Rollout, why: str) -> None:
    """Bring traffic and registry to what the roll-out says; done twice, it does nothing more."""
    registry, traffic = registry_of(settings, ports.objects), traffic_of(settings, ports.objects)
    challenger = _version(registry, rollout.package, rollout.challenger_version)
    if rollout.status == "running":
        traffic.split(rollout.analyser, rollout.percent)
    elif rollout.status == "rolled_back":
        traffic.split(rollout.analyser, 0)
        if challenger.status != "rejected":
            registry.change(challenger.model_copy(update={"status": "rejected", "why": why}))
    elif not challenger.champion and challenger.status == "approved" and _is_last(registry, challenger):
        traffic.settle(challenger)
        registry.change(challenger.model_copy(update={"champion": True}))


def _is_last(registry: Registry, version: ModelVersion) -> bool:
    """Whether no champion came after it: a finished roll-out must not undo what a person chose since."""
    newer = (one for one in registry.versions(version.package) if one.champion)
    return all(one.version < version.version for one in newer)


def _version(registry: Registry, package: str, number: int) -> ModelVersion:
    for version in registry.versions(package):
        if version.version == number:
            return version
    known = ", ".join(str(version.version) for version in registry.versions(package)) or "none"
    raise InputError(
        f"Expected a version of {package} ({known}), got {number}.", "See bharatchef models champion."
    )
