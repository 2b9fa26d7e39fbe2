"""``prefect`` with one fault of it mended: ``python -m flows.deploy --no-prompt deploy --all``.

Prefect 3.8.8 asks for a pool's workers with ``limit: null``; with FastAPI 0.150 and later its server refuses
that, so that ``prefect deploy`` fails after the first deployment, which it has made. Here the two numbers are
said. Goes away with a Prefect whose client leaves out what it does not ask for.
"""

from __future__ import annotations

import runpy
from typing import Any

_MOST_WORKERS = 200


def say_limits() -> None:
    """Let Prefect's client say how many workers it asks for, where nobody said."""
    from prefect.client.orchestration._work_pools.client import WorkPoolAsyncClient

    ask = WorkPoolAsyncClient.read_workers_for_work_pool

    async def read_workers_for_work_pool(
        self: WorkPoolAsyncClient,
        work_pool_name: str,
        worker_filter: Any = None,
        offset: int | None = None,
        limit: int | None = None,
    ) -> Any:
        return await ask(self, work_pool_name, worker_filter, offset or 0, limit or _MOST_WORKERS)

    WorkPoolAsyncClient.read_workers_for_work_pool = read_workers_for_work_pool


if __name__ == "__main__":
    say_limits()
    runpy.run_module("prefect", run_name="__main__", alter_sys=False)
