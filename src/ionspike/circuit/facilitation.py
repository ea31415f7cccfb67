"""Synaptic facilitation on transistors: a second neuron's spikes gate and read the synapse, and the bench measures what passes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ionspike.circuit.neurons import Neuron
from ionspike.circuit.resistance_step import law_conductance
from ionspike.circuit.simulate import Run, Setting, simulate_all
from ionspike.circuit.testbench import Bench
from ionspike.spikes import regular

Array = NDArray[np.float64]

_BEFORE, _AFTER = 3e-9, 4e-9  # s around a pulse at half height: its edges, and nothing of the long rest
_SETTLED = 20e-9  # s after a pulse, when the switch is shut and the membrane stands


@dataclass(frozen=True)
class Facilitation:
    """A train of spikes at ``rate`` (Hz) into one synapse. ``passed``: what each spike moved, in C where the bench held the
    membrane, in V (a step) where it was free; ``law``: the charge (C) by the device law under the recorded voltages."""

    run: Run
    rate: float
    passed: Array
    law: Array

    @property
    def gains(self) -> Array:
        """What each spike passed over what the first did."""
        return self.passed / self.passed[0]

    @property
    def law_gains(self) -> Array:
        """The same by the law."""
        return self.law / self.law[0]


def facilitation(
    neuron: Neuron,
    presynaptic: Neuron,
    rates: Sequence[float],
    setting: Setting,
    count: int | Sequence[int] = 10,
    hold: float | None = 0.2,
    workers: int | None = None,
    **bench: Any,
) -> list[Facilitation]:
    """Trains of ``count`` spikes (one number, or one a rate) of ``presynaptic`` at each rate (Hz) into the synapse of ``neuron``.

    Args:
        hold: voltage (V) at which the bench holds the membrane; ``None`` leaves it free (with the neuron's leak, so that steps
            are read from a similar voltage).
        bench: further arguments of :class:`~ionspike.circuit.testbench.Bench`.
    """
    counts = [count] * len(rates) if isinstance(count, int) else count
    benches = [
        train_bench(neuron, presynaptic, rate, spikes, hold, **bench)
        for rate, spikes in zip(rates, counts, strict=True)
    ]
    runs = simulate_all(benches, setting, workers)
    return [read_train(run, rate) for run, rate in zip(runs, rates, strict=True)]


def train_bench(
    neuron: Neuron, presynaptic: Neuron, rate: float, count: int, hold: float | None = 0.2, **bench: Any
) -> tuple[Bench, float]:
    """The bench of one train, and how long it runs (s)."""
    # long edges in front of the driver allow long steps in the rests; the presynaptic neuron makes the sharp pulse
    made = Bench(
        neuron=neuron,
        presynaptic=presynaptic,
        pulses=tuple(regular(rate, count)),
        hold=hold,
        edge=10e-9,
        max_step=min(1e-4, 0.02 / rate),
        **bench,
    )
    return made, count / rate


def read_train(run: Run, rate: float) -> Facilitation:
    """What a finished train passed, spike by spike."""
    flow = law_conductance(run, "synapse") * (run["v(a)"] - run["v(mem)"])
    law = [run.waveforms.integral(flow, a - _BEFORE, b + _AFTER) for a, b in _pulses(run)]
    return Facilitation(run, rate, passed(run), np.array(law))


def passed(run: Run) -> Array:
    """What each input pulse of a run passed to the membrane: C where the bench held it, V (a step) where it was free."""
    if run.bench.hold is not None:
        current = run["i(vhold)"]
        return np.array([run.waveforms.integral(current, a - _BEFORE, b + _AFTER) for a, b in _pulses(run)])
    steps = [np.subtract(*run.waveforms.at("v(mem)", [b + _SETTLED, a - _BEFORE])) for a, b in _pulses(run)]
    return np.array(steps, float)


def _pulses(run: Run) -> list[tuple[float, float]]:
    return list(zip(run.input_times.tolist(), run.input_ends.tolist(), strict=True))
