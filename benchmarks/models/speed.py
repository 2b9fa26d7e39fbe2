"""What a 10-minute film costs, in one run: the whole evaluation, the least that it could be, the plain way.

    python -m benchmarks.models.speed [--minutes 10] [--plain-minutes 0.5] [--work FOLDER] [--bf16]

A film of 1280x720 at 10 Mbit/s is made (a drawn kitchen, repeated, with grain). Looked at are: actions by the
published SlowFast R50 8x8, a clip of 256x256 px every 2 s (**its weights are random: nothing that it says
means anything**), things by the YOLOv8n that comes with the program, once a second, the flame twice a second,
and the plate. SlowFast is in INT8 with ranges taken from the drawn film; ``--bf16``: as it is served without
films to take ranges from. A shorter film (``--minutes 2``) pays for the start of each program as a long one
does, so its ratios are worse.

- whole: `bharatchef evaluate`, with Prefect, proxies, records and report; each stage's seconds beside it.
- least: one decode to both pixel streams in memory, and the same engine calls on them; its decoder leaves
  out the same pictures as the evaluation's.
- plain: ultralytics' predict, and SlowFast in PyTorch float32 with a decode a clip, at the same sampling;
  over ``--plain-minutes`` of the film, times as many as there are.

Each is a process of its own. Processor seconds are user and system time of it and of all that it started.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CLIP_FRAMES, CLIP_EVERY_S, CLIP_FPS, CLIP_PX = 32, 2.0, 15, 256
_SMALL, _LARGE = (456, 256), (640, 360)
_BATCH = 8
WALL_BAR_S, LEAST_BAR, PLAIN_BAR = 110, 1.25, 0.2
_DRAWN_S = 20


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--plain-minutes", type=float, default=0.5)
    parser.add_argument("--work", type=Path, help="where the film and the package are kept")
    parser.add_argument("--bf16", action="store_true", help="SlowFast is not quantised")
    parser.add_argument("--task", choices=("least", "plain"), help=argparse.SUPPRESS)
    parser.add_argument("--film", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--models", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.task == "least":
        return least(given.film, given.models)
    if given.task == "plain":
        return plain(given.film, given.plain_minutes * 60)
    with tempfile.TemporaryDirectory() as folder:
        work = given.work or Path(folder)
        work.mkdir(parents=True, exist_ok=True)
        measured(work, given.minutes, given.plain_minutes, int8=not given.bf16)
    return None


def measured(work: Path, minutes: float, plain_minutes: float, *, int8: bool = True) -> None:
    """Make what is needed, run the three ways, print the figures against the bars."""
    film = film_in(work, minutes)
    models = models_in(work, int8=int8)
    plain_minutes = min(plain_minutes, minutes)
    myself = [sys.executable, "-m", "benchmarks.models.speed", "--film", str(film), "--models", str(models)]
    size = f"{film.stat().st_size * 8 / minutes / 60e6:.1f} Mbit/s"
    print(
        f"film: {minutes:g} min of 1280x720, {size}; {os.cpu_count()} cores; {_slowfast(models)}", flush=True
    )
    with tempfile.TemporaryDirectory() as home:
        shutil.copytree(models, Path(home, "models"))
        words = ["evaluate", str(film), "--dish", "masala-chai", "--json", "--force"]
        whole = cost([sys.executable, "-m", "app", *words], {"BHARATCHEF_HOME": home})
    print(f"whole evaluation: {whole.words}; {_stages(whole.said)}", flush=True)
    least = cost([*myself, "--task", "least"])
    print(f"least: {least.words}", flush=True)
    plain = cost([*myself, "--task", "plain", "--plain-minutes", str(plain_minutes)])
    times = minutes / plain_minutes
    print(f"plain, {plain_minutes:g} min: {plain.words}; times {times:g}: {plain.cpu_s * times:.0f}")
    bar = WALL_BAR_S * minutes / 10
    print(f"wall {whole.wall_s:.1f} s, bound {bar:g} s (10 minutes: {WALL_BAR_S} s)")
    print(f"whole / least: {whole.cpu_s / least.cpu_s:.2f}, bound {LEAST_BAR}")
    print(f"whole / plain: {whole.cpu_s / (plain.cpu_s * times):.3f}, bound {PLAIN_BAR}")


@dataclass(frozen=True)
class Cost:
    """Wall and processor seconds of a command and all that it started, and what it printed."""

    wall_s: float
    cpu_s: float
    said: str

    @property
    def words(self) -> str:
        return f"{self.wall_s:.1f} s, {self.cpu_s:.1f} processor-seconds"


def cost(command: list[str], environment: dict[str, str] | None = None) -> Cost:
    """What a command takes; it must end well."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(
        command, env={**os.environ, **(environment or {})}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr[-2000:]}")
    wall_s = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(wall_s, used, done.stdout)


