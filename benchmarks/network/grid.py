"""Grid effects: ``python -m benchmarks.network.grid [--json FILE]``.

One recurrent net with Tsodyks-Markram synapses and listed input spikes that lie on no grid, in the exact engine, and in Brian2 and NEST at
shrinking steps: how many of the engine's spikes have a spike of the same neuron within three steps, how far off those are, and when the first one
comes that has none: from there on the two nets go ways of their own. Arrivals within the refractory time are lost in all three. A simulator that is
not installed is said to be missing.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ionspike.network import LIF, FixedInDegree, Network, OneToOne, Pairs, Recorded, TsodyksMarkram
from ionspike.network.connectivity import pairs

Array = NDArray[np.float64]
Train = tuple[Array, NDArray[np.int64]]

NEURONS, IN_DEGREE, DURATION, INPUT_RATE = 100, 10, 0.4, 1000.0
TAU, THRESHOLD, REFRACTORY, DELAY = 20e-3, 15e-3, 2e-3, 1e-3
U, TAU_F, WEIGHT, INPUT_WEIGHT = 0.2, 0.3, 0.5e-3, 0.75e-3
STEPS = (1e-4, 1e-5, 1e-6)


def inputs(seed: int) -> Train:
    """Poisson spikes (s) with one input a neuron, in time."""
    rng = np.random.default_rng(seed)
    count = rng.poisson(INPUT_RATE * DURATION * NEURONS)
    times = np.sort(rng.uniform(2e-3, DURATION, count))
    return times, rng.integers(0, NEURONS, count)


def by_the_engine(given: Train, source: Array, target: Array) -> Train:
    """Spikes of the exact engine, synapses in double precision."""
    net = Network(seed=0)
    net.add_input("listed", Recorded(*given), NEURONS)
    net.add_population("neurons", LIF(tau=TAU, threshold=THRESHOLD, refractory=REFRACTORY), NEURONS)
    net.connect("listed", "neurons", weight=INPUT_WEIGHT, delay=DELAY, connectivity=OneToOne())
    facilitating = TsodyksMarkram(U=U, tau_facilitation=TAU_F)
    net.connect("neurons", "neurons", facilitating, weight=WEIGHT, delay=DELAY, connectivity=Pairs(source, target))
    result = net.run(DURATION, precision="double")
    return result.spikes("neurons"), result.neurons("neurons")


def by_brian2(given: Train, source: Array, target: Array, step: float) -> Train:
    """The same net on Brian2's grid."""
    import brian2 as b

    b.prefs.codegen.target = "numpy" if step > 5e-5 else "cython"
    b.BrianLogger.suppress_hierarchy("brian2")
    b.start_scope()
    b.defaultclock.dt = step * b.second
    times, neurons = _one_a_step(given, step)
    feed = b.SpikeGeneratorGroup(NEURONS, neurons, times * b.second)
    group = b.NeuronGroup(
        NEURONS, "dv/dt = -v/tau : volt (unless refractory)", threshold="v >= theta", reset="v = 0*volt", method="exact",
        refractory=REFRACTORY * b.second, namespace={"tau": TAU * b.second, "theta": THRESHOLD * b.volt},
    )  # fmt: skip
    static = b.Synapses(
        feed,
        group,
        on_pre="v_post += w*int(not_refractory_post)",
        delay=DELAY * b.second,
        namespace={"w": INPUT_WEIGHT * b.volt},
    )
    static.connect(j="i")
    moving = b.Synapses(
        group, group, "du/dt = -u/tau_f : 1 (event-driven)", on_pre="u += U*(1 - u)\nv_post += w*u*int(not_refractory_post)",
        delay=DELAY * b.second, namespace={"U": U, "tau_f": TAU_F * b.second, "w": WEIGHT * b.volt},
    )  # fmt: skip
    moving.connect(i=source, j=target)
    monitor = b.SpikeMonitor(group)
    b.Network(feed, group, static, moving, monitor).run(DURATION * b.second)
    return np.asarray(monitor.t / b.second), np.asarray(monitor.i, np.int64)


