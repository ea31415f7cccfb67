"""What short-term plasticity costs without an ECRAM: the reference card and a capacitor beside each other, on the same transistors.

    python -m benchmarks.rival [--json FILE] [--figure FILE.png] [--samples 30] [--workers N]

Both stand between the same read switch and membrane of the delay-feedback neuron, driven by the same spikes of 9 ns. Behaviour: ten
spikes a tenth of the time constant apart into a membrane held at 0.1 V, for time constants of 1 ms to 1 s. Then what the capacitor's
clock, leakage, temperature, corners and mismatch make of it, two leaks it was chosen over, and area, power and energy.
"""

from __future__ import annotations

import argparse
import json
import math
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.rival_figure import draw
from ionspike import files
from ionspike.circuit.area import MIM, drawn
from ionspike.circuit.capacitor_synapse import SHARED, TICKS, CapacitorSynapse
from ionspike.circuit.energy import energy
from ionspike.circuit.facilitation import passed
from ionspike.circuit.neurons import Neuron
from ionspike.circuit.simulate import Plan, Run, Setting, simulate_all, simulate_plans
from ionspike.circuit.testbench import Bench
from ionspike.circuit.time_constant import own_decay, paired_pulses
from ionspike.device import Ecram
from ionspike.errors import RunError
from ionspike.spice import Failure, Ngspice, find_process
from ionspike.spikes import regular

TAUS = (1e-3, 10e-3, 100e-3, 1.0)  # s
TEMPERATURES = (-40.0, 27.0, 85.0)
CORNERS = ("tt", "ss", "ff", "sf", "fs")
SPIKES = 10
SHARE = 64  # synapses on one clock and one resting level
TICK_CHARGE = 0.45e-12  # C, current of the clock times its period: where the search for a current starts
RESTING = 1.211  # V, where the state rests at 27 C: start of the runs that do not measure it
MOVED = 0.1  # of the range from rest to the supply: how far leakage may move the resting state
_EDGE, _STEP = 5e-9, 4e-5  # s


def bench(
    synapse: CapacitorSynapse | Ecram, tau: float, pulses: tuple[float, ...] = (), hold: float | None = 0.1
) -> Bench:
    """Either synapse at the delay-feedback neuron; time steps that tell ``tau``."""
    common: dict[str, Any] = {"hold": hold, "edge": _EDGE, "max_step": min(_STEP, tau / 300), "pulses": pulses}
    if isinstance(synapse, Ecram):
        return Bench(Neuron(synapse=synapse), **common)
    return Bench(Neuron(), capacitor=synapse, **common)


def card(tau: float) -> Ecram:
    """The reference card with another relaxation time."""
    made = Ecram.load("reference")
    return replace(made, populations=tuple(replace(p, tau=tau) for p in made.populations))


def runs_of(plans: list[Plan], workers: int) -> list[Run]:
    """Finished runs; the first failure is told."""
    found = simulate_plans(plans, workers)
    for run in found:
        if isinstance(run, Failure):
            raise run.error()
    return [run for run in found if isinstance(run, Run)]


# --- behaviour ---------------------------------------------------------------------------------------------------------------


def train_bench(synapse: CapacitorSynapse | Ecram, tau: float, after: float = 2.0) -> tuple[Bench, float]:
    """Ten spikes a tenth of tau apart, and ``after`` time constants after them."""
    first = tau / TICKS
    pulses = tuple(first + regular(SPIKES / tau, SPIKES, start=0.0))
    return bench(synapse, tau, pulses), pulses[-1] + after * tau


def read_train(run: Run) -> dict[str, Any]:
    """Charges (C), gains, the energy of one spike by rail (J), and the state's own decay where there is one."""
    charge = passed(run)
    start = float(run.input_times[4]) - 0.2e-6
    rails = {"driver": ("i(vdr)", 1.8), "read": ("i(vrd)", 0.45)} | (
        {"synapse": ("i(vsy)", 1.8)} if run.bench.capacitor else {}
    )
    found: dict[str, Any] = {
        "charge": charge.tolist(),
        "gains": (charge / charge[0]).tolist(),
        "spike": {
            name: -volts * run.waveforms.integral(run[current], start, start + 0.6e-6)
            for name, (current, volts) in rails.items()
        },
    }
    if run.bench.capacitor is not None and run.bench.capacitor.inject:
        found["own_decay"] = asdict(own_decay(run))
    return found


