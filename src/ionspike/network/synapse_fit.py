"""The synapse of a cell from SPICE: what every pulse of irregular trains did to the membrane and to the ions."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from ionspike.circuit.energy import block_energy
from ionspike.circuit.simulate import Run, Setting, simulate_all
from ionspike.circuit.testbench import Bench
from ionspike.device import Ecram
from ionspike.device.moebius import step
from ionspike.errors import InputError, RunError
from ionspike.network.adaptive_fit import free_again
from ionspike.network.cell import Cell, Soma, Synapse
from ionspike.network.dynamics import AT, OF, PARTS, leaked, pack
from ionspike.network.residue import fit_residue
from ionspike.spikes import poisson

Array = NDArray[np.float64]

SETTLED = 40e-9  # s after a pulse or a reset
AHEAD = 2e-9  # s before a pulse
_BEFORE_SPIKE = 0.3e-6  # s in which the stage's nodes pull at the membrane
_FEWEST = 30  # pulses that a fit of eight numbers wants
_FEWEST_RESETS = 6  # for the line of what they leave


@dataclass(frozen=True)
class Pulses:
    """Membrane voltages (V) and states before and after every input pulse that met no output spike, the membrane's voltage (V) that a
    steady current adds meanwhile, the resistance (ohm) behind the synapse, the conductance (S) of a channel that the pulse opens to ground,
    and the energy (J) that all of them drew from the read rail."""

    before: Array
    after: Array
    x_before: Array
    x_after: Array
    lifted: Array
    behind: Array
    leak: Array
    read: float


def pulses_of(run: Run, capacitance: float) -> Pulses:
    """What the pulses of a run did to a membrane of ``capacitance`` (F)."""
    starts, ends = run.input_times, run.input_ends
    t0, t1 = starts - AHEAD, ends + SETTLED
    busy = np.zeros(len(starts), bool)
    for spike, end in zip(run.spike_times, free_again(run), strict=False):
        busy |= (t1 > spike - _BEFORE_SPIKE) & (t0 < end + SETTLED)
    times, states = run.time, run.states("synapse")
    x0, x1 = (np.stack([np.interp(t, times, s) for s in states.T], axis=-1)[~busy] for t in (t0, t1))
    v0, v1 = run.waveforms.at("v(mem)", t0), run.waveforms.at("v(mem)", t1)
    lifted = run.bench.current * (t1 - t0) / capacitance
    passed = sum(run.waveforms.integral(run["i(vrd)"], a, b) for a, b in zip(t0[~busy], t1[~busy], strict=True))
    placed = dict(run.bench.neuron.devices)
    own = {name: np.interp(t0, times, run.conductance(name))[~busy] for name in ("input", "leak") if name in placed}
    none = np.zeros(len(x0))
    behind, leak = 1 / own["input"] if "input" in own else none, own.get("leak", none)
    return Pulses(v0[~busy], v1[~busy], x0, x1, lifted[~busy], behind, leak, -run.bench.read_rail * float(passed))


def fit_synapse(
    runs: list[Run], device: Ecram, capacitance: float, opening: float | None = None
) -> tuple[Synapse, tuple[float, ...], float]:
    """Fit of the ions, then of the charge, to every pulse of the runs; twice, since each takes a little of the other.

    ``capacitance`` (F) is that of the membrane; ``opening`` of an ECRAM at 'leak' (see :class:`~ionspike.network.placed.Placed`) is fitted, too, if
    left out. Returns the synapse, its energies left open, the mean state over the first run, and the opening (0 without a leak).
    """
    parts = [pulses_of(run, capacitance) for run in runs]
    v0, v1, x0, x1, lifted, behind, leak = (
        np.concatenate([getattr(p, n) for p in parts])
        for n in ("before", "after", "x_before", "x_after", "lifted", "behind", "leak")
    )
    known = 0.0 if not leak.any() else opening
    rail, width, supply = runs[0].bench.read_rail, runs[0].bench.width, runs[0].bench.supply
    middle = 0.5 * (v0 + v1)
    series, ions = 400.0, np.array([0.95, 0.01, 0.0])
    solved = np.array([0.95, series * 1e-3, -1.5, -3.0, 0.0, 0.0, *([] if known is not None else [1.0])])
    for _ in range(2):
        g0 = device.conductance(x0)
        across = (rail - middle) * g0 / (1 + g0 * (series + behind))
        bias = supply - 0.5 * (rail - across * series + middle + across * behind)

        def ion_residual(q: Array, bias: Array = bias) -> Array:
            # only the volatile part tells: the weight moves by parts in ten thousand
            return ((states_after(device, x0, bias - q[1], q[0] * width * (1 + q[2] * v0)) - x1)[:, :-1] / 1e-4).ravel()

        ions = least_squares(ion_residual, ions, bounds=([0.3, -0.2, -1.0], [1.5, 0.3, 1.0])).x
        inside_times = ions[0] * width * (1 + ions[2] * v0)
        times = (np.arange(PARTS)[:, None] + np.array(AT)).ravel() / PARTS
        inside = [device.conductance(states_after(device, x0, bias - ions[1], t * inside_times)) for t in times]
        weights = np.tile(OF, PARTS) / PARTS

        def charge_residual(q: Array, inside: list[Array] = inside, weights: Array = weights) -> Array:
            te, r, c0, c1, c2, te_1, *rest = q
            through = [w * g / (1 + g * (r * 1e3 + behind)) for w, g in zip(weights, inside, strict=True)]
            to_ground = (rest[0] if known is None else known) * leak
            passed = te * width * (1 + te_1 * v0) * sum(through)
            lost = te * width * to_ground / (1 + to_ground * r * 1e3)
            aim, injected = rail * passed / (passed + lost), (c0 + c1 * v0 + c2 * v0**2) * 1e-15
            return (
                aim + (v0 - aim) * np.exp(-(passed + lost) / capacitance) + injected / capacitance + lifted - v1
            ) / 1e-5

        solved = least_squares(charge_residual, solved, loss="soft_l1").x
        series = float(solved[1]) * 1e3
    te, _, c0, c1, c2, te_1, *rest = (float(value) for value in solved)
    pulse = float(np.mean(np.concatenate([run.input_ends - run.input_times for run in runs])))
    charges = (c0 * 1e-15, c1 * 1e-15, c2 * 1e-15)
    ion, shift, ion_1 = (float(value) for value in ions)
    synapse = Synapse(rail, te * width, series, *charges, ion * width, shift, 0.0, 1.0, te_1, ion_1, pulse)
    mean = tuple(float(v) for v in parts[0].x_before.mean(axis=0))
    return synapse, mean, rest[0] if known is None else known


def states_after(device: Ecram, state: Array, bias: Array, t: Array | float) -> Array:
    """States after ``t`` s at gate biases (V) against the channel, one a row."""
    return _steps(state, *device.coefficients(device.overpotential(bias)), np.reshape(t, (-1, 1)))


@np.vectorize
def _steps(y: float, alpha: float, beta: float, gamma: float, t: float) -> float:
    return step(y, alpha, beta, gamma, t)


def calibrate_synapse(
    cell: Cell,
    bench: Bench,
    setting: Setting,
    workers: int | None = None,
    rates: tuple[float, ...] = (3e3, 30e3),
    counts: tuple[int, ...] = (160, 100),
) -> Cell:
    """Another synapse on the neuron of ``cell``: of another width, or one that reads from ground (``bench.read_rail`` = 0) and so draws the
    membrane to its rest.

    A steady current lifts the membrane to the threshold and past it, since a weak synapse does so too seldom and one to ground never.
    The cell that comes back has a synapse and a device of its own, for ``CellSynapse(cell)``, and what a reset leaves where the line of that hangs
    on nothing else: the first synapse of a membrane is best calibrated with all others idle on it (``Bench.idle``), and its cell is the population's.

    Raises:
        InputError: the neuron has no synapse.
        RunError: too few pulses that met no output spike.
    """
    device = bench.neuron.synapse
    if device is None:
        raise InputError("the neuron has no synapse to calibrate; expected one of its ECRAMs at 'synapse'")
    benches = []
    for rate, count in zip(rates, counts, strict=True):
        pulses = poisson(rate, count, seed=1)
        lift = _lift(cell, bench, device) * rate
        benches.append((bench.with_(pulses=tuple(pulses), current=lift), float(pulses[-1] + 1 / rate)))
    runs = simulate_all(benches, setting, workers)
    parts = [pulses_of(run, cell.soma.capacitance) for run in runs]
    if sum(len(part.before) for part in parts) < _FEWEST:
        raise RunError(f"fewer than {_FEWEST} pulses met no output spike; a synapse needs as many")
    synapse, mean, opening = fit_synapse(
        runs, device, cell.soma.capacitance, None if cell.placed is None else cell.placed.opening
    )
    drivers = sum(block_energy(run, 0.0, float(run.time[-1]))["driver"] for run in runs)
    pulse_energy = drivers / sum(len(run.input_times) for run in runs)
    synapse = replace(synapse, pulse_energy=pulse_energy, read_factor=1.0)
    found = replace(cell, soma=_reset_soma(cell, runs), synapse=synapse, device=device, mean_state=mean)
    if bench.read_rail == 0.0:
        return found
    passed = sum(_from_rail(part, found, opening) for part in parts)
    factor = sum(part.read for part in parts) / (bench.read_rail * passed)
    return replace(found, synapse=replace(found.synapse, read_factor=factor))


def _reset_soma(cell: Cell, runs: list[Run]) -> Soma:
    """The soma with what a reset leaves in these runs, if there were resets enough; a Schmitt trigger's has a table of its own."""
    soma = cell.soma
    if cell.trigger is not None or sum(len(run.spike_times) for run in runs) < _FEWEST_RESETS:
        return soma
    residue, slope, dead = fit_residue(runs, soma.capacitance, soma.residue_slope != 0.0)
    return replace(soma, residue=residue, residue_slope=slope, dead=dead)


def _from_rail(part: Pulses, cell: Cell, opening: float) -> float:
    """Charge (C) that the pulses took from the read rail: what stayed on the membrane, and what an ECRAM at 'leak' let out."""
    p = pack(cell)[0]
    stayed = cell.soma.capacitance * float(np.sum(part.after - part.before - part.lifted))
    out = (
        leaked(p, opening * g, v, after, 0.0) for g, v, after in zip(part.leak, part.before, part.after, strict=True)
    )
    return stayed + sum(out)


def _lift(cell: Cell, bench: Bench, device: Ecram) -> float:
    """Charge (C) that a steady current brings from pulse to pulse: a twentieth of the way to the threshold; against a synapse to ground as
    much as its pulses, at twice their rested conductance, take away half-way above the threshold."""
    if bench.read_rail > cell.soma.threshold:
        return cell.soma.capacitance * cell.soma.threshold / 20
    return 3.0 * cell.soma.threshold * bench.width * float(device.conductance(device.at_rest()))
