"""Which motion is drawn for which action."""

from __future__ import annotations

from kitchen_sim import motions_counter, motions_hob
from kitchen_sim.poses import Motion

MOTIONS: dict[str, Motion] = {
    "add": motions_hob.add,
    "arrange": motions_counter.arrange,
    "blend": motions_counter.blend,
    "boil": motions_hob.boil,
    "check": motions_hob.check,
    "chop": motions_counter.chop,
    "cover": motions_hob.cover,
    "crack": motions_hob.crack,
    "crush": motions_counter.crush,
    "drain": motions_hob.drain,
    "flip": motions_hob.flip,
    "fold": motions_counter.fold,
    "fry": motions_hob.fry,
    "garnish": motions_counter.garnish,
    "grate": motions_counter.grate,
    "heat": motions_hob.heat,
    "knead": motions_counter.knead,
    "mash": motions_counter.mash,
    "mix": motions_counter.mix,
    "peel": motions_counter.peel,
    "plate": motions_counter.plate,
    "pour": motions_hob.pour,
    "rest": motions_counter.rest,
    "rinse": motions_counter.rinse,
    "roll": motions_counter.roll,
    "serve": motions_counter.serve,
    "simmer": motions_hob.simmer,
    "slice": motions_counter.slice_,
    "spread": motions_hob.spread,
    "sprinkle": motions_hob.sprinkle,
    "squeeze": motions_hob.squeeze,
    "stir": motions_hob.stir,
    "strain": motions_hob.strain,
    "temper": motions_hob.temper,
    "toss": motions_hob.toss,
    "turn-off": motions_hob.turn_off,
    "whisk": motions_counter.whisk,
}