def behaviour(setting: Setting, workers: int) -> list[dict[str, Any]]:
    """At each time constant: both synapses, their controls, and the time constant by pairs of spikes."""
    rows = []
    for tau in TAUS:
        made = {"ecram": card(tau), "capacitor": CapacitorSynapse(tau=tau)}
        benches = {name: train_bench(synapse, tau) for name, synapse in made.items()}
        benches |= {f"{name}_control": (b.control(), stop) for name, (b, stop) in list(benches.items())}
        runs = simulate_all(list(benches.values()), setting, workers)
        row: dict[str, Any] = {"tau": tau} | {name: read_train(run) for name, run in zip(benches, runs, strict=True)}
        gaps = [ticks * tau / TICKS for ticks in (4, 10, 20, 40)]
        for name, synapse in made.items():
            row[name]["pairs"] = asdict(paired_pulses(bench(synapse, tau), gaps, setting, workers).decay)
        print(json.dumps(row), flush=True)
        rows.append(row)
    return rows


# --- clock, leakage, temperature, corners --------------------------------------------------------------------------------------


def clock_bench(tick_bias: float, period: float, ticks: int = 5) -> tuple[Bench, float]:
    """The clock on transistors over some ticks, its state started above rest."""
    synapse = CapacitorSynapse(tau=TICKS * period, tick_bias=tick_bias, start=1.4)
    return bench(synapse, TICKS * period), (ticks + 1) * period


def read_clock(run: Run) -> dict[str, float]:
    """Period (s), power of clock and resting level (W, shared) and of the synapse, the jitter of a period."""
    ticks = run.waveforms.rises("v(tk)", 0.9)
    if len(ticks) < 3:
        raise RunError(f"the clock ticked {len(ticks)} times in {run.time[-1]:g} s; expected at least three")
    span = float(ticks[-1] - ticks[1])
    shared, own = (
        -1.8 * run.waveforms.integral(run[name], ticks[1], ticks[-1]) / span for name in ("i(vsb)", "i(vsy)")
    )
    periods = np.diff(ticks[1:])
    return {
        "period": float(periods.mean()),
        "tau": float(periods.mean()) * TICKS,
        "spread": float(np.ptp(periods) / periods.mean()),
        "shared_power": shared,
        "own_power": own,
    }


def clocks(setting: Setting, workers: int) -> dict[str, Any]:
    """The clock at each time constant, its current trimmed once, and untrimmed over temperature and corners."""
    currents = [TICK_CHARGE * TICKS / tau for tau in TAUS]
    first = simulate_all([clock_bench(i, tau / TICKS) for i, tau in zip(currents, TAUS, strict=True)], setting, workers)
    trimmed = [i * read_clock(run)["tau"] / tau for i, run, tau in zip(currents, first, TAUS, strict=True)]
    settings = {f"tt {t:g}": setting.at(t) for t in TEMPERATURES}
    settings |= {f"{corner} 27": replace(setting, corner=corner) for corner in CORNERS[1:]}
    settings |= {"ff 85": replace(setting, corner="ff").at(85.0), "ss -40": replace(setting, corner="ss").at(-40.0)}
    plans, names = [], []
    for tau, current in zip(TAUS, trimmed, strict=True):
        for name, there in settings.items():
            if name != "tt 27" and tau != 10e-3 and not (tau == 1.0 and name.startswith("tt")):
                continue  # corners at 10 ms, temperatures at 10 ms and 1 s
            plans.append(Plan(*clock_bench(current, tau / TICKS), there))
            names.append((tau, current, name))
    found: dict[str, Any] = {}
    for (tau, current, name), result in zip(names, simulate_plans(plans, workers), strict=True):
        try:
            told = read_clock(result) if isinstance(result, Run) else {"failed": result.message}
        except RunError as error:
            told = {"failed": str(error)}
        found.setdefault(f"{tau:g}", {})[name] = {"tick_bias": current, **told}
        print("clock", tau, name, json.dumps(found[f"{tau:g}"][name]), flush=True)
    return found


