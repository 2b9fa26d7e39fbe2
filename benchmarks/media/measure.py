"""Measures in one run what films cost: CPU-seconds against the ffmpeg command line, memory for 30 minutes.

Each side runs as a process of its own with one thread a stage; CPU-seconds are user plus system time of
that process, interpreter start and imports included. The two sides take turns, and medians are compared.

    python benchmarks/media/measure.py            prints the figures, writes RESULTS.md beside this file
    python benchmarks/media/measure.py --quick    a tenth of the film, one turn: whether it runs at all
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bharatchef.media.recipe import proxy_recipe

HERE = Path(__file__).resolve().parent
BAR_DECODE, BAR_PROXIES, BAR_MEMORY_MB = 1.15, 1.10, 600
FFMPEG = ["ffmpeg", "-nostdin", "-loglevel", "error", "-y"]
# A phone's film: 1080p at 30 pictures a second, 12 Mbit/s, moving and grainy.
NOISY = "testsrc2=size=1920x1080:rate=30,noise=alls=12:allf=t"


@dataclass(frozen=True)
class Cost:
    """What one process took."""

    cpu_s: float
    wall_s: float
    peak_mb: float


def cost_of(command: Sequence[str]) -> Cost:
    """Run ``command`` to its end and tell what it took; it must succeed."""
    start = time.monotonic()
    process = subprocess.Popen(command)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{command[0]} ended with {process.returncode}: {' '.join(command)}")
    return Cost(used.ru_utime + used.ru_stime, time.monotonic() - start, used.ru_maxrss / 1000)


# --- the sides ------------------------------------------------------------------------------------


def ours(task: str, film: Path) -> list[str]:
    """This program again, doing one task in a process of its own."""
    return [sys.executable, str(Path(__file__).resolve()), "--task", task, "--film", str(film)]


def ffmpeg_null(film: Path) -> list[str]:
    """ffmpeg decoding the pictures of a film to nowhere."""
    return [*FFMPEG, "-threads", "1", "-i", str(film), "-map", "0:v", "-f", "null", "-"]


def ffmpeg_proxies(film: Path, folder: Path) -> list[str]:
    """ffmpeg making the same two files out of one decode, with the same scaler, preset and rates."""
    recipe = proxy_recipe()
    actions, objects = recipe.actions, recipe.objects
    graph = (
        f"[0:v]split[a][b];[a]fps={actions.fps},scale=-2:{actions.short_side_px}:flags=area[x];"
        f"[b]fps={objects.fps:g},scale={objects.long_side_px}:-2:flags=area[y]"
    )
    command = [*FFMPEG, "-threads", "1", "-filter_complex_threads", "1", "-i", str(film)]
    command += ["-filter_complex", graph]
    for label, rule, name in (("[x]", actions, "actions.mp4"), ("[y]", objects, "objects.mp4")):
        rate = ["-maxrate", f"{rule.max_kbit_per_s}k", "-bufsize", f"{2 * rule.max_kbit_per_s}k"]
        command += ["-map", label, "-c:v", "libx264", "-preset", "superfast", "-crf", str(rule.crf), *rate]
        command += ["-g", str(rule.keyframe_every), "-bf", "0", "-threads", "1", str(folder / name)]
    return command


def do_task(task: str, film: Path) -> None:
    """One of our tasks, in this process."""
    if task == "pixels":
        decode_to_pixels(film)
    else:
        make_proxies(film)


def decode_to_pixels(film_path: Path) -> None:
    """Decode once; the pictures of both proxies end as arrays."""
    from fractions import Fraction

    from bharatchef.media.limits import Limits, Watch
    from bharatchef.media.prepare import luma_of
    from bharatchef.media.probe import PacketCounter, picture_of
    from bharatchef.media.proxies import Scaler, fitted
    from bharatchef.media.source import open_film

    recipe = proxy_recipe()
    limits = Limits()
    counts = [0, 0]
    streams: list[tuple[int, Fraction, Scaler]] = []
    due = [Fraction(0), Fraction(0)]
    with open_film(film_path, limits, Watch(3600, 10**10), threads=1) as film:
        for packet in PacketCounter(film).packets():
            for frame in packet.decode():
                if not streams:
                    shape = picture_of(film, frame, limits)
                    width, height = shape.width_px, shape.height_px
                    small = fitted(width, height, short_side_px=recipe.actions.short_side_px)
                    large = fitted(width, height, long_side_px=recipe.objects.long_side_px)
                    streams = [
                        (0, Fraction(recipe.actions.fps), Scaler(shape, small)),
                        (1, Fraction(recipe.objects.fps), Scaler(shape, large)),
                    ]
                moment = frame.pts * frame.time_base
                for number, fps, scaler in streams:
                    if moment >= due[number]:
                        due[number] = (int(moment * fps) + 1) / fps
                        counts[number] += luma_of(scaler.scaled(frame)).shape[0] > 0
    assert min(counts) > 0


def make_proxies(film: Path) -> None:
    """Everything that ``prepare`` makes, stills and quality gate included, written into a folder."""
    from bharatchef.media.prepare import prepare
    from bharatchef.media.probe import probe

    class Folder:
        def __init__(self, root: Path) -> None:
            self.root = root

        def put_bytes(self, key: str, data: bytes, content_type: str) -> None:  # noqa: ARG002
            path = self.root / key
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)

        def delete(self, key: str) -> None:
            (self.root / key).unlink(missing_ok=True)

    with tempfile.TemporaryDirectory() as root:
        prepared = prepare(film, probe(film), Folder(Path(root)), threads=1)
    assert prepared.media.decode_errors == 0
    assert all(chunk.size_bytes < 4_000_000 for chunk in (*prepared.action_chunks, *prepared.object_chunks))


# --- the report -----------------------------------------------------------------------------------


def in_turns(
    mine: Callable[[], list[str]], theirs: Callable[[], list[str]], turns: int
) -> tuple[list[Cost], list[Cost]]:
    """The costs of both sides, run alternately."""
    pairs = [(cost_of(mine()), cost_of(theirs())) for _ in range(turns)]
    return [a for a, _ in pairs], [b for _, b in pairs]


def line(name: str, mine: list[Cost], theirs: list[Cost], bar: float) -> tuple[str, bool]:
    """One row of the table, and whether the bar holds."""
    ours_s, theirs_s = (statistics.median(c.cpu_s for c in side) for side in (mine, theirs))
    ratio = statistics.median(a.cpu_s / b.cpu_s for a, b in zip(mine, theirs, strict=True))
    spread = sorted(a.cpu_s / b.cpu_s for a, b in zip(mine, theirs, strict=True))
    row = (
        f"| {name} | {ours_s:.1f} | {theirs_s:.1f} | {ratio:.3f} | {spread[0]:.3f}-{spread[-1]:.3f} |"
        f" <= {bar:.2f} | {'yes' if ratio <= bar else 'NO'} |"
    )
    return row, ratio <= bar


def drawn_film(path: Path, source: str, seconds: float, bitrate: str) -> Path:
    """A drawn H.264 film."""
    encode = ["-c:v", "libx264", "-preset", "veryfast", "-b:v", bitrate, "-pix_fmt", "yuv420p"]
    cost_of([*FFMPEG, "-f", "lavfi", "-i", source, "-t", f"{seconds:g}", *encode, str(path)])
    return path


def repeated(film: Path, path: Path, times: int) -> Path:
    """The film ``times`` over in one file, without encoding it again."""
    cost_of([*FFMPEG, "-stream_loop", str(times - 1), "-i", str(film), "-c", "copy", str(path)])
    return path


def measure(seconds: float, turns: int, minutes: float) -> tuple[str, bool]:
    """The report as Markdown, and whether all bars hold."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        film = drawn_film(folder / "film.mp4", NOISY, seconds, "12M")
        made = folder / "made"
        made.mkdir()
        decode = in_turns(lambda: ours("pixels", film), lambda: ffmpeg_null(film), turns)
        proxies = in_turns(lambda: ours("proxies", film), lambda: ffmpeg_proxies(film, made), turns)
        minute = drawn_film(folder / "minute.mp4", "testsrc2=size=1920x1080:rate=30", 60, "2M")
        long = repeated(minute, folder / "long.mp4", round(minutes))
        short_cost, long_cost = cost_of(ours("proxies", minute)), cost_of(ours("proxies", long))
    rows = [line("decode once to both pixel streams / `ffmpeg -f null`", *decode, BAR_DECODE)]
    rows.append(line("proxies, stills and quality gate / ffmpeg making both files", *proxies, BAR_PROXIES))
    holds = all(ok for _, ok in rows) and long_cost.peak_mb < BAR_MEMORY_MB
    ffmpeg = subprocess.run(
        ["ffmpeg", "-version"], capture_output=True, text=True, check=True
    ).stdout.split()[2]
    import av

    text = f"""# What films cost

Written by `python benchmarks/media/measure.py` on {datetime.now(UTC):%Y-%m-%d}; {os.cpu_count()} CPUs
({platform.machine()}), PyAV {av.__version__} with FFmpeg {av.ffmpeg_version_info}, against ffmpeg {ffmpeg}.
Film: {seconds:g} s of drawn, grainy 1080p at 30 pictures a second, H.264 at 12 Mbit/s. One thread a
stage on both sides, each in a process of its own, {turns} turns taken alternately. CPU-seconds are
medians of user + system time, interpreter start and imports included; the ratio is the median of the
ratios of neighbouring runs.

| ours / theirs | ours, CPU-s | theirs, CPU-s | ratio | range | bar | holds |
|---|---|---|---|---|---|---|
{rows[0][0]}
{rows[1][0]}

In the second row ours also inspects and hashes the file, writes a JPEG every 2 s and runs the quality
gate; the ffmpeg command makes the two proxies alone.

| film, 1080p | peak memory, MB | CPU-s |
|---|---|---|
| 1 minute | {short_cost.peak_mb:.0f} | {short_cost.cpu_s:.1f} |
| {round(minutes)} minutes | {long_cost.peak_mb:.0f} (bar: < {BAR_MEMORY_MB}) | {long_cost.cpu_s:.1f} |
"""
    return text, holds


def main() -> int:
    """Print the figures, write RESULTS.md, and end with 1 where a bar does not hold."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    arguments.add_argument("--seconds", type=float, default=60)
    arguments.add_argument("--turns", type=int, default=3)
    arguments.add_argument("--minutes", type=float, default=30)
    arguments.add_argument("--quick", action="store_true")
    arguments.add_argument("--task", choices=["pixels", "proxies"], help=argparse.SUPPRESS)
    arguments.add_argument("--film", type=Path, help=argparse.SUPPRESS)
    given = arguments.parse_args()
    if given.task:
        do_task(given.task, given.film)
        return 0
    if given.quick:
        print(measure(given.seconds / 10, 1, 1)[0])
        return 0
    text, holds = measure(given.seconds, given.turns, given.minutes)
    print(text)
    (HERE / "RESULTS.md").write_text(text, encoding="utf-8")
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
