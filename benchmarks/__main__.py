"""Every figure that README and docs name, one program after another: ``python -m benchmarks``.

What needs the real recordings beside the checkout says so where they are not there.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Sequence

PROGRAMS = (
    ("How soon the command answers; the demo's evaluation", ["-m", "benchmarks.command"]),
    ("Films: decoding, proxies, memory", ["benchmarks/media/measure.py"]),
    ("Drawing films", ["-m", "benchmarks.kitchen_sim"]),
    ("Steps out of simulated model outputs", ["benchmarks/perception/run.py"]),
    ("What a model host costs over the call in process", ["-m", "benchmarks.models.host"]),
    ("TorchServe beside that host", ["-m", "benchmarks.models.torchserve"]),
    ("Things in view, on drawn kitchens", ["-m", "model_packages.yolov8.evaluate"]),
    ("The finished plate, on drawn kitchens", ["-m", "model_packages.resnet.evaluate"]),
    ("The flame, on drawn kitchens", ["-m", "model_packages.flame.evaluate"]),
    ("Steps by example", ["-m", "benchmarks.models.by_example", "--dishes", "2"]),
    ("From film to deviations", ["-m", "benchmarks.models.whole_way", "--films", "12"]),
    ("Judging real cooking", ["-m", "benchmarks.captaincook4d"]),
    ("Real pictures and films", ["-m", "benchmarks.models.real_media"]),
    ("What a film costs, against the least and the plain way", ["-m", "benchmarks.models.speed"]),
    ("Tips, searched in four languages", ["-m", "benchmarks.retrieval"]),
    ("The rules coach against labels", ["-m", "benchmarks.coaching"]),
    ("From an upload to its flow's start", ["-m", "benchmarks.trigger"]),
    ("A retraining, whole", ["-m", "benchmarks.retraining"]),
    ("What AWS costs", ["-m", "infra.costs"]),
    ("What the verifier catches and refuses", ["-m", "benchmarks.coaching.verifier"]),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run all of them; the exit status is the number that failed."""
    titles = "\n".join(f"  {title}: python {' '.join(words)}" for title, words in PROGRAMS)
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=f"{(__doc__ or '').splitlines()[0]}\n\n{titles}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.parse_args(arguments)
    failed = 0
    for title, words in PROGRAMS:
        print(f"\n== {title} ==", flush=True)
        failed += subprocess.run([sys.executable, *words], check=False).returncode != 0
    return failed


if __name__ == "__main__":
    sys.exit(main())
