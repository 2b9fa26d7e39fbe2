"""What ``bharatchef models rescore`` does: the flow runs in this process, on a Prefect server."""

from __future__ import annotations

from datetime import datetime, timedelta

from rich.markup import escape

from app.console import out, print_json
from app.evaluate import stage_bars
from app.options import Options
from app.prefect_server import prefect_server
from bharatchef.analytics.facts import INDIA
from bharatchef.settings import load_settings


def rescore(
    package: str, since: datetime | None, until: datetime | None, user: str, dish: str, as_json: bool
) -> None:
    """Score earlier films again by the champion, and print what came of it."""
    request = {
        "package": package,
        "since": since and since.replace(tzinfo=INDIA),
        "until": until and until.replace(tzinfo=INDIA) + timedelta(days=1),
        "user_id": user,
        "dish_id": dish,
    }
    with stage_bars(), prefect_server(load_settings(), Options.debug):
        # Prefect reads its environment when it is imported: not before the server is known.
        from flows.rescore_films import RescoreRequest, rescore_films

        found = rescore_films(RescoreRequest.model_validate(request))
    if as_json:
        print_json(found.model_dump(mode="json", by_alias=True))
        return
    out().print(
        f"{len(found.rescored)} film(s) were scored again by version {found.champion_version} of {package};"
        f" {found.answered_in_bulk} pieces of film were answered in bulk."
    )
    for evaluation_id in found.failed:
        out().print(f"{escape(evaluation_id)} could not be: the log of the run says why.")
