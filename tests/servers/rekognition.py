"""Rekognition's wire shape for tests, over real HTTP: what it says follows from the picture that it is sent.

A mostly red picture is "Graphic Violence"; any picture is a "Kitchen" with a "Pan" where it is darkest and,
where it is bright, somebody "Cooking". It tells nothing of how well Rekognition sees.
"""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from PIL import Image, UnidentifiedImageError
from servers.loopback import Answer, answering


@dataclass
class Rekognition:
    """A server that runs; ``asked`` holds the operations that were asked for, oldest first."""

    url: str = ""
    asked: list[str] = field(default_factory=list)


def _answer(operation: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    try:
        picture = np.asarray(Image.open(io.BytesIO(base64.b64decode(body["Image"]["Bytes"]))).convert("RGB"))
    except (UnidentifiedImageError, KeyError):
        return 400, {"__type": "InvalidImageFormatException", "message": "Request has invalid image format"}
    red, green, blue = (float(value) for value in picture.reshape(-1, 3).mean(axis=0))
    least = float(body.get("MinConfidence", 50))
    if operation == "DetectModerationLabels":
        found = [
            {"Name": "Weapons", "ParentName": "Violence", "TaxonomyLevel": 2, "Confidence": 91.0},
            {"Name": "Violence", "ParentName": "", "TaxonomyLevel": 1, "Confidence": 91.0},
        ]
        if red > 2 * max(green, blue, 1):
            found.append(
                {
                    "Name": "Graphic Violence",
                    "ParentName": "Violence",
                    "TaxonomyLevel": 2,
                    "Confidence": min(99.0, red / 2.55),
                }
            )
        kept = [label for label in found if float(str(label["Confidence"])) >= least]
        return 200, {"ModerationLabels": kept, "ModerationModelVersion": "7.0"}
    grey = picture.mean(axis=2)
    top, left = np.unravel_index(int(grey.argmin()), grey.shape)
    box = {"Left": left / grey.shape[1], "Top": top / grey.shape[0], "Width": 0.1, "Height": 0.1}
    labels: list[dict[str, Any]] = [
        {
            "Name": "Kitchen",
            "Confidence": 97.0,
            "Instances": [],
            "Parents": [{"Name": "Indoors"}],
            "Categories": [{"Name": "Home and Indoors"}],
        },
        {
            "Name": "Pan",
            "Confidence": 88.0,
            "Instances": [{"BoundingBox": box, "Confidence": 86.0}],
            "Parents": [],
            "Categories": [{"Name": "Kitchen and Dining"}],
        },
    ]
    if grey.mean() > 100:
        labels.append(
            {
                "Name": "Cooking",
                "Confidence": 75.0,
                "Instances": [],
                "Parents": [],
                "Categories": [{"Name": "Actions"}],
            }
        )
    return 200, {
        "Labels": [label for label in labels if label["Confidence"] >= least],
        "LabelModelVersion": "3.0",
    }


@contextmanager
def rekognition() -> Iterator[Rekognition]:
    """A server on a free port of the loopback interface."""
    made = Rekognition()

    def answer(_path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        service, _, operation = headers["X-Amz-Target"].partition(".")
        assert service == "RekognitionService"
        made.asked.append(operation)
        status, said = _answer(operation, json.loads(body))
        return status, {"Content-Type": "application/x-amz-json-1.1"}, json.dumps(said).encode()

    with answering(answer) as made.url:
        yield made
