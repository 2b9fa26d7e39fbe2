"""Whether a film is good enough to be an example for others; stricter than what a trainee's is held to."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib import resources
from typing import Annotated, Any, Literal

import yaml
from pydantic import Field, ValidationError

from bharatchef.errors import ConfigurationError, MediaError
from bharatchef.observed import MediaInfo, QualityReport
from bharatchef.vocabulary import Confidence, Record, Sha256

_Positive = Annotated[float, Field(gt=0)]


class ExpertGate(Record):
    """When an expert's film is refused; ``sha256`` is of the data file.

    ``refuse_from_share`` is of the moments in which ``media.quality`` found the fault.
    """

    version: str
    sha256: Sha256
    least_duration_s: _Positive
    least_short_side_px: Annotated[int, Field(gt=0)]
    least_fps: _Positive
    most_decode_errors_share: Confidence
    refuse_from_share: dict[Literal["too_dark", "too_bright", "blurred", "shaking", "frozen"], Confidence]
    advice: dict[Literal["too_short", "too_small", "too_few_pictures", "damaged"], str]


@cache
def expert_gate() -> ExpertGate:
    """The numbers that come with the program."""
    return read_expert_gate((resources.files("bharatchef.media") / "expert_quality.yaml").read_bytes())


def read_expert_gate(data: bytes) -> ExpertGate:
    """The numbers in the bytes of a file.

    Raises:
        ConfigurationError: it is no YAML, or a number is missing or does not fit; says which.
    """
    try:
        raw: Any = yaml.safe_load(data)
        return ExpertGate.model_validate({**raw, "sha256": hashlib.sha256(data).hexdigest()})
    except (yaml.YAMLError, TypeError) as error:
        raise ConfigurationError(f"expert_quality.yaml cannot be read: {error}.", "Restore it.") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ConfigurationError(f"expert_quality.yaml, {where}: {first['msg']}.", "Mend it.") from error


def check_expert_film(film: MediaInfo, quality: QualityReport, gate: ExpertGate) -> None:
    """Return where a film can be an example.

    Raises:
        MediaError: it cannot; names all that is wrong with what was measured, and what to do about each.
    """
    faults: list[tuple[str, str]] = []
    short_px = min(film.width_px, film.height_px)
    if film.duration_s < gate.least_duration_s:
        faults.append(
            (f"too short ({film.duration_s:.0f} s of {gate.least_duration_s:g})", gate.advice["too_short"])
        )
    if short_px < gate.least_short_side_px:
        faults.append((f"too small ({short_px} px of {gate.least_short_side_px})", gate.advice["too_small"]))
    if film.fps < gate.least_fps:
        said = f"too jerky ({film.fps:.1f} pictures a second of {gate.least_fps:g})"
        faults.append((said, gate.advice["too_few_pictures"]))
    errors = film.decode_errors / max(1, film.frames)
    if errors > gate.most_decode_errors_share:
        faults.append((f"damaged ({errors:.1%} of its pictures)", gate.advice["damaged"]))
    for issue in quality.issues:
        if issue.kind != "too_short" and issue.share >= gate.refuse_from_share[issue.kind]:
            faults.append((f"{issue.kind.replace('_', ' ')} ({issue.share:.0%} of it)", issue.advice))
    if faults:
        raise MediaError(
            f"This film cannot be an example for others: it is {', '.join(fault for fault, _ in faults)}.",
            " ".join(dict.fromkeys(advice for _, advice in faults)),
            kind="quality",
        )
