"""A front film's run waits for its side film on a real Prefect server, and gives way to the run of both."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from app.intake_deciding import Start
from app.intake_prefect import PrefectRuns

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
NAME = "evaluate-video/waits-for-its-side-film"
REQUEST = {"request": {"dish_id": "masala-chai", "film_key": "trainee/a/masala-chai/1/front.mp4"}}


def test_a_front_film_waits_and_gives_way_to_both(prefect_api: str) -> None:
    from prefect.client.orchestration import get_client
    from prefect.settings import PREFECT_API_URL, temporary_settings

    with temporary_settings({PREFECT_API_URL: prefect_api}), get_client(sync_client=True) as client:
        flow_id = client.create_flow_from_name("evaluate-video")
        client.create_deployment(flow_id=flow_id, name=NAME.split("/")[1], enforce_parameter_schema=False)
        runs = PrefectRuns(prefect_api)
        asked = datetime.now(UTC)
        alone = Start(NAME, REQUEST, "front alone", wait_s=600)
        run_id, was_there = runs.ensure(alone)
        assert not was_there
        waiting = client.read_flow_run(run_id)
        assert waiting.state.type == "SCHEDULED"
        assert 590 <= (waiting.state.state_details.scheduled_time - asked).total_seconds() <= 660
        assert runs.ensure(alone)[0] == run_id, "announced again, it is the same run and waits no longer"

        both_id, _ = runs.ensure(Start(NAME, REQUEST, "both", replaces="front alone"))
        assert client.read_flow_run(run_id).state.type == "CANCELLED"
        both = client.read_flow_run(both_id)
        assert both.state.type == "SCHEDULED"
        assert (both.state.state_details.scheduled_time - datetime.now(UTC)).total_seconds() < 5
