"""Commands over many evaluations: what they cost, month by month and stage by stage."""

from __future__ import annotations

import math
from collections import defaultdict
from zoneinfo import ZoneInfo

from rich.table import Table

from app.console import out, print_json
from bharatchef.results import EvaluationResult
from tasks.runtime import ports_here

_INDIA = ZoneInfo("Asia/Kolkata")


def show_cost(months: int, as_json: bool) -> None:
    """Print what evaluations of the last ``months`` months with any cost, by month and stage."""
    ports = ports_here()
    spent: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for evaluation in ports.evaluations.find(""):
        if evaluation.result_s3_key is None or not ports.objects.exists(evaluation.result_s3_key):
            continue
        result = EvaluationResult.model_validate_json(ports.objects.get_bytes(evaluation.result_s3_key))
        month = f"{evaluation.created_at.astimezone(_INDIA):%Y-%m}"
        for entry in result.cost.entries:
            if entry.inr is not None:
                spent[month][entry.stage].append(entry.inr)
    rows = [
        {"month": month, "stage": stage, "inr": math.fsum(spent[month][stage])}
        for month in sorted(spent)[-months:]
        for stage in sorted(spent[month])
    ]
    if as_json:
        print_json(rows)
        return
    table = Table(box=None, pad_edge=False)
    for title in ("month", "stage", "₹ before tax"):
        table.add_column(title)
    for row in rows:
        table.add_row(str(row["month"]), str(row["stage"]), f"{row['inr']:.2f}")
    out().print(table)
