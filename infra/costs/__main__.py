"""``python -m infra.costs``: prints what each environment and each film costs, as README's tables."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent
TERRAFORM = HERE.parent / "terraform"
HOURS = 730.0
"""Hours a month, as AWS counts."""
ANALYSERS = 4
ENVIRONMENTS = ("development", "staging", "production")
VOLUMES = (100, 1_000, 15_000)
MODES = ("serverless", "realtime-cpu", "realtime-gpu", "async")
TARGET_INR = 2.0
SWEEPS = HOURS * 12  # every 5 minutes
SWEEP_S = 60.0  # assumed
REFRESHES = HOURS  # of the analytics, every hour, as large and as long as a sweep
CRAWLS = 365 / 12 / 7  # one a week, of 2 DPU for the ten minutes that the least one is billed
RELOAD_HOURS = 0.5  # assumed, of 2 DPU: one whole reload of the analytics a month
LONGEST_TRAINING_HOURS = 6  # adapters/aws/training.py lets no job run longer


@dataclass(frozen=True)
class Line:
    """Dollars for one thing; ``sure`` is false where a price stands in for an unknown one."""

    name: str
    usd: float
    sure: bool = True


class Prices:
    """The price table; every price that is asked for and stands in for another is remembered."""

    def __init__(self, path: Path = HERE / "prices.yaml") -> None:
        table = yaml.safe_load(path.read_text(encoding="utf-8"))
        self.version: str = table["version"]
        self.rupees: float = table["rupees_per_usd"]
        self.gst: float = table["gst_percent"]
        self.unknown: list[str] = table["unknown"]
        self.entries: dict[str, dict[str, Any]] = table["prices"]

    def line(self, name: str, *uses: tuple[str, float]) -> Line:
        """One thing that is made of several prices times how much of each is used."""
        usd = sum(self.entries[price]["usd"] * amount for price, amount in uses)
        sure = not any("stands_in_for" in self.entries[price] for price, amount in uses if amount)
        return Line(name, usd, sure)


def usage(path: Path = HERE / "usage.yaml") -> dict[str, float]:
    film = yaml.safe_load(path.read_text(encoding="utf-8"))["film"]
    return {name: float(entry["value"]) for name, entry in film.items()}


def _said(environment: str, name: str) -> str:
    """The value of one line of an environment's tfvars, as it is written there; empty where there is none."""
    text = (TERRAFORM / "environments" / environment / "terraform.tfvars").read_text(encoding="utf-8")
    found = re.search(rf"^\s*{name}\s*=\s*(.+?)\s*$", text, re.MULTILINE)
    return found[1].strip('"') if found else ""


def at_rest(prices: Prices, environment: str, processors: str) -> list[Line]:
    """What a month costs without a film, the models' endpoints aside."""
    endpoints = yaml.safe_load((TERRAFORM / "modules/network/endpoints.yaml").read_text(encoding="utf-8"))
    doors = sum(e["type"] == "Interface" and not e.get("optional", False) for e in endpoints.values())
    zones = int(_said(environment, "endpoint_zones") or 2)
    two_zones = _said(environment, "multi_az") == "true"
    size = _said(environment, "instance_class").split(".")[-1]
    database = f"rds_pg_t4g_{size}_maz" + ("_use1" if size == "medium" else "")
    disk = float(_said(environment, "storage_gb") or 20)
    servers = 2 if environment == "production" else 1
    sweeping = (SWEEPS + REFRESHES) * SWEEP_S / 3600
    vcpu = HOURS * (servers * 0.5 + 2 * 0.25) + sweeping * 0.5
    memory = HOURS * (servers * 1.0 + 2 * 0.5) + sweeping * 2.0
    line = prices.line(
        f"PostgreSQL, {size}, {'two zones' if two_zones else 'one zone'}",
        (database, HOURS),
        ("rds_gp3_gb_month_maz" if two_zones else "rds_gp3_gb_month_saz", disk),
    )
    if two_zones and size != "medium":
        line = Line(line.name, line.usd)
    keys = 2 if _said(environment, "second_region") == "true" else 1
    return [
        prices.line(
            f"{doors} interface endpoints in {zones} zone(s)",
            ("vpce_interface_hour_az", doors * zones * HOURS),
        ),
        line,
        prices.line("load balancer", ("alb_hour", HOURS)),
        prices.line(
            "Prefect server, worker, intake, sweep, analytics",
            (f"fargate_{processors}_vcpu_hour", vcpu),
            (f"fargate_{processors}_gb_hour", memory),
        ),
        prices.line(
            "keys, secrets, alarms, metrics",
            ("kms_key_month", keys),
            ("secret_month_use1", 5),
            ("cw_alarm_month_use1", 8),
            ("cw_custom_metric_month", 15),
        ),
    ]


