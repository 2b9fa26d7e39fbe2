"""The two sides of the domain's ports, and the one function that chooses.

It knows nothing of flows or of people."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bharatchef.ports import Ports
    from bharatchef.settings import Settings


def build_ports(settings: Settings) -> Ports:
    """The ports of the side that ``settings.adapters`` names.

    Raises:
        ConfigurationError: what is installed or stored does not fit these settings.
    """
    from adapters.local.building import build_local_ports

    return build_local_ports(settings)