def _stages(said: str) -> str:
    """Each stage's wall seconds, as the evaluation itself tells them."""
    stages = json.loads(said)["stages"]
    return ", ".join(
        f"{stage['stage']} {stage['wallSeconds']:.1f} s" for stage in stages if stage["wallSeconds"] >= 0.5
    )


def _slowfast(models: Path) -> str:
    told = json.loads((models / "slowfast-r50" / "model.json").read_text("utf-8"))
    return f"SlowFast R50 8x8, {CLIP_PX}x{CLIP_PX} px: {told['engine']}"


# --- what is measured on --------------------------------------------------------------------------


def film_in(work: Path, minutes: float) -> Path:
    """The film, made where it is not there."""
    path = work / f"film-{minutes:g}.mp4"
    if path.exists():
        return path
    drawn = drawn_in(work)
    part = path.with_suffix(".part.mp4")
    command = ["ffmpeg", "-nostdin", "-loglevel", "error", "-y", "-stream_loop", "-1", "-i", str(drawn)]
    command += ["-vf", "scale=1280:720,noise=alls=10:allf=t,fps=30", "-t", str(minutes * 60), "-an"]
    command += ["-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", "-b:v", "10M"]
    command += ["-minrate", "10M", "-maxrate", "10M", "-bufsize", "10M", "-g", "60", str(part)]
    subprocess.run(command, check=True)
    part.replace(path)
    return path


def drawn_in(work: Path) -> Path:
    """A short drawn film, made where it is not there."""
    path = work / "drawn.mp4"
    if path.exists():
        return path
    from kitchen_sim.film import draw_film
    from kitchen_sim.script import read_script

    script = read_script(Path(__file__).resolve().parents[2] / "kitchen_sim/scripts/masala-chai-correct.yaml")
    steps = tuple(step for step in script.steps if step.end_s <= _DRAWN_S)
    draw_film(script.model_copy(update={"steps": steps, "duration_s": float(_DRAWN_S)}), path)
    return path


def models_in(work: Path, *, int8: bool) -> Path:
    """A models folder with the published network (random weights) and the flame package."""
    folder = work / ("models-int8" if int8 else "models-bf16")
    if (folder / "slowfast-r50" / "model.json").exists():
        return folder
    import torch

    from model_packages.slowfast.checkpoint import package_from_checkpoint
    from model_packages.slowfast.network import R50_8X8, SlowFast

    torch.manual_seed(0)
    flame = Path(__file__).resolve().parents[2] / "model_packages" / "flame"
    shutil.copytree(
        flame, folder / "flame", ignore=shutil.ignore_patterns("__pycache__", "tests"), dirs_exist_ok=True
    )
    set_aside = folder / "flame" / "model.below-bar.json"
    if set_aside.exists():
        set_aside.replace(folder / "flame" / "model.json")
    with tempfile.TemporaryDirectory() as scratch:
        torch.save({"model_state": SlowFast(R50_8X8).state_dict()}, Path(scratch, "r50.pyth"))
        package_from_checkpoint(
            Path(scratch, "r50.pyth"),
            folder / "slowfast-r50",
            trained_on="nothing: random weights, for timing",
            films=[drawn_in(work)] if int8 else [],
            # What random weights say is not worth agreeing with.
            least_agreement=0.0,
        )
    return folder


# --- the least ------------------------------------------------------------------------------------


def least(film: Path, models: Path) -> None:
    """One decode to both pixel streams in memory, and every engine call that the evaluation makes."""
    import av

    from bharatchef.media.recipe import proxy_recipe
    from bharatchef.media.sparing import Sparing

    engines = _Engines(models)
    small: list[Any] = []
    large: list[Any] = []
    times: list[float] = []
    next_small = next_large = 0.0
    with av.open(str(film)) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        sparing = Sparing(stream, proxy_recipe())
        first_pts: int | None = None
        for packet in container.demux(stream):
            sparing.tell(packet, first_pts)
            for frame in packet.decode():
                sparing.left_out(frame.pts)
                first_pts = frame.pts if first_pts is None else first_pts
                at_s = float(frame.time)
                if at_s >= next_small - 1e-3:
                    next_small += 1 / CLIP_FPS
                    picture = frame.reformat(width=_SMALL[0], height=_SMALL[1], format="rgb24").to_ndarray()
                    left = (_SMALL[0] - CLIP_PX) // 2
                    small.append(picture[:, left : left + CLIP_PX])
                if at_s >= next_large - 1e-3:
                    next_large += 0.5
                    large.append(
                        frame.reformat(width=_LARGE[0], height=_LARGE[1], format="rgb24").to_ndarray()
                    )
                    times.append(at_s)
                if len(small) >= 60 * CLIP_FPS:
                    engines.ask(small, large, times)
                    last = large[-6:]
                    small, large, times = [], [], []
    if small:
        engines.ask(small, large, times)
        last = large[-6:] or last
    engines.ask_about_the_plate(last)
    print(json.dumps({"clips": engines.clips}))


