"""Spikes in time; and synapses in the order the loops want: by block of the target, then by source, then by delay, by a compiled counting sort."""

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
def rows_and_places(source: Any, target: Any, order: Ints, wide: int, blocks: int, sources: int) -> tuple[Ints, Any]:
    """``rows[b * sources + s]``: where the synapses of source ``s`` in block ``b`` start; and for each place the synapse that is there,
    those of one source and block as they come in ``order``, or as they were given if that is empty."""
    rows = np.zeros(blocks * sources + 1, np.int64)
    for k in range(source.shape[0]):
        rows[(target[k] // wide) * sources + source[k] + 1] += 1
    for k in range(rows.shape[0] - 1):
        rows[k + 1] += rows[k]
    following = rows[:-1].copy()
    places = np.empty(source.shape[0], np.int64)
    for n in range(source.shape[0]):
        k = order[n] if order.shape[0] else n
        row = (target[k] // wide) * sources + source[k]
        places[following[row]] = k
        following[row] += 1
    return rows, places


def longest_rows(rows: Ints, blocks: int, sources: int) -> Ints:
    """The largest number of synapses of one source, by block."""
    return np.diff(rows).reshape(blocks, sources).max(axis=1, initial=0)
