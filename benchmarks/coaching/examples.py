"""``python -m benchmarks.coaching.examples``: what the rules coach says of three performances, in full.

The drawn demo in English and Hindi, and two real recordings, if they lie beside the checkout. Tips are
searched by words alone.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

from adapters.local.home_tips import HomeTips
from benchmarks.coaching.__main__ import FOLDER
from benchmarks.coaching.measure import coaching
from benchmarks.coaching.performances import Labelled, WithRecipes, filmed
from bharatchef.perception.performance import performance_from
from bharatchef.perception.segments_file import read_segments
from bharatchef.records import Feedback
from bharatchef.settings import load_settings
from bharatchef.vocabulary import Language
from kitchen_sim.scene import Scene
from kitchen_sim.script import read_script
from kitchen_sim.truth import segments_of
from knowledge_base.library import DishLibrary

DEMO = Path(__file__).resolve().parents[2] / "kitchen_sim" / "scripts" / "masala-chai-demo.yaml"
RECORDINGS = ("cucumberraita 17_37", "mugcake 26_18")


def main() -> None:
    """Print all of them as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("recordings", nargs="*", default=RECORDINGS, help="as RESULTS.md names them")
    given = parser.parse_args()
    real = list(filmed(FOLDER)) if FOLDER.is_dir() else []
    chosen = [entry for name in given.recordings for entry in real if entry.name == name]
    cases = [(demo(), Language.ENGLISH), (demo(), Language.HINDI), *((c, Language.ENGLISH) for c in chosen)]
    with tempfile.TemporaryDirectory() as home:
        settings = load_settings(home=Path(home))
        tips = HomeTips(settings.tips_index, WithRecipes([entry for entry, _ in cases]), lambda: None)
        for entry, language in cases:
            print(f"### {entry.name}, {language}\n")
            print(shown(coaching(entry, tips, language).feedback))


def demo() -> Labelled:
    """The drawn demo: masala chai with its four planted mistakes."""
    dish = DishLibrary().get("masala-chai")
    truth = json.dumps(segments_of(Scene(read_script(DEMO)))).encode()
    given = read_segments(truth, "drawn.json", dish)
    return Labelled("masala chai, drawn", dish, performance_from(dish, given=given))


def shown(feedback: Feedback) -> str:
    """A feedback whole, as Markdown quotes it."""
    lines = [feedback.encouragement, ""]
    for mistake in feedback.mistakes:
        lines += [f"{mistake.priority}. **{mistake.description}**"]
        lines += [f"   {text}" for text in (mistake.impact, mistake.correction, mistake.safety) if text]
        if mistake.tip_ids:
            lines.append(f"   (tips: {', '.join(mistake.tip_ids)})")
    lines += ["", *(f"- {step}" for step in feedback.next_steps)]
    if feedback.in_english:
        lines += ["", f"In English, because words are lacking: {', '.join(feedback.in_english)}."]
    if not feedback.language_reviewed:
        lines += ["", "Not yet reviewed by a speaker."]
    return "\n".join(f"> {line}".rstrip() for line in lines) + "\n"


if __name__ == "__main__":
    main()
