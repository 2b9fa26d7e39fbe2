"""Finds the most likely sequence of states, each with a length of its own, and how sure that is.

A hidden semi-Markov model, solved exactly: the best segmentation by dynamic programming, and the
probability of each state at each moment by the forward-backward sums. It knows numbers alone: nothing of
dishes, labels or films.

Source: Yu, "Hidden semi-Markov models", Artificial Intelligence 174 (2010) 215-243, the explicit-duration
model. Time and memory are of order (T*T/2)*S and T*S.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Decoded:
    """The best segmentation and the posterior.

    ``segments`` are (first sample, sample past the last, state), gapless from 0 to T. ``posterior`` is
    (T, S), rows sum to 1. ``log_likelihood`` is of the whole, all segmentations summed.
    """

    segments: tuple[tuple[int, int, int], ...]
    posterior: Array
    log_likelihood: float


def decode(log_emission: Array, log_duration: Array, log_start: Array, log_transition: Array) -> Decoded:
    """Decode T samples over S states.

    Args:
        log_emission: (T, S), finite; how well each sample fits each state.
        log_duration: (D, S), row d-1 for a length of d samples; ``-inf`` forbids a length. Lengths above D
            are forbidden, so D is at least T where one state may fill everything.
        log_start: (S,), of the first state.
        log_transition: (S, S), from row to column; the diagonal must be ``-inf``: a state does not follow
            itself, its length says how long it lasts.

    Raises:
        ValueError: shapes do not fit, or nothing is possible.
    """
    samples, states = log_emission.shape
    if log_duration.shape[1:] != (states,) or log_duration.shape[0] < 1:
        raise ValueError(f"expected log_duration of shape (D, {states}), got {log_duration.shape}")
    if log_start.shape != (states,) or log_transition.shape != (states, states):
        raise ValueError(
            f"expected log_start ({states},) and log_transition ({states}, {states}),"
            f" got {log_start.shape} and {log_transition.shape}"
        )
    if samples == 0 or not np.isfinite(log_emission).all():
        raise ValueError(f"expected finite emissions of at least one sample, got shape {log_emission.shape}")
    if not np.isneginf(np.diagonal(log_transition)).all():
        raise ValueError("expected -inf on the diagonal of log_transition")
    # Sums of emissions from the start: a segment's emission is then one difference.
    total = np.zeros((samples + 1, states))
    np.cumsum(log_emission, axis=0, out=total[1:])
    lengths = log_duration[:samples]
    segments = _best(total, lengths, log_start, log_transition)
    posterior, log_likelihood = _posterior(total, lengths, log_start, log_transition)
    return Decoded(segments, posterior, log_likelihood)


def _best(total: Array, lengths: Array, start: Array, transition: Array) -> tuple[tuple[int, int, int], ...]:
    samples, states = total.shape[0] - 1, total.shape[1]
    longest = lengths.shape[0]
    columns = np.arange(states)
    # entered[T - t] = best score of entering a state at t, less the sum of emissions up to t. It is kept
    # backwards, so that 'd samples ago' for d = 1, 2, ... is one forward slice.
    entered = np.full((samples + 1, states), -np.inf)
    entered[samples] = start
    came_from = np.zeros((samples + 1, states), dtype=np.int64)
    lasted = np.zeros((samples + 1, states), dtype=np.int64)
    ended = np.full(states, -np.inf)
    for t in range(1, samples + 1):
        reach = min(t, longest)
        ways = entered[samples - t + 1 : samples - t + 1 + reach] + lengths[:reach]
        best = ways.argmax(axis=0)
        lasted[t] = best + 1
        ended = ways[best, columns] + total[t]
        moves = ended[:, None] + transition
        came_from[t] = moves.argmax(axis=0)
        entered[samples - t] = moves[came_from[t], columns] - total[t]
    state = int(ended.argmax())
    if not np.isfinite(ended[state]):
        raise ValueError("no segmentation is possible: every way has probability 0")
    segments: list[tuple[int, int, int]] = []
    end = samples
    while end > 0:
        begin = end - int(lasted[end, state])
        segments.append((begin, end, state))
        state = int(came_from[begin, state])
        end = begin
    return tuple(reversed(segments))


def _posterior(total: Array, lengths: Array, start: Array, transition: Array) -> tuple[Array, float]:
    samples, states = total.shape[0] - 1, total.shape[1]
    longest = lengths.shape[0]
    forward_in = np.full((samples + 1, states), -np.inf)
    forward_in[0] = start
    forward_end = np.full((samples + 1, states), -np.inf)
    entered = np.full((samples + 1, states), -np.inf)
    entered[samples] = start
    for t in range(1, samples + 1):
        reach = min(t, longest)
        ways = entered[samples - t + 1 : samples - t + 1 + reach] + lengths[:reach]
        forward_end[t] = _log_sum(ways, axis=0) + total[t]
        forward_in[t] = _log_sum(forward_end[t][:, None] + transition, axis=0)
        entered[samples - t] = forward_in[t] - total[t]
    log_likelihood = float(_log_sum(forward_end[samples], axis=0))
    if not np.isfinite(log_likelihood):
        raise ValueError("no segmentation is possible: every way has probability 0")
    backward_in = np.full((samples + 1, states), -np.inf)
    backward_end = np.full((samples + 1, states), -np.inf)
    backward_end[samples] = 0.0
    left = np.full((samples + 1, states), -np.inf)
    left[samples] = total[samples]
    for t in range(samples - 1, -1, -1):
        reach = min(samples - t, longest)
        ways = left[t + 1 : t + 1 + reach] + lengths[:reach]
        backward_in[t] = _log_sum(ways, axis=0) - total[t]
        backward_end[t] = _log_sum(transition + backward_in[t][None, :], axis=1)
        left[t] = backward_end[t] + total[t]
    starts = np.exp(forward_in[:samples] + backward_in[:samples] - log_likelihood)
    ends = np.exp(forward_end[1:] + backward_end[1:] - log_likelihood)
    # A state holds at a sample if it has begun by then and has not yet ended.
    held = np.cumsum(starts, axis=0)
    held[1:] -= np.cumsum(ends, axis=0)[:-1]
    held = np.clip(held, 0.0, 1.0)
    return held / held.sum(axis=1, keepdims=True), log_likelihood


def _log_sum(values: Array, axis: int) -> Array:
    top = values.max(axis=axis, keepdims=True)
    safe = np.where(np.isfinite(top), top, 0.0)
    with np.errstate(divide="ignore"):
        summed: Array = np.log(np.exp(values - safe).sum(axis=axis)) + np.squeeze(safe, axis=axis)
    return summed