def leakage(setting: Setting, workers: int) -> list[dict[str, Any]]:
    """How fast the state drifts when nothing ticks, and the longest time constant that moves its rest by a tenth of the range."""
    plans, names = [], []
    for compensated in (True, False):
        for temperature in TEMPERATURES:
            still = CapacitorSynapse(tau=1e4, start=1.4, compensated=compensated)
            plans.append(Plan(bench(still, 0.1), 0.1, setting.at(temperature)))
            names.append((compensated, temperature))
    rows = []
    for (compensated, temperature), run in zip(names, runs_of(plans, workers), strict=True):
        early, late = run.waveforms.at("v(x)", [0.02, 0.1])
        drift = float(late - early) / 0.08
        longest = MOVED * (1.8 - RESTING) / abs(drift)
        rows.append({"compensated": compensated, "temperature": temperature, "drift": drift, "longest_tau": longest})
        print("leakage", json.dumps(rows[-1]), flush=True)
    return rows


def over_conditions(setting: Setting, workers: int) -> list[dict[str, Any]]:
    """Gain, first charge, decay and resting level over temperature and corners at 10 ms, of the capacitor also at 1 s."""
    conditions = [("tt", t, 10e-3) for t in TEMPERATURES] + [(corner, 27.0, 10e-3) for corner in CORNERS[1:]]
    conditions += [("tt", t, 1.0) for t in TEMPERATURES]
    plans, names = [], []
    for corner, temperature, tau in conditions:
        there = replace(setting, corner=corner).at(temperature)
        plans.append(Plan(*train_bench(CapacitorSynapse(tau=tau), tau, after=1.0), there))
        names.append((corner, temperature, tau, "capacitor"))
        if tau == 10e-3:
            plans.append(Plan(*train_bench(card(tau), tau, after=0.1), there))
            names.append((corner, temperature, tau, "ecram"))
    rows = []
    for (corner, temperature, tau, name), run in zip(names, runs_of(plans, workers), strict=True):
        rows.append({"corner": corner, "temperature": temperature, "tau": tau, "synapse": name, **read_train(run)})
        print("condition", json.dumps(rows[-1]), flush=True)
    return rows


def mismatch(setting: Setting, workers: int, samples: int) -> dict[str, Any]:
    """Spread by the foundry's mismatch (section tt_mm, one seed a sample): first charge, gain, ticks a time constant, clock."""
    tau = 10e-3
    current = TICK_CHARGE * TICKS / tau
    there = [replace(setting, corner="tt_mm", seed=1 + k) for k in range(samples)]
    synapses = (CapacitorSynapse(tau=tau, start=RESTING), card(tau))
    trains = [
        [read_train(run) for run in runs_of([Plan(*train_bench(synapse, tau, after), s) for s in there], workers)]
        for synapse, after in zip(synapses, (1.5, 0.1), strict=True)
    ]
    clocks = [read_clock(r) for r in runs_of([Plan(*clock_bench(current, tau / TICKS), s) for s in there], workers)]
    ratio = np.array([t["own_decay"]["tau"] for t in trains[0]]) / tau
    period = np.array([c["period"] for c in clocks])
    found: dict[str, Any] = {"samples": samples, "seeds": [1, samples]}
    for name, train in zip(("capacitor", "ecram"), trains, strict=True):
        found[name] = {
            "first_charge": _spread([t["charge"][0] for t in train]),
            "gain": _spread([t["gains"][-1] - 1 for t in train]),
        }
    found["capacitor"] |= {
        "rest": _spread([t["own_decay"]["level"] for t in trains[0]]),
        "ticks_a_tau": _spread(ratio * TICKS),
        "period": _spread(period),
        "tau": _spread(ratio * TICKS * period),
    }
    print("mismatch", json.dumps(found), flush=True)
    return found


def _spread(values: Any) -> dict[str, float]:
    array = np.asarray(values, float)
    return {
        "mean": float(array.mean()),
        "sd": float(array.std(ddof=1)),
        "relative": float(array.std(ddof=1) / array.mean()),
    }


# --- leaks that were not chosen --------------------------------------------------------------------------------------------------


