"""The flow ``erase_person``: finishes the erasures that were asked for, each with a signed receipt.

Its parameter is a pseudonym, so that the run itself names nobody: whose it is stands in what was written down
when the erasure was asked for (``tasks/erasing.py``), which goes with the rest.
"""

from __future__ import annotations

from typing import Annotated

from prefect import flow, get_run_logger
from prefect.artifacts import create_table_artifact
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from bharatchef.erasing.receipts import Receipt
from bharatchef.settings import load_settings
from bharatchef.vocabulary import Record
from tasks.erasing import complete_erasure, open_erasures
from tasks.erasing_places import all_places
from tasks.runtime import allow_stages, ports_here


class ErasureRequest(BaseModel):
    """Whose erasure to finish."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    person: Annotated[str, StringConstraints(pattern=r"^p-[0-9a-f]{16}$")] | None = Field(
        default=None, description="The pseudonym of one person; without it all that were asked for"
    )


class ErasureSummary(Record):
    """Where the receipts lie, by pseudonym."""

    receipts: dict[str, str]


@flow(name="erase-person", persist_result=False, validate_parameters=True)
def erase_person(request: ErasureRequest | None = None) -> ErasureSummary:
    """Erase everywhere the people whose erasure was asked for, and leave a receipt for each.

    Raises:
        StoreError: something could not be erased; the next run goes on there.
    """
    asked = request or ErasureRequest()
    allow_stages()
    settings, ports = load_settings(), ports_here()
    made: dict[str, Receipt] = {}
    for person in [asked.person] if asked.person else open_erasures(ports):
        receipt = complete_erasure(ports, settings, all_places(ports, settings), person)
        if receipt is None:
            get_run_logger().info("Nothing of %s is waiting to be erased", person)
            continue
        made[person] = receipt
        get_run_logger().info("%s was erased; the receipt is %s", person, receipt.name)
    if made:
        create_table_artifact(
            [
                {"person": person, "place": there.place, "erased": there.count}
                for person, receipt in made.items()
                for there in receipt.erased
            ],
            key="erased",
            description="What was erased where, by pseudonym",
        )
    return ErasureSummary(receipts={person: receipt.name for person, receipt in made.items()})
