"""What is done about one expert's film beside asking models: is it known, what is kept, what it proposes.

Plain functions over the ports; knows nothing of Prefect.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bharatchef import __version__
from bharatchef.errors import EndpointError, InputError
from bharatchef.experts import keeping
from bharatchef.experts.confirming import standing
from bharatchef.experts.gate import ExpertGate
from bharatchef.experts.profile import heat_profile
from bharatchef.experts.proposal import Proposal, proposal_of
from bharatchef.experts.records import ExpertSeen, OnboardedExpert, performance_id_of
from bharatchef.observed import Analyser, MediaInfo, ModelIdentity, Performance, Prepared, Unavailable
from bharatchef.perception.analysers import Seen
from bharatchef.perception.given import SegmentsGiven
from bharatchef.perception.performance import perception_version
from bharatchef.perception.plate import NO_PLATE_IN_VIEW
from bharatchef.perception.segments_file import read_segments
from bharatchef.ports import Ports
from bharatchef.records import Dish
from bharatchef.settings import Settings
from knowledge_base.library import BUILT_IN_DISHES, DishLibrary


@dataclass(frozen=True)
class ExpertWork:
    """An expert's film before it is looked at: which dish, what a person said, what is known already."""

    dish: Dish
    performance_id: str
    given: SegmentsGiven | None
    before: OnboardedExpert | None
    seen: ExpertSeen | None

    @property
    def is_done(self) -> bool:
        """Whether the same film with the same segments was taken in before."""
        said = self.given.sha256 if self.given else None
        return self.before is not None and self.seen is not None and self.before.segments_sha256 == said


def expert_work(
    ports: Ports,
    dish_id: str,
    media: MediaInfo,
    film_key: str,
    segments_key: str | None,
    segments_name: str | None,
    segments_fps: float | None,
) -> ExpertWork:
    """What there is to do about a film whose facts are ``media``.

    Raises:
        KnowledgeError: there is no such dish.
        InputError: the segments cannot be read, or another film was taken in from the same key.
    """
    dish = ports.dishes.get(dish_id)
    given = None
    if segments_key is not None:
        data = ports.objects.get_bytes(segments_key)
        given = read_segments(data, segments_name or segments_key, dish, segments_fps)
    performance_id = performance_id_of(media.sha256)
    for other in keeping.experts_of(ports.objects, dish_id):
        if other.film_key == film_key and other.performance_id != performance_id:
            # Its moments are shown and compared by this key: they must stay those that were looked at.
            raise InputError(
                f"Another film of {dish_id} was taken in from the same place, as {other.performance_id}.",
                "Lay this one under a name of its own; an expert's film is never replaced.",
            )
    return ExpertWork(
        dish,
        performance_id,
        given,
        keeping.expert(ports.objects, dish_id, performance_id),
        keeping.seen_of(ports.objects, dish_id, performance_id),
    )


def models_to_ask(ports: Ports, seen: ExpertSeen | None) -> dict[Analyser, ModelIdentity | Unavailable]:
    """The models of the analysers that were never asked about a film."""
    asked = seen.asked if seen else ()
    return {analyser: ports.models.identify(analyser) for analyser in Analyser if analyser not in asked}


def can_be_asked_now(models: Mapping[Analyser, ModelIdentity | Unavailable]) -> bool:
    """Whether any of the analysers that could not be asked has a model now."""
    return any(isinstance(model, ModelIdentity) for model in models.values())


def asked_so_far(
    before: ExpertSeen | None, models: Mapping[Analyser, ModelIdentity | Unavailable]
) -> tuple[Analyser, ...]:
    """The analysers that have answered, with those whose models answered now."""
    now = {analyser for analyser, model in models.items() if isinstance(model, ModelIdentity)}
    return tuple(
        analyser for analyser in Analyser if analyser in now or (before and analyser in before.asked)
    )


def check_answered(
    models: Mapping[Analyser, ModelIdentity | Unavailable], answered: Mapping[Analyser, Seen]
) -> None:
    """Return where every model that is there has answered: an example is kept whole or not at all.

    Raises:
        EndpointError: one has not; run again, what was answered is not asked again.
    """
    for analyser, found in answered.items():
        failed = isinstance(models[analyser], ModelIdentity) and isinstance(found, Unavailable)
        if failed and found.reason != NO_PLATE_IN_VIEW:
            raise EndpointError(
                f"The film cannot be taken in yet: {found.reason}", found.remedy, retryable=True
            )


def keep_expert(
    ports: Ports,
    work: ExpertWork,
    film_key: str,
    prepared: Prepared,
    performance: Performance,
    seen: ExpertSeen,
    gate: ExpertGate,
) -> OnboardedExpert:
    """Keep what was made of a film. Its answers go first: they cost money, and all else follows from them."""
    keeping.put_seen(ports.objects, work.dish.dish_id, work.performance_id, seen)
    version, sha256 = perception_version()
    found = OnboardedExpert(
        performance_id=work.performance_id,
        dish_id=work.dish.dish_id,
        dish_version=work.dish.version,
        film_key=film_key,
        film=prepared.media,
        quality_issues=prepared.quality.issues,
        gate_version=gate.version,
        gate_sha256=gate.sha256,
        source=performance.source,
        segments_sha256=work.given.sha256 if work.given else None,
        actions=tuple(segment for segment in performance.segments if segment.step_id is not None),
        actions_unavailable=performance.segments_unavailable,
        heat_profile=heat_profile(performance.segments, performance.heat),
        code_version=__version__,
        perception_version=version,
        perception_sha256=sha256,
        onboarded_at=work.before.onboarded_at if work.before else ports.clock.now(),
    )
    keeping.put_expert(ports.objects, found)
    return found


def propose(ports: Ports, settings: Settings, dish_id: str) -> Proposal:
    """What all experts of a dish propose now, kept for whoever shows it."""
    made = proposal_of(
        file_dish(settings, dish_id),
        keeping.experts_of(ports.objects, dish_id),
        standing(keeping.confirmations_of(ports.objects, dish_id)),
    )
    keeping.put_proposal(ports.objects, dish_id, made)
    return made


def file_dish(settings: Settings, dish_id: str) -> Dish:
    """The dish as its file says, with nothing laid over it."""
    return DishLibrary((BUILT_IN_DISHES, settings.dishes_dir)).get(dish_id)
