"""A ledger of measured usage times a versioned price table: rupees a stage; it measures nothing itself.

No figure here is what a run would have cost elsewhere: a laptop's CPU-seconds say nothing sound about
another machine's, so usage is priced only where it happened.
"""

from __future__ import annotations

import difflib
import hashlib
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import Field, ValidationError, field_validator

from bharatchef.errors import ConfigurationError, KnowledgeError
from bharatchef.results import CostEntry, CostReport
from bharatchef.vocabulary import Record, Sha256, Slug

_BUNDLED = Path(__file__).with_name("prices.yaml")


class Price(Record):
    """The price of ``per`` units of one thing in US dollars before tax; ``None`` where none is known."""

    price_id: Slug = Field(alias="id")
    usd: Annotated[float, Field(ge=0)] | None
    per: Annotated[float, Field(gt=0)]
    unit: str
    region: str
    as_of: str
    source: str
    confidence: Literal["high", "medium", "low"]
    note: str = ""


class Rate(Record):
    """Rupees for one US dollar, when and by whose word."""

    per_usd: Annotated[float, Field(gt=0)] = Field(alias="per_usd")
    as_of: str = Field(alias="as_of")
    source: str


class PriceTable(Record):
    """Prices as they lie in a versioned file, with the file's sha256."""

    version: str
    sha256: Sha256
    rupees: Rate
    gst_percent: Annotated[float, Field(ge=0, le=100)] = Field(alias="gst_percent")
    prices: tuple[Price, ...]

    @field_validator("prices")
    @classmethod
    def _each_once(cls, prices: tuple[Price, ...]) -> tuple[Price, ...]:
        ids = [price.price_id for price in prices]
        twice = sorted({i for i in ids if ids.count(i) > 1})
        if twice:
            raise ValueError(f"expected each price once, got more of {', '.join(twice)}")
        return prices

    def price(self, price_id: str) -> Price:
        """The price of that name.

        Raises:
            ConfigurationError: the table has none; the message names the nearest ones.
        """
        for price in self.prices:
            if price.price_id == price_id:
                return price
        known = [price.price_id for price in self.prices]
        near = difflib.get_close_matches(price_id, known, n=3) or known
        raise ConfigurationError(
            f"Expected a price of the table {self.version}, got {price_id!r}.",
            f"Did you mean {' or '.join(near)}? Add new prices to the table with their source.",
        )

    def inr(self, price_id: str, quantity: float, unit: str) -> float | None:
        """Rupees before tax for ``quantity`` of a price's unit; ``None`` where no price is known.

        Raises:
            ConfigurationError: no such price, another unit than the price's, or a quantity that is
                negative or not finite.
        """
        price = self.price(price_id)
        if unit != price.unit:
            raise ConfigurationError(
                f"Expected the usage of {price_id} in {price.unit}, got {unit!r}.",
                "Convert it before it goes into the ledger.",
            )
        if not math.isfinite(quantity) or quantity < 0:
            raise ConfigurationError(
                f"Expected a measured quantity of {price_id} of 0 or more {price.unit}, got {quantity}.",
                "Check how it is measured.",
            )
        return None if price.usd is None else quantity / price.per * price.usd * self.rupees.per_usd


def load_prices(path: Path | None = None) -> PriceTable:
    """The price table of a YAML file, by default the one that comes with the program.

    Raises:
        KnowledgeError: the file cannot be read or does not fit; the message says where.
    """
    path = path or _BUNDLED
    try:
        data = path.read_bytes()
        content = yaml.safe_load(data)
    except (OSError, yaml.YAMLError) as error:
        raise KnowledgeError(
            f"Expected a price table in {path.name}, but it cannot be read: {error}.", "Restore the file."
        ) from error
    if not isinstance(content, dict):
        raise KnowledgeError(
            f"Expected version, rupees and prices in {path.name}, got {type(content).__name__}.",
            "Begin from the file that comes with the program.",
        )
    try:
        return PriceTable.model_validate({**content, "sha256": hashlib.sha256(data).hexdigest()})
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise KnowledgeError(
            f"{path.name}, {where}: {first['msg']}, got {first['input']!r}.", "Correct that entry."
        ) from error


def cost_note(ports: Literal["local", "aws"], chat: bool) -> str:
    """What a total leaves out and what it holds, for its reader.

    Args:
        ports: where the evaluation ran.
        chat: whether a chat model's tokens are in it.
    """
    tokens = "The chat model's tokens are billed, as its host counted them; "
    if ports == "local":
        alone = "On this machine nothing is billed; processor time is counted"
        return f"{tokens}this machine's processor time is not." if chat else f"{alone}."
    rest = "endpoints, storage, requests and what runs all the time are billed beside this total"
    return f"{tokens}{rest}." if chat else f"{rest.capitalize()}."


class Ledger:
    """What one evaluation used, stage by stage. Not shared between threads: merge with ``take``."""

    def __init__(self, prices: PriceTable) -> None:
        self._prices = prices
        self._entries: list[CostEntry] = []

    def add(self, stage: str, price_id: str, quantity: float, unit: str) -> CostEntry:
        """Write down measured usage.

        Args:
            stage: the stage that used it.
            price_id: a price of the table.
            quantity: how much was used, finite and at least 0, in ``unit``.
            unit: the unit it was measured in; it must be the price's own.

        Raises:
            ConfigurationError: as ``PriceTable.inr``.
        """
        inr = self._prices.inr(price_id, quantity, unit)
        entry = CostEntry(stage=stage, price_id=price_id, quantity=quantity, unit=unit, inr=inr)
        self._entries.append(entry)
        return entry

    def take(self, entries: Iterable[CostEntry]) -> None:
        """Write down what was measured elsewhere, priced by this ledger's own table."""
        for entry in entries:
            self.add(entry.stage, entry.price_id, entry.quantity, entry.unit)

    @property
    def entries(self) -> tuple[CostEntry, ...]:
        return tuple(self._entries)

    @property
    def total_inr(self) -> float:
        """Rupees before tax of all that has a price; the order of entries does not change it."""
        return math.fsum(entry.inr for entry in self._entries if entry.inr is not None)

    def by_stage(self) -> dict[str, float]:
        """Rupees a stage before tax, in the order in which the stages were first written down."""
        stages = dict.fromkeys(entry.stage for entry in self._entries)
        return {
            stage: math.fsum(e.inr for e in self._entries if e.stage == stage and e.inr is not None)
            for stage in stages
        }

    def over(self, max_inr: float, planned_inr: float = 0.0) -> bool:
        """Whether what was spent, and what is planned next, is more than the ceiling.

        Ask with ``planned_inr`` before spending, so that a run degrades instead of overspending.
        """
        return self.total_inr + planned_inr > max_inr

    def report(self, note: str = "") -> CostReport:
        """What it all comes to, before tax, with what has no known price named in the note."""
        unpriced = list(dict.fromkeys(e.price_id for e in self._entries if e.inr is None))
        notes = [note.rstrip(". ")] if note else []
        if unpriced:
            notes.append(f"no price is known for {', '.join(unpriced)}: the total leaves it out")
        if self.total_inr > 0:
            notes.append(
                f"list prices at ₹{self._prices.rupees.per_usd:g} a dollar ({self._prices.rupees.as_of}); "
                f"GST of {self._prices.gst_percent:g} % comes on top"
            )
        elif self._entries and not unpriced and not note:
            notes.append("nothing was billed: it ran on this machine")
        return CostReport(
            entries=self.entries,
            total_inr=self.total_inr,
            prices_version=self._prices.version,
            prices_sha256=self._prices.sha256,
            note="; ".join(notes),
        )
