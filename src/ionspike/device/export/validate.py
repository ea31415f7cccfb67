"""The law held against its own exports: the same drives on the Python law, on ngspice (``.subckt``) and on VACASK (Verilog-A)."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import cumulative_trapezoid

from ionspike.device.ecram import Ecram
from ionspike.device.export.benches import Drive, benches
from ionspike.device.export.on_simulators import Trace, run_ngspice, run_vacask
from ionspike.device.follow import follow
from ionspike.device.gate import floating_gate
from ionspike.errors import RunError
from ionspike.spice import Ngspice
from ionspike.spice.vacask import Vacask

Array = NDArray[np.float64]

LIMITS = {"ngspice": 0.5, "VACASK": 0.1}  # per cent of the largest change
_LEAST_CHANGE = 1e-6  # of G: a bench that moves less compares nothing
_LEAST_CHARGE = 1e-6  # of the charge through the channel: no less counts as a gate that supplies some
_DENSE = 200  # points of the law between two points of the drive


@dataclass(frozen=True)
class Difference:
    """The largest difference of one engine from the law over one bench, in per cent of the law's largest change: of the
    ``conductance``, and of the ``charge`` that flowed into the gate (on a floating gate: of the charge that is on it).

    ``reason``: why it was not compared. ``law``, ``seen``: both sides, where it was.
    """

    bench: str
    engine: str
    conductance: float = math.nan
    charge: float = math.nan
    reason: str = ""
    law: Trace | None = field(default=None, compare=False, repr=False)
    seen: Trace | None = field(default=None, compare=False, repr=False)

    @property
    def passed(self) -> bool:
        """Within the engine's limit, or without anything to compare."""
        return bool(self.reason) or max(self.conductance, self.charge) <= LIMITS[self.engine]


@dataclass(frozen=True)
class Validation:
    """Every bench on every engine; ``versions`` of the engines that ran, ``missing``: what did not, with the command that gets it."""

    device: str
    differences: tuple[Difference, ...]
    versions: dict[str, str]
    missing: dict[str, str]

    @property
    def passed(self) -> bool:
        """Every engine that was asked for ran, compared at least one bench, and stayed within its limit on all."""
        compared = {d.engine for d in self.differences if not d.reason}
        return not self.missing and compared == set(self.versions) and all(d.passed for d in self.differences)

    def worst(self, engine: str) -> tuple[float, float]:
        """The largest difference of conductance and of charge (per cent) on ``engine``; ``nan`` where nothing was compared."""
        found = [(d.conductance, d.charge) for d in self.differences if d.engine == engine and not d.reason]
        return (max(g for g, _ in found), max(q for _, q in found)) if found else (math.nan, math.nan)


def validate(ecram: Ecram, engines: Iterable[str] = tuple(LIMITS), exported: Ecram | None = None) -> Validation:
    """Hold the law of ``ecram`` against its exports.

    Args:
        ecram: the device.
        engines: ``ngspice``, ``VACASK`` or both.
        exported: the device that is exported, if not the same: a control, which has to fail.

    Raises:
        RunError: a simulator failed.
    """
    programs: dict[str, Callable[[Drive, float], Trace]] = {}
    versions, missing = {}, {}
    device = exported or ecram
    for name in engines:
        try:
            programs[name], versions[name] = _program(name, device)
        except RunError as error:
            missing[name] = str(error)
    found = [item for drive in benches(ecram) for item in _bench(ecram, drive, programs)]
    return Validation(ecram.name, tuple(found), versions, missing)


def _program(name: str, device: Ecram) -> tuple[Callable[[Drive, float], Trace], str]:
    """What runs a bench on an engine, and its version. Raises RunError if it is not installed."""
    if name == "ngspice":
        ngspice = Ngspice.find()
        return lambda drive, charge: run_ngspice(ngspice, device, drive, charge), ngspice.version
    vacask = Vacask.find()
    return lambda drive, charge: run_vacask(vacask, device, drive, charge), vacask.version


def _bench(ecram: Ecram, drive: Drive, programs: dict[str, Callable[[Drive, float], Trace]]) -> list[Difference]:
    """One bench on every engine, and the law at the times of all of them."""
    scale = _gate_charge(ecram, drive)
    seen = {name: run(drive, scale) for name, run in programs.items()}
    law = run_law(
        ecram, drive, np.unique(np.concatenate([_dense(drive.time), *(trace.time for trace in seen.values())]))
    )
    if np.ptp(law.conductance) < _LEAST_CHANGE * law.conductance.max():
        return [Difference(drive.name, name, reason="the conductance does not move here") for name in seen]
    return [_compare(drive, name, trace, law, scale) for name, trace in seen.items()]


def _compare(drive: Drive, engine: str, seen: Trace, law: Trace, scale: float) -> Difference:
    here, told = np.searchsorted(law.time, seen.time), np.isfinite(seen.conductance)
    g = float(np.abs(seen.conductance - law.conductance[here])[told].max()) / float(np.ptp(law.conductance))
    if drive.current is None:
        q = float(np.abs(seen.charge - law.charge[here]).max()) / scale
    else:  # what flowed in was given, what is left of it was not
        q = float(np.abs(seen.bias - law.bias[here]).max()) / float(np.ptp(law.bias))
    return Difference(drive.name, engine, 100 * g, 100 * q, law=law, seen=seen)


def _gate_charge(ecram: Ecram, drive: Drive) -> float:
    """The charge (C) that moves through the gate; for a gate without any, a millionth of what flows through the channel."""
    if drive.current is not None:
        return float(np.abs(np.trapezoid(drive.current, drive.time)))
    law = run_law(ecram, drive, _dense(drive.time))
    vd, vs = (np.interp(law.time, drive.time, v) for v in drive.ends(ecram))
    channel = float(np.trapezoid(law.conductance * np.abs(vd - vs), law.time))
    return max(float(np.ptp(law.charge)), _LEAST_CHARGE * channel)


def run_law(ecram: Ecram, drive: Drive, times: Array) -> Trace:
    """The law under a drive, at ``times``: states exactly, the charge by trapezoids on those times."""
    device, gate = ecram.at_temperature(drive.kelvin), ecram.gate
    vg = np.interp(times, drive.time, drive.gate)
    vd, vs = (np.interp(times, drive.time, v) for v in drive.ends(device))
    start = device.at_rest(float(vg[0]), float(vd[0]), float(vs[0]))
    if drive.current is None:
        bias = vg - (vd + vs) / 2
        states = follow(device, times, vg, vd, vs, start, 1e-11)
    else:
        states, bias = floating_gate(device, times, 0.0, start, current=(drive.time, drive.current))
    charge = np.zeros_like(times)
    if gate.drive == "gate":
        ions = device.ion_current(states, device.overpotential(bias))
        leak = bias / gate.R_g if math.isfinite(gate.R_g) else 0.0
        charge = gate.C_g * (bias - bias[0]) + cumulative_trapezoid(ions + leak, times, initial=0.0)
    return Trace(times, device.conductance(states), charge, bias)


def _dense(time: Array) -> Array:
    """Points close together after every corner of the drive, and evenly spread between corners."""
    share = np.unique(np.concatenate([np.geomspace(1e-7, 1, _DENSE), np.linspace(0, 1, _DENSE)]))
    return np.unique(np.concatenate([a + (b - a) * share for a, b in pairwise(time.tolist())]))
