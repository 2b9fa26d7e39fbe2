"""Words the model card from the figures; says what was not reached as plainly as what was."""

from __future__ import annotations

from typing import Any

_LOOKS = {
    1: "One clip for each second",
    2: "Two clips for each second, a quarter of it before and after its middle, the second one mirrored",
}


def model_card(told: dict[str, Any], *, bar: float, useful: float) -> str:
    """``MODEL_CARD.md`` of figures as ``metrics.json`` holds them."""
    test = told["test"]
    reached = test["accuracy"] >= bar
    verdict = (
        "The bar is reached."
        if reached
        else "**The bar is not reached.**"
        + (
            ""
            if test["accuracy"] >= useful
            else " It is too seldom right to judge anybody by, so its manifest is called"
            " `model.below-bar.json` and the program does not find it."
        )
    )
    curve = "\n".join(
        f"| {row['step']:.0f} | {row['seconds']:.0f} | {row['loss']:.3f} | {row['accuracy']:.1%} |"
        f" {row['balanced']:.1%} |"
        for row in told["learningCurve"]
    )
    styles = "\n".join(f"- {name}: {share:.1%}" for name, share in test["byStyle"].items())
    recalls = ", ".join(f"{name} {share:.0%}" for name, share in sorted(test["recalls"].items()))
    others = ""
    if "testOfEachSecondAlone" in told:
        others = (
            f"- each second by itself, without its neighbours: {told['testOfEachSecondAlone']:.1%};"
            f" every other second only:\n  {told['testWithAClipEvery2Seconds']:.1%}\n"
        )
    together, taught, sees = _context(told.get("context"))
    served = told["served"]
    int8 = told["int8"]
    return f"""# slowfast

Sees what the cook's hands do, each second, in chunks of film. **Trained on {told["trainedOn"]};
how it does in real kitchens is unknown.**

## Method

SlowFast (Feichtenhofer et al. 2019) in a slim form: names of weights as in pytorchvideo's builder,
{told["parameters"]:,} parameters, {told["frames"]} pictures a clip at 7.5 a second, of which the slow
pathway sees every fourth. {_LOOKS[told["looks"]]}; the film is decoded once. {together}A hidden
Markov model reads the seconds of a chunk together: an action goes on with probability
{told["chain"]["stays"]:.2f} a second, a pause with {told["chain"]["pauses"]:.2f} (counted in its own films);
which action follows which it does not know. Temperature {told["temperature"]:.2f} and sharpness
{told["chain"]["sharpness"]:.2f} were fitted on films that were not trained on.
{len(told["labels"])} labels, background among them; `labels.yaml` names their EPIC-KITCHENS-100 verb classes.

## Training

- command: `{told["command"]}`
- data: {told["trainingFilms"]} films, {told["trainingPictures"]} pictures, seed {told["seed"]};
  {told["trainingGroups"]}
- date: {told["date"]}; {told["trainingSeconds"]:.0f} s of training, {told["steps"]} steps{taught}

Learning curve (on the group that calibration is fitted on):

| step | seconds | loss | seconds right | mean over labels |
|---|---|---|---|---|
{curve}

## How well it does on {told["testGroups"]} (never trained on)

- seconds right: **{test["accuracy"]:.1%}** of {test["seconds"]} (asked: {bar:.0%}). {verdict}
- mean over labels: {test["balancedAccuracy"]:.1%}
- calibration error of the confidence (ten bins of equal mass): {test["calibrationError"]:.3f}
{others}- right by label: {recalls}

{styles}

On the calibration group: {told["calibration"]["accuracy"]:.1%} right.

## Engine

{told["engine"]}. INT8 against PyTorch float32, one thread each, in one run: the same label in
{int8["top1Agreement"]:.1%} of {int8["clips"]} clips, {int8["timesFaster"]:.1f} times as fast.
What is served agrees in {served["top1Agreement"]:.1%} and is {served["timesFaster"]:.1f} times as fast.

## Limits

- Trained on drawn films alone unless it says otherwise above: real hands, tools and kitchens are unknown.
- {sees}
- Portrait films were not trained on.
"""


def _context(told: dict[str, Any] | None) -> tuple[str, str, str]:
    """What the card says of the network that reads looks together: its method, its training, its limit."""
    if told is None:
        return (
            "",
            "",
            "It sees a little more than a second at a time: what looks alike for so long is taken for one"
            " another.",
        )
    losses = ", ".join(f"{row['loss']:.3f} at {row['step']:.0f}" for row in told["learningCurve"])
    return (
        "A small temporal convolutional network\n(`context.py`) adds to a second's scores what the features"
        " of about four seconds before and after it tell. ",
        f"\n- and of the network that reads looks together: `{told['command']}`;\n  {told['films']} other"
        f" films of the same kitchens, {told['seconds']} seconds, seed {told['seed']}; {told['date']},"
        f"\n  {told['trainingSeconds']:.0f} s; loss {losses}",
        "It sees a few seconds at a time, and cannot tell what looks alike for so long. Which action usually"
        "\n  follows which it could learn from the third of its films that show whole dishes; the other films"
        "\n  mix all actions.",
    )
