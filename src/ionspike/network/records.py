"""Synapses in the memory of a running net: what one spike finds in one block lies in one place, column by column
(:data:`~ionspike.network.arrays.R_TARGET`)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ionspike.network import arrays as a
from ionspike.network.arrays import Ints
from ionspike.network.kernels import compiled


def records_of(rows: Ints, columns: list[Callable[[], np.ndarray]], real: np.dtype) -> np.ndarray:
    """The records of a projection. ``rows``: where each row of synapses starts, and the end of the last; ``columns``: what makes them, one at a
    time, since they are large: whole numbers or reals, one a synapse, in the order of the rows."""
    word = _word(real)
    made = np.empty(len(columns) * int(rows[-1]), real)
    for k, column in enumerate(columns):
        values = column()
        bits = values.astype(word if values.dtype.kind == "u" else real, copy=False).view(word)
        move(made.view(word), rows, len(columns), k, np.ascontiguousarray(bits), True)
    return made


def column_of(arrays: Any, p: int, column: int) -> np.ndarray:
    """One column of projection ``p`` of the arrays of a net, in the order of its rows."""
    records, rows, columns, skipped = _of(arrays, p)
    word = _word(records.dtype)
    found = np.empty(len(records) // columns, records.dtype)
    move(records.view(word), rows, columns, column - skipped, found.view(word), False)
    return found


def put_column(arrays: Any, p: int, column: int, values: np.ndarray) -> None:
    """The same the other way."""
    records, rows, columns, skipped = _of(arrays, p)
    word = _word(records.dtype)
    bits = np.ascontiguousarray(values, records.dtype).view(word)
    move(records.view(word), rows, columns, column - skipped, bits, True)


def value_at(arrays: Any, p: int, column: int, place: int) -> float:
    """One value: of the synapse at ``place`` in the order of the rows."""
    records, rows, columns, skipped = _of(arrays, p)
    row = int(np.searchsorted(rows, place, "right")) - 1
    low, high = int(rows[row]), int(rows[row + 1])
    return float(records[low * columns + (column - skipped) * (high - low) + place - low])


def moving(arrays: Any) -> list[int]:
    """The projections whose synapses have a state in their records."""
    return [p for p, row in enumerate(arrays["projection"]) if row[a.KIND] in (a.OWN_AFTER, a.OWN_MEAN)]


def standing(arrays: Any) -> Iterator[np.ndarray]:
    """Every column of every projection that no run changes, one at a time, since they are large."""
    moves = moving(arrays)
    for p in range(len(arrays["projection"])):
        _, _, columns, skipped = _of(arrays, p)
        for column in range(skipped, skipped + columns):
            if p not in moves or column != a.R_STATE:
                yield column_of(arrays, p, column)


def _of(arrays: Any, p: int) -> tuple[np.ndarray, Ints, int, int]:
    """Records of a projection, its rows, columns, and how many columns are left out at the front: one drawn by its targets has no rows, each
    of its synapses is one, and no target."""
    row = arrays["projection"][p]
    columns, count = int(row[a.COLUMNS]), int(row[a.ROWS])
    skipped = int(row[a.ROWS0] < 0)
    rows = np.arange(count + 1) if skipped else arrays["rows"][row[a.ROWS0] : row[a.ROWS0] + count + 1]
    first = int(row[a.FIRST_RECORD])
    return arrays["records"][first : first + columns * int(rows[-1])], rows, columns, skipped


def _word(real: np.dtype) -> type:
    return np.uint32 if real == np.float32 else np.uint64


@compiled()
def move(records: Any, rows: Ints, columns: int, column: int, values: Any, write: bool) -> None:
    """Write one column of every row, or read it into ``values``."""
    for row in range(rows.shape[0] - 1):
        low, high = rows[row], rows[row + 1]
        shift = low * columns + column * (high - low) - low
        for k in range(low, high):
            if write:
                records[shift + k] = values[k]
            else:
                values[k] = records[shift + k]
