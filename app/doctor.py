"""``bharatchef doctor``: what is here, what is missing, and how to get it."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version

from rich.markup import escape
from rich.table import Table

from adapters.local.disk import disk_usage, free_bytes
from app.console import out, print_json
from app.prefect_server import is_healthy, running_server
from bharatchef import __version__
from bharatchef.errors import BharatChefError
from bharatchef.observed import Analyser, Unavailable
from bharatchef.ports import Ports
from bharatchef.settings import Settings, load_settings
from knowledge_base.library import BUILT_IN_DISHES, DishLibrary
from tasks.runtime import ports_here

_PACKAGES: Mapping[str, tuple[str, str]] = {
    "av": ("reads films", ""),
    "numpy": ("arithmetic", ""),
    "opencv-python-headless": ("looks at pictures, draws films", ""),
    "prefect": ("runs the flows", ""),
    "fastapi": ("Prefect's server; 0.155 and later break it", ""),
    "pydantic": ("checks records", ""),
    "tslearn": ("aligns films (DTW)", ""),
    "torch": ("trains and runs models", "only needed once models are installed: pip install torch==2.13.0"),
    "openvino": ("runs models fast on a CPU", "only needed once models are installed: pip install openvino"),
}


@dataclass(frozen=True)
class Finding:
    """One line of the doctor's word: ``state`` is ok, optional or missing."""

    what: str
    state: str
    says: str
    remedy: str = ""


def findings(settings: Settings, ports: Ports) -> dict[str, list[Finding]]:
    """Everything the doctor looks at, by heading."""
    return {
        "This machine": _machine(),
        "Packages": [_package(name, *words) for name, words in _PACKAGES.items()],
        "Models": [
            Finding("folder", "ok", str(settings.models_dir)),
            *(_model(ports, analyser) for analyser in Analyser),
        ],
        "Ports": _ports(settings, ports),
        "Dishes": _or_why_not("dishes", lambda: _dishes(settings)),
        "Disk": _or_why_not(str(settings.home), lambda: _disk(settings)),
        "Unfinished": _or_why_not("evaluations", lambda: _unfinished(ports)),
    }


def _or_why_not(what: str, look: Callable[[], list[Finding]]) -> list[Finding]:
    # What cannot be looked at is what a person calls the doctor for.
    try:
        return look()
    except BharatChefError as error:
        return [Finding(what, "missing", error.message, error.remedy)]


def examine(as_json: bool) -> None:
    """Print the findings."""
    found = findings(load_settings(), ports_here())
    if as_json:
        print_json({heading: [asdict(finding) for finding in lines] for heading, lines in found.items()})
        return
    console = out()
    marks = {
        "ok": "[green]ok[/green]",
        "optional": "[yellow]absent[/yellow]",
        "missing": "[red]missing[/red]",
    }
    for heading, lines in found.items():
        console.print(f"[bold]{heading}[/bold]")
        table = Table(box=None, show_header=False, pad_edge=False)
        table.add_column(width=8)
        table.add_column()
        table.add_column(overflow="fold")
        for line in lines:
            says = escape(line.says) + (f"\n[dim]{escape(line.remedy)}[/dim]" if line.remedy else "")
            table.add_row(marks[line.state], escape(line.what), says)
        console.print(table)


def _machine() -> list[Finding]:
    here = sys.version_info[:2] == (3, 11)
    return [
        Finding("bharatchef", "ok", __version__),
        Finding(
            "Python",
            "ok" if here else "missing",
            platform.python_version(),
            "" if here else "Python 3.11 is expected: `make setup` finds or names it.",
        ),
        Finding("system", "ok", f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors"),
    ]


def _package(name: str, purpose: str, remedy: str) -> Finding:
    try:
        return Finding(name, "ok", f"{version(name)}: {purpose}")
    except PackageNotFoundError:
        if remedy:
            return Finding(name, "optional", purpose, remedy)
        return Finding(name, "missing", purpose, "Run `make setup` again.")


def _model(ports: Ports, analyser: Analyser) -> Finding:
    found = ports.models.identify(analyser)
    if isinstance(found, Unavailable):
        return Finding(analyser, "optional", f"not assessed: {found.reason}", found.remedy)
    return Finding(
        analyser,
        "ok",
        f"{found.name} {found.version}, weights {found.weights_sha256[:12]}, {found.engine},"
        f" trained on {found.trained_on}",
    )


def _ports(settings: Settings, ports: Ports) -> list[Finding]:
    lines = [
        Finding(name, "ok", f"{settings.ports}: {type(getattr(ports, name)).__name__}")
        for name in ("objects", "evaluations", "models", "tips", "dishes", "notifier", "clock")
    ]
    named = os.environ.get("PREFECT_API_URL")
    if named and not is_healthy(named):
        remedy = "Start it, correct the address (it ends in /api), or unset PREFECT_API_URL."
        return [
            *lines,
            Finding("Prefect server", "missing", f"PREFECT_API_URL names {named}: no answer", remedy),
        ]
    server = named or running_server(settings)
    says = server or "none runs; each evaluation starts its own, `bharatchef up` starts one with a UI"
    return [*lines, Finding("Prefect server", "ok", says)]


def _dishes(settings: Settings) -> list[Finding]:
    library = DishLibrary((BUILT_IN_DISHES, settings.dishes_dir))
    problems = library.problems()
    lines = [Finding("dishes", "ok", f"{len(library.list_dishes())} can be judged against")]
    if problems:
        lines.append(
            Finding("dish files", "missing", f"{len(problems)} problem(s)", "See `bharatchef dishes check`.")
        )
    return lines


def _disk(settings: Settings) -> list[Finding]:
    lines = [Finding(what, "ok", f"{size / 1e6:,.1f} MB") for what, size in disk_usage(settings).items()]
    free = free_bytes(settings.home)
    enough = free > 2_000_000_000
    return [
        Finding("home", "ok", str(settings.home)),
        *lines,
        Finding(
            "free",
            "ok" if enough else "missing",
            f"{free / 1e9:,.1f} GB",
            "" if enough else "A long film needs up to 2 GB while it is evaluated: free some space.",
        ),
    ]


def _unfinished(ports: Ports) -> list[Finding]:
    abandoned = ports.evaluations.expired()
    if not abandoned:
        return [Finding("evaluations", "ok", "none was left behind")]
    return [
        Finding(
            evaluation.evaluation_id,
            "missing",
            f"{evaluation.dish_id} of {evaluation.created_at:%Y-%m-%d %H:%M} UTC was left behind",
            "Evaluate the same film again: it goes on where it stopped.",
        )
        for evaluation in abandoned
    ]
