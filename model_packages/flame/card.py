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
        "On a film of real fire (a burning house, furg_house6, CC0; not a kitchen) a fixed rule in linear"
        "\nlight (bright, red before green before blue, restless) was held against the"
        f" {fire['boxesInFile']} labelled boxes:\npixel precision {_percent(fire['pixelPrecision'])}, pixel"
        f" recall {_percent(fire['pixelRecall'])}; some fire found in {_percent(fire['boxesWithFlameFound'])}"
        " of the boxes\n(`evaluate --fire`, every third picture). Its thresholds were set by hand on every"
        "\n15th picture of this very film, and it is no part of an answer: the networks do not see fire that"
        " is no\nburner's.\n\n"
    )


def _table(columns: list[str], rows: dict[str, list[int]]) -> str:
    lines = [f"| truth | {' | '.join(columns)} |", f"|---|{'---|' * len(columns)}"]
    return "\n".join([*lines, *(f"| {name} | {' | '.join(map(str, row))} |" for name, row in rows.items())])


def _verdict(accuracy: float, bar: float, useful: bool) -> str:
    if accuracy >= bar:
        return f"The bar of {bar:.0%} is reached."
    missed = f"**The bar of {bar:.0%} is not reached.**"
    if useful:
        return (
            f"{missed} The package is used all the same: a step's heat is held against the film's other"
            " steps,\n  by the errors that were counted of these very weights, and is left open where they"
            " leave it open."
        )
    return (
        f"{missed} For that reason the program does not use the package unless you register it"
        " (`python -m model_packages.flame.register MODELS_FOLDER`)."
    )


def _burning(told: dict[str, Any] | None) -> str:
    if told is None:
        return "## Smoke and burning\n\nNot looked for: `burningRisk` is null in every answer.\n"
    rows = "\n".join(
        f"| {name} | {row['looks']} | {row['burning']} | {row['auc']} | {_percent(row['found'])} |"
        f" {_percent(row['alarmed'])} | {row['calibrationError']} |"
        for name, row in (("calibration", told["calibration"]), ("**test**", told["test"]))
    )
    return f"""## Smoke and burning

`train_burning.py` makes a third network, of {told["parameters"] / 1e6:.2f} million parameters. It looks at
256 x 256 px over the burner and marks the cells in which something smokes or is scorched; it learns from the
difference between drawn pairs of one cooking, in one of which something burns. The mean of its six most
suspect cells becomes `burningRisk` by a curve fitted on the calibration kitchens and moved until one look in
200 at nothing that burns is at .5. Every second picture is looked at, and each gets the middle one of the
five looks about it. Of single looks, before that middle is taken, in which smoke or scorching is at least .3
of what is drawn at most:

| kitchens | looks at none | looks at smoke | AUC | found | alarmed at none | calibration error |
|---|---|---|---|---|---|---|
{rows}

- command: `{told["command"]}`; {told["trainingKitchens"]} kitchens, six looks each; {told["date"]}
- a package that learned from people's films does not look for smoke: this network has seen none of theirs
"""


def model_card(told: dict[str, Any], *, bar: float, useful: bool) -> str:
    """``MODEL_CARD.md`` for a training that told this; ``bar`` is what is asked, 0 to 1."""
    test, tuned = told["test"], told["calibration"]
    styles = "\n".join(f"- {name}: {_percent(share)}" for name, share in test["byStyle"].items())
    curve = "\n".join(
        f"- {name}: {', '.join(f'{value:.3f}' for value in values)}"
        for name, values in told["learningCurve"].items()
    )
    notes = "".join(f"\n{note}\n" for note in told.get("notes", ()))
    return f"""# flame

Sees the flame under the pan in chunks of film: off, blue, yellow or hidden, its level from 0 to 1, and how
sure that is. **Trained on drawn films; how it does in real kitchens is unknown.**

## Method

A small convolutional network looks at the whole picture (320 px) and says where the burner is, or that none
is in view; neighbouring pictures are taken together for that. A second one looks at the part round it
(256 x 192 px of a picture that is 640 px long), in which pan, grate and knob are the yardstick for the
flame's size, and says off, low, medium, high or hidden, and blue or yellow. While it learns it also marks
the cells of 8 x 8 px in which the flame is, or would be, and it looks where it marks: the drawing knows the
outline. Where a second burner is a third as likely to be meant, both are looked at, and at each moment the
one that burns is read. A hidden Markov model over the chunk steadies the states. Its steadiness, the
networks' temper and the curve of confidence are fitted on a style group that was not trained on. Answering
needs OpenVINO, numpy, OpenCV and PyAV ({told["engine"]}).

## Training

- command: `{told["command"]}`
- data: drawn pictures, seed {told["seed"]}; {
        told["trainingPictures"]
    } of them, encoded and decoded as proxies are;
  style groups {", ".join(told["trainingGroups"])};
  thirteen dishes, both cameras; paint, camera, distance, light and levels varied; some look away from the
  hob, some show no kitchen at all
- date: {told["date"]}; the command's last run took {
        told["wallSeconds"]:.0f} s (it goes on where it was stopped)
- weights sha256: `{told["weightsSha256"]}`

Mean loss of each epoch:

{curve}
{notes}
## How well it does on drawn films of styles never trained on ({", ".join(told["testGroups"])})

Per second, seconds with a hidden flame not counted: {
        test["seconds"]
    } seconds. A flame is hidden where less than
35 % of its outline can be seen, or fewer than 14 pixels.

- off, low, medium or high right: **{_percent(test["heatAccuracy"])}** (asked: {bar:.0%}). {
        _verdict(test["heatAccuracy"] or 0.0, bar, useful)
    }
- lit or not lit right: {_percent(test["litOrOffAccuracy"])}; blue or yellow right where lit:
  {_percent(test["colourAccuracyWhereLit"])}; mean error of the level: {test["levelMeanError"] or 0:.3f}
- at least 0.5 sure: {_percent(test["answeredShare"])} of the seconds, of which right
  {_percent(test["answeredAccuracy"])}
- calibration error of the confidence (ten bins of equal mass): {test["calibrationError"]:.3f}
- flame hidden: {test["hiddenSeconds"]} seconds, said hidden {_percent(test["hiddenSaidHidden"])};
  hidden or less than 0.5 sure {_percent(test["hiddenSaidHiddenOrUnsure"])}

{_table(test["words"]["columns"], test["words"]["rows"])}

{_table(test["states"]["columns"], test["states"]["rows"])}

{styles}

On the group that steadiness and confidence were fitted on ({
        ", ".join(told["calibrationGroups"])
    }; half of its
chunks with paint, camera and light varied): {_percent(tuned["heatAccuracy"])}.

{_burning(told.get("burning"))}
{_fire(told)}## Limits

- Trained on drawn films alone. Real kitchens, real gas flames, electric and induction hobs are unknown to it.
- The drawn hob's knob turns with the level, and is often in the part that is looked at: how much of the
  answer comes from the knob and how much from the flame was not measured.
- Only the burner that is in use is read; a second flame beside it is not reported.
- In training it was a small, far flame that it read one level off from beginning to end of a film.
- So no step is judged by its word alone: each is held against the film's others, by errors that were
  counted of its weights (`bharatchef/perception/data/heat_errors.yaml`), and what does not show is left open.
  Of weights that nobody counted, nobody is told a wrong heat.
- What it knows of smoke and burning is what is drawn: grey-blue haze over the pan, and food that darkens.
- One tone of the prototypes before this version was chosen while looking at the test groups; this version was
  chosen on the calibration group alone.
"""
