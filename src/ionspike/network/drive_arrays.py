"""Poisson inputs drawn by their targets, as arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from ionspike.network import arrays as a
from ionspike.network.network import Source
from ionspike.network.sources import poisson_state

NEVER = -1e9  # s: a spike so long ago that every device has forgotten it


def drive_arrays(
    seed: int,
    first: dict[str, int],
    number: dict[str, int],
    drives: dict[str, list[tuple[int, Source]]],
    block: np.ndarray,
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """The arrays of all drives, and by block their arrivals per second at the peak.

    ``first``, ``number``: first neuron and number of each population; ``drives``: projection and input of each drive, by population; ``block``:
    the blocks, see :mod:`ionspike.network.arrays`.
    """
    parts = [(name, k, source) for name, listed in drives.items() for k, source in listed]
    made = [poisson_state(seed, source) for _, _, source in parts]
    rows, shape_values, edges, levels, at, edge0, chunk0 = [], [], [], [], 0, 0, 0
    peak = np.zeros(len(block))
    for (name, k, source), state in zip(parts, made, strict=True):
        low, high = first[name], first[name] + source.size
        rows.append([k, at - low, state["shape"], edge0, len(state["edges"]), low, high, chunk0, state["even"]])
        shape_values.append(state["values"])
        edges.append(state["edges"])
        levels.append(np.append(state["level"], 0.0)[: len(state["edges"])])
        for b in np.flatnonzero(block[:, a.POPULATION] == number[name]):
            chunks = slice((block[b, a.LOW] - low) // a.CHUNK, -(-(block[b, a.HIGH] - low) // a.CHUNK))
            peak[b] += (1 / state["mean"][chunks]).sum()
        at, edge0, chunk0 = at + source.size, edge0 + len(state["edges"]), chunk0 + len(state["mean"])

    def column(key: str, kind: Any) -> np.ndarray:
        return np.concatenate([*(m[key] for m in made), np.empty(0, kind)]).astype(kind)

    arrays = {
        "drive_table": np.array(rows, np.int64).reshape(-1, a.DRIVE_COLUMNS),
        "drive_values": np.array(shape_values, float).reshape(-1, a.SHAPE_COLUMNS),
        **{key: column(key, np.uint64) for key in ("stream", "drawn")},
        **{key: column(key, float) for key in ("next", "mean", "share", "batch_time")},
        **{key: column(key, np.int64) for key in ("batch_used", "batch_size")},
        "batch_neuron": column("batch_neuron", np.int32),
        "drive_last": np.full(at, NEVER),
        "edges": np.concatenate([*edges, np.empty(0)]),
        "level": np.concatenate([*levels, np.empty(0)]),
    }
    return arrays, peak
