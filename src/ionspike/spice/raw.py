"""Binary raw files, as ngspice writes them for a transient run: a text header, then doubles, point by point."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ionspike.errors import RunError

_MARK = b"Binary:\n"
_MAX_HEADER = 10_000_000


def read_raw(path: str | Path) -> dict[str, NDArray[np.float64]]:
    """Read every vector of the first plot of a raw file by name, time included. A file cut short keeps its whole points.

    Raises:
        RunError: no raw file, no header, or no whole point in it.
    """
    path = Path(path)
    try:
        with path.open("rb") as stream:
            head = stream.read(min(path.stat().st_size, _MAX_HEADER))
    except OSError as error:
        raise RunError(f"{path.name}: {error.strerror or error}") from error
    offset = head.find(_MARK)
    if offset < 0:
        raise RunError(f"{path.name} has no binary vectors: the simulator wrote nothing")
    header = head[:offset].decode("utf-8", "replace")
    names = _names(header)
    width = len(names)
    stored = (path.stat().st_size - offset - len(_MARK)) // (8 * width)
    # a second plot may follow; a run that was stopped says 0 points, and has what it wrote
    told = re.search(r"^No\. Points:\s*(\d+)", header, re.MULTILINE)
    if told is not None and int(told[1]) > 0:
        stored = min(stored, int(told[1]))
    if stored < 1:
        raise RunError(f"{path.name} holds no time point: the simulator stopped before the first")
    table = np.fromfile(path, np.float64, count=stored * width, offset=offset + len(_MARK)).reshape(stored, width)
    columns = np.ascontiguousarray(table.T)
    return dict(zip(names, columns, strict=True))


def _names(header: str) -> list[str]:
    lines = header.split("Variables:\n", 1)[-1].splitlines()
    return [line.split()[1].lower() for line in lines if len(line.split()) >= 3 and line.split()[0].isdigit()]
