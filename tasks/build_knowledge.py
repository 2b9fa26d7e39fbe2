"""The two stages of a new index of tips: the tips are checked, then indexed; searches nothing."""

from __future__ import annotations

from prefect import task
from prefect.cache_policies import NO_CACHE

from adapters.knowledge import open_knowledge
from bharatchef.errors import KnowledgeError
from bharatchef.settings import load_settings
from knowledge_base.advice import read_advice
from knowledge_base.advice_checking import Concern, check_advice
from knowledge_base.building import Built
from knowledge_base.library import BUILT_IN_DISHES, DishLibrary
from tasks.runtime import report_progress


@task(name="check tips", cache_policy=NO_CACHE, persist_result=False)
def check_tips(strict: bool) -> list[Concern]:
    """What is wrong with the tips as a whole.

    Raises:
        KnowledgeError: a file cannot be read; or, where ``strict``, anything is wrong.
    """
    book = read_advice()
    concerns = check_advice(book, DishLibrary((BUILT_IN_DISHES,)).list_dishes())
    if concerns and strict:
        raise KnowledgeError(
            f"Expected sound tips, found {len(concerns)} concern(s); the first: {concerns[0]}.",
            "`bharatchef knowledge check` names them all. The index was left as it is.",
        )
    return concerns


@task(name="index tips", cache_policy=NO_CACHE, persist_result=False)
def index_tips(anew: bool) -> tuple[Built | None, dict[str, str]]:
    """Bring the index that the settings name up to date; what was made, and what it says of itself.

    Readers have the old index until the new one is whole; what did not change is not embedded again.

    Raises:
        StoreError: it could not be written; the old one stays.
        EndpointError: OpenSearch or the embedding did not answer; the old one stays.
    """
    knowledge = open_knowledge(load_settings())
    built = knowledge.build(lambda done, of: report_progress("embed tips", done, of), anew)
    facts = {"tips": str(knowledge.count()), "where": knowledge.where, "lacking": knowledge.lacking}
    return built, {**knowledge.stamp(), **facts}
