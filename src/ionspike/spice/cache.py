"""Finished runs, kept by what was run: the same netlist, models, checks, engine and options give the same file, read back instead.

The cache lies in the user's cache folder. Files come in by rename and are checked against their checksum on the way out, so that any
number of processes may share it; the least recently used go when it grows over its limit. ``IONSPIKE_CACHE=off`` switches it off.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
import threading
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import platformdirs

from ionspike.errors import InputError
from ionspike.spice.deck import compose
from ionspike.spice.engine import Engine, Job
from ionspike.spice.library import library_digest
from ionspike.spice.runfile import FORMAT, is_whole

SWITCH = "IONSPIKE_CACHE"
LIMIT = 2 * 2**30  # bytes
_AFTER_REMOVAL = 0.8  # of the limit, so that a full cache is not emptied run by run
# of the limit: what a process may add between two looks through the folder, which take as long as a short run
_UNSEEN = 1 / 64
_added: dict[Path, int] = {}  # bytes that this process has kept in each folder since it last looked through it
_adding = threading.Lock()


@dataclass(frozen=True)
class Cache:
    """Finished runs in ``folder``, at most ``limit`` bytes; none at all if ``folder`` is ``None``."""

    folder: Path | None
    limit: int = LIMIT

    @classmethod
    def of_environment(cls) -> Cache:
        """The user's cache, or none: the variable ``IONSPIKE_CACHE`` is ``on`` (as if unset), ``off``, or a folder.

        Raises:
            InputError: it is a folder's name without a ``/``, which may be a slip for ``off``.
        """
        said = os.environ.get(SWITCH, "").strip()
        if said.lower() in ("off", "0", "no", "false"):
            return cls(None)
        if said.lower() in ("", "on", "1", "yes", "true"):
            return cls(Path(platformdirs.user_cache_dir("ionspike")) / "runs")
        if os.sep not in said:
            raise InputError(f"{SWITCH} is {said!r}; expected on, off or the path of a folder")
        return cls(Path(said))

    @property
    def active(self) -> bool:
        """Whether there is a cache."""
        return self.folder is not None

    def fetch(self, key: str, target: Path) -> bool:
        """Bring the run of ``key`` to ``target``; whether there is a whole one. A damaged file is removed."""
        if self.folder is None:
            return False
        kept = self._path(key)
        try:
            shutil.copyfile(kept, target)
        except OSError:
            return False
        if not is_whole(target):
            kept.unlink(missing_ok=True)
            return False
        with suppress(OSError):
            os.utime(kept)  # used now
        return True

    def keep(self, key: str, source: Path) -> None:
        """Keep the run file ``source`` under ``key``. A cache that cannot be written is none: the run has its result already."""
        if self.folder is None:
            return
        with suppress(OSError):
            self.folder.mkdir(parents=True, exist_ok=True)
            handle, temporary = tempfile.mkstemp(prefix=".new-", dir=self.folder)
            os.close(handle)
            try:
                shutil.copyfile(source, temporary)
                os.replace(temporary, self._path(key))
            except BaseException:
                Path(temporary).unlink(missing_ok=True)
                raise
            if self._is_due(source.stat().st_size):
                self._trim()

    def size(self) -> tuple[int, int]:
        """Number of runs and bytes they take."""
        files = self._files()
        return len(files), sum(size for _, size, _ in files)

    def clear(self) -> None:
        """Remove every run."""
        for _, _, path in self._files():
            Path(path).unlink(missing_ok=True)

    def _path(self, key: str) -> Path:
        assert self.folder is not None
        return self.folder / f"{key}.run"

    def _files(self) -> list[tuple[float, int, str]]:
        """When used, bytes and path of every file, half-written ones of killed processes too; the least recently used first."""
        if self.folder is None or not self.folder.is_dir():
            return []
        found = []
        for entry in os.scandir(self.folder):
            if entry.name.endswith(".run") or entry.name.startswith(".new-"):
                with suppress(OSError):
                    state = entry.stat()
                    found.append((state.st_mtime, state.st_size, entry.path))
        return sorted(found)

    def _is_due(self, size: int) -> bool:
        """Whether the folder must be looked through, now that a file of ``size`` bytes was added: at a process's first, then by what it adds."""
        assert self.folder is not None
        with _adding:
            added = _added.get(self.folder, self.limit) + size
            due = added >= self.limit * _UNSEEN
            _added[self.folder] = 0 if due else added
        return due

    def _trim(self) -> None:
        files = self._files()
        total = sum(size for _, size, _ in files)
        if total <= self.limit * (1 - _UNSEEN):
            return
        for _, size, path in files:
            if total <= self.limit * _AFTER_REMOVAL:
                break
            with suppress(OSError):
                os.unlink(path)
                total -= size


def key_of(engine: Engine, job: Job) -> str | None:
    """The name of a run's result: SHA-256 over everything it depends on; ``None`` where that cannot be told.

    Raises:
        InputError: see :func:`~ionspike.spice.deck.compose`.
    """
    if engine.version == "unknown":
        return None
    models = "" if job.process is None else library_digest(job.process.library(job.corner))
    whole = {
        "format": FORMAT,
        "engine": [engine.name, engine.version, str(getattr(engine, "ladder", ""))],
        "models": models,
        # the deck without its library's path, so that the same models are the same at any place
        "deck": compose(replace(job, process=None)),
        "process": None if job.process is None else job.corner,
        "checks": [asdict(check) for check in job.pulses] + list(job.positive),
        "energy": None if job.energy is None else asdict(job.energy),
    }
    return hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()
