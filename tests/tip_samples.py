"""A few tips, short and unlike each other, for tests of indices."""

from __future__ import annotations

from typing import Any

import numpy as np

from knowledge_base.advice import Advice
from knowledge_base.indexing import Glossary

NAMES = Glossary(
    dishes={"chai": "Masala chai मसाला चाय", "curry": "Chicken curry", "poha": "Poha"},
    steps={"chai:boil": "Bring the water to a boil.", "curry:fry-onions": "Fry the onions."},
    ingredients={"onion": "Onion प्याज pyaz வெங்காயம் vengayam", "milk": "Milk दूध doodh பால்"},
    actions={"fry": "fry saute", "boil": "boil"},
)


def tip(tip_id: str, **changes: Any) -> Advice:
    """A sound tip of that id."""
    return Advice.model_validate(
        {
            "id": tip_id,
            "theme": "samples",
            "technique": "Cooking with care",
            "mistake": f"Something called {tip_id} was done in haste.",
            "why": "Haste leaves its mark upon the plate.",
            "correction": "Breathe, then take your time over it.",
            "severity": "medium",
            "kinds": ["poor_technique"],
            **changes,
        }
    )


ONIONS = tip(
    "burnt-onions",
    technique="Browning onions",
    mistake="The onions went black at the edges on a roaring flame.",
    why="Charred edges taste bitter through the whole gravy.",
    correction="Lower the flame to medium and stir until they are evenly golden.",
    severity="high",
    kinds=["wrong_heat", "too_long"],
    actions=["fry"],
    ingredients=["onion"],
    steps=["curry:fry-onions"],
    aliases={
        "hi": ["प्याज़ जल गया"],
        "ta": ["வெங்காயம் கருகிவிட்டது"],
        "hi-latn": ["pyaaz jal gaya"],
        "en": ["blackened onions"],
    },
)
BOIL = tip(
    "half-boiled-water",
    technique="Knowing a full boil",
    mistake="The tea leaves went into water that only simmered.",
    why="Weak water draws a pale cup.",
    correction="Wait for large bubbles across the whole surface.",
    kinds=["too_short", "out_of_order"],
    actions=["boil"],
    steps=["chai:boil"],
    points=["chai:boil:rolling"],
    aliases={"ta": ["டீ வெளிறி இருக்கிறது"], "hi-latn": ["chai feeki bani"]},
)
MILK = tip(
    "milk-boils-over",
    technique="Watching milk",
    mistake="The milk rose and ran over the rim of the pan.",
    why="Spilt milk scorches on the stove and puts the flame out.",
    correction="Stay beside the pan and lift it off when the foam climbs.",
    severity="low",
    kinds=["too_long"],
    ingredients=["milk"],
    dishes=["chai"],
    aliases={"hi": ["दूध उबल कर गिर गया"]},
)
CLEAN = tip(
    "wash-hands",
    technique="Clean hands",
    mistake="Raw chicken was handled, and then the spoon, without a wash between.",
    why="What sits on raw meat travels to all that is touched next.",
    correction="Wash with soap before you touch anything else.",
    severity="high",
    kinds=["missing"],
    safety={
        "rule": "Wash hands for 20 seconds with soap after handling raw poultry.",
        "source": "A public body, Clean hands",
        "url": "https://example.org/hands",
        "quote": "20 seconds",
    },
)
POHA = tip(
    "soaked-poha",
    technique="Rinsing flakes",
    mistake="The flattened rice sat in a bowl of water until it fell apart.",
    why="Flakes drink quickly and turn to a paste.",
    correction="Rinse in a sieve for a moment and let them drain.",
    dishes=["poha"],
    kinds=["too_long", "poor_technique"],
)
TIPS = (ONIONS, BOIL, MILK, CLEAN, POHA)
MODEL, DIMENSION = "five axes", 5
VECTORS = np.eye(5, dtype=np.float32)
"""One axis a tip, in their order, so that what is nearest can be said by hand."""
