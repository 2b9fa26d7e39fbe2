"""Which language a person is spoken to in; knows nothing of Prefect, so that commands may ask it first."""

from __future__ import annotations

from bharatchef.ports import Ports
from bharatchef.settings import Settings
from bharatchef.vocabulary import Language


def language_of(ports: Ports, settings: Settings, user_id: str) -> Language:
    """The language that a person has chosen, else the default of the settings."""
    user = ports.evaluations.user(user_id)
    return user.language if user is not None and user.language is not None else settings.language
