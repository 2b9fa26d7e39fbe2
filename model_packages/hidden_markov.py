"""What each moment shows, given what all moments look like: a hidden Markov model, solved exactly.

Source: Rabiner, "A tutorial on hidden Markov models", Proceedings of the IEEE 77 (1989) 257-286.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def posterior(evidence: Floats, change: Floats, start: Floats) -> Floats:
    """Probabilities of each state at each moment given all moments, shape (T, S), rows sum to 1.

    Args:
        evidence: (T, S) how likely what is seen at a moment is in each state, above 0, in any unit.
        change: (S, S) how likely a state is followed by another at the next moment, rows sum to 1.
        start: (S,) how likely each state is at first.
    """
    forward, backward = np.empty_like(evidence), np.ones_like(evidence)
    row = start * evidence[0]
    forward[0] = row / row.sum()
    for k in range(1, len(evidence)):
        row = (forward[k - 1] @ change) * evidence[k]
        forward[k] = row / row.sum()
    for k in range(len(evidence) - 2, -1, -1):
        row = change @ (backward[k + 1] * evidence[k + 1])
        backward[k] = row / row.sum()
    both = forward * backward
    chances: Floats = both / both.sum(1, keepdims=True)
    return chances
