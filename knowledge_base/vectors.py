"""Vectors as an index keeps them: of which model, and at length one; knows no store and loads no model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bharatchef.errors import KnowledgeError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Space:
    """The vector space of an index: the embedding's name and how many numbers a vector has."""

    model_name: str
    dimension: int


def unit_vectors(
    ids: Sequence[str], vectors: NDArray[np.float32] | Sequence[Sequence[float]] | None, space: Space | None
) -> NDArray[np.float32] | None:
    """The vectors at length one, shape (ids, dimension); ``None`` where there are none.

    Raises:
        KnowledgeError: they are not of that shape, or one is zero or not finite and points nowhere.
    """
    import numpy as np

    if vectors is None:
        return None
    given = np.asarray(vectors, dtype=np.float64)
    if space is None or given.shape != (len(ids), space.dimension):
        raise KnowledgeError(
            f"Expected vectors of shape ({len(ids)}, {space.dimension if space else '?'}) of a named model,"
            f" got {given.shape} of {space.model_name if space else None}.",
            "Embed the tips again.",
        )
    lengths = np.linalg.norm(given, axis=1)
    wrong = ~(np.isfinite(lengths) & (lengths > 0))
    if wrong.any():
        raise KnowledgeError(
            f"The vector of {ids[int(wrong.argmax())]} is zero or not finite; it points nowhere.",
            "Embed it again, or see that its text is not empty.",
        )
    return (given / lengths[:, None]).astype(np.float32)


def given_units(
    ids: Sequence[str],
    vectors: NDArray[np.float32] | Sequence[Sequence[float]] | None,
    model_name: str | None,
    dimension: int | None,
) -> tuple[Space | None, NDArray[np.float32] | None]:
    """The space that vectors were given of, and those at length one; neither without vectors.

    Raises:
        KnowledgeError: as ``unit_vectors``; also where vectors come without their model or dimension.
    """
    space = None
    if vectors is not None and model_name is not None and dimension is not None:
        space = Space(model_name, dimension)
    return space, unit_vectors(ids, vectors, space)
