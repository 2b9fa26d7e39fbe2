"""What a call of a wording model may use, and how much of a brief fits in; knows no model and sends nothing.

Tokens before a call are an estimate: the models' tokenizers are not public. What a call did use is what the
model's host counted.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Annotated, Literal

import yaml
from pydantic import Field

from bharatchef.coaching.brief import Brief
from bharatchef.coaching.prompt import Prompt, as_data
from bharatchef.cost import PriceTable
from bharatchef.ports import ChatFacts
from bharatchef.vocabulary import Language, Record

# A still is at most this large, and billed by its pixels.
STILL_WIDTH_PX, STILL_HEIGHT_PX = 640, 360
MOST_STILLS = 4
Script = Literal["ascii", "hinglish", "devanagari", "tamil", "other"]
# An answer's JSON around the words of one mistake, and around the whole; its ids are counted apart.
_FORM_TOKENS_A_MISTAKE, _FORM_TOKENS = 40, 40
# A model may need more words than the rules do.
_WORDIER = 1.2


class TokenGuess(Record):
    """``prompts/tokens.yaml``: how many tokens a character of a script comes to, and how that was found."""

    version: str
    source: str
    tokens_per_character: dict[Script, Annotated[float, Field(gt=0)]] = Field(alias="tokens_per_character")


@cache
def load_token_guess() -> TokenGuess:
    """The estimate that comes with the program, read once."""
    data = (resources.files("bharatchef.coaching") / "prompts" / "tokens.yaml").read_bytes()
    return TokenGuess.model_validate(yaml.safe_load(data))


def estimated_tokens(text: str, language: Language = Language.ENGLISH) -> int:
    """About how many tokens a text of a language comes to, rather more than fewer."""
    rate = dict(load_token_guess().tokens_per_character)
    if language is Language.HINGLISH:
        rate["ascii"] = rate["hinglish"]
    counts = Counter(script_of(character) for character in text)
    return math.ceil(sum(rate[script] * count for script, count in counts.items()))


def script_of(character: str) -> Script:
    """The script of a character, as far as tokens hang on it."""
    code = ord(character)
    if code < 0x80:
        return "ascii"
    if 0x0900 <= code <= 0x097F:
        return "devanagari"
    return "tamil" if 0x0B80 <= code <= 0x0BFF else "other"


@dataclass(frozen=True)
class Limits:
    """What the wording of one evaluation may use.

    Attributes:
        max_inr: rupees before tax of one call; none: the model's own ceiling.
        deadline_s: seconds of all calls together.
        calls: calls in all, tries again among them.
        input_tokens: text tokens of one call in.
        output_tokens: tokens of an answer; more where a language needs more and the ceiling allows.
        longest_answer: tokens that no answer may have more of.
    """

    max_inr: float | None = None
    deadline_s: float = 30.0
    calls: int = 4
    input_tokens: int = 4000
    output_tokens: int = 900
    longest_answer: int = 3000


@dataclass(frozen=True)
class Planned:
    """What is sent: as much of the brief and as many stills as fit, and the most that it may cost, rupees.

    ``stills_dropped`` and ``left_out`` count the stills and the mistakes that are not sent.
    """

    brief: Brief
    stills: tuple[bytes, ...]
    input_tokens: int
    output_tokens: int
    max_inr: float
    stills_dropped: int = 0
    left_out: int = 0


def planned(
    brief: Brief,
    stills: Sequence[bytes],
    prompt: Prompt,
    facts: ChatFacts,
    prices: PriceTable,
    limits: Limits,
) -> Planned | str:
    """What one call sends to a model under the ceiling; the reason where it may not be asked at all.

    What would be too long or too dear goes in this order: the stills, second tips, praise and plan, the least
    important mistakes, the model. What a model does not word keeps the rules' words.
    """
    ceiling_inr = facts.max_inr if limits.max_inr is None else limits.max_inr
    shown = pictures = tuple(stills[:MOST_STILLS])
    most_tips = max((len(deviation.tip_ids) for deviation in brief.deviations), default=0)
    cheapest: float | None = None
    for count in range(len(brief.deviations), 0, -1):
        for tips_each, plain in dict.fromkeys(
            ((most_tips, False), (min(most_tips, 1), False), (min(most_tips, 1), True))
        ):
            part = _first(brief, count, tips_each, plain)
            text_tokens = sent_tokens(part, prompt, facts)
            out_tokens = max(limits.output_tokens, answer_tokens(part))
            if text_tokens > limits.input_tokens or out_tokens > limits.longest_answer:
                continue
            # Pictures that were too dear once do not come back for a praise or a mistake less.
            for kept in dict.fromkeys((pictures, ())):
                tokens = text_tokens + len(kept) * still_tokens(facts)
                inr = cost_inr(facts, tokens, out_tokens, prices)
                if inr is None:
                    return f"no price is known for {facts.model_id}, so that no ceiling could be held"
                if inr <= ceiling_inr:
                    fewer = len(brief.deviations) - len(part.deviations)
                    return Planned(part, kept, tokens, out_tokens, inr, len(shown) - len(kept), fewer)
                cheapest, pictures = inr, ()
    if cheapest is None:
        return f"even one mistake would not fit into {limits.input_tokens} tokens"
    return f"a call could cost ₹{cheapest:.2f}, and the ceiling is ₹{ceiling_inr:.2f}"


def _first(brief: Brief, count: int, tips_each: int, plain: bool) -> Brief:
    """The first mistakes of a brief with so many tips each; ``plain``: without praise and plan."""
    deviations = tuple(
        d.model_copy(update={"tip_ids": d.tip_ids[:tips_each]}) for d in brief.deviations[:count]
    )
    cited = {tip_id for deviation in deviations for tip_id in deviation.tip_ids}
    tips = tuple(tip for tip in brief.tips if tip.tip_id in cited)
    rest = {"strengths": (), "next_steps": ()} if plain else {}
    return brief.model_copy(update={"deviations": deviations, "tips": tips, **rest})


def sent_tokens(brief: Brief, prompt: Prompt, facts: ChatFacts) -> int:
    """About how many text tokens a call with this brief sends, the answer's form among them."""
    fixed = estimated_tokens(prompt.system(brief.language) + as_data(prompt.schema))
    return fixed + estimated_tokens(prompt.user(brief), brief.language) + facts.overhead_tokens


