"""Which chat models there are, and which of them the settings allow; imports nothing of AWS.

What is sent to a model may leave India only where a setting says so.
"""

from __future__ import annotations

import difflib
import re
from functools import cache
from importlib import resources
from typing import Annotated, Literal

import yaml
from pydantic import Field

from bharatchef.errors import ConfigurationError
from bharatchef.ports import ChatFacts
from bharatchef.settings import Settings
from bharatchef.vocabulary import Record

_INDIAN_REGION = re.compile(r"ap-south-\d")


class ChatModelRow(Record):
    """One model of ``chat_models.yaml``."""

    model_id: str = Field(alias="model")
    base_id: str = Field(alias="base")
    provider: str
    answer: Literal["json_schema", "function_calling"]
    temperature: Annotated[float, Field(ge=0, le=1)] | None
    stays_in_india: bool = Field(alias="stays_in_india")
    input_price_id: str = Field(alias="input_price")
    output_price_id: str = Field(alias="output_price")
    pixels_per_token: Annotated[float, Field(gt=0)] = Field(alias="pixels_per_token")
    overhead_tokens: Annotated[int, Field(ge=0)] = Field(alias="overhead_tokens")
    max_inr: Annotated[float, Field(ge=0)] = Field(alias="max_inr")

    @property
    def facts(self) -> ChatFacts:
        return ChatFacts(
            model_id=self.model_id,
            input_price_id=self.input_price_id,
            output_price_id=self.output_price_id,
            pixels_per_token=self.pixels_per_token,
            overhead_tokens=self.overhead_tokens,
            stays_in_india=self.stays_in_india,
            max_inr=self.max_inr,
        )


@cache
def chat_model_rows() -> dict[str, ChatModelRow]:
    """The models that come with the program, by name."""
    data = (resources.files("adapters.aws") / "chat_models.yaml").read_bytes()
    return {name: ChatModelRow.model_validate(row) for name, row in yaml.safe_load(data)["models"].items()}


def allowed_model(name: str, settings: Settings) -> ChatModelRow:
    """The model of that name.

    Raises:
        ConfigurationError: there is none, or what is sent to it leaves India and no setting allows that.
    """
    rows = chat_model_rows()
    if name not in rows:
        near = difflib.get_close_matches(name, rows, n=2) or list(rows)
        raise ConfigurationError(
            f"Expected a chat model of {', '.join(rows)}, got {name!r}.", f"Did you mean {' or '.join(near)}?"
        )
    row = rows[name]
    if settings.chat_leaves_india:
        return row
    staying = [other for other, r in rows.items() if r.stays_in_india]
    if not row.stays_in_india:
        raise ConfigurationError(
            f"What is sent to {name} leaves India, and the settings do not allow that.",
            f"Use {' or '.join(staying)}, or set BHARATCHEF_CHAT_LEAVES_INDIA=true if those who cook agreed.",
        )
    if not _INDIAN_REGION.fullmatch(settings.aws_region):
        raise ConfigurationError(
            f"Expected an Indian region (ap-south-1) for {name}, got {settings.aws_region}: what is sent"
            " would leave India, and the settings do not allow that.",
            "Set BHARATCHEF_AWS_REGION=ap-south-1, or BHARATCHEF_CHAT_LEAVES_INDIA=true.",
        )
    return row
