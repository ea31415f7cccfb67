"""Compiled functions, kept on disk by the hash of every source they may have been compiled from.

Numba looks for kept code by a function's name and by the date of the file it stands in, though what it calls and the constants it takes
come from other files, too. So the name says what all of them hold: no function runs with a callee of an earlier day compiled into it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from numba import njit


def digest(paths: Iterable[Path]) -> str:
    """A hash of what files hold."""
    made = hashlib.blake2b(digest_size=6)
    for path in paths:
        made.update(path.read_bytes())
    return made.hexdigest()


# all that functions of this layer are compiled from
SOURCES = sorted(Path(__file__).parent.rglob("*.py"))
_STAMP = digest(SOURCES)


def stamped(function: Callable[..., Any], stamp: str) -> Any:
    """The function under a name that ends in ``stamp``."""
    function.__qualname__ += f".{stamp}"
    return function


def compiled(**options: Any) -> Callable[[Callable[..., Any]], Any]:
    """As ``numba.njit(cache=True, **options)``, for functions of this layer."""
    return lambda function: njit(cache=True, **options)(stamped(function, _STAMP))
