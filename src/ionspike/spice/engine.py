"""What a circuit simulator is asked for and what it gives back: the protocol every engine follows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from ionspike.errors import RunError
from ionspike.spice.process import Process
from ionspike.spice.waveforms import Attempt, Waveforms

LARGEST_SEED = 2**31 - 1  # of a run's draws: ngspice keeps it in 32 bits


@dataclass(frozen=True)
class Transient:
    """A transient run from stated initial conditions: ``stop`` and longest time step ``max_step`` in s."""

    stop: float
    max_step: float = 1e-5


@dataclass(frozen=True)
class Accuracy:
    """Tolerances. ngspice's default gmin of 1e-12 S leaks four times what the transistors of a membrane do; gear damps the ringing
    that the trapezoidal rule leaves on a spike's width (0.015 ns against 0.04 ns at reltol 1e-4). ``temperature`` in degrees C;
    ``iterations`` of Newton's method before a time step is cut (ngspice takes no fewer than 100)."""

    reltol: float = 1e-4
    gmin: float = 1e-16
    method: str = "gear"
    temperature: float = 27.0
    iterations: int = 100

    def tighter(self, factor: float = 10.0) -> Accuracy:
        """The same settings at a tolerance ``factor`` times smaller."""
        return replace(self, reltol=self.reltol / factor)


@dataclass(frozen=True)
class Limits:
    """What one run may use: wall time (s), memory and output (bytes)."""

    seconds: float = 300.0
    memory: int = 4 * 2**30
    output: int = 2 * 2**30


@dataclass(frozen=True)
class PulseCheck:
    """Pulses that must be seen: rising crossings of ``level`` (V) by the vector ``node``. ngspice can lose pulses without a word."""

    node: str
    level: float
    count: int


@dataclass(frozen=True)
class EnergyCheck:
    """Energy that a run's sources must have given: ``sources`` are pairs of a current vector and its voltage (V). The circuit takes
    energy; one that gave more than ``stored`` (J), what its capacitors held at the start, is a wild solution."""

    sources: tuple[tuple[str, float], ...]
    stored: float = 1e-11


@dataclass(frozen=True)
class Job:
    """One run.

    Args:
        netlist: elements, ``.subckt``, ``.param`` and ``.ic`` lines; what else a deck needs is added by the engine.
        transient, accuracy, limits: see there.
        save: vectors to keep, such as ``v(mem)`` or ``i(vdd)``.
        process, corner: the transistor models, where the netlist has transistors.
        pulses: pulse counts to check.
        positive: vectors that must stay above zero; one that does not means a wild solution.
        energy: sources whose energy is checked.
        seed: of the draws that a statistical section of the process makes, from 1 to :data:`LARGEST_SEED`; ``None`` where there are none.
    """

    netlist: str
    transient: Transient
    save: tuple[str, ...]
    process: Process | None = None
    corner: str = "tt"
    accuracy: Accuracy = field(default_factory=Accuracy)
    limits: Limits = field(default_factory=Limits)
    pulses: tuple[PulseCheck, ...] = ()
    positive: tuple[str, ...] = ()
    energy: EnergyCheck | None = None
    seed: int | None = None


@dataclass(frozen=True)
class Failure:
    """A run that gave no result: why, with the end of the simulator's log, and the tries it took."""

    message: str
    attempts: tuple[Attempt, ...] = ()

    def error(self) -> RunError:
        """The failure as an exception."""
        return RunFailed(self.message, self.attempts)


class RunFailed(RunError):
    """A run that failed, with the tries it took."""

    def __init__(self, message: str, attempts: Sequence[Attempt] = ()) -> None:
        super().__init__(message)
        self.attempts = tuple(attempts)


class Engine(Protocol):
    """A circuit simulator run as a separate program.

    A job is a SPICE netlist. An engine that cannot run what is in one says so with an InputError, and runs nothing.
    """

    @property
    def name(self) -> str:
        """Its name, such as ``ngspice``."""
        ...

    @property
    def version(self) -> str:
        """Its version as it says it."""
        ...

    def run(self, job: Job) -> Waveforms:
        """Run one job; raises :class:`~ionspike.errors.RunError` with the end of the log if it fails."""
        ...
