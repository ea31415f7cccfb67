"""Spikes in time; and synapses in the order the loops want: by block of the target, then by source, then by delay, by a compiled counting sort."""

from __future__ import annotations

from typing import Any

import numpy as np

from ionspike.network.arrays import Array, Ints
from ionspike.network.kernels import compiled


def in_time(times: Array, neurons: Ints) -> Ints:
    """The places of spikes by time, simultaneous ones by neuron. Spikes come nearly in this order, and a stable sort of the times alone does it."""
    order = np.argsort(times, kind="stable")
    t, k = times[order], neurons[order]
    wrong = (t[1:] == t[:-1]) & (k[1:] < k[:-1])
    return np.lexsort((neurons, times)) if wrong.any() else order


def rows_and_places(
    source: np.ndarray, target: np.ndarray, order: Ints, wide: int, blocks: int, sources: int
) -> tuple[Ints, Ints]:
    """``rows[b * sources + s]``: where the synapses of source ``s`` in block ``b`` start; and for each place the synapse that is there,
    those of one source and block as they come in ``order``, or as they were given if that is empty."""
    rows, places = np.zeros(blocks * sources + 2, np.int64), np.empty(len(source), np.int64)
    _place(source, target, order, wide, sources, rows, places)
    return rows[:-1], places


@compiled()
def _place(source: Any, target: Any, order: Ints, wide: int, sources: int, rows: Ints, places: Ints) -> None:
    """The counting sort. Counts stand two places on, so that sums of them are starts one place on, and starts that have moved on to their ends
    are the next row's starts."""
    for k in range(source.shape[0]):
        rows[(target[k] // wide) * sources + source[k] + 2] += 1
    for k in range(rows.shape[0] - 1):
        rows[k + 1] += rows[k]
    for n in range(source.shape[0]):
        k = order[n] if order.shape[0] else n
        row = (target[k] // wide) * sources + source[k] + 1
        places[rows[row]] = k
        rows[row] += 1


def longest_rows(rows: Ints, blocks: int, sources: int) -> Ints:
    """The largest number of synapses of one source, by block."""
    return np.diff(rows).reshape(blocks, sources).max(axis=1, initial=0)