def opensearch(prices: Prices, environment: str) -> Line:
    nodes = 2 if environment == "production" else 1
    return prices.line(f"OpenSearch, {nodes} x t3.small", ("opensearch_t3_small_use1", nodes * HOURS))


def models(prices: Prices, mode: str, films: float) -> Line:
    """What a month of a way of serving costs, its floor included, for so many films."""
    film = usage()
    if mode == "serverless":
        return prices.line(mode, ("sm_serverless_3gb_second_use1", films * film["model_cpu_s"]))
    price = "sm_train_g4dn_xlarge" if mode == "realtime-gpu" else "sm_train_m5_xlarge"
    hours = min(HOURS, films * film["awake_s"] / 3600) if mode == "async" else HOURS
    return prices.line(mode, (price, ANALYSERS * hours))


def a_film(prices: Prices, processors: str) -> list[Line]:
    """What each film costs besides the models, whatever else runs."""
    film = usage()
    hours = film["run_s"] / 3600
    return [
        prices.line(
            "run",
            (f"fargate_{processors}_vcpu_hour", 2 * hours),
            (f"fargate_{processors}_gb_hour", 8 * hours),
        ),
        prices.line(
            "requests, records, messages, logs",
            ("s3_put_1k", film["puts"] / 1000),
            ("s3_get_1k", film["gets"] / 1000),
            ("dynamodb_wru_million", film["writes"] / 1e6),
            ("dynamodb_rru_million", film["reads"] / 1e6),
            ("sqs_standard_million_use1", film["messages"] / 1e6),
            ("sns_requests_million_use1", 2 / 1e6),
            ("cw_logs_ingest_gb", film["log_gb"]),
        ),
        prices.line("keeping the film", ("s3_standard_gb_month", film["gb"] * film["months_kept"])),
        prices.line(
            "wording by a model in India",
            ("bedrock_haiku_4_5_in_in", film["tokens_in"] / 1e6),
            ("bedrock_haiku_4_5_in_out", film["tokens_out"] / 1e6),
        ),
    ]


def added_inr(prices: Prices, mode: str, processors: str, films: float) -> float:
    """Rupees that a film adds: run, requests, models with their floor; no wording, keeping or platform."""
    run, requests, *_ = a_film(prices, processors)
    return (run.usd + requests.usd + models(prices, mode, films).usd / films) * prices.rupees


def full_inr(prices: Prices, mode: str, processors: str, films: float) -> float:
    """Rupees a film with everything: wording, keeping, the models' and production's floors."""
    floor = sum(line.usd for line in at_rest(prices, "production", processors))
    each = sum(line.usd for line in a_film(prices, processors))
    return (each + (floor + models(prices, mode, films).usd) / films) * prices.rupees


def glue(prices: Prices) -> Line:
    """What the job and the crawler of the analytics cost a month, where they are on."""
    dpu_hours = 2 * (CRAWLS * 10 / 60 + RELOAD_HOURS)
    return prices.line("Glue's crawler and one whole reload", ("glue_dpu_hour", dpu_hours))


def retraining(prices: Prices) -> Line:
    """What one retraining costs at most: all the time that a job may take, on demand; Spot is cheaper."""
    job = prices.line("", ("sm_train_g4dn_xlarge", LONGEST_TRAINING_HOURS))
    # Of hosting it stands in for another price; of training it is the price.
    return Line("One retraining, at most", job.usd, True)


