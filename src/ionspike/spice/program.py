"""Simulators as separate programs, with limits on time, memory and output: none outlives the process that started it."""

from __future__ import annotations

import ctypes
import math
import os
import resource
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from functools import cache
from pathlib import Path

from ionspike.errors import RunError
from ionspike.spice.engine import Limits

_LOOK = 0.05  # s between two looks at time, output and stop
_FIRST_POLL = 0.002  # s; where the system does not tell the end of a process, it is noticed within a hundredth of the run's length
_PR_SET_PDEATHSIG = 1
_stop: ContextVar[threading.Event | None] = ContextVar("ionspike_stop", default=None)


def stop_on(event: threading.Event) -> None:
    """Programs that this thread runs from now on are killed when ``event`` is set."""
    _stop.set(event)


def last_lines(log: str, lines: int = 6) -> str:
    """The last lines of a log that are not empty."""
    told = [line.strip() for line in log.splitlines() if line.strip()]
    return " | ".join(told[-lines:])[-800:] or "no log"


def execute(
    name: str,
    command: Sequence[str],
    folder: Path,
    limits: Limits,
    environment: Mapping[str, str] | None = None,
    end: Callable[[str], str] = last_lines,
) -> tuple[int, str]:
    """Run ``command`` in ``folder``, which is its home as well; exit status and log.

    Args:
        name: what messages call the program.
        environment: variables beside PATH, HOME and LC_ALL; nothing else of the caller's is passed on.
        end: picks the end of a log for a message.

    It is killed with its process group when this function is left for any reason, with this process however that ends (Linux), and
    by its own limit on processor time where nobody is left to kill it.

    Raises:
        RunError: it took too long, wrote too much, was stopped by :func:`stop_on`, or cannot be started.
    """
    own = {"PATH": os.environ.get("PATH", ""), "HOME": str(folder), "LC_ALL": "C", **(environment or {})}
    with (folder / "log.txt").open("w+b") as log:
        try:
            child = subprocess.Popen(
                list(command),
                cwd=folder,
                env=own,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_confine(limits),
            )
        except OSError as error:
            raise RunError(f"{name} cannot be started: {error.strerror or error}") from error
        try:
            problem = _watch(child, folder, limits)
        finally:
            _kill(child)
        log.seek(0)
        text = log.read(10_000_000).decode("utf-8", "replace")
    if problem:
        raise RunError(f"{name} {problem}: {end(text)}")
    return child.returncode, text


def _watch(child: subprocess.Popen[bytes], folder: Path, limits: Limits) -> str:
    """Wait for the end of a run; what limit it broke, or nothing."""
    started = time.monotonic()
    stop = _stop.get()
    with _end_of(child) as ended:
        while True:
            elapsed = time.monotonic() - started
            if ended(elapsed):
                return ""
            if stop is not None and stop.is_set():
                return "was stopped with the runs beside it"
            if elapsed > limits.seconds:
                return f"was stopped after {limits.seconds:g} s"
            if _size(folder) > limits.output:
                return f"was stopped after {limits.output / 2**20:g} MiB of output"


@contextmanager
def _end_of(child: subprocess.Popen[bytes]) -> Iterator[Callable[[float], bool]]:
    """A function that waits until it is time for a look (told how long the run has taken, s) and says whether ``child`` has ended.

    Linux tells the end through a file descriptor; elsewhere ``subprocess`` asks for it in a loop, which takes several per cent of a core.
    """
    if not hasattr(os, "pidfd_open"):

        def asked(elapsed: float) -> bool:
            with suppress(subprocess.TimeoutExpired):
                child.wait(min(max(_FIRST_POLL, 0.01 * elapsed), _LOOK))
            return child.returncode is not None

        yield asked
        return
    descriptor = os.pidfd_open(child.pid)
    end = select.poll()  # select.select takes no descriptor above 1023
    end.register(descriptor, select.POLLIN)
    try:

        def told(elapsed: float) -> bool:
            end.poll(1e3 * _LOOK)
            return child.poll() is not None

        yield told
    finally:
        os.close(descriptor)


def _size(folder: Path) -> int:
    """Bytes of the files in ``folder``; the program may take one away at any moment."""
    total = 0
    for item in folder.iterdir():
        with suppress(FileNotFoundError):
            total += item.stat().st_size
    return total


def _kill(child: subprocess.Popen[bytes]) -> None:
    if child.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)  # with what the program itself has started
        child.wait()


@cache
def _libc() -> ctypes.CDLL | None:
    return ctypes.CDLL(None, use_errno=True) if sys.platform.startswith("linux") else None


def _confine(limits: Limits):
    libc = _libc()
    output = limits.output + 2**20
    processor = math.ceil(limits.seconds) + 5
    parent = os.getpid()

    def apply() -> None:
        if libc is not None:  # the child dies with its parent, also when that is killed
            libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() != parent:  # it was killed before it could be told
                os._exit(1)
        resource.setrlimit(resource.RLIMIT_CPU, (processor, processor))
        resource.setrlimit(resource.RLIMIT_AS, (limits.memory, limits.memory))
        resource.setrlimit(resource.RLIMIT_FSIZE, (output, output))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

    return apply
