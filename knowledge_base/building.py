"""Makes an index of the tips: what did not change is not embedded again; knows no store and no model.

Vectors are looked for in the index itself, then among those that come with the program; only the rest is
embedded.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from knowledge_base.advice import Advice
from knowledge_base.embeddings import Embedding
from knowledge_base.indexing import INDEX_VERSION, passage, passage_sha256
from knowledge_base.retrieval import TipIndex
from knowledge_base.terms import TERMS_FILE
from knowledge_base.words import FOLDER

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

VECTORS_FILE = Path(__file__).with_name("vectors.npz")
BATCH = 16
"""How many passages are embedded at once; progress is told, and a stop is noticed, between two batches."""


class KeepingIndex(TipIndex, Protocol):
    """An index that gives back the vectors it holds."""

    def kept_vectors(self, model_name: str) -> Mapping[str, Any]:
        """Its vectors by the hash of their passage; none of another model."""
        ...


@dataclass(frozen=True)
class Plan:
    """What an index of these tips needs: every passage in the tips' order, and those to be embedded."""

    tips: tuple[Advice, ...]
    passages: tuple[str, ...]
    known: Mapping[str, Any]
    missing: tuple[str, ...]

    def matrix(self, made: Mapping[str, Sequence[float]]) -> NDArray[np.float32]:
        """The vectors in the tips' order, shape (tips, dimension); ``made`` are those of ``missing``."""
        import numpy as np

        every = {**self.known, **{passage_sha256(text): vector for text, vector in made.items()}}
        rows = [np.asarray(every[passage_sha256(text)], dtype=np.float32) for text in self.passages]
        return np.vstack(rows) if rows else np.zeros((0, 0), dtype=np.float32)


@dataclass(frozen=True)
class Built:
    """What was indexed: how many tips, how many of them were embedded just now, and by what."""

    tips: int
    embedded: int
    model_name: str | None


def content_sha256(advice: str, dishes: str) -> str:
    """The hash of all that an index depends on but the embedding, told without reading a tip or a dish.

    Args:
        advice: of the tips (``advice_sha256``).
        dishes: of the dish files, whose names tips are found by (``DishLibrary.sha256``).
    """
    files = (TERMS_FILE, FOLDER / "actions.yaml")
    parts = [
        INDEX_VERSION,
        advice,
        dishes,
        *(hashlib.sha256(path.read_bytes()).hexdigest() for path in files),
    ]
    return hashlib.sha256(" ".join(parts).encode()).hexdigest()


def plan_index(
    index: KeepingIndex, tips: Sequence[Advice], embedding: Embedding, with_aliases: bool = True
) -> Plan:
    """What is to be embedded so that ``index`` can hold ``tips``."""
    passages = tuple(passage(tip, with_aliases) for tip in tips)
    known: dict[str, Any] = {**shipped_vectors(embedding.name), **index.kept_vectors(embedding.name)}
    missing = tuple(dict.fromkeys(text for text in passages if passage_sha256(text) not in known))
    return Plan(tuple(tips), passages, known, missing)


def embedded(
    passages: Sequence[str], embedding: Embedding, told: Callable[[int, int], None] | None = None
) -> dict[str, list[float]]:
    """The vector of each passage; ``told`` hears how many are done, and how many there are."""
    made: dict[str, list[float]] = {}
    for start in range(0, len(passages), BATCH):
        part = list(passages[start : start + BATCH])
        made.update(zip(part, embedding.embed_documents(part), strict=True))
        if told is not None:
            told(len(made), len(passages))
    return made


def build_index(
    index: KeepingIndex,
    tips: Sequence[Advice],
    embedding: Embedding | None,
    told: Callable[[int, int], None] | None = None,
    with_aliases: bool = True,
    most_embedded: int | None = None,
    **remember: Any,
) -> Built:
    """Make ``index`` hold ``tips``, by words alone where there is no embedding.

    Args:
        with_aliases: as the index was told; without them a benchmark tells what they are worth.
        most_embedded: where more than these would have to be embedded, which takes a tenth of a second each,
            the index is made for words alone.
        remember: what else the index's ``put`` takes.
    """
    if embedding is None:
        index.put(tips, None, None, None, **remember)
        return Built(len(tips), 0, None)
    plan = plan_index(index, tips, embedding, with_aliases)
    if most_embedded is not None and len(plan.missing) > most_embedded:
        index.put(tips, None, None, None, **remember)
        return Built(len(tips), 0, None)
    made = embedded(plan.missing, embedding, told)
    index.put(tips, plan.matrix(made), embedding.name, embedding.dimension, **remember)
    return Built(len(tips), len(made), embedding.name)


@cache
def shipped_vectors(model_name: str, path: Path = VECTORS_FILE) -> Mapping[str, NDArray[np.float32]]:
    """The vectors that come with the program, by the hash of their passage; none of another model."""
    if not path.exists():
        return {}
    import numpy as np

    with np.load(path) as kept:
        if str(kept["model_name"]) != model_name:
            return {}
        names = [bytes(row).hex() for row in kept["passages"]]
        return dict(zip(names, kept["vectors"].astype(np.float32), strict=True))


def likeness_by_meaning(
    tips: Sequence[Advice], path: Path = VECTORS_FILE
) -> Callable[[str, str], float] | None:
    """The cosine of two tips' vectors among those that come with the program, by the tips' ids.

    A tip whose words have no vector there is like none; ``None`` where there is no file.
    """
    if not path.exists():
        return None
    import numpy as np

    with np.load(path) as kept:
        model_name = str(kept["model_name"])
    shipped = shipped_vectors(model_name, path)
    names = {tip.tip_id: passage_sha256(passage(tip)) for tip in tips}
    known = {tip_id: shipped[name] for tip_id, name in names.items() if name in shipped}
    units = {tip_id: vector / np.linalg.norm(vector) for tip_id, vector in known.items()}
    return lambda one, two: float(units[one] @ units[two]) if one in units and two in units else 0.0


def ship_vectors(tips: Sequence[Advice], embedding: Embedding, path: Path = VECTORS_FILE) -> Built:
    """Write the file of vectors that comes with the program; what it holds already is kept."""
    import numpy as np

    passages = {passage_sha256(passage(tip)): passage(tip) for tip in tips}
    before = shipped_vectors(embedding.name, path)
    made = embedded([text for name, text in passages.items() if name not in before], embedding)
    rows = [before[name] if name in before else made[text] for name, text in sorted(passages.items())]
    np.savez_compressed(
        path,
        model_name=np.array(embedding.name),
        passages=np.array([list(bytes.fromhex(name)) for name in sorted(passages)], dtype=np.uint8),
        # Half precision moves a cosine by less than 0.001 and halves the file.
        vectors=np.array(rows, dtype=np.float16),
    )
    shipped_vectors.cache_clear()
    return Built(len(tips), len(made), embedding.name)
