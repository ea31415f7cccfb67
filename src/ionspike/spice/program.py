"""Simulators as separate programs, with limits on time, memory and output: none outlives the process that started it."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path

from ionspike.errors import RunError
from ionspike.spice.engine import Limits

_POLL = 0.005  # s
_PR_SET_PDEATHSIG = 1


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

    Raises:
        RunError: it took too long, or wrote too much.
    """
    own = {"PATH": os.environ.get("PATH", ""), "HOME": str(folder), "LC_ALL": "C", **(environment or {})}
    with (folder / "log.txt").open("w+b") as log:
        child = subprocess.Popen(
            list(command),
            cwd=folder,
            env=own,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=_confine(limits) if os.name == "posix" else None,
        )
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
    deadline = time.monotonic() + limits.seconds
    wait = 1e-3
    while True:
        try:
            child.wait(wait)
            return ""
        except subprocess.TimeoutExpired:
            wait = _POLL
        if time.monotonic() > deadline:
            return f"was stopped after {limits.seconds:g} s"
        if sum(item.stat().st_size for item in folder.iterdir() if item.is_file()) > limits.output:
            return f"was stopped after {limits.output / 2**20:.0f} MiB of output"


def _kill(child: subprocess.Popen[bytes]) -> None:
    if child.poll() is None:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()


@cache
def _libc() -> ctypes.CDLL | None:
    return ctypes.CDLL(None, use_errno=True) if sys.platform.startswith("linux") else None


def _confine(limits: Limits):
    libc = _libc()
    output = limits.output + 2**20

    def apply() -> None:
        if libc is not None:  # the child dies with its parent, also when that is killed
            libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        resource.setrlimit(resource.RLIMIT_AS, (limits.memory, limits.memory))
        resource.setrlimit(resource.RLIMIT_FSIZE, (output, output))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

    return apply
