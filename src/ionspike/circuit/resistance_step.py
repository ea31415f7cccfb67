"""The paper's first number: how far one spike that the neuron itself made moves the resistance of an ECRAM in its input path."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ionspike.circuit.neurons import Neuron
from ionspike.circuit.simulate import Run, Setting, simulate
from ionspike.circuit.testbench import Bench
from ionspike.device.follow import follow
from ionspike.errors import RunError
from ionspike.spikes import regular

PAPER_STEP = 1500.0  # ohm per spike, arXiv:2605.11243 (abstract)
_LOW = 0.05  # of the supply: a pulse is over, or has not begun
_TRIM_RANGE = 4.0  # the delay bias is trimmed by at most this factor either way


@dataclass(frozen=True)
class Step:
    """One spike from rest: R (ohm) from just before the spike's rise to just after the reset's fall, by SPICE and by the law
    driven by the node voltages that SPICE recorded; ``width`` of the spike (s); ``start, stop`` of the window (s)."""

    run: Run
    before: float
    after: float
    law_before: float
    law_after: float
    width: float
    start: float
    stop: float

    @property
    def spice(self) -> float:
        """The drop of R in SPICE (ohm)."""
        return self.before - self.after

    @property
    def law(self) -> float:
        """The drop of R by the law (ohm)."""
        return self.law_before - self.law_after


def step_bench(neuron: Neuron, width: float = 8.5e-9) -> Bench:
    """Regular input pulses that bring the neuron to its first spike within a few pulses."""
    return Bench(neuron=neuron, pulses=tuple(regular(rate=200e3, count=12)), width=width)


def measure_step(neuron: Neuron, setting: Setting, placement: str = "input") -> Step:
    """Fire ``neuron`` once from rest and read the step at ``placement``.

    Raises:
        RunError: the neuron does not fire.
    """
    run = simulate(step_bench(neuron), 64e-6, setting)
    if not len(run.spike_ends) or not len(run.reset_ends):
        raise RunError("the neuron does not fire within 12 input pulses")
    return read_step(run, placement)


def read_step(run: Run, placement: str = "input") -> Step:
    """Read the step of the first spike of a run."""
    supply = run.bench.supply
    wf = run.waveforms
    start = wf.rises("v(spk)", _LOW * supply)[0]
    last = "v(rst)" if run.bench.neuron.kind.has_reset else "v(spk)"
    stop = next(t for t in wf.falls(last, _LOW * supply) if t > run.spike_times[0])
    before, after = 1 / np.interp([start, stop], run.time, run.conductance(placement))
    resistance = 1 / law_conductance(run, placement)
    law_before, law_after = np.interp([start, stop], run.time, resistance)
    return Step(
        run, float(before), float(after), float(law_before), float(law_after), float(run.widths[0]), start, stop
    )


def law_conductance(run: Run, placement: str) -> NDArray[np.float64]:
    """G (S) of the ECRAM at ``placement`` by the device law at the run's temperature, driven by the recorded voltages of its
    terminals."""
    device = run.device(placement)
    return device.conductance(follow(device, run.time, *run.terminals(placement)))


@dataclass(frozen=True)
class Trim:
    """The delay bias that gives the paper's step at this corner. ``reached`` is ``False``, and the neuron unchanged, if none does."""

    neuron: Neuron
    reached: bool
    trials: tuple[tuple[float, float], ...]  # delay bias (A), step (ohm)


def trim_delay(neuron: Neuron, setting: Setting, aim: float = PAPER_STEP, tolerance: float = 0.005) -> Trim:
    """Trim the delay bias until one spike makes a step of ``aim`` ohm: a secant in logarithms, at most six trials."""
    trials: list[tuple[float, float]] = []
    bias = float(neuron.delay_bias)
    for _ in range(6):
        try:
            step = measure_step(neuron.with_(delay_bias=bias), setting).spice
        except RunError:
            break
        trials.append((bias, step))
        if abs(step / aim - 1) <= tolerance:
            return Trim(neuron.with_(delay_bias=bias), True, tuple(trials))
        if step <= 0:
            break
        slope = -1.0  # the step goes as the width, and the width as the inverse of the delay current
        if len(trials) > 1 and trials[-1][1] != trials[-2][1]:
            (b0, s0), (b1, s1) = trials[-2:]
            slope = math.log(s1 / s0) / math.log(b1 / b0)
        bias *= (aim / step) ** (1 / slope)
        if not 1 / _TRIM_RANGE <= bias / float(neuron.delay_bias) <= _TRIM_RANGE:
            break
    return Trim(neuron, False, tuple(trials))
