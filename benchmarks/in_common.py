"""Two SPICE runs under one input, interval by interval: what ngspice makes of itself at another tolerance."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
# ascending times (s) of a run's input pulses, of all synapses together, and of its output spikes
Seen = tuple[Array, Array]


def in_common(run: Seen, other: Seen) -> NDArray[np.int64]:
    """From each pulse on which both runs spiked, the pulses to the next spike of the one and of the other (-1: none); shape (intervals, 2)."""
    ends, others = (np.searchsorted(*seen).tolist() for seen in (run, other))
    after = dict(zip(others, [*others[1:], None], strict=True))
    pairs = [
        (end - start, -1 if after[start] is None else after[start] - start)
        for start, end in pairwise(ends)
        if start in after
    ]
    return np.array(pairs, np.int64).reshape(-1, 2)
