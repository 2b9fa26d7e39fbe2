"""Which model a host says that it has, checked; knows no way to a host."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from bharatchef.observed import Analyser, ModelIdentity, Unavailable

_FIELDS = ("analyser", "name", "version", "weights_sha256", "engine", "trained_on")


def identity_said(
    analyser: Analyser, said: Mapping[str, Any], who: str, check: str, own: str
) -> ModelIdentity | Unavailable:
    """The identity in what a host says of its model, where it fits and is for ``analyser``.

    Args:
        who: the host, as a sentence begins with it.
        check, own: what to look after where it does not fit, and what to give each analyser.
    """
    try:
        identity = ModelIdentity.model_validate({name: said.get(name) for name in _FIELDS})
    except ValidationError as error:
        return Unavailable(
            analyser=analyser,
            reason=f"{who} does not say which model it has ({error.error_count()} of its fields do not fit).",
            remedy=f"See that {check}.",
        )
    if identity.analyser is not analyser:
        return Unavailable(
            analyser=analyser,
            reason=f"{who} has a model for {identity.analyser.value}.",
            remedy=f"Give each analyser {own}.",
        )
    return identity
