"""Runs a host on a socket: starts, says where it listens, and ends cleanly on SIGTERM; knows no model.

After SIGTERM the socket is closed, so that new connections are refused; requests that were taken may end
within a bound, what is left then gets 503. **The process always ends**: a model call that does not come
back is in a thread that cannot be stopped, so the process leaves without it.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from types import FrameType

import uvicorn

from model_packages.serving.host import Host
from model_packages.serving.package import PackageError

# Between giving up on requests and closing their connections: time to send the last answers.
_LAST_ANSWERS_S = 2.0


@dataclass(frozen=True)
class Address:
    """Where a host listens; port 0 takes a free one."""

    host: str = "127.0.0.1"
    port: int = 8080


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, host: Host, stop_s: float, early: Sequence[int]) -> None:
        super().__init__(config)
        self._host = host
        self._stop_s = stop_s
        self._early = early
        self._loop: asyncio.AbstractEventLoop | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._loop = asyncio.get_running_loop()
        if self._early:
            self.should_exit = True

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        super().handle_exit(sig, frame)
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._begin_to_stop)

    def _begin_to_stop(self) -> None:
        if not self._host.draining:
            self._host.stop_taking()
            asyncio.get_running_loop().call_later(self._stop_s, self._host.end)


def serve(host: Host, address: Address, stop_s: float = 25.0) -> int:
    """Answer until SIGTERM or SIGINT; the exit status.

    Args:
        host: what answers.
        address: where.
        stop_s: seconds that requests have to end once a stop was asked for; SageMaker kills after 30.
    """
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    # asyncio turns Nagle's algorithm off only where the protocol is named; with it on, answers on a kept
    # connection wait 40 ms for the client's delayed acknowledgement.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((address.host, address.port))
    except OSError as error:
        listening.close()
        print(f"error: cannot listen on {address.host}:{address.port}: {error.strerror}.", file=sys.stderr)
        return 3
    # A signal may come before uvicorn listens to signals; and those that it took it raises again when it has
    # ended, when they have done their work.
    early: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, _frame: early.append(number))
    status = asyncio.run(_serve(host, listening, stop_s, early))
    if host.busy:
        # Python would wait for the model's thread for as long as it runs.
        logging.getLogger("bharatchef.host").warning("the model was still busy when the host ended")
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
    return status


async def _serve(host: Host, listening: socket.socket, stop_s: float, early: Sequence[int]) -> int:
    config = uvicorn.Config(
        host,
        lifespan="off",
        interface="asgi3",
        ws="none",
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=int(stop_s + _LAST_ANSWERS_S + 0.999),
    )
    server = _Server(config, host, stop_s, early)
    loading = asyncio.ensure_future(_load(host, server))
    name, port = listening.getsockname()[:2]
    shown = f"[{name}]" if ":" in name else name
    manifest = host.manifest
    print(f"{manifest.name} {manifest.version} on http://{shown}:{port}", flush=True)
    await server.serve(sockets=[listening])
    if loading.done():
        return loading.result()
    loading.cancel()
    return 0


async def _load(host: Host, server: uvicorn.Server) -> int:
    try:
        await host.load()
    except PackageError as error:
        print(f"error: {error.message} {error.remedy}".rstrip(), file=sys.stderr, flush=True)
        server.should_exit = True
        return 7
    print("ready", flush=True)
    return 0
