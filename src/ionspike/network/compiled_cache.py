"""Compiled functions on disk, forgotten when a file that others compile in has changed.

Numba keeps a compiled function until the file that it stands in changes. What it took from other files (the place of an array in the table,
of a number in a packed vector, the functions that it calls) may have changed all the same: it would go on reading and writing where
something else is by now, without a word.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from pathlib import Path

_HERE = Path(__file__).parent
# what functions of other files compile in
_SHARED = (
    *(
        _HERE / f"{name}.py"
        for name in (
            "arrays",
            "dynamics",
            "elementary",
            "kernels",
            "placed_dynamics",
            "relaxation",
            "static_draw",
            "views",
        )
    ),
    *(_HERE.parent / "device" / f"{name}.py" for name in ("exponential", "moebius")),
)


def forget_stale(folder: Path) -> None:
    """Delete from ``folder`` what was compiled from other versions of the shared files than those that are there."""
    mark, now = folder / "shared-sources", hashlib.blake2b()
    with suppress(OSError):  # a folder that cannot be read or written keeps nothing
        for path in _SHARED:
            now.update(path.read_bytes())
        if mark.is_file() and mark.read_text() == now.hexdigest():
            return
        for compiled in folder.glob("*.nb[ic]"):
            compiled.unlink(missing_ok=True)
        folder.mkdir(parents=True, exist_ok=True)
        mark.write_text(now.hexdigest())
