"""A :class:`~ionspike.network.cell.Cell` from SPICE: the soma from a held membrane, the synapse and the energy from irregular trains."""

from __future__ import annotations

import warnings
from dataclasses import replace
from datetime import date

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

from ionspike.circuit.energy import IDLE, block_energy, idle_power_of
from ionspike.circuit.simulate import Run, Setting, simulate_all
from ionspike.circuit.testbench import Bench
from ionspike.device import Ecram
from ionspike.errors import InputError, RunError
from ionspike.network.adaptation_fit import with_adaptation
from ionspike.network.cell import OUTPUT, Cell, Origin, Soma
from ionspike.network.compare import intervals_from_resets
from ionspike.network.fed_back import feedback
from ionspike.network.held_membrane import Held, measure_held
from ionspike.network.placed_fit import fit_placed
from ionspike.network.residue import fit_residue
from ionspike.network.synapse_fit import fit_synapse
from ionspike.network.trigger_fit import with_trains
from ionspike.spikes import poisson

Array = NDArray[np.float64]

_RATES = (3e3, 30e3)  # Hz of irregular input; the second drives the device to large states
COUNTS = (160, 100)
# of a neuron whose adaptation is to come near its end; slow input shows how it fades, and spikes from a low membrane
_ADAPTING = (1e3, 3e3, 30e3), (150, 240, 200)
# of a Schmitt trigger: slow input makes it fire from as low a membrane as it can
_TRIGGERING = (1e3, 3e3, 30e3), (150, 240, 150)
FEW = (80, 60)  # enough for a look, not for a cell to keep
_SEED, _UNSEEN_SEED = 1, 2
_DOUBT = 1e-3  # chance that a cell that finds 95 % of the intervals is told to be poor


class PoorCell(UserWarning):
    """A calibrated cell misses too many output spikes of a run that it was not fitted to."""


def calibrate(
    bench: Bench,
    setting: Setting,
    held: Held | None = None,
    workers: int | None = None,
    rates: tuple[float, ...] | None = None,
    counts: tuple[int, ...] | None = None,
) -> Cell:
    """Measure a cell: the neuron of ``bench`` with its synapse, read rail, switch and pulse width.

    Args:
        bench: as for :func:`~ionspike.circuit.simulate.simulate`; its pulses are ignored.
        held: the soma's measurement, if it was made before (it does not depend on the synapse).
        rates: mean input rates (Hz) of the calibration runs; two of them, three of a Schmitt trigger or of a neuron that adapts, if left out.
        counts: input pulses of each of them; :data:`COUNTS`, more for a neuron that adapts or triggers, if left out.

    A last run, at a rate between the two and on another seed, is kept out of every fit; what the cell makes of it is in its ``origin``.

    Warns with :class:`PoorCell` where the cell misses more intervals of that run than one that finds 95 % of them would.

    Raises:
        InputError: the neuron has no synapse, more than one ECRAM beside it, or a topology without an inner node ``n1``.
        RunError: the neuron hardly fires under the calibration input.
    """
    device, place = _devices_of(bench)
    held = held or measure_held(bench, setting, workers)
    usual = _TRIGGERING if held.trigger else _ADAPTING if held.adaptive else (_RATES, COUNTS)
    rates = rates or usual[0]
    counts = counts or usual[1][-len(rates) :]
    benches = [_driven(bench, rate, count, _SEED) for rate, count in zip(rates, counts, strict=True)]
    unseen = _driven(bench, float(np.sqrt(rates[0] * rates[-1])), counts[-1], _UNSEEN_SEED)
    *runs, kept_out, silent = simulate_all([*benches, unseen, (bench.with_(pulses=()), IDLE)], setting, workers)
    idle, _ = idle_power_of(silent)
    outputs = sum(len(run.spike_times) for run in runs)
    if outputs < 6:
        raise RunError(f"{outputs} output spikes under the calibration input; a cell needs at least 6")
    capacitance = bench.neuron.membrane + feedback(bench.neuron)
    follows = not (held.pull or held.kick or held.adaptive)
    residue, residue_slope, dead = fit_residue(runs, capacitance, follows)
    soma = Soma(
        capacitance=capacitance,
        leak_voltage=tuple(held.voltage.tolist()),
        leak_current=tuple(held.leak.tolist()),
        keeper_rate=held.keeper_rate,
        threshold=held.threshold,
        slope=held.slope,
        curvature=held.curvature,
        keeper_slope=held.keeper_slope,
        fire=held.fire,
        fire_slope=held.fire_slope,
        residue=residue,
        residue_slope=residue_slope,
        dead=dead,
        keeper_current=held.keeper_current,
        spike_energy=0.0,
        idle_power=idle,
        supply=bench.supply,
        saturation=held.saturation,
        drops=held.drops,
        pull=held.pull,
        drawn_voltage=held.drawn_voltage,
        drawn_current=held.drawn_current,
        kick=held.kick,
        **dict(zip(OUTPUT, held.output, strict=False)),
    )
    synapse, mean_state, opening = fit_synapse(runs, device, soma.capacitance)
    count = sum(len(run.input_times) for run in runs)
    origin = Origin(
        engine=f"{setting.engine.name} {setting.engine.version}",
        process=f"{setting.process.name} {setting.process.version}",
        corner=setting.corner,
        temperature=f"{setting.accuracy.temperature:g} C",
        date=date.today().isoformat(),
        rates=(min(rates) / 3, max(rates)),
        pulses_per_output=(count / outputs / 2, 2 * count / outputs),
    )
    placed = None if place is None else replace(fit_placed(runs, *place), opening=opening)
    measured = runs, soma.capacitance, held.voltage, held.leak
    adaptive = held.adaptive and with_adaptation(held.adaptive, *measured)
    trigger = held.trigger and with_trains(held.trigger, *measured, held.threshold, idle / bench.supply)
    cell = Cell(
        device.name, soma, synapse, device, mean_state, origin, placed=placed, adaptive=adaptive, trigger=trigger
    )
    return _with_held_out(_with_energy(cell, runs), kept_out)


