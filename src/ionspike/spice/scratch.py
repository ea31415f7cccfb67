"""Temporary folders that never remain, whatever ends the process: one folder a process, with everything of its runs inside.

It goes away with the process in three ways. A normal end removes it. A small shell beside the process waits for the end of a pipe
that only the process holds open: when it is killed, the pipe ends and the shell removes the folder. Should both have been killed
at once, the folder's lock is free, and the next process that needs a folder removes it.
"""

from __future__ import annotations

import atexit
import fcntl
import os
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from ionspike.errors import RunError

PREFIX = "ionspike-"
_LOCK = "lock"
_UNLOCKED_AGE = 3600.0  # s: a folder without a lock file was left in the instant between its making and its locking
# a program that is being killed may write once more
_REMOVE = 'trap "" INT TERM HUP; read -r _; rm -rf -- "$1" 2>/dev/null || { sleep 1; rm -rf -- "$1"; }'


@dataclass
class _Own:
    """The folder of this process: its lock and the shell that removes it."""

    path: Path
    process: int
    lock: IO[bytes]
    remover: subprocess.Popen[bytes]


_own: _Own | None = None
_guard = threading.Lock()


def session() -> Path:
    """The folder of this process, made at the first call, in the system's folder of temporary files.

    Raises:
        RunError: it cannot be made.
    """
    global _own
    with _guard:
        base = Path(tempfile.gettempdir())
        if _own is None or _own.process != os.getpid() or _own.path.parent != base or not _own.path.is_dir():
            _sweep(base)
            _own = _make(base)
        return _own.path


@contextmanager
def folder() -> Iterator[Path]:
    """A fresh folder for one run, removed at the end of the block."""
    try:
        path = Path(tempfile.mkdtemp(prefix="run-", dir=session()))
    except OSError as error:
        raise RunError(f"no temporary folder can be made: {error.strerror or error}") from error
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def _make(base: Path) -> _Own:
    try:
        path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=base))
        lock = (path / ".lock").open("wb")
        fcntl.flock(lock, fcntl.LOCK_EX)
        (path / ".lock").rename(path / _LOCK)  # seen by others only when it is held
    except OSError as error:
        raise RunError(f"no temporary folder can be made in {base}: {error.strerror or error}") from error
    remover = subprocess.Popen(
        ["/bin/sh", "-c", _REMOVE, "sh", str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        cwd="/",
    )
    own = _Own(path, os.getpid(), lock, remover)
    atexit.register(_close, own)
    return own


def _close(own: _Own) -> None:
    if own.process != os.getpid():
        return  # a forked copy of the process that made it
    shutil.rmtree(own.path, ignore_errors=True)
    with suppress(OSError):
        own.lock.close()
    if own.remover.stdin is not None:
        with suppress(OSError):
            own.remover.stdin.close()
    with suppress(subprocess.TimeoutExpired):
        own.remover.wait(5)


def _sweep(base: Path) -> None:
    """Remove folders of processes that are no more."""
    for path in base.glob(f"{PREFIX}*"):
        with suppress(OSError):
            if path.is_symlink() or path.stat().st_uid != os.getuid():
                continue
            if _abandoned(path):
                shutil.rmtree(path, ignore_errors=True)


def _abandoned(path: Path) -> bool:
    try:
        lock = (path / _LOCK).open("rb")
    except FileNotFoundError:
        return time.time() - path.stat().st_mtime > _UNLOCKED_AGE
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True
