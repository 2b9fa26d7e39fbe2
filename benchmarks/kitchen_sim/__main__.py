"""How fast films are drawn: frames a second at 640x360, and the demonstration film from script to file.

    python -m benchmarks.kitchen_sim [--frames 600] [--demo] [--json]

The bar is 30 frames a second at 640x360 on 2 cores, encoding included. Wall time counts what else the
machine does; CPU seconds less so: both are printed.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import tempfile
import time
from importlib import resources
from pathlib import Path

from kitchen_sim.film import draw_film
from kitchen_sim.scene import Scene
from kitchen_sim.script import Script, read_script
from kitchen_sim.styles import style_groups

BAR_FPS = 30.0


def demo_script() -> Script:
    """The demonstration script."""
    with resources.as_file(
        resources.files("kitchen_sim").joinpath("scripts", "masala-chai-demo.yaml")
    ) as path:
        return read_script(path)


def drawing(script: Script, frames: int) -> dict[str, float]:
    """Frames a second of drawing alone, ``frames`` spread evenly over the film."""
    scene = Scene(script)
    scene.frame(0.0)
    step = max(1, script.frames // frames)
    numbers = range(0, script.frames, step)
    wall, cpu = time.perf_counter(), time.process_time()
    for number in numbers:
        scene.frame(script.time_of(number))
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return {"fps": len(numbers) / wall, "cpuSecondsPerFrame": cpu / len(numbers)}


def whole_film(script: Script) -> dict[str, float]:
    """Wall and CPU seconds from script to film, truth and segments."""
    with tempfile.TemporaryDirectory() as folder:
        wall, cpu = time.perf_counter(), time.process_time()
        done = draw_film(script, Path(folder) / "film.mp4")
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        size = done.film.stat().st_size
    return {
        "frames": script.frames,
        "wallSeconds": wall,
        "cpuSeconds": cpu,
        "fps": script.frames / wall,
        "megabitsPerSecond": size * 8e-6 / script.duration_s,
    }


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.kitchen_sim", description=__doc__)
    parser.add_argument("--frames", type=int, default=300, help="frames drawn in each style group")
    parser.add_argument("--demo", action="store_true", help="the whole demonstration film too")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    script = demo_script()
    small = script.model_copy(update={"width_px": 640, "height_px": 360})
    groups = {
        group: drawing(small.model_copy(update={"style_group": group, "seed": 100 + k}), given.frames)
        for k, group in enumerate(style_groups())
    }
    steps = tuple(s for s in small.steps if s.end_s <= 30)
    short = small.model_copy(update={"duration_s": 30.0, "steps": steps, "mistakes": ()})
    result: dict[str, object] = {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}",
        "drawing640x360": groups,
        "film640x360": whole_film(short),
    }
    if given.demo:
        result["demo1280x720"] = whole_film(script)
    if given.json:
        print(json.dumps(result, indent=1))
        return 0
    print(f"machine: {result['machine']}")
    for group, row in groups.items():
        cpu_ms = 1000 * row["cpuSecondsPerFrame"]
        print(f"drawing 640x360  {group:14} {row['fps']:6.1f} fps  {cpu_ms:5.1f} CPU-ms a frame")
    for name in ("film640x360", "demo1280x720"):
        film = result.get(name)
        if isinstance(film, dict):
            print(
                f"{name:16} {film['frames']} frames in {film['wallSeconds']:.1f} s wall, "
                f"{film['cpuSeconds']:.1f} s CPU: {film['fps']:.1f} fps, "
                f"{film['megabitsPerSecond']:.2f} Mbit/s"
            )
    slowest = min(row["fps"] for row in groups.values())
    verdict = "holds" if slowest >= BAR_FPS else "missed"
    print(f"slowest group {slowest:.1f} fps, bar {BAR_FPS:.0f}: {verdict}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