def by_nest(given: Train, source: Array, target: Array, step: float) -> Train:
    """The same net on NEST's grid."""
    import nest

    nest.ResetKernel()
    nest.verbosity = nest.VerbosityLevel.ERROR
    nest.resolution = 1e3 * step
    group = nest.Create(
        "iaf_psc_delta",
        NEURONS,
        params={
            "tau_m": 1e3 * TAU, "V_th": 1e3 * THRESHOLD, "E_L": 0.0, "V_reset": 0.0, "V_m": 0.0, "t_ref": 1e3 * REFRACTORY, "I_e": 0.0,
        },
    )  # fmt: skip
    times, neurons = given
    generators = nest.Create("spike_generator", NEURONS)
    for k in range(NEURONS):
        grid = np.maximum(np.round(times[neurons == k] / step), 1) * step * 1e3
        generators[k].set(spike_times=np.sort(grid))
    nest.Connect(generators, group, "one_to_one", {"weight": 1e3 * INPUT_WEIGHT, "delay": 1e3 * DELAY})
    model = {"synapse_model": "tsodyks2_synapse", "U": U, "u": U, "x": 1.0, "tau_rec": 1e-9, "tau_fac": 1e3 * TAU_F}
    ids = np.array(group.tolist())
    count = len(source)
    nest.Connect(
        ids[source], ids[target], "one_to_one",
        {**{k: (np.full(count, v) if k != "synapse_model" else v) for k, v in model.items()},
         "weight": np.full(count, 1e3 * WEIGHT), "delay": np.full(count, 1e3 * DELAY)},
    )  # fmt: skip
    recorder = nest.Create("spike_recorder")
    nest.Connect(group, recorder)
    nest.Simulate(1e3 * DURATION)
    events = recorder.get("events")
    return np.asarray(events["times"]) * 1e-3, np.asarray(events["senders"], np.int64) - int(ids[0])


def _one_a_step(given: Train, step: float) -> Train:
    """Brian2 takes one spike of an input a step: a second one goes into the next step."""
    times, neurons = given
    kept: list[tuple[float, int]] = []
    for k in range(NEURONS):
        ticks = np.round(times[neurons == k] / step).astype(np.int64)
        for n in range(1, len(ticks)):
            ticks[n] = max(ticks[n], ticks[n - 1] + 1)
        kept += [(float(t) * step, k) for t in ticks]
    kept.sort()
    return np.array([t for t, _ in kept]), np.array([k for _, k in kept])


def difference(exact: Train, other: Train, step: float) -> dict[str, float]:
    """Spikes of both, share of the exact ones that the other has within three steps, the rms difference (s) of those, and when the first one comes
    that it has not (s)."""
    found: list[float] = []
    when: list[float] = []
    for k in range(NEURONS):
        own, its = np.sort(exact[0][exact[1] == k]), np.sort(other[0][other[1] == k])
        when += own.tolist()
        if len(its):
            found += [float(np.min(np.abs(its - t))) for t in own]
        else:
            found += [np.inf] * len(own)
    gaps = np.array(found)
    near = gaps <= 3 * step
    rms = float(np.sqrt(np.mean(gaps[near] ** 2))) if near.any() else float("nan")
    first = float(np.min(np.array(when)[~near], initial=DURATION))
    return {
        "spikes": len(other[0]), "exact_spikes": len(exact[0]), "met": float(near.mean()), "rms_s": rms, "first_miss_s": first,
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    given, (source, target) = (
        inputs(chosen.seed),
        pairs(FixedInDegree(IN_DEGREE), NEURONS, NEURONS, True, "the net", np.random.default_rng([chosen.seed, 1])),
    )
    exact = by_the_engine(given, source, target)
    print(f"engine: {len(exact[0])} spikes, {len(exact[0]) / NEURONS / DURATION:.1f} Hz", flush=True)
    rows: dict[str, dict[str, dict[str, float]]] = {}
    for name, simulate in (("brian2", by_brian2), ("nest", by_nest)):
        for step in STEPS:
            try:
                found = difference(exact, simulate(given, source, target, step), step)
            except ImportError as error:
                print(f"{name} is not installed: {error}")
                break
            rows.setdefault(name, {})[f"{step:g}"] = found
            print(
                f"{name:7} step {1e3 * step:g} ms: {found['spikes']:.0f} spikes, {100 * found['met']:.1f} % within three steps, rms {1e6 * found['rms_s']:.3g} us, "
                f"first one missed at {1e3 * found['first_miss_s']:.0f} ms",
                flush=True,
            )
    if chosen.json:
        chosen.json.write_text(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
