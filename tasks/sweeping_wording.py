"""What a sweep does about runs of ``reword-coaching`` whose worker died.

Such a run holds no lease: it words once, within ``chat_deadline_s``, so one that is about it for much longer
is dead. The rules' words stand all the while.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from bharatchef.ports import Ports
from bharatchef.settings import Settings
from tasks.rewording import again_later
from tasks.sweeping_runs import Step, put_in_state, start_again, was_started_again

WORDING_FLOW = "reword-coaching"
GIVEN_UP = "sweep: its worker died twice"
_WHY = "the program that worded it died twice; the rules' words stand"


def wording_looked_at(
    ports: Ports, settings: Settings, client: Any, run: Any, now: datetime
) -> tuple[Step, ...]:
    """Start the run again where it died, once; then put its wish back, and end it.

    Raises:
        EndpointError: the wish could not be put back; the next sweep tries again.
    """
    if run.state is None or (run.state.message or "").startswith(GIVEN_UP):
        return ()
    kind = str(run.state_type.value)
    longest_s = max(settings.start_deadline_s, 2 * settings.chat_deadline_s if kind == "RUNNING" else 0.0)
    waited_s = (now - run.state.timestamp).total_seconds()
    if kind != "CRASHED" and (kind not in ("PENDING", "RUNNING") or waited_s <= longest_s):
        return ()
    request = (run.parameters or {}).get("request")
    if run.deployment_id is None or not isinstance(request, dict):
        # Somebody called the flow by hand, and saw how it ended.
        return ()
    if not was_started_again(client, run):
        start_again(client, run)
        return (Step("started again", str(run.id), f"its run was {run.state.name}"),)
    evaluation_id = str(request.get("evaluation_id"))
    # The wish first: ended in between, the next sweep sends it once more, and the same attempt is one run.
    done = again_later(ports, evaluation_id, int(request.get("attempt", 1)), _WHY)
    put_in_state(client, run, "Crashed", f"{GIVEN_UP}; {done.outcome}: {done.why}")
    what = "put off" if done.outcome == "put off" else "left to a person"
    return (Step(what, evaluation_id, done.why),)
