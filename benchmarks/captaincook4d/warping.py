"""What time warping costs: the first call of a process, an hour-long film warm, and memory.

    python -m benchmarks.captaincook4d.warping

prints one line; ``results.py`` runs it in a process of its own. tslearn imports PyTorch where it is
installed, and takes some 180 MB and seconds more for it; the laptop mode does not install it, so it is kept
out here (``--with-torch`` lets it in).
"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable
from importlib.abc import MetaPathFinder


class _WithoutTorch(MetaPathFinder):
    """Makes PyTorch as good as not installed."""

    def find_spec(self, fullname: str, *_: object) -> None:
        """Raise for PyTorch; say nothing of others."""
        if fullname.partition(".")[0] == "torch":
            raise ModuleNotFoundError(f"No module named {fullname!r}", name=fullname)


def main() -> None:
    """Measure and print."""
    if "--with-torch" not in sys.argv:
        sys.meta_path.insert(0, _WithoutTorch())
    import numpy as np

    from bharatchef.judgement import load_thresholds
    from bharatchef.judgement.warping import find_clip, time_map

    limits = load_thresholds().warping
    rng = np.random.default_rng(0)
    hour, other = (np.cumsum(rng.normal(size=(3600, 64)), axis=0) for _ in range(2))
    first = _seconds(lambda: time_map(hour[:60], other[:60], limits))
    _seconds(lambda: find_clip(hour[:60], other[:120], limits))
    warm = min(_seconds(lambda: time_map(hour, other, limits)) for _ in range(3))
    clip = min(_seconds(lambda: find_clip(hour[1000:1060], hour, limits)) for _ in range(3))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"the first call of a process {first:.1f} s (import and compilation); warm, the map of two "
        f"hour-long films (3,600 x 64) {warm:.2f} s, a one-minute clip found in an hour "
        f"{clip:.2f} s; {peak:.0f} MB at the peak"
    )


def _seconds(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
