"""What ``dishes onboard``, ``experts`` and ``confirm`` do: a film is a proposal until a person decides."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from rich.markup import escape
from rich.progress import Progress
from rich.table import Table

from adapters.local.disk import check_room
from app.console import out, print_json, progress_bars
from app.dishes import seconds_text
from app.evaluate import check_user, ending_of, read_segments_file
from app.prefect_server import prefect_server
from bharatchef.errors import BharatChefError, InputError, StoreError, was_interrupted
from bharatchef.experts import keeping
from bharatchef.experts.confirming import Standing, standing
from bharatchef.experts.profile import likeness
from bharatchef.experts.proposal import Proposal, confirmation_of, proposal_of, state_of
from bharatchef.experts.records import Confirmation, OnboardedExpert, PlateLook
from bharatchef.media.probe import probe
from bharatchef.observed import Unavailable
from bharatchef.perception.segments_file import read_segments
from bharatchef.ports import Ports
from bharatchef.pseudonyms import pseudonym, pseudonym_key
from bharatchef.settings import Settings, load_settings
from tasks.onboarding import file_dish
from tasks.runtime import film_limits, listening, ports_here


def onboard_film(
    film: Path,
    dish_id: str,
    segments: Path | None,
    fps: float | None,
    again: bool,
    as_json: bool,
    debug: bool,
) -> None:
    """Take in one expert's film and print what the dish's experts propose now.

    Raises:
        BharatChefError: the film cannot be an example; says why and what to do.
    """
    settings = load_settings()
    ports = ports_here()
    dish = ports.dishes.get(dish_id)
    data = read_segments_file(segments) if segments else None
    if segments and data is not None:
        read_segments(data, segments.name, dish, fps)
    with progress_bars() as show:
        film_key = _store_film(ports, settings, dish_id, film, show)
        segments_key = None
        if segments and data is not None:
            named = hashlib.sha256(data).hexdigest()[:16]
            segments_key = f"{film_key.rsplit('/', 1)[0]}/segments-{named}{ending_of(segments)}"
            ports.objects.put_bytes(segments_key, data, "application/octet-stream")
        request = {
            "dish_id": dish_id,
            "film_key": film_key,
            "segments_key": segments_key,
            "segments_name": segments.name if segments else None,
            "segments_fps": fps,
            "again": again,
        }
        performance_id = _run_flow(settings, request, show, debug)
    expert = keeping.expert(ports.objects, dish_id, performance_id)
    if expert is None:
        raise StoreError(f"{performance_id} was removed while it was being taken in.", "Take it in again.")
    if as_json:
        print_json(json.loads(expert.to_json()))
        return
    _print_expert(expert, "taken in")
    list_experts(dish_id, as_json=False)


def list_experts(dish_id: str, as_json: bool) -> None:
    """Print a dish's experts, what they propose, and what was confirmed by whom."""
    settings = load_settings()
    ports = ports_here()
    judged_by = ports.dishes.get(dish_id)
    experts = keeping.experts_of(ports.objects, dish_id)
    held = standing(keeping.confirmations_of(ports.objects, dish_id))
    proposal = proposal_of(file_dish(settings, dish_id), experts, held)
    if as_json:
        print_json(
            {
                "dishVersion": judged_by.version,
                "experts": [
                    {**json.loads(e.to_json()), "state": state_of(e, held), "word": _word_json(e, held)}
                    for e in experts
                ],
                "proposal": json.loads(proposal.to_json()),
            }
        )
        return
    console = out()
    console.print(f"[bold]{escape(judged_by.name)}[/bold] ({dish_id}), judged by version {judged_by.version}")
    if not experts:
        console.print("No expert's film was taken in: bharatchef dishes onboard FILM --dish " + dish_id)
    for expert in experts:
        _print_expert(expert, _state_text(expert, held))
    _print_likenesses(ports, dish_id, experts)
    _print_proposal(proposal, held)


def confirm_experts(
    dish_id: str,
    by: str,
    confirm: list[str],
    withdraw: list[str],
    edges: list[str],
    reject: list[str],
    because: str,
    as_json: bool,
) -> None:
    """Keep what a person says of a dish's proposals, and say what is judged by from now on.

    Raises:
        InputError: there is nothing of that name, or nothing was said.
    """
    check_user(by, "--by")
    settings = load_settings()
    ports = ports_here()
    dish = file_dish(settings, dish_id)
    said = confirmation_of(
        dish,
        keeping.experts_of(ports.objects, dish_id),
        standing(keeping.confirmations_of(ports.objects, dish_id)),
        by=pseudonym(by, pseudonym_key(settings)),
        at=ports.clock.now(),
        confirm=confirm,
        withdraw=withdraw,
        edges=[_pair(edge) for edge in edges],
        reject=[_pair(edge) for edge in reject],
        because=because,
    )
    keeping.put_confirmation(ports.objects, said)
    now = ports.dishes.get(dish_id)
    if as_json:
        print_json({**json.loads(said.to_json()), "dishVersion": now.version, "dishSha256": now.sha256})
        return
    out().print(f"Kept, by {said.by}. {escape(dish.name)} is judged by version {now.version} from now on.")


