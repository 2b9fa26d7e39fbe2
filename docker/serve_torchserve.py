"""The entry of the TorchServe image: packs the model that SageMaker put there, and lets its calls in.

TorchServe itself listens on the loopback address alone, as everywhere; this passes port 8080 on to it and
nothing else. For containers with network isolation, where nobody but SageMaker reaches that port.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import tempfile
import threading
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

from model_packages.serving.mar import mar
from model_packages.serving.torchserve import torchserve


async def _passed_on(port: int, target: int, stop: asyncio.Event, address: str) -> None:
    async def pump(source: asyncio.StreamReader, to: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await source.read(1 << 16):
                to.write(data)
                await to.drain()
        to.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", target)
        except OSError:
            writer.close()
            return
        await asyncio.gather(pump(reader, far_writer), pump(far_reader, writer))

    server = await asyncio.start_server(serve, address, port)
    async with server:
        print(f"ready on port {server.sockets[0].getsockname()[1]}", flush=True)
        await stop.wait()


def main() -> int:
    """Serve until SIGTERM; 1 where TorchServe ended by itself."""
    folder = Path(os.environ.get("SM_MODEL_DIR", "/opt/ml/model"))
    port = int(os.environ.get("SAGEMAKER_BIND_TO_PORT", "8080"))
    address = os.environ.get("BIND_ADDRESS", "0.0.0.0")
    stopped = threading.Event()
    with tempfile.TemporaryDirectory(prefix="mar-") as made:
        archive = Path(made, "model.mar")
        mar(folder, archive)
        signal.signal(signal.SIGTERM, lambda *_: stopped.set())
        with torchserve(archive, 0, stopping=stopped.is_set) as running:
            if stopped.is_set():
                return 0

            async def until_stopped() -> int:
                stop = asyncio.Event()

                async def watch() -> None:
                    while not stopped.is_set() and not running.ended:
                        await asyncio.sleep(0.5)
                    stop.set()

                watching = asyncio.create_task(watch())
                await _passed_on(port, int(urlsplit(running.url).port or 0), stop, address)
                await watching
                return 0 if stopped.is_set() else 1

            return asyncio.run(until_stopped())


if __name__ == "__main__":
    sys.exit(main())
