"""A neuron whose spikes an ECRAM in its delay path narrows and widens, and a second one that they drive: part of ``benchmarks.cells``."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ionspike.circuit.simulate import Run, Setting, simulate_all
from ionspike.circuit.testbench import FIRING_SWITCH, Bench, firing_read
from ionspike.network.calibration import calibrate
from ionspike.network.cell import Cell
from ionspike.network.compare import intervals_between, run_free
from ionspike.network.held_membrane import Held
from ionspike.network.placed_dynamics import gate_own, pack_own, rest_own, spike_width
from ionspike.spikes import poisson, regular

Array = NDArray[np.float64]

# Hz, spikes and F of the runs that tell what a synapse weighs
_LOADED_RATE, _LOADED_SPIKES, _LOADED_BY = 3e3, 4, 20e-15


def widths_of(cell: Cell, spikes: Array) -> Array:
    """Widths (s) of a cell's spikes at ``spikes`` (s), by the state of its own device."""
    own, y = pack_own(cell)
    found, last = [], 0.0
    for time in spikes:
        rest_own(own, y, 0.0, max(float(time) - last, 0.0))
        found.append(spike_width(own, y))
        gate_own(own, y, 0.0)
        last = float(time) + found[-1]
    return np.array(found)


def loaded(bench: Bench, pair: Bench, setting: Setting) -> Bench:
    """``bench`` with the capacitance at its output that its spikes see in ``pair``, where they open a read switch and gate an ECRAM: what
    makes a few spikes as wide without them."""
    few = tuple(regular(_LOADED_RATE, _LOADED_SPIKES))
    sender = pair.presynaptic
    assert sender is not None
    alone = Bench(sender, few, pair.source_width, switch=FIRING_SWITCH, read_rail=pair.read_rail)
    alone = alone.with_(fixed_read=firing_read(sender))
    loads = (bench.load, bench.load + _LOADED_BY)
    until = few[-1] + 1 / _LOADED_RATE
    together, *apart = simulate_all(
        [(each, until) for each in (pair.with_(pulses=few), *(alone.with_(load=load) for load in loads))], setting
    )
    there = (together.input_ends - together.input_times)[:_LOADED_SPIKES]
    light, heavy = (run.widths[:_LOADED_SPIKES] for run in apart)
    return bench.with_(load=bench.load + _LOADED_BY * float(np.mean((there - light) / (heavy - light))))


def driven(
    bench: Bench,
    held: Held,
    rates: list[float],
    seeds: list[int],
    count: int,
    setting: Setting,
    workers: int | None,
) -> list[dict[str, Any]]:
    """One row an input rate: the neuron of ``bench`` fires once a pulse, and its spikes open the synapse of a second one like it without an
    ECRAM in its delay path. ``held``: the soma of both. The sender is calibrated under the load of that synapse."""
    second = bench.with_(neuron=bench.neuron.with_(delay=None))
    pair = second.with_(presynaptic=bench.neuron.with_(synapse=None))
    bench = loaded(bench, pair, setting)
    sender, cell = calibrate(bench, setting, held, workers), calibrate(second, setting, held, workers)
    print(f"{'driven by its spikes':26}  load of the synapse and its wire {1e15 * bench.load:.1f} fF", flush=True)
    wanted = [
        (pair.with_(pulses=tuple(train)), float(2 * train[-1] - train[-2]))
        for rate in rates
        for train in (poisson(rate, count, seed) for seed in seeds)
    ]
    runs = simulate_all(wanted, setting, workers)
    rows = []
    for k, rate in enumerate(rates):
        rows.append({"input": f"{rate:g} Hz"} | _figures(sender, cell, runs[k * len(seeds) : (k + 1) * len(seeds)]))
        print(_line(rows[-1]), flush=True)
    return rows


def _figures(sender: Cell, cell: Cell, runs: list[Run]) -> dict[str, Any]:
    """Widths by the sender's law against SPICE's (ns), and what the driven cell makes of them; beside it one width, the run's mean, for all."""
    hits: dict[str, list[int]] = {"same": [], "near": [], "frozen": []}
    spikes = {"spice": 0, "cell": 0, "frozen": 0}
    errors, spread = [], []
    for run in runs:
        true, stop = run.input_ends[: len(run.input_times)] - run.input_times, float(run.time[-1])
        law = widths_of(sender, run.input_times)
        errors.append(law - true)
        spread.append(true - true.mean())
        longer, constant = law - cell.synapse.pulse, np.full(len(true), true.mean() - cell.synapse.pulse)
        found = intervals_between(cell, run.input_times, run.spike_times, stop, longer)
        still = intervals_between(cell, run.input_times, run.spike_times, stop, constant)
        hits["same"] += [part.hits() for part in found]
        hits["near"] += [part.hits(1) for part in found]
        hits["frozen"] += [part.hits() for part in still]
        spikes["spice"] += len(run.spike_times)
        spikes["cell"] += len(run_free(cell, run.input_times, stop, longer).spikes)
        spikes["frozen"] += len(run_free(cell, run.input_times, stop, constant).spikes)
    error, wide = np.concatenate(errors) * 1e9, np.concatenate(spread) * 1e9
    return {
        "intervals": len(hits["same"]), **{name: int(sum(found)) for name, found in hits.items()}, "spikes": spikes,
        "width_error_mean": float(error.mean()), "width_error_sd": float(error.std()), "width_sd": float(wide.std()),
    }  # fmt: skip


def _line(row: dict[str, Any]) -> str:
    spikes = row["spikes"]
    return (
        f"{'driven by its spikes':26}  {row['input']:18}{row['intervals']:4d} intervals, same {row['same']}, within one {row['near']}, one width "
        f"{row['frozen']}; spikes {spikes['spice']}, {spikes['cell']}, one width {spikes['frozen']}; widths of sd {row['width_sd']:.3f} ns: "
        f"error {row['width_error_mean']:+.3f} ns, sd {row['width_error_sd']:.3f} ns"
    )
