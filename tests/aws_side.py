"""The AWS side of the ports on an emulator, as the contract tests take a side."""

from __future__ import annotations

from dataclasses import replace

from contract_sides import HeldClock, Side
from servers.on_aws import Stack

from adapters.aws.building import build_aws_ports
from bharatchef.ports import Ports


def aws(installed: Stack) -> Side:
    """The AWS side of one installation, with a clock that stands still."""
    clock = HeldClock()
    told: list[dict[str, object]] = []

    def reopen() -> Ports:
        return replace(build_aws_ports(installed.settings, clock), clock=clock)

    def all_told() -> list[dict[str, object]]:
        told.extend(installed.told())
        return list(told)

    return Side(reopen(), clock, reopen, all_told)