class _Engines:
    """The packages' engines, asked with pictures in memory."""

    def __init__(self, models: Path) -> None:
        import model_packages.yolov8.inference as objects
        from model_packages.flame.answering import model_from
        from model_packages.resnet import inference as plate
        from model_packages.slowfast import inference as actions

        root = Path(plate.__file__).resolve().parents[1]
        self._slow = actions.model_fn(str(models / "slowfast-r50"))
        self._detector = objects.model_fn(str(root / "yolov8"))
        self._flame = model_from(models / "flame" / "weights.ovz")
        self._plate = plate.model_fn(str(root / "resnet"))
        self.clips = 0

    def ask(self, small: list[Any], large: list[Any], times: list[float]) -> None:
        """Everything about up to a minute: ``large`` are pictures at ``times``, twice a second."""
        import numpy as np

        from model_packages.flame.answering import samples_of
        from model_packages.shots import Shot
        from model_packages.slowfast.pictures import clip_frames

        middles = np.arange(CLIP_EVERY_S / 2, len(small) / CLIP_FPS, CLIP_EVERY_S)
        places = clip_frames(middles, len(small), CLIP_FRAMES, CLIP_FPS)
        pictures = np.stack(small)
        for k in range(0, len(places), _BATCH):
            self._slow.told(pictures[places[k : k + _BATCH]])
        for picture in large[::2]:
            self._detector.found(picture)
        samples_of(self._flame, [Shot(t, p) for t, p in zip(times, large, strict=True)])
        self.clips += len(places)

    def ask_about_the_plate(self, pictures: list[Any]) -> None:
        """Each picture, as the JPEG that a still is."""
        import cv2

        from model_packages.resnet import inference as plate

        for picture in pictures:
            jpeg = bytes(cv2.imencode(".jpg", picture[..., ::-1])[1])
            plate.predict_fn(plate.input_fn(jpeg, "image/jpeg"), self._plate)


# --- the plain way --------------------------------------------------------------------------------


def plain(film: Path, seconds: float) -> None:
    """ultralytics' predict on a picture a second, and a float32 clip every 2 s, each decoded for itself."""
    import av
    import numpy as np
    import torch

    from model_packages.slowfast.network import R50_8X8, SlowFast, normalised
    from model_packages.yolov8.shim import prepare

    prepare()
    from ultralytics import YOLO

    yolo = YOLO("yolov8n.yaml", task="detect")
    net = SlowFast(R50_8X8).eval()

    def pictures_from(start_s: float, count: int, fps: float, size: tuple[int, int]) -> list[Any]:
        found: list[Any] = []
        with av.open(str(film)) as container:
            stream = container.streams.video[0]
            container.seek(int(start_s / stream.time_base), stream=stream)
            for frame in container.decode(stream):
                if float(frame.time) + 1e-3 < start_s + len(found) / fps:
                    continue
                picture = frame.reformat(width=size[0], height=size[1], format="rgb24")
                found.append(picture.to_ndarray())
                if len(found) == count:
                    break
        return found

    with torch.no_grad():
        for start_s in np.arange(0, seconds - 3, CLIP_EVERY_S):
            clip = np.stack(pictures_from(float(start_s), CLIP_FRAMES, CLIP_FPS, _SMALL))
            left = (_SMALL[0] - CLIP_PX) // 2
            clip = clip[:, :, left : left + CLIP_PX]
            net(normalised(torch.from_numpy(clip[None])))
    for number, at_s in enumerate(np.arange(0, seconds, 0.5)):
        (picture,) = pictures_from(float(at_s), 1, 1, _LARGE)
        # The flame needs a look twice a second; things once.
        if number % 2 == 0:
            yolo.predict(picture[..., ::-1], imgsz=640, verbose=False, device="cpu")


if __name__ == "__main__":
    main()
