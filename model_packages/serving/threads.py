"""Sets how many threads the numeric libraries of a package use; knows no package."""

from __future__ import annotations

import os
import sys

# Read by the libraries when they are loaded, so set before a package's code runs.
THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "BHARATCHEF_THREADS")


def usable_cores() -> int:
    """The processor cores that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def set_thread_variables(threads: int) -> None:
    """Tell libraries that are loaded from now on to use ``threads`` threads."""
    os.environ.update(dict.fromkeys(THREAD_VARIABLES, str(threads)))


def set_loaded_libraries(threads: int) -> None:
    """Set the same for what is loaded already; call it in the thread that runs the model.

    PyTorch keeps its count by thread, and some libraries change it while they are imported.
    """
    torch, cv2 = sys.modules.get("torch"), sys.modules.get("cv2")
    if torch is not None:
        torch.set_num_threads(threads)
    if cv2 is not None:
        cv2.setNumThreads(threads)