def _devices_of(bench: Bench) -> tuple[Ecram, tuple[str, Ecram] | None]:
    """The ECRAM at the synapse of a neuron that can be calibrated, and the one that its own spikes gate."""
    neuron = bench.neuron
    if "n1" not in neuron.kind.circuit.inner:
        raise InputError(
            f"{neuron.topology} has no inner node n1; a cell needs the output of the threshold stage by that name"
        )
    others = [(name, device) for name, device in neuron.devices if name != "synapse"]
    if len(others) > 1:
        told = " and ".join(name for name, _ in others)
        raise InputError(f"a cell has a form for one ECRAM beside the synapse; this neuron has them at {told}")
    if neuron.synapse is None:
        raise InputError("the neuron has no synapse to calibrate; expected one of its ECRAMs at 'synapse'")
    return neuron.synapse, others[0] if others else None


def _driven(bench: Bench, rate: float, count: int, seed: int) -> tuple[Bench, float]:
    pulses = poisson(rate, count, seed)
    return bench.with_(pulses=tuple(pulses)), pulses[-1] + 1 / rate


def _with_held_out(cell: Cell, run: Run) -> Cell:
    """The cell with what it makes of a run that no fit has seen."""
    parts = intervals_from_resets(cell, run) if len(run.spike_times) else []
    same, near = (sum(part.hits(within) for part in parts) for within in (0, 1))
    if binom.cdf(same, len(parts), 0.95) < _DOUBT:
        warnings.warn(
            f"cell {cell.name!r} of a {run.bench.neuron.topology} finds the pulse of the next spike in {same} of {len(parts)} "
            f"intervals of a run that it was not fitted to, and within one pulse in {near}",
            PoorCell,
            stacklevel=3,
        )
    return replace(cell, origin=replace(cell.origin, held_out=(float(len(parts)), float(same), float(near))))


def _with_energy(cell: Cell, runs: list[Run]) -> Cell:
    """Energy per spike, per pulse and the rail's factor, each from the rails that it is drawn from, between resets of the runs.

    One fit of all three to the sum would not tell them apart: the charge of an interval is nearly the same in all of them.
    """
    drivers = reads = stages = charge = 0.0
    pulses = spikes = 0
    for run in runs:
        ends = run.reset_ends
        for part in intervals_from_resets(cell, run)[: len(ends) - 1]:
            start, stop = ends[part.index], ends[part.index + 1]
            blocks = block_energy(run, start, stop)
            drivers += blocks["driver"]
            reads += blocks["read"]
            waiting = cell.soma.supply * part.drawn
            stages += blocks["threshold"] + blocks["delay"] - waiting - cell.soma.idle_power * (stop - start)
            charge, pulses, spikes = charge + part.charge, pulses + part.pulses, spikes + 1
    soma = replace(cell.soma, spike_energy=stages / spikes)
    synapse = replace(
        cell.synapse, pulse_energy=drivers / pulses, read_factor=reads / (cell.synapse.read_rail * charge)
    )
    return replace(cell, soma=soma, synapse=synapse)
