"""Kernels that are compiled in two processes at once, where no net has run before.

Numba compiles one function at a time in a process. A second process starts from the other end of the list and leaves what it has on disk, where
numba keeps compiled code anyway; when the two meet, the rest is loaded. Should the second one fail, the first has more to compile, and that is all.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from typing import Any, NamedTuple

import numba
import numpy as np

from ionspike.network.kernels import any_kept


class Making(NamedTuple):
    """What makes a kernel: a cached function of a module of this package, and what it takes: precisions and switches."""

    factory: Callable[..., Any]
    arguments: tuple[Any, ...] = ()

    def __call__(self) -> Any:
        return self.factory(*self.arguments)

    def described(self) -> list[Any]:
        """Module, name and arguments, as JSON has them."""
        arguments = [np.dtype(x).name if isinstance(x, type) else x for x in self.arguments]
        return [self.factory.__module__, self.factory.__name__, arguments]

    @classmethod
    def read(cls, module: str, name: str, arguments: list[Any]) -> Making:
        """The other way."""
        made = tuple(np.dtype(x).type if isinstance(x, str) else x for x in arguments)
        return cls(getattr(import_module(module), name), made)


Helper = Callable[[list[Making]], None]


@contextmanager
def second_process() -> Iterator[Helper]:
    """A process that gets ready at once, and compiles what it is told to from the end of the list on. There is none where the kernels of an
    earlier net are on disk, or the machine has one processor."""
    if numba.config.NUMBA_NUM_THREADS < 2 or not sys.executable or any_kept():  # type: ignore[attr-defined]
        yield lambda makings: None
        return
    # -P: modules come from where they are installed, never from the working directory
    command = [sys.executable, "-P", "-m", __name__]
    none = subprocess.DEVNULL
    other = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=none, stderr=none, text=True)

    def tell(makings: list[Making]) -> None:
        with suppress(BrokenPipeError):  # it has failed
            print(json.dumps([m.described() for m in reversed(makings)]), file=other.stdin, flush=True)

    try:
        yield tell
    finally:
        other.kill()  # numba's files come in by rename: none is left half-written
        with suppress(BrokenPipeError):
            other.communicate()


def compile_all(makings: list[Making], helper: Helper) -> None:
    """Compile kernels, or load them. Large ones should stand at both ends of the list, so that the two processes meet at a small one."""
    helper(makings)
    for making in makings:
        making()


def _help() -> None:
    numba.njit(lambda x: x)(1)  # the first function that numba compiles waits for its tables
    for line in json.loads(sys.stdin.readline()):
        Making.read(*line)()


if __name__ == "__main__":
    _help()
