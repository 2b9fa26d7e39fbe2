"""The model card's text from a training's figures; every number in it comes from there."""

from __future__ import annotations

from typing import Any


def _percent(share: float | None) -> str:
    return "not measured" if share is None else f"{share:.1%}"


def _fire(told: dict[str, Any]) -> str:
    """What was measured on the film of real fire; empty where that film was not there."""
    fire = told.get("fire")
    if fire is None:
        return ""
    return (
        "On a film of real fire (a burning house, furg_house6, CC0; not a kitchen, nothing of it trained on),"
        f"\nthe pixel network against the {fire['boxesInFile']} labelled boxes: pixel precision"
        f" {_percent(fire['pixelPrecision'])}, pixel recall {_percent(fire['pixelRecall'])};"
        f"\nsome flame found in {_percent(fire['boxesWithFlameFound'])} of the boxes"
        " (`evaluate --fire`, every third picture).\n\n"
    )


def model_card(told: dict[str, Any]) -> str:
    """``MODEL_CARD.md`` for a training that told this."""
    test, tuned = told["test"], told["calibration"]
    words = test["words"]
    head = " | ".join(words["columns"])
    rows = "\n".join(
        f"| {name} | " + " | ".join(str(v) for v in row) + " |" for name, row in words["rows"].items()
    )
    styles = "\n".join(f"- {name}: {_percent(share)}" for name, share in test["byStyle"].items())
    reached = (test["heatAccuracy"] or 0) >= 0.95
    verdict = (
        "The bar of 95 % is reached." if reached
        else "**The bar of 95 % is not reached.** For that reason the program does not use"
        " the package unless you register it (`python -m model_packages.flame.register MODELS_FOLDER`)."
    )  # fmt: skip
    return f"""# flame

Sees the flame under the pan in chunks of film: off, blue, yellow or hidden, its level from 0 to 1, and how
sure that is. **Trained on drawn films; how it does in real kitchens is unknown.**

## Method

Colour is compared in linear light; pixels that could be a flame's are judged by a small network from their
colour at four scales, edges and the change between neighbouring pictures (blue flame, yellow flame, other).
What is found is summed up for each picture (amount, size, form, covered or not, the neighbours' amounts), and
three small networks each answer the state and the level. Neighbouring pictures are smoothed. Confidence is
fitted by a logistic curve on a style group that was not trained on. Answering needs numpy, OpenCV and PyAV.

## Training

- command: `{told["command"]}`
- data: drawn films, seed {told["seed"]}; {told["trainingChunks"]} chunks,
  {told["trainingPictures"]} pictures;
  style groups {", ".join(told["trainingGroups"])};
  thirteen dishes, both cameras, with camera, light and paint varied
- date: {told["date"]}; {told["wallSeconds"]:.0f} s
- weights sha256: `{told["weightsSha256"]}`

## How well it does on drawn films of styles never trained on ({", ".join(told["testGroups"])})

Per second, seconds with a hidden flame not counted: {test["seconds"]} seconds.

- off, low, medium or high right: **{_percent(test["heatAccuracy"])}** (asked: 95 %). {verdict}
- lit or not lit right: {_percent(test["litOrOffAccuracy"])}; blue or yellow right where lit:
  {_percent(test["colourAccuracyWhereLit"])}; mean error of the level: {test["levelMeanError"]:.3f}
- at least 0.5 sure: {_percent(test["answeredShare"])} of the seconds, of which right
  {_percent(test["answeredAccuracy"])}
- calibration error of the confidence (ten bins of equal mass): {test["calibrationError"]:.3f}
- flame hidden: {test["hiddenSeconds"]} seconds, said hidden {_percent(test["hiddenSaidHidden"])};
  hidden or less than 0.5 sure {_percent(test["hiddenSaidHiddenOrUnsure"])}

| truth | {head} |
|---|{"---|" * len(words["columns"])}
{rows}

{styles}

{_fire(told)}On the calibration group, which confidence and level were fitted on:
{_percent(tuned["heatAccuracy"])}.

## Limits

- Trained on drawn films alone. Real kitchens, real gas flames, electric and induction hobs are unknown to it.
- Where no hob is in view it says "off", and is sure of it: seen on a real film without any hob.
  Do not use its "off" for a film that does not show the burner.
- Smoke and burning were not trained: `burningRisk` is not in the answer.
- The level is judged from a flame's size, without knowing its distance: it is wrong by
  {test["levelMeanError"]:.2f} on average, and words (0.3, 0.6 and 1 were drawn) are confused accordingly.
- A flame that is hidden is hardly ever called hidden.
"""
