"""`make train-demo`: every package is trained, by words that its program takes, within its time as planned.

That each of them runs from drawing to a package, and goes on where it stopped, is tested beside its package.
"""

from __future__ import annotations

import argparse
import importlib
import re
import shlex
from pathlib import Path

import pytest

MAKEFILE = (Path(__file__).resolve().parents[3] / "Makefile").read_text("utf-8")
TRAINED = re.findall(r"^\t@\$\(BIN\)/python -m (model_packages\.\w+\.train\w*)(.*)$", MAKEFILE, re.MULTILINE)
MOST_MINUTES = 90


class Parsed(Exception):
    """Raised in place of training, once the words are read."""


@pytest.mark.parametrize(("program", "words"), TRAINED)
def test_each_program_takes_its_words(program: str, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    read = argparse.ArgumentParser.parse_args

    def parsed(self: argparse.ArgumentParser, *given: object) -> None:
        raise Parsed(vars(read(self, *given)))

    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", parsed)
    with pytest.raises(Parsed) as told:
        importlib.import_module(program).main(shlex.split(words))
    if program.endswith("slowfast.train"):
        assert told.value.args[0]["minutes"] <= MOST_MINUTES / 2


def test_all_are_trained_in_at_most_ninety_minutes_as_planned() -> None:
    named = [program.removeprefix("model_packages.") for program, _ in TRAINED]
    assert named == [
        *("slowfast.train", "slowfast.train_context", "yolov8.train", "resnet.train", "resnet.train_spills"),
        *("flame.train", "flame.train_burning"),
    ]
    plan = re.search(r"in minutes: ([\d +;\n#]+)\.", MAKEFILE)
    assert plan is not None
    minutes = [sum(int(part) for part in one.split("+")) for one in plan[1].replace("#", "").split(";")]
    assert len(minutes) == len(TRAINED)
    assert sum(minutes) <= MOST_MINUTES
