"""How many tokens the coach's text comes to in each language, by tokenizers that can be had offline.

    PYTHONPATH=. .venv/bin/python benchmarks/tokens/measure.py --claude tokenizer.json [--o200k]

``--claude`` is the tokenizer that Anthropic published for Claude 2 (``anthropic/tokenizer.json`` of the
Python package anthropic 0.38.0; read with the package tokenizers). ``--o200k`` is OpenAI's o200k_base of the
package bpe-openai. Neither is that of the models in use, whose tokenizers are not public: the first is taken
as the estimate, for it cuts Hindi and Tamil into the most pieces. True counts are in each result's ledger.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests"))

from judging_dishes import performance
from servers.bedrock import worded as answer_in_the_rules_words

from adapters import build_ports
from adapters.aws.chat_models import chat_model_rows
from bharatchef.coaching import coached
from bharatchef.coaching.brief import Brief
from bharatchef.coaching.budget import Limits, answer_tokens, estimated_tokens, planned, script_of
from bharatchef.coaching.language_files import texts_of
from bharatchef.coaching.prompt import as_data, brief_as_sent, load_prompt
from bharatchef.cost import load_prices
from bharatchef.judgement import judge, load_thresholds
from bharatchef.scoring import load_rubric, score
from bharatchef.settings import load_settings
from bharatchef.vocabulary import Language
from knowledge_base.advice import read_advice

Tokens = Callable[[str], int]
HAIKU_INDIA = ("bedrock_haiku_4_5_india_input", "bedrock_haiku_4_5_india_output")


def tokenizers(arguments: argparse.Namespace) -> dict[str, Tokens]:
    """What counts, by name."""
    found: dict[str, Tokens] = {}
    if arguments.claude:
        from tokenizers import Tokenizer

        claude = Tokenizer.from_file(str(arguments.claude))
        found["claude-2"] = lambda text: len(claude.encode(text).ids)
    if arguments.o200k:
        import bpe_openai

        o200k = bpe_openai.get_encoding("o200k_base")
        found["o200k"] = lambda text: len(o200k.encode(text))
    return found


def texts(language: Language) -> list[str]:
    """The language's sentences: the coach's own, and those of its tips."""
    file = texts_of(language).file
    said = [*file.say.values(), *file.phrases.values()]
    for tip in read_advice().tips:
        if language is Language.ENGLISH:
            said += [tip.mistake, tip.why, tip.correction]
        elif language.value in tip.texts:
            text = tip.texts[language.value]  # type: ignore[index]
            said += [text.mistake, text.why, text.correction]
    return said


def rates(said: list[str], tokens: Tokens) -> dict[str, float]:
    """Tokens a character of each script, by least squares over the texts."""
    counts = [Counter(script_of(character) for character in text) for text in said]
    scripts = sorted({script for count in counts for script in count})
    matrix = np.array([[count[script] for script in scripts] for count in counts], float)
    solved, *_ = np.linalg.lstsq(matrix, np.array([tokens(text) for text in said], float), rcond=None)
    return dict(zip(scripts, solved.tolist(), strict=True))


def briefs(language: Language) -> list[Brief]:
    """A brief of each dish for a poor performance of it: steps left out, swapped, and far too long."""
    made = []
    with tempfile.TemporaryDirectory() as home:
        ports = build_ports(load_settings(home=home))
        for dish in ports.dishes.list_dishes():
            rows, now = [], 0.0
            for number, step in enumerate(dish.expected_steps):
                shortest = step.duration.min_s if step.duration else 5.0
                length = shortest * (4.0 if number % 3 == 1 else 1.2)
                if number % 4 != 2:
                    rows.append((step.step_id, now, now + length))
                    now += length + 1
            if len(rows) > 3:
                (a, *_), (b, *_) = rows[1], rows[2]
                rows[1], rows[2] = (b, *rows[1][1:]), (a, *rows[2][1:])
            given = performance(rows)
            judgement = judge(dish, given, load_thresholds())
            card = score(dish, given, judgement, load_rubric("default"))
            brief = coached("e", dish, judgement, card, given, None, ports.tips, language).brief
            if len(brief.deviations) == 5:
                made.append(brief)
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--claude", type=Path)
    parser.add_argument("--o200k", action="store_true")
    counting = tokenizers(parser.parse_args())
    prompt, prices = load_prompt(), load_prices()
    form = as_data(prompt.schema)
    for language in Language:
        said = texts(language)
        print(f"\n{language.value}: {len(said)} texts of {sum(map(len, said)):,} characters")
        found = briefs(language)
        answers = [json.dumps(answer_in_the_rules_words(brief_as_sent(b)), ensure_ascii=False) for b in found]
        sent = [prompt.system(language) + prompt.user(brief) + form for brief in found]
        for name, tokens in {**counting, "the estimate": estimated_tokens}.items():
            shares = ", ".join(f"{script} {rate:.2f}" for script, rate in rates(said, tokens).items())
            into = statistics.median(tokens(text) for text in sent)
            out = statistics.median(tokens(text) for text in answers)
            inr = [
                prices.inr(price, n, unit)
                for price, n, unit in zip(
                    HAIKU_INDIA, (into, out), ("input-token", "output-token"), strict=True
                )
            ]
            print(
                f"  {name}: tokens a character {shares}; five mistakes: {into:,.0f} in,"
                f" {out:,.0f} out, ₹{sum(i or 0 for i in inr):.2f}"
            )
        for row in ("haiku-4.5-india", "haiku-5.5-global"):
            facts = chat_model_rows()[row].facts
            plans = [planned(brief, (), prompt, facts, prices, Limits()) for brief in found]
            counts = Counter(0 if isinstance(plan, str) else len(plan.brief.deviations) for plan in plans)
            most = max((plan.max_inr for plan in plans if not isinstance(plan, str)), default=0.0)
            print(
                f"  {row}: so many of five mistakes are sent {dict(sorted(counts.items()))}, at ₹{most:.2f}"
            )
        print(
            f"  answer expected: {statistics.median(answer_tokens(brief) for brief in found):,.0f} tokens;"
            f" bytes sent {statistics.median(len(text.encode()) for text in sent):,.0f}"
        )


if __name__ == "__main__":
    main()
