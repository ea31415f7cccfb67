"""Spikes in time; and synapses in the order the loops want: by block of the target, then by source, then by delay, by compiled counting sorts."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from ionspike.network.arrays import Array, Ints


def in_time(times: Array, neurons: Ints) -> Ints:
    """The places of spikes by time, simultaneous ones by neuron. Spikes come nearly in this order, and a stable sort of the times alone does it."""
    order = np.argsort(times, kind="stable")
    t, k = times[order], neurons[order]
    wrong = (t[1:] == t[:-1]) & (k[1:] < k[:-1])
    return np.lexsort((neurons, times)) if wrong.any() else order


@njit(cache=True)
def rows_and_places(source: Any, target: Any, wide: int, blocks: int, sources: int) -> tuple[Ints, Any]:
    """``rows[b * sources + s]``: where the synapses of source ``s`` in block ``b`` start; and for each place the synapse that is there,
    those of one source and block in the order they were given."""
    rows = np.zeros(blocks * sources + 1, np.int64)
    for k in range(source.shape[0]):
        rows[(target[k] // wide) * sources + source[k] + 1] += 1
    for k in range(rows.shape[0] - 1):
        rows[k + 1] += rows[k]
    following = rows[:-1].copy()
    places = np.empty(source.shape[0], np.int64)
    for k in range(source.shape[0]):
        row = (target[k] // wide) * sources + source[k]
        places[following[row]] = k
        following[row] += 1
    return rows, places


@njit(cache=True)
def sort_rows(rows: Ints, places: Ints, delay: Array) -> None:
    """Each row by delay; equal delays keep their order."""
    for row in range(rows.shape[0] - 1):
        low, high = rows[row], rows[row + 1]
        if high - low > 1:
            part = places[low:high].copy()
            places[low:high] = part[np.argsort(delay[part], kind="mergesort")]


@njit(cache=True)
def longest_rows(rows: Ints, blocks: int, sources: int) -> Ints:
    """The largest number of synapses of one source, by block."""
    longest = np.zeros(blocks, np.int64)
    for b in range(blocks):
        for s in range(sources):
            longest[b] = max(longest[b], rows[b * sources + s + 1] - rows[b * sources + s])
    return longest