def _inr(prices: Prices, line: Line) -> str:
    return f"{line.usd * prices.rupees:,.0f}{'' if line.sure else ' †'}"


def tables(prices: Prices) -> Iterator[str]:
    """The lines of README's tables."""
    yield f"Price table {prices.version}, Rs {prices.rupees} a dollar, before {prices.gst} % GST."
    yield "† A price stands in for one that is not known."
    for processors, called in (("arm", "ARM"), ("x86", "x86")):
        yield ""
        yield f"At rest, rupees a month, tasks on {called}:"
        yield ""
        columns = [[*at_rest(prices, e, processors), opensearch(prices, e)] for e in ENVIRONMENTS]
        yield "| | development | staging | production |"
        yield "|---|---:|---:|---:|"
        names = (
            "interface endpoints",
            "PostgreSQL",
            "load balancer",
            "Prefect server, worker, intake, sweep, analytics",
            "keys, secrets, alarms, metrics",
        )
        for row, name in enumerate(names):
            yield f"| {name} | " + " | ".join(_inr(prices, column[row]) for column in columns) + " |"
        sums = [
            Line("", sum(line.usd for line in column[:-1]), all(line.sure for line in column[:-1]))
            for column in columns
        ]
        yield "| **together** | " + " | ".join(f"**{_inr(prices, line)}**" for line in sums) + " |"
        yield (
            "| OpenSearch, where it is on | "
            + " | ".join(_inr(prices, column[-1]) for column in columns)
            + " |"
        )
        yield (
            "| Glue's crawler and one whole reload, where they are on |"
            + f" {_inr(prices, glue(prices))} |" * 3
        )
    yield ""
    yield "Models at rest, rupees a month, one instance for each of the four analysers:"
    yield ""
    yield "| serverless | realtime-cpu | realtime-gpu | async |"
    yield "|---:|---:|---:|---:|"
    yield "| " + " | ".join(_inr(prices, models(prices, mode, 0)) for mode in MODES) + " |"
    yield ""
    job = retraining(prices)
    yield f"{job.name} ({LONGEST_TRAINING_HOURS} hours of ml.g4dn.xlarge, on demand): Rs {_inr(prices, job)}."
    yield ""
    yield "Of it a film, rupees, besides the models:"
    yield ""
    yield "| | ARM | x86 |"
    yield "|---|---:|---:|"
    for arm, x86 in zip(a_film(prices, "arm"), a_film(prices, "x86"), strict=True):
        yield f"| {arm.name} | {arm.usd * prices.rupees:.2f} | {x86.usd * prices.rupees:.2f} |"
    yield ""
    yield "A film, rupees: what it adds (run, requests, models with their floor) / with all of production"
    yield "(floors of the platform, wording, keeping). **Bold**: within the target of Rs 2."
    yield ""
    yield "| serving | tasks | " + " | ".join(f"{films:,} a month" for films in VOLUMES) + " |"
    yield "|---|---|" + "---:|" * len(VOLUMES)
    for mode in MODES:
        for processors, called in (("arm", "ARM"), ("x86", "x86")):
            cells = []
            for films in VOLUMES:
                both = [added_inr(prices, mode, processors, films), full_inr(prices, mode, processors, films)]
                cells.append(" / ".join(f"**{v:,.2f}**" if v <= TARGET_INR else f"{v:,.2f}" for v in both))
            yield f"| {mode} † | {called} | " + " | ".join(cells) + " |"
    yield ""
    yield "Used, without a known price, and in no figure: " + "; ".join(prices.unknown) + "."
    yield ""
    yield "Standing in:"
    for entry in prices.entries.values():
        if "stands_in_for" in entry:
            yield f"- for {entry['stands_in_for']}: $ {entry['usd']:g} ({entry['region']}, {entry['as_of']})"


def main() -> int:
    print("\n".join(tables(Prices())))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
