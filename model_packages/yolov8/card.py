"""The model card's text from a training's figures; every number in it comes from there."""

from __future__ import annotations

from typing import Any

from .detector import Spec


def _percent(share: float | None) -> str:
    return "not measured" if share is None else f"{share:.1%}"


def _verdict(test: dict[str, Any], bar: float) -> str:
    """Which bar is reached by what: the labels that are reported, and all that were trained."""
    named = sum(row["named"] for row in test["classes"].values())
    every = len(test["classes"])

    def said(value: float | None) -> str:
        return f"is {'reached' if (value or 0.0) >= bar else 'not reached'} ({_percent(value)})"

    if named == every:
        return f"The bar of {bar:.0%} {said(test['mAP50'])}."
    return (
        f"Over the {named} labels that are reported the bar of {bar:.0%} {said(test['mAP50'])};\n"
        f"**over all {every} that were trained it {said(test['mAP50AllClasses'])}**."
    )


def model_card(told: dict[str, Any], spec: Spec) -> str:
    """``MODEL_CARD.md`` for a training that told this."""
    test = told["test"]
    rows = sorted(test["classes"].items(), key=lambda item: (not item[1]["named"], -(item[1]["ap50"] or 0.0)))
    table = "\n".join(
        f"| {name} | {'yes' if row['named'] else 'no'} | {_percent(row['ap50'])} | {row['boxes']} |"
        for name, row in rows
    )
    curve = "\n".join(
        f"| {c['step']} | {c['box']:.3f} | {c['class']:.3f} |" for c in told["learningCurve"][::4]
    )
    choice = told["calibrationMap50"]
    int8 = "" if choice.get("int8") is None else f", INT8 {_percent(choice['int8'])}"
    drawn = told["trainingGroups"] is not None
    where = (
        f"""Trained on {told["pictures"]} drawn pictures of the kitchens {", ".join(told["trainingGroups"])};
labels and confidences were chosen on {", ".join(told["calibrationGroups"])}; tested on
{", ".join(told["testGroups"])}, whose palettes, textures, geometry and cameras it never saw."""
        if drawn
        else f"""Trained on {told["pictures"]} labelled pictures; tested in kitchens that were held out:
{", ".join(told["testGroups"])}."""
    )
    few = ", ".join(test["tooFewToSay"]) or "none"
    origin = (
        "Trained on drawn films; how it does in real kitchens is unknown."
        if drawn
        else "Trained on its owner's pictures."
    )
    unknown = (
        "No real kitchen was looked at in training or in the test. On real pictures expect little of it:"
        if drawn
        else "How it does in kitchens that are not among its pictures. Beside it,"
    )
    return f"""# yolov8

Finds kitchen things in chunks of film and in stills, each with a box and how sure it is. **{origin}**
It reports: {", ".join(label for label in spec.labels if label not in spec.withheld)}.

## Method

YOLOv8n (ultralytics, AGPL-3.0), begun from random weights, trained by ultralytics' own loss in bfloat16.
Answering needs neither ultralytics nor torch: the model runs in OpenVINO
({told["engine"]}), and letterbox, decoding and non-maximum suppression are this package's own.
It looks once a second. A confidence is calibrated: how often such a detection is right in the calibration
kitchens.

{where}

## Figures

mAP50 (average precision at an overlap of half, mean over the labels that are reported and there at least
15 times): **{_percent(test["mAP50"])}**.
{_verdict(test, told["bar"])}

| figure | value |
|---|---|
| mAP50 over all classes trained, reported or not | {_percent(test["mAP50AllClasses"])} |
| of what it reports, right | {_percent(test["precision"])} |
| of what it can name, found | {_percent(test["recall"])} |
| calibration error of its confidences (ECE, equal-mass bins) | {_percent(test["calibrationError"])} |
| calibration kitchens, mAP50 | FP16 {_percent(choice["fp16"])}{int8} |

A thing of which less than 40 % can be seen, or thinner than 4 px in a picture 640 px wide, need not be found.

| label | reported | AP50 | boxes in the test |
|---|---|---|---|
{table}

Too few in the test to say anything, though reported: {few}.

## What it does not name, and why

- A class whose AP50 in the calibration kitchens is below 60 %, or of which too little was there, is trained
but
  **not reported**, so that the program never calls such a thing missing:
  {", ".join(spec.withheld) or "none"}.
- Ingredients that are drawn alike cannot be told apart by anything in the picture and were not trained: salt
  and sugar; oil and ghee; milk, curd and cream; rice, poha, rava and urad dal; tea leaves, mustard seeds,
  clove.
- Most ingredients stand in small dishes of about 20 by 8 pixels: their colour and grain is all there is to
see.

## What is not known

{unknown} a detector trained on real pictures can be used by the same contract (`foreign.py` reads
ultralytics'
COCO export and YOLOX), or this one can be trained on your own pictures (`train --pictures-of FOLDER`).

## Training again

    {told["command"]}

Date {told["date"]}, seed {told["seed"]}, {told["trainingSeconds"]} s of training, most of it on one core.
Weights: {told["weightsBytes"]} bytes, sha256 {told["weightsSha256"]}.

{told.get("remark", "")}

| step | loss of boxes | loss of classes |
|---|---|---|
{curve}
"""