def other_leaks(setting: Setting, workers: int) -> list[dict[str, Any]]:
    """The fall of 0.2 V above rest by each leak: when a part of it is left (s), and where a state that started at rest went to."""
    cases = [("packet", 1.0, 1e-12), ("transistor", 1.0, 30e-15), ("pseudo-resistor", 1.0, 1e-12)]
    plans, names = [], []
    for leak, tau, current in cases:
        for temperature in TEMPERATURES:
            for above in (0.2, 0.0):
                synapse = CapacitorSynapse(tau=tau, leak=leak, leak_bias=current, start=1.2 + above)
                made = replace(bench(synapse, tau), width=30e-9, edge=1e-8, max_step=1e-4)  # no spikes: longer steps
                plans.append(Plan(made, 3 * tau, setting.at(temperature)))
            names.append((leak, temperature))
    runs = runs_of(plans, workers)
    rows = []
    for k, (leak, temperature) in enumerate(names):
        high, low = runs[2 * k], runs[2 * k + 1]
        times = np.arange(1, int(3 * TICKS)) / TICKS
        fall = high.waveforms.at("v(x)", times) - low.waveforms.at("v(x)", times)
        left = {f"{part:.2f}": _first(times, fall / 0.2, part) for part in (0.8, 1 / math.e, 0.1)}
        row = {"leak": leak, "temperature": temperature, "left": left, "rest": float(low["v(x)"][-1])}
        row |= {"times": times[::2].tolist(), "fall": (fall[::2] / 0.2).tolist()}
        print("leak", json.dumps({key: row[key] for key in ("leak", "temperature", "left", "rest")}), flush=True)
        rows.append(row)
    return rows


def _first(times: np.ndarray, values: np.ndarray, level: float) -> float | None:
    below = np.flatnonzero(values < level)
    return float(times[below[0]]) if len(below) else None


# --- what it costs -----------------------------------------------------------------------------------------------------------------


def in_the_neuron(setting: Setting, workers: int) -> dict[str, Any]:
    """Energy per output spike (J) of the neuron with either synapse at 1 kHz of input, the capacitor's clock left to :func:`clocks`."""
    tau, rate, pulses = 10e-3, 1e3, 30
    made = {"ecram": card(tau), "capacitor": CapacitorSynapse(tau=tau), "ecram_control": card(tau).without_volatile()}
    train = tuple(regular(rate, pulses, start=1e-4))
    runs = simulate_all(
        [(bench(s, tau, train, hold=None), (pulses + 1) / rate) for s in made.values()], setting, workers
    )
    found = {}
    for name, run in zip(made, runs, strict=True):
        spent = energy(run)
        found[name] = {
            "spikes": spent.spikes,
            "rate": spent.rate,
            "inputs": spent.inputs,
            "core": spent.core,
            "shared": spent.total(SHARE),
            "blocks": {block: value / spent.spikes for block, value in spent.blocks.items()},
        }
    print("neuron", json.dumps(found), flush=True)
    return found


def areas() -> dict[str, Any]:
    """Transistors and drawn area, own and shared, from the netlists."""
    circuits = CapacitorSynapse().circuits
    own, shared = (drawn([c for c in circuits if (c.name in SHARED) is kind]) for kind in (False, True))
    found = {
        name: {**asdict(part), "area": part.area, "capacitors_as_mim": part.capacitance / MIM}
        for name, part in (("own", own), ("shared", shared))
    }
    print("area", json.dumps(found), flush=True)
    return found


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--json", type=Path)
    parser.add_argument("--figure", type=Path)
    parser.add_argument("--samples", type=int, default=30)
    parser.add_argument("--workers", type=int)
    options = parser.parse_args()
    setting, workers = Setting(Ngspice.find(), find_process("sky130")), options.workers
    found = {
        "area": areas(),
        "behaviour": behaviour(setting, workers),
        "leakage": leakage(setting, workers),
        "neuron": in_the_neuron(setting, workers),
        "clocks": clocks(setting, workers),
        "conditions": over_conditions(setting, workers),
        "other_leaks": other_leaks(setting, workers),
        "mismatch": mismatch(setting, workers, options.samples),
    }
    if options.json:
        files.write_text(options.json, json.dumps(found, indent=1) + "\n")
    if options.figure:
        files.write_bytes(options.figure, draw(found))


if __name__ == "__main__":
    main()
