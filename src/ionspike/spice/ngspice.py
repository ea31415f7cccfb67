"""ngspice as a separate program: settings of our own, limits on time, memory and output, checks on what it gives back.

What ngspice 39 does if it is let:

* it reads the user's ``.spiceinit``: every run has ``-n``, an environment and an initialisation file of its own;
* it runs transistor models on two threads that wait for each other: two runs of 10 s beside each other on two cores do not end
  in 60 s, so ``num_threads`` is 1, which only its initialisation file can set;
* it drops input pulses, or finds wild solutions, and exits with 0: pulses are counted and conductances checked after every run.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ionspike.errors import RunError
from ionspike.spice import scratch
from ionspike.spice.checks import check, lost_pulses
from ionspike.spice.deck import compose, compose_noise
from ionspike.spice.engine import Job, Limits, RunFailed
from ionspike.spice.ladder import AS_ASKED, LADDER
from ionspike.spice.program import execute
from ionspike.spice.raw import read_raw
from ionspike.spice.waveforms import Attempt, Waveforms

_INIT = "* settings of ionspike, in place of anybody's .spiceinit\nset num_threads=1\nset ng_nomodcheck\n"
_SHORTER, _REPEATS = 5.0, 3


def install_hint() -> str:
    """The command that installs ngspice on this machine."""
    return "brew install ngspice" if sys.platform == "darwin" else "sudo apt-get install ngspice"


@dataclass(frozen=True)
class Ngspice:
    """The ngspice program at ``path``.

    A run that does not converge climbs :data:`~ionspike.spice.ladder.LADDER`; what still fails is reported with the end of ngspice's
    log. A run that lost input pulses is repeated with a shorter longest step, at most three times. Every try stands in
    :attr:`Waveforms.attempts <ionspike.spice.waveforms.Waveforms.attempts>`.
    """

    path: str

    @classmethod
    def find(cls) -> Ngspice:
        """ngspice on the search path. Raises RunError with the command that installs it, if it is missing."""
        path = shutil.which("ngspice")
        if path is None:
            raise RunError(f"ngspice is not installed; get it with: {install_hint()}")
        return cls(path)

    @property
    def name(self) -> str:
        """``ngspice``."""
        return "ngspice"

    @property
    def version(self) -> str:
        """The version number, such as ``39``."""
        return _version(self.path)

    def run(self, job: Job) -> Waveforms:
        """Run one job.

        Raises:
            InputError: the netlist holds something that is not allowed.
            RunError: ngspice failed, took too long, wrote too much, lost an input pulse or found a wild solution.
        """
        attempts: list[Attempt] = []
        try:
            waveforms = self._climb(job, "", attempts)
            for repeat in range(1, _REPEATS + 1):
                if not lost_pulses(job, waveforms):
                    break
                # breakpoints closer than 5e-5 of the longest step are merged: a shorter one keeps them apart
                factor = _SHORTER**repeat
                run = job.transient
                shorter = replace(job, transient=replace(run, max_step=run.max_step / factor))
                waveforms = self._climb(shorter, f"max step / {factor:g} for lost pulses", attempts)
            check(job, waveforms)
        except RunError as error:
            raise RunFailed(str(error), attempts) from error
        return Waveforms(waveforms.vectors, waveforms.log, attempts)

    def noise(
        self, job: Job, output: str, source: str, low: float, high: float, points: int = 5
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Noise at ``output`` (such as ``v(node)``) of a netlist at its operating point: frequencies (Hz) and density (V/sqrt(Hz)).

        ``.nodeset`` lines of the netlist tell which of several operating points is meant.

        Raises:
            InputError: see :func:`~ionspike.spice.deck.compose_noise`. RunError: ngspice failed.
        """
        with scratch.folder() as folder:
            (folder / "deck.cir").write_text(compose_noise(job, output, source, low, high, points))
            (folder / "spinit").write_text(_INIT)
            _, log = self._execute(folder, job.limits)
            if not (folder / "out.raw").is_file():
                raise RunError(f"ngspice made no noise analysis: {_end(log)}")
            found = read_raw(folder / "out.raw")
        if "onoise_spectrum" not in found:
            raise RunError(f"ngspice made no noise analysis: {_end(log)}")
        return found["frequency"], found["onoise_spectrum"]

    def _climb(self, job: Job, changed: str, attempts: list[Attempt]) -> Waveforms:
        failure = ""
        for rung in LADDER:
            started = time.monotonic()
            options = ", ".join(part for part in (changed, rung.name) if part) or AS_ASKED
            try:
                waveforms, failure = self._attempt(rung.change(job))
            except RunError as error:
                attempts.append(Attempt(options, str(error), time.monotonic() - started))
                raise
            attempts.append(Attempt(options, failure or "finished", time.monotonic() - started))
            if waveforms is not None:
                return waveforms
        raise RunError(f"ngspice did not finish, on any of the {len(LADDER)} steps of the ladder: {failure}")

    def _attempt(self, job: Job) -> tuple[Waveforms | None, str]:
        """One try: the waveforms, or the end of the log of a run that did not converge."""
        deck = compose(job)
        with scratch.folder() as folder:
            (folder / "deck.cir").write_text(deck)
            (folder / "spinit").write_text(_INIT)
            status, log = self._execute(folder, job.limits)
            end = _end(log)
            if not (folder / "out.raw").is_file():
                raise RunError(f"ngspice wrote no waveforms (exit status {status}): {end}")
            if status < 0:
                raise RunError(f"ngspice was stopped by signal {-status}: {end}")
            try:
                vectors = read_raw(folder / "out.raw")
            except RunError as error:
                raise RunError(f"{error} (exit status {status}): {end}") from error
        waveforms = Waveforms(vectors, log)
        if waveforms.time[-1] < job.transient.stop * (1 - 1e-6):
            return None, f"stopped at {waveforms.time[-1]:g} s of {job.transient.stop:g} s: {end}"
        return waveforms, ""

    def _execute(self, folder: Path, limits: Limits) -> tuple[int, str]:
        command = [self.path, "-n", "-b", "-r", "out.raw", "deck.cir"]
        return execute("ngspice", command, folder, limits, {"SPICE_SCRIPTS": str(folder)}, end=_end)


def _end(log: str, lines: int = 6) -> str:
    """The last lines of a log that say something, errors first."""
    told = [line.strip() for line in log.splitlines() if line.strip()]
    noise = re.compile(
        r"(?i)(dram|pages|stack =|program size|elapsed|no\. of data rows|reference value|compatibility mode|background)"
    )
    told = [line for line in told if not noise.search(line)]
    errors = [line for line in told if re.search(r"(?i)error|fatal|singular|too small|fail|unknown|no such", line)]
    return " | ".join((errors or told)[-lines:])[-800:] or "no log"


@cache
def _version(path: str) -> str:
    try:
        shown = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=20, check=False).stdout
    except (OSError, subprocess.TimeoutExpired):
        return "unknown"
    found = re.search(r"ngspice-(\S+)", shown)
    return found.group(1) if found else "unknown"