def _store_film(ports: Ports, settings: Settings, dish_id: str, path: Path, show: Progress) -> str:
    """The key of an expert's film, by its content; inspected first, so that a bad one leaves nothing."""
    bar = show.add_task(f"taking in {escape(path.name[:16])}", total=None)
    media = probe(path, film_limits(settings))
    key = f"{keeping.film_folder(dish_id)}{media.sha256}/front{ending_of(path) or '.mp4'}"
    if not ports.objects.exists(key):
        ports.objects.put_file(key, path, "application/octet-stream")
    show.update(bar, total=1, completed=1)
    return key


def _run_flow(settings: Settings, request: dict[str, object], show: Progress, debug: bool) -> str:
    bar = show.add_task("looking at the film", total=None)

    def listen(stage: str, done: float, total: float) -> None:
        show.update(bar, description=stage, completed=done, total=total)

    with prefect_server(settings, debug), listening(listen):
        # Prefect reads its environment when it is imported: not before the server is known.
        from flows.onboard_expert import ExpertRequest, onboard_expert

        try:
            return onboard_expert(ExpertRequest.model_validate(request))
        except BharatChefError:
            raise
        except Exception as error:
            if not was_interrupted(error):
                check_room(settings.home)
            raise


def _pair(text: str) -> tuple[str, str]:
    first, colon, then = text.partition(":")
    if not (first and colon and then):
        raise InputError(f"Expected FIRST:THEN, two steps of the dish, got {text!r}.", "For example chop:fry")
    return first, then


def _word(expert: OnboardedExpert, held: Standing) -> Confirmation | None:
    if expert.performance_id in held.experts:
        return held.experts[expert.performance_id][1]
    return held.withdrawn.get(expert.performance_id)


def _word_json(expert: OnboardedExpert, held: Standing) -> dict[str, str] | None:
    said = _word(expert, held)
    return {"by": said.by, "at": said.at.isoformat()} if said else None


def _state_text(expert: OnboardedExpert, held: Standing) -> str:
    said = _word(expert, held)
    who = f" by {said.by} on {said.at:%Y-%m-%d}" if said else ""
    return f"{state_of(expert, held)}{who}"


def _print_expert(expert: OnboardedExpert, state: str) -> None:
    console = out()
    console.print(f"[bold]{expert.performance_id}[/bold]: {escape(state)}")
    film = expert.film
    console.print(
        f"  {seconds_text(round(film.duration_s))}, {film.width_px}x{film.height_px};"
        f" steps by {escape(expert.source.name or expert.source.kind)}: {len(expert.actions)}"
    )
    if not expert.actions:
        why = expert.actions_unavailable.reason if expert.actions_unavailable else "none was recognised"
        console.print(f"  [yellow]No steps: {escape(why)}[/yellow] Give --segments to say them.")
    if isinstance(expert.heat_profile, Unavailable):
        console.print(f"  heat: {escape(expert.heat_profile.reason)}")
    elif expert.heat_profile:
        said = ", ".join(f"{h.step_id} {h.level} ({h.share:.0%})" for h in expert.heat_profile)
        console.print(f"  heat: {escape(said)}")


def _print_likenesses(ports: Ports, dish_id: str, experts: list[OnboardedExpert]) -> None:
    """How like each other the experts' plates are, for an instructor's eye: it judges nobody."""
    looks: list[tuple[str, PlateLook]] = []
    for expert in experts:
        seen = keeping.seen_of(ports.objects, dish_id, expert.performance_id)
        if seen is not None and isinstance(seen.plate_look, PlateLook):
            looks.append((expert.performance_id, seen.plate_look))
    for number, (name, look) in enumerate(looks):
        for other, its in looks[:number]:
            like = likeness(look, its)
            if like is not None:
                out().print(f"plates of {other} and {name}: cosine {like:.2f}")


def _print_proposal(proposal: Proposal, held: Standing) -> None:
    console = out()
    found = proposal.suggestion
    if found.note:
        console.print(f"[yellow]{escape(found.note[0].upper() + found.note[1:])}.[/yellow]")
    if proposal.edges:
        table = Table("first", "then", "seen", "sure", "", title="Order", title_justify="left", box=None)
        for offer in proposal.edges:
            edge = offer.edge
            said = held.edges.get((edge.after_step_id, edge.step_id))
            who = f" by {said[1].by}" if said and offer.state == "confirmed" else ""
            table.add_row(
                edge.after_step_id,
                edge.step_id,
                f"{edge.seen} of {edge.performances}",
                f"{edge.probability:.0%}",
                offer.state + who,
            )
        console.print(table)
    if found.durations:
        table = Table("step", "times", "takes", "heat", title="Steps", title_justify="left", box=None)
        heat = {offer.step_id: offer for offer in proposal.heat}
        for step_id, took in found.durations.items():
            seen = heat[step_id].seen if step_id in heat else {}
            table.add_row(
                step_id,
                "optional" if step_id in found.optional else str(found.required_counts.get(step_id, "-")),
                f"{seconds_text(round(took.min_s))} to {seconds_text(round(took.max_s))} ({took.seen} seen)",
                ", ".join(f"{level} {count}" for level, count in seen.items()),
            )
        console.print(table)
