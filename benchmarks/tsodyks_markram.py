"""One population of the device law beside the facilitation variable u of Tsodyks and Markram (10.1162/089976698300017502) in NEST and Brian2.

``python -m benchmarks.tsodyks_markram [--json FILE] [--figure FILE]``: 100 spikes at irregular times; the largest difference in u right
after a spike for each simulator and time step. Both put spikes on a grid of their step, the law does not: the difference shrinks with
the step. For spikes that lie on the grid it is rounding. A simulator that is not installed is said to be missing: both come with ``pip install -c constraints.txt '.[peers]'``.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ionspike.device import Ecram, Gate, Population, Weight, propagate

Array = NDArray[np.float64]

U, TAU = 0.2, 0.1
STEPS = (1e-3, 1e-4, 1e-5)
SPIKES, MEAN_INTERVAL = 100, 0.01


def device(utilisation: float, tau: float, width: float = 0.0) -> tuple[Ecram, float]:
    """A card whose pulse of 1.8 V takes the share ``utilisation`` of what is empty, and the width of that pulse (s): by default 1e-11
    of ``tau``, so that nothing is released while it lasts. Its threshold is far above 0 V: no ions move between pulses."""
    width = width or 1e-11 * tau
    gate = Gate(V_T=0.9, V_0=0.01, J_lim=-np.log1p(-utilisation) / width)
    return Ecram("facilitation", gate, (Population(tau=tau, g=1e-6),), Weight(G_min=1e-6)), width


def facilitation(times: Array, utilisation: float, tau: float) -> Array:
    """u right after every spike, from 0: ``u <- u exp(-dt/tau)``, ``u <- u + U (1 - u)``."""
    u, last, out = 0.0, 0.0, []
    for t in times:
        u = u * np.exp(-(t - last) / tau)
        u, last = u + utilisation * (1 - u), t
        out.append(u)
    return np.array(out)


def by_the_law(times: Array) -> Array:
    """u of the device right after every spike."""
    card, width = device(U, TAU)
    gaps = np.diff(times, prepend=0.0) - np.r_[0.0, np.full(len(times) - 1, width)]
    durations = np.column_stack([gaps, np.full(len(times), width)]).ravel()
    return propagate(card, durations, np.tile([0.0, 1.8], len(times)), state=[0.0, 0.0])[1::2, 0]


def by_brian2(times: Array, step: float) -> Array:
    """The same in Brian2, as an event-driven synapse variable."""
    import brian2

    brian2.prefs.codegen.target = "numpy"
    brian2.BrianLogger.suppress_hierarchy("brian2.codegen")
    brian2.start_scope()
    brian2.defaultclock.dt = step * brian2.second
    source = brian2.SpikeGeneratorGroup(1, np.zeros(len(times), int), times * brian2.second)
    target = brian2.NeuronGroup(1, "last : 1")
    synapse = brian2.Synapses(
        source,
        target,
        "du/dt = -u/tau : 1 (event-driven)",
        on_pre="u += share*(1 - u); last_post = u",
        namespace={"tau": TAU * brian2.second, "share": U},
    )
    synapse.connect()
    monitor = brian2.StateMonitor(target, "last", record=True, when="end")
    brian2.Network(source, target, synapse, monitor).run((times[-1] + 5 * step) * brian2.second)
    values = np.asarray(monitor.last[0])
    return values[np.flatnonzero(np.diff(values, prepend=0.0))]


def by_nest(times: Array, step: float) -> Array:
    """The same in NEST, ``tsodyks2_synapse``. Its u is that of the last spike, U for the first, and it is read between spikes."""
    import nest

    nest.ResetKernel()
    nest.verbosity = nest.VerbosityLevel.ERROR
    nest.resolution = 1e3 * step
    grid = np.round(times / step) * step * 1e3
    generator = nest.Create("spike_generator", params={"spike_times": grid})
    relay, target = nest.Create("parrot_neuron"), nest.Create("iaf_psc_exp")
    nest.Connect(generator, relay, syn_spec={"delay": 1e3 * step})
    model = {"synapse_model": "tsodyks2_synapse", "U": U, "u": U, "x": 1.0, "tau_rec": 1e-9, "tau_fac": 1e3 * TAU}
    nest.Connect(relay, target, syn_spec={**model, "delay": 1e3 * step})
    connection, out = nest.GetConnections(relay, target), []
    for t in grid:
        nest.Simulate(t + 3e3 * step - nest.biological_time)
        out.append(float(connection.get("u")))
    return np.array(out)


def measure() -> dict[str, dict[str, float]]:
    """Largest difference in u by simulator and time step (s); ``on the grid``: spikes at multiples of the largest step."""
    times = 0.05 + np.cumsum(np.random.default_rng(7).exponential(MEAN_INTERVAL, SPIKES) + 10 * max(STEPS))
    rounded = np.round(times / max(STEPS)) * max(STEPS)
    found: dict[str, dict[str, float]] = {
        "recursion": {"off the grid": float(np.abs(by_the_law(times) - facilitation(times, U, TAU)).max())}
    }
    for name, simulate in (("Brian2", by_brian2), ("NEST", by_nest)):
        try:
            differences = {
                f"{step:g}": float(np.abs(simulate(times, step) - by_the_law(times)).max()) for step in STEPS
            }
            differences["on the grid"] = float(np.abs(simulate(rounded, max(STEPS)) - by_the_law(rounded)).max())
            found[name] = differences
        except ImportError as error:
            print(f"{name} is not installed: {error}")
    return found


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path)
    parser.add_argument("--figure", type=Path)
    options = parser.parse_args()
    found = measure()
    for name, differences in found.items():
        print(f"{name:10s}", "  ".join(f"{key}: {value:.1e}" for key, value in differences.items()))
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n")
    if options.figure:
        draw(found, options.figure)


def draw(found: dict[str, dict[str, float]], path: Path) -> None:
    """Largest difference against the simulator's step."""
    from ionspike.plotting import MARKERS, figure, look, png

    with look():
        made, axis = figure(width=4.6, height=3.0)
        for marker, (name, differences) in zip(MARKERS, found.items(), strict=False):
            steps = [key for key in differences if key[0].isdigit()]
            if steps:
                axis.loglog([float(s) for s in steps], [differences[s] for s in steps], marker=marker, label=name)
        axis.loglog(STEPS, [s / TAU for s in STEPS], color="#8a8a8a", linestyle=":", label="step / tau")
        axis.set(xlabel="time step of the simulator (s)", ylabel="largest difference in u")
        axis.legend()
        path.write_bytes(png(made))


if __name__ == "__main__":
    main()
