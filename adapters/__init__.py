"""The two sides of the domain's ports, and the one function that chooses.

It knows nothing of flows or of people."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bharatchef.ports import Ports
    from bharatchef.settings import Settings


def build_ports(settings: Settings) -> Ports:
    """The ports of the side that ``settings.ports`` names.

    Raises:
        ConfigurationError: a setting is missing, or what is installed or stored does not fit them.
    """
    from adapters.mail import with_mail

    if settings.ports == "aws":
        from adapters.aws.building import build_aws_ports

        return with_mail(settings, build_aws_ports(settings))
    from adapters.local.building import build_local_ports

    return with_mail(settings, build_local_ports(settings))