def answer_tokens(brief: Brief) -> int:
    """About how many tokens an answer to this brief comes to, by the rules' own words of the same."""
    words = [*brief.next_steps, *(strength.text for strength in brief.strengths[:1])]
    ids: list[str] = []
    for deviation in brief.deviations:
        words += [deviation.what, deviation.impact, deviation.correction]
        ids += [deviation.deviation_id, *deviation.tip_ids]
    form = _FORM_TOKENS + _FORM_TOKENS_A_MISTAKE * len(brief.deviations)
    safety = (deviation.safety for deviation in brief.deviations)
    said = _WORDIER * sum(estimated_tokens(text, brief.language) for text in words)
    quoted = sum(estimated_tokens(text, brief.language) for text in safety)
    return math.ceil(said + quoted + sum(map(estimated_tokens, ids)) + form)


def still_tokens(facts: ChatFacts) -> int:
    """The tokens that a still of the largest size is billed as."""
    return math.ceil(STILL_WIDTH_PX * STILL_HEIGHT_PX / facts.pixels_per_token)


def cost_inr(facts: ChatFacts, input_tokens: int, output_tokens: int, prices: PriceTable) -> float | None:
    """Rupees before tax of a call; ``None`` where a price is not known."""
    into = prices.inr(facts.input_price_id, input_tokens, "input-token")
    out = prices.inr(facts.output_price_id, output_tokens, "output-token")
    return None if into is None or out is None else into + out
