"""The index of this machine: the contract, LangChain's standard tests, what only a file goes through."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from langchain_core.vectorstores import VectorStore
from langchain_tests.integration_tests.vectorstores import VectorStoreIntegrationTests
from tip_samples import NAMES
from tip_store_contract import AxisEmbedding, TipIndexContract

from adapters.local.tip_index import SqliteTipIndex
from adapters.local.tip_store import LocalTipStore


class TestLocalIndex(TipIndexContract):
    @pytest.fixture
    def index(self, tmp_path: Path) -> Iterator[SqliteTipIndex]:
        opened = SqliteTipIndex(tmp_path / "tips.sqlite3", NAMES, AxisEmbedding())
        yield opened
        opened.close()

    @pytest.fixture
    def reopened(self, tmp_path: Path) -> Iterator[SqliteTipIndex]:
        opened = SqliteTipIndex(tmp_path / "tips.sqlite3", NAMES, AxisEmbedding())
        yield opened
        opened.close()


class TestLocalVectorStore(VectorStoreIntegrationTests):
    @pytest.fixture
    def vectorstore(self, tmp_path: Path) -> Iterator[VectorStore]:  # type: ignore[override]
        store = LocalTipStore(tmp_path / "tips.sqlite3", self.get_embeddings())
        yield store
        store.close()
