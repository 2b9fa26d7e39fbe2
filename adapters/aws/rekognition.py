"""Rekognition looks pictures of a film over: moderation, scenes, things, activities. It judges no cooking."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from adapters.aws.clients import SOON, aws_client, error_code
from bharatchef.errors import EndpointError
from bharatchef.ports import Looked, SeenLabel
from bharatchef.settings import Settings

SERVICE = "Amazon Rekognition"
MIN_UNFIT, MIN_LABEL = 80.0, 60.0
"""Least confidence, percent, of what a person has to look at, and of any other label."""
_MOST_LABELS = 50
_MOST_BYTES = 5 * 1024 * 1024  # of a picture that is sent, not stored
# Kinds of moderation that hold a film (Rekognition's own names, moderation model 7). Left out are those that
# a kitchen is full of: knives are "Weapons" and wine is "Alcohol" there.
HOLDS = {
    "Explicit",
    "Explicit Nudity",
    "Non-Explicit Nudity of Intimate parts and Kissing",
    "Graphic Violence",
    "Visually Disturbing",
    "Hate Symbols",
}
_SCENES = {"Home and Indoors", "Buildings and Architecture", "Nature and Outdoors", "Travel and Adventure"}
_ACTIVITIES = {"Actions"}


class RekognitionLooker:
    """The looker port on Rekognition; two calls a picture, each tried at most three times by botocore."""

    def __init__(self, settings: Settings) -> None:
        self._client: Any = aws_client(
            "rekognition", settings, url=settings.rekognition_url, read_s=15.0, attempts=3
        )

    def look(self, pictures: Sequence[tuple[float, bytes]]) -> Looked:
        unfit: list[SeenLabel] = []
        seen: dict[str, list[SeenLabel]] = {"scenes": [], "objects": [], "activities": []}
        for time_s, jpeg in pictures:
            if len(jpeg) > _MOST_BYTES:
                raise EndpointError(
                    f"A picture of {len(jpeg)} bytes is larger than the {_MOST_BYTES} that {SERVICE} takes."
                )
            image = {"Bytes": jpeg}
            moderated = self._asked("detect_moderation_labels", Image=image, MinConfidence=MIN_UNFIT)
            unfit += [
                SeenLabel(label["Name"], label["Confidence"] / 100, time_s)
                for label in moderated["ModerationLabels"]
                if {label["Name"], label.get("ParentName", "")} & HOLDS
            ]
            labelled = self._asked(
                "detect_labels", Image=image, MinConfidence=MIN_LABEL, MaxLabels=_MOST_LABELS
            )
            for label in labelled["Labels"]:
                seen[_kind(label)] += _seen(label, time_s)
        return Looked(SERVICE, tuple(unfit), **{kind: tuple(found) for kind, found in seen.items()})

    def _asked(self, operation: str, **arguments: Any) -> Mapping[str, Any]:
        from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError

        try:
            answer: Mapping[str, Any] = getattr(self._client, operation)(**arguments)
        except ClientError as error:
            code = error_code(error)
            again = code in SOON or error.response["ResponseMetadata"].get("HTTPStatusCode", 0) >= 500
            remedy = "Try again later." if again else "Check the worker's role, or switch Rekognition off."
            raise EndpointError(f"{SERVICE} refused with {code}.", remedy, retryable=again) from error
        except (BotoCoreError, HTTPClientError) as error:
            raise EndpointError(
                f"{SERVICE} was not reached ({type(error).__name__}).", "Check the network.", retryable=True
            ) from error
        return answer


def _kind(label: Mapping[str, Any]) -> str:
    categories = {category["Name"] for category in label.get("Categories", ())}
    if categories & _ACTIVITIES:
        return "activities"
    return "scenes" if categories & _SCENES and not label.get("Instances") else "objects"


def _seen(label: Mapping[str, Any], time_s: float) -> list[SeenLabel]:
    name, instances = label["Name"], label.get("Instances", ())
    if not instances:
        return [SeenLabel(name, label["Confidence"] / 100, time_s)]
    return [
        SeenLabel(name, found["Confidence"] / 100, time_s, _box(found["BoundingBox"])) for found in instances
    ]


def _box(box: Mapping[str, float]) -> tuple[float, float, float, float]:
    return box["Left"], box["Top"], box["Width"], box["Height"]
