"""Trains and measures model packages on this machine, each in a process of its own; decides nothing.

What a training has done lies in its folder: ended anywhere, with all its processes, the same call goes on.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from pydantic import ValidationError

from adapters.local.durable import telling
from adapters.local.measuring_boxes import measured_boxes
from adapters.local.models import built_in_folders, local_models
from bharatchef.errors import EndpointError
from bharatchef.observed import Analyser
from bharatchef.retraining.figures import FilmCounts, Measured
from bharatchef.retraining.ports import Trained, TrainingJob
from bharatchef.settings import Settings
from model_packages.serving.package import MANIFEST, read_package

SET_ASIDE = "model.below-bar.json"
CHECKPOINT = "checkpoint.pt"
"""What a detector's training leaves in its work folder, and can begin from."""
_PICTURES = "yolov8"
_MEASURE_S = 3600.0
_LOOK_S = 0.5


class LocalTrainer:
    """Training as a subprocess of ``train.py``.

    **One process at a time writes a training's folder.** The lock is held by an open file that the trainer
    inherits: where the flow dies and its trainer lives on, the next flow waits for that one to end, and then
    finds what it made or goes on from its checkpoint.

    Args:
        threads: threads of one training; more than there are free cores make it many times slower.
        longest_s: how long one training may take, seconds.
    """

    where = "this machine"

    def __init__(self, threads: int = 1, longest_s: float = 6 * 3600.0) -> None:
        self._threads = threads
        self._longest_s = longest_s

    def train(self, job: TrainingJob) -> Trained:
        """Train, or find what an earlier call trained; a trainer that is killed is started again.

        Raises:
            EndpointError: the trainer ended with an error, was killed too often, or took too long.
        """
        began = time.monotonic()
        out, log = job.folder / "out", job.folder / "train.log"
        with telling(f"make {job.folder}"):
            job.folder.mkdir(parents=True, exist_ok=True)
        tries = 0
        with _locked(job.folder / "lock", began + self._longest_s) as lock:
            while not is_made(out):
                if tries == job.tries:
                    raise EndpointError(
                        f"The training of {job.package} was killed {tries} times.",
                        f"See {log.name} in its folder; the same command goes on from its checkpoint.",
                        retryable=True,
                    )
                tries += 1
                status = self._run(job, out, log, lock, began)
                if status > 0:
                    raise EndpointError(
                        f"The training of {job.package} failed: {_last_words(log)}",
                        "Mend what it says; the same command goes on from its checkpoint.",
                    )
        return Trained(out, tries, round(time.monotonic() - began, 1), self.where)

    def _run(self, job: TrainingJob, out: Path, log: Path, lock: int, began: float) -> int:
        of_pictures = job.package == _PICTURES
        words = [*_words(job.package, "train"), "--pictures-of" if of_pictures else "--labelled"]
        words += [str(job.labelled), "--work", str(job.folder / "work"), "--out", str(out)]
        words += ["--threads", str(self._threads)]
        if job.start is not None:
            words += ["--start", str(job.start / CHECKPOINT if of_pictures else job.start)]
        words += job.recipe
        with log.open("ab") as said:
            process = subprocess.Popen(
                words,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                env={**os.environ, "OMP_NUM_THREADS": str(self._threads)},
                pass_fds=(lock,),
            )
            (job.folder / "trainer.pid").write_text(str(process.pid), "ascii")
            try:
                return process.wait(max(1.0, began + self._longest_s - time.monotonic()))
            except subprocess.TimeoutExpired as error:
                raise EndpointError(
                    f"The training of {job.package} took longer than {self._longest_s:.0f} s.",
                    "Shorten its recipe in the policy.",
                ) from error
            finally:
                if process.poll() is None:
                    process.kill()
                    process.wait()


def measured(package: str, folder: Path, labelled: Path) -> Measured:
    """What the package in ``folder`` says of the films under ``labelled``, by the files that are served.

    Raises:
        EndpointError: the package does not load or does not answer.
    """
    if package == _PICTURES:
        return measured_boxes(folder, labelled)
    done = subprocess.run(
        [*_words(package, "evaluate"), "--package", str(folder), "--labelled", str(labelled)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_MEASURE_S,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        check=False,
    )
    try:
        if done.returncode:
            raise ValueError((done.stderr.strip().splitlines() or ["it gave no reason"])[-1])
        told = json.loads(done.stdout)["films"]
        films = tuple(FilmCounts.model_validate(film) for film in told)
        return Measured(weights_sha256=weights_of(folder), films=films)
    except (ValueError, KeyError, TypeError, ValidationError) as error:
        raise EndpointError(
            f"The {package} package could not be measured: {error}",
            "See that it answers: bharatchef models list.",
        ) from error


def is_made(folder: Path) -> bool:
    """Whether a whole package lies there: its manifest is written last."""
    return (folder / MANIFEST).exists() or (folder / SET_ASIDE).exists()


def set_aside(settings: Settings, package: str, analyser: Analyser, folder: Path) -> Path | None:
    """A copy in ``folder`` of the program's own package that is below its bar, as one that can be found.

    ``None`` where the program has none such, or another package of this analyser is installed: that one has a
    problem, which is to be mended.
    """
    installed = (p.manifest for p in local_models(settings).packages() if p.manifest is not None)
    if not settings.built_in_models or any(manifest.analyser == analyser for manifest in installed):
        return None
    for root in built_in_folders():
        if (root / package / SET_ASIDE).is_file():
            copy = folder / package
            shutil.copytree(root / package, copy, ignore=shutil.ignore_patterns("__pycache__"))
            found_by_program(copy)
            return copy
    return None


def found_by_program(folder: Path) -> None:
    """Give a package that its trainer set aside the name that packages are found by: the policy judges it."""
    if not (folder / MANIFEST).exists():
        (folder / SET_ASIDE).rename(folder / MANIFEST)


def weights_of(folder: Path) -> str:
    """The sha256 of a package's weights; of a damaged one, an ``EndpointError``."""
    package = read_package(folder)
    if package.manifest is None or package.problem:
        raise EndpointError(package.problem, package.remedy)
    return package.manifest.weights_sha256


@contextmanager
def _locked(path: Path, until: float) -> Iterator[int]:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > until:
                    raise EndpointError(
                        "Another training of the same run still goes on.",
                        "Wait for it, or end it.",
                        retryable=True,
                    ) from None
                time.sleep(_LOOK_S)
        yield descriptor
    finally:
        os.close(descriptor)


def _words(package: str, program: str) -> Sequence[str]:
    return (sys.executable, "-m", f"model_packages.{package}.{program}")


def _last_words(log: Path) -> str:
    lines = log.read_text("utf-8", "replace").strip().splitlines()
    return lines[-1][:400] if lines else "it gave no reason."
