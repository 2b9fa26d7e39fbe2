"""Looking a film over: where something is not fit to be shown, the evaluation is held for a person.

Plain functions over the ports; knows nothing of Prefect. What was seen is kept beside what was cut from the
film, so that it goes when the film goes and is not paid for twice.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict

from bharatchef.errors import HeldForPerson
from bharatchef.observed import Still
from bharatchef.ports import Looked, Ports, SeenLabel

MOST_PICTURES = 12
"""Pictures of a film that are looked over, evenly spaced."""


def look_over(ports: Ports, film_sha256: str, stills: Sequence[Still]) -> Looked | None:
    """What was seen in a film, beside what the models see; ``None`` where nobody looks films over.

    Raises:
        HeldForPerson: something is to be looked at by a person first, and nobody has released the film yet.
        EndpointError: the looker does not answer.
    """
    if ports.looker is None or not stills:
        return None
    seen_key = _beside(film_sha256, "labels.json")
    if ports.objects.exists(seen_key):
        looked = _read(ports.objects.get_bytes(seen_key))
    else:
        step = max(1, -(-len(stills) // MOST_PICTURES))
        looked = ports.looker.look([(s.time_s, ports.objects.get_bytes(s.key)) for s in stills[::step]])
        ports.objects.put_bytes(seen_key, json.dumps(asdict(looked)).encode(), "application/json")
    if is_held(ports, film_sha256):
        moments = ", ".join(f"{label.name} at {label.time_s:.0f} s" for label in looked.unfit[:5])
        raise HeldForPerson(
            f"The film is held until a person has looked at it: {looked.service} saw {moments}.",
            "Nothing is held against you. Whoever runs this looks at the film, and releases or deletes it.",
        )
    return looked


def is_held(ports: Ports, film_sha256: str) -> bool:
    """Whether something unfit was seen in a film that no person has released yet."""
    seen_key = _beside(film_sha256, "labels.json")
    if not ports.objects.exists(seen_key) or ports.objects.exists(_beside(film_sha256, "released.json")):
        return False
    return bool(_read(ports.objects.get_bytes(seen_key)).unfit)


def release(ports: Ports, film_sha256: str, reviewer: str, reason: str) -> None:
    """Note that a person has looked at a film and that it may be shown; the next evaluation goes on.

    Args:
        film_sha256: which film; the same film under another key is the same film.
        reviewer: the person's pseudonym.
        reason: in their own words.
    """
    said = {"reviewer": reviewer, "reason": reason, "at": ports.clock.now().isoformat()}
    ports.objects.put_bytes(
        _beside(film_sha256, "released.json"),
        json.dumps(said, ensure_ascii=False).encode(),
        "application/json",
    )


def _beside(film_sha256: str, name: str) -> str:
    return f"media/{film_sha256}/{name}"


def _read(document: bytes) -> Looked:
    values = json.loads(document)
    return Looked(
        values["service"],
        *(
            tuple(
                SeenLabel(**{**label, "box": tuple(label["box"]) if label["box"] else None})
                for label in values[kind]
            )
            for kind in ("unfit", "scenes", "objects", "activities")
        ),
    )
