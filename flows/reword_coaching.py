"""The flow ``reword_coaching``: feedback that no model could word when its film was judged is worded later.

A film is never kept waiting for a model: the rules' words are published, and the wish for better ones goes to
``ai-coaching-queue``, whose messages start this flow. It words once; where that fails for the same reasons
the wish goes back with a longer wait.
"""

from __future__ import annotations

from prefect import flow, get_run_logger
from pydantic import BaseModel, ConfigDict, Field

from bharatchef.settings import load_settings
from tasks.rewording import reword
from tasks.runtime import allow_stages, ports_here


class RewordRequest(BaseModel):
    """Whose feedback to word."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    evaluation_id: str = Field(min_length=1, description="Which evaluation, by its whole id")
    attempt: int = Field(default=1, ge=1, description="The so-manieth attempt")


@flow(
    name="reword-coaching",
    flow_run_name="{request.evaluation_id}, attempt {request.attempt}",
    retries=2,
    retry_delay_seconds=30,
    persist_result=False,
    validate_parameters=True,
)
def reword_coaching(request: RewordRequest) -> str:
    """Word the feedback of one evaluation by a model, where the rules' words stand for want of one.

    Returns:
        What became of it: ``worded``, ``put off``, ``left to a person`` or ``nothing to do``.

    Raises:
        StoreError: something could not be read or kept; the run is tried again, and goes on where it stopped.
        EndpointError: it could not be put off again; the run is tried again.
    """
    allow_stages()
    done = reword(ports_here(), load_settings(), request.evaluation_id, request.attempt)
    get_run_logger().info("%s: %s", done.outcome, done.why)
    return done.outcome
