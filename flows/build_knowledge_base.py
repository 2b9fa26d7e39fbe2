"""The flow ``build_knowledge_base``: the tips, checked, become the index that the coach searches.

Only tips that changed are embedded again, and readers have the old index until the new one is whole.
"""

from __future__ import annotations

from prefect import flow, get_run_logger
from prefect.artifacts import create_markdown_artifact, create_table_artifact
from pydantic import BaseModel, ConfigDict, Field

from bharatchef.vocabulary import Record
from tasks.build_knowledge import check_tips, index_tips
from tasks.runtime import allow_stages


class KnowledgeRequest(BaseModel):
    """How the index is to be brought up to date."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    anew: bool = Field(default=False, description="Build it also where it is up to date")
    strict: bool = Field(
        default=True, description="Leave the old index where anything is wrong with the tips"
    )


class KnowledgeSummary(Record):
    """What a run of the flow did: ``embedded`` counts only what had changed."""

    tips: int
    embedded: int
    changed: bool
    model_name: str | None
    where: str


@flow(name="build-knowledge-base", persist_result=False, validate_parameters=True)
def build_knowledge_base(request: KnowledgeRequest | None = None) -> KnowledgeSummary:
    """Check the tips and bring the index up to date.

    Raises:
        KnowledgeError: something is wrong with the tips; the old index stays.
        StoreError: the index could not be written; the old one stays.
        EndpointError: OpenSearch or the embedding did not answer; the old index stays.
    """
    asked = request or KnowledgeRequest()
    allow_stages()
    concerns = check_tips(asked.strict)
    built, stamp = index_tips(asked.anew)
    summary = KnowledgeSummary(
        tips=int(stamp["tips"]),
        embedded=built.embedded if built else 0,
        changed=built is not None,
        model_name=stamp.get("model_name"),
        where=stamp["where"],
    )
    if stamp["lacking"]:
        get_run_logger().warning("%s", stamp["lacking"])
    create_markdown_artifact(
        f"{summary.tips} tips, {summary.embedded} embedded now, searched by words"
        f" {f'and by meaning ({summary.model_name})' if summary.model_name else 'alone'}.",
        key="knowledge",
        description=summary.where,
    )
    if concerns:
        rows = [{"what": c.code, "of": c.subject, "said": c.message} for c in concerns]
        create_table_artifact(rows, key="concerns", description="What is wrong with the tips")
    return summary
