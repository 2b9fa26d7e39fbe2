"""What every stage shares: the ports of this process, how far it has come, and the wish to stop.

Stages run in threads of one process, so progress and the wish to stop are the process's own. Knows
nothing of Prefect.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache

from adapters import build_ports
from bharatchef.errors import BharatChefError
from bharatchef.media.limits import Limits
from bharatchef.ports import Ports
from bharatchef.settings import Settings, load_settings

Listener = Callable[[str, float, float], None]
"""Called with a stage's name, how much is done, and how much there is in all, in one unit."""

_listeners: list[Listener] = []
_stop = threading.Event()


class Stopped(BharatChefError):
    """The work was stopped from outside before it was finished."""

    exit_code = 130


@lru_cache(maxsize=4)
def _ports(_settings_json: str) -> Ports:
    # Keys are masked in that JSON, so what it was made of is loaded once more.
    return build_ports(load_settings())


def ports_here() -> Ports:
    """The ports that this process's settings name; built once."""
    return _ports(load_settings().model_dump_json())


def film_limits(settings: Settings) -> Limits:
    """The bounds on an upload that the settings name."""
    return Limits(max_duration_s=settings.max_film_s, max_bytes=settings.max_film_bytes)


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Tell ``listener`` of all progress made while the context lasts."""
    _listeners.append(listener)
    try:
        yield
    finally:
        _listeners.remove(listener)


def report_progress(stage: str, done: float, total: float) -> None:
    """Say how far a stage has come.

    Raises:
        Stopped: the process was asked to stop; a stage that reports often therefore ends soon.
    """
    check_stop()
    for listener in tuple(_listeners):
        listener(stage, done, total)


def stop_all_stages() -> None:
    """Ask every stage of this process to end at its next report."""
    _stop.set()


def check_stop() -> None:
    """Return where work may go on.

    Raises:
        Stopped: the process was asked to stop.
    """
    if _stop.is_set():
        raise Stopped("It was stopped before it was finished.")


def stopping() -> bool:
    """Whether the stages of this process were asked to stop."""
    return _stop.is_set()


def allow_stages() -> None:
    """Take back an earlier wish to stop, at the start of a flow."""
    _stop.clear()
