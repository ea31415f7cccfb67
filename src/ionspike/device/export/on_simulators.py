"""An ECRAM on a bench in a circuit simulator: ngspice with the ``.subckt``, VACASK with the compiled Verilog-A.

Conductance and gate charge are read at the terminals alone, as a measurement would: what flows in at the gate leaves half through the
drain, half through the source, so half the difference of those two currents is the channel's. The charge is integrated by the
simulator's own rule, on a capacitor in ngspice and in a metering module in VACASK.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ionspike.device.ecram import Ecram
from ionspike.device.export.benches import READ_VOLTAGE, Drive
from ionspike.device.export.subckt import subckt, subckt_name
from ionspike.device.export.verilog_a import verilog_a
from ionspike.spice import Accuracy, Job, Ngspice, Transient
from ionspike.spice.vacask import Instance, Source, Vacask, VerilogJob
from ionspike.spice.waveforms import Waveforms

Array = NDArray[np.float64]

_STEPS = 1000  # at least, in a run
# tolerances at which halving them changes no figure of the comparison; both programs then take 0.1 s a bench
_NGSPICE_RELTOL, _VACASK_RELTOL = 1e-6, 1e-8
_NO_CURRENT = 1e-6  # of the current of the read voltage
_ROUNDING = 1e3 * np.finfo(float).eps


@dataclass(frozen=True)
class Trace:
    """What shows at the terminals: times (s), conductance (S), charge into the gate (C), voltage of the gate against the channel (V)."""

    time: Array
    conductance: Array
    charge: Array
    bias: Array


def run_ngspice(engine: Ngspice, ecram: Ecram, drive: Drive, charge: float) -> Trace:
    """One bench on ngspice; ``charge`` (C) is about what flows into the gate. Raises RunError."""
    device = ecram.at_temperature(drive.kelvin)
    vd, vs = drive.ends(device)
    lines = [subckt(ecram), f"x1 g d s {subckt_name(ecram)}"]
    lines += [_pwl("vd d 0", drive.time, vd), _pwl("vs s 0", drive.time, vs)]
    if drive.current is None:
        # a current source into a capacitor: 1 V for `charge`
        lines += [_pwl("vg g 0", drive.time, drive.gate), f"cq 0 q {charge!r}", "fg 0 q vg 1", ".ic v(q)=0"]
    else:
        lines.append(_pwl("ig 0 g", drive.time, drive.current))
    # capacitors start at the voltages of their nodes, volatile states at rest
    lines.append(f".ic v(d)={float(vd[0])!r} v(s)={float(vs[0])!r} v(g)={float(drive.gate[0])!r}")
    rest = device.at_rest(float(drive.gate[0]), float(vd[0]), float(vs[0]))
    lines += [f".ic v(x1.x{k})={float(value)!r}" for k, value in enumerate(rest[:-1], 1)]
    save = ("v(d)", "v(s)", "i(vd)", "i(vs)", "v(g)", *(("v(q)",) if drive.current is None else ()))
    accuracy = Accuracy(reltol=_NGSPICE_RELTOL, gmin=1e-18, temperature=drive.celsius)
    stop = float(drive.time[-1])
    run = engine.run(Job("\n".join(lines) + "\n", Transient(stop, stop / _STEPS), save, accuracy=accuracy))
    # ngspice's first point comes before its first solution
    return _read(run, ("i(vd)", "i(vs)"), -charge, first=1)


def run_vacask(engine: Vacask, ecram: Ecram, drive: Drive, charge: float) -> Trace:
    """One bench on VACASK; see :func:`run_ngspice`. Temperature is the simulator's, the start its own operating point."""
    vd, vs = drive.ends(ecram)
    name, stop = subckt_name(ecram), float(drive.time[-1])
    sources = [Source("d", drive.time, vd), Source("s", drive.time, vs)]
    currents: tuple[Source, ...] = ()
    if drive.current is None:
        sources.append(Source("g", drive.time, drive.gate, full=charge))
    else:
        currents = (Source("g", drive.time, drive.current),)
    job = VerilogJob(
        {name: verilog_a(ecram)},
        [Instance("x1", ("g", "d", "s"), name)],
        sources,
        stop,
        stop / _STEPS,
        currents,
        reltol=_VACASK_RELTOL,
        least_current=_least_current(ecram, drive, charge),
        temperature=drive.celsius,
    )
    return _read(engine.run(job), ("i(d)", "i(s)"), charge)


def _least_current(ecram: Ecram, drive: Drive, charge: float) -> float:
    """What counts as no current (A). Times are rounded: late in a run the current into a capacitance during a short edge is known no
    better than that, and a simulator that is asked for more cuts its step without end."""
    rounded = _ROUNDING * charge * float(drive.time[-1]) / float(np.diff(drive.time).min()) ** 2
    return _NO_CURRENT * READ_VOLTAGE * float(ecram.conductance(ecram.at_rest())) + rounded


def _read(run: Waveforms, currents: tuple[str, str], scale: float, first: int = 0) -> Trace:
    across = run["v(d)"] - run["v(s)"]
    told = np.abs(across) > READ_VOLTAGE / 2  # a channel without a voltage shows no conductance
    drain, source = (run[name] for name in currents)
    conductance = np.where(told, (source - drain) / 2 / np.where(told, across, 1.0), np.nan)
    meter = next((name for name in ("v(q)", "v(q_g)") if name in run.names), None)
    charge = scale * (run[meter] - run[meter][first]) if meter else np.zeros_like(across)
    bias = run["v(g)"] - (run["v(d)"] + run["v(s)"]) / 2
    return Trace(run.time[first:], conductance[first:], charge[first:], bias[first:])


def _pwl(head: str, time: Array, values: Array) -> str:
    points = "\n+ ".join(f"{t!r} {v!r}" for t, v in zip(time.tolist(), values.tolist(), strict=True))
    return f"{head} pwl({points})"
