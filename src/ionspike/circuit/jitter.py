"""Spike-time jitter of a neuron whose threshold is a wait: noise on the membrane, and noise of the threshold stage, over their slopes.

A constant current ramps the membrane. Two things blur when the spike comes:

* the membrane: the reset leaves kT/C of variance on it; over its slope at the spike that is a time;
* the threshold stage: from where the input transistor's current exceeds the keeper's, the difference discharges n1, and its noise adds
  up: with the one-sided density S_i (A^2/Hz) of the current into n1, the charge there has the variance of the integral of S_i/2 over
  the wait. Over the net current at the end of it, where the stage tips, that is a time.

S_i comes from ngspice's ``.noise`` at the voltages of a noiseless run, membrane and n1 held there. It is taken at the inverse of
twice the wait, which is what an integration over the wait passes: of the flicker noise below that, most shifts all spikes alike. The check is a transient run with sources of the same
densities on membrane and n1; its control is the same run without them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.constants import Boltzmann, zero_Celsius

from ionspike.circuit.neurons import Neuron
from ionspike.circuit.parts import rest_netlist
from ionspike.circuit.settle import rest_voltages
from ionspike.circuit.simulate import Run, Setting, job, simulate
from ionspike.circuit.testbench import Bench
from ionspike.errors import InputError, RunError
from ionspike.spice.batch import run_one
from ionspike.spice.engine import Job, Transient
from ionspike.spice.ngspice import Ngspice

Array = NDArray[np.float64]

_WARM = 1  # guessed intervals before the one that is looked at; the guess is a few times too long
_POINTS = 5  # of the wait at which the density is taken
_TIPS = 1.5  # times the slope in the middle of the wait: there the stage has begun to tip
_NOISE_STEPS = 600  # an interval, of the transient noise


@dataclass(frozen=True)
class Jitter:
    """Standard deviation of an interval, s. ``membrane``: kT/C over the slope; ``stage``: of the threshold stage; ``transient``: of the
    run with noise sources, over ``count`` intervals; ``quiet``: of the same run without them.

    ``slope``: of the membrane at the spike (V/s); ``net``: current that tips n1 (A); ``wait``: how long n1 fell until then (s);
    ``density``: mean current density into n1 over the wait (A^2/Hz, one-sided).
    """

    current: float
    interval: float
    membrane: float
    stage: float
    transient: float
    quiet: float
    count: int
    slope: float
    net: float
    wait: float
    density: float

    @property
    def predicted(self) -> float:
        """Both together, as independent."""
        return math.hypot(self.membrane, self.stage)

    @property
    def uncertainty(self) -> float:
        """Relative standard error of ``transient``: it is the deviation of a finite number of intervals."""
        return 1 / math.sqrt(2 * (self.count - 1))


@dataclass(frozen=True)
class Wait:
    """The fall of n1 before a spike: times (s), membrane and n1 (V) at some points of it, and the membrane's slope at its end (V/s)."""

    times: Array
    membrane: Array
    n1: Array
    slope: float
    interval: float


def spike_jitter(neuron: Neuron, setting: Setting, current: float = 1e-8, intervals: int = 60, seed: int = 1) -> Jitter:
    """The jitter of ``neuron`` under a constant ``current`` (A), predicted and in one run with noise of ``intervals`` intervals.

    Raises:
        InputError: a topology without the node ``n1``, a current that is not above 0, or another engine than ngspice (``.noise``).
        RunError: the neuron does not fire under that current.
    """
    if not isinstance(setting.engine, Ngspice):
        raise InputError(f"noise needs ngspice; the engine is {setting.engine.name}")
    if not 0 < current < math.inf:
        raise InputError(f"the current is {current:g} A; expected one that charges the membrane, above 0")
    if "n1" not in neuron.kind.circuit.inner:
        raise InputError(f"{neuron.topology} has no node n1; expected a topology with a threshold stage at n1")
    found = find_wait(neuron, setting, current)
    wait = float(found.times[-1] - found.times[0])
    densities, nets = zip(
        *(
            _stage_noise(neuron, setting, m, n, 0.5 / wait)
            for m, n in zip(found.membrane.tolist(), found.n1.tolist(), strict=True)
        ),
        strict=True,
    )
    charge = float(np.trapezoid(np.array(densities) / 2, found.times))  # C^2
    kelvin = setting.accuracy.temperature + zero_Celsius
    noise = math.sqrt(Boltzmann * kelvin / float(neuron.membrane))
    bench = _bench(neuron, current, found.interval)
    stop = (intervals + 2) * found.interval
    quiet = simulate(bench, stop, setting)
    noisy = _noisy_run(bench, stop, setting, found.interval, 2 * charge / wait, kelvin, seed)
    return Jitter(
        current,
        found.interval,
        noise / found.slope,
        math.sqrt(charge) / nets[-1],
        float(np.diff(noisy.spike_times)[1:].std(ddof=1)),
        float(np.diff(quiet.spike_times)[1:].std(ddof=1)),
        len(noisy.spike_times) - 2,
        found.slope,
        nets[-1],
        wait,
        2 * charge / wait,
    )


def find_wait(neuron: Neuron, setting: Setting, current: float) -> Wait:
    """The wait before the last spike of a noiseless run: from where n1 has left its rest to where the stage tips.

    Raises:
        RunError: no spikes.
    """
    guess = float(neuron.membrane) * 0.9 / current
    run = simulate(_bench(neuron, current, guess), (_WARM + 1) * guess, setting)
    if len(run.spike_times) < 3:
        raise RunError(f"{len(run.spike_times)} spikes under {current:g} A; a jitter needs intervals")
    interval = float(run.spike_times[-1] - run.spike_times[-2])
    times = run.spike_times[-1] - np.geomspace(0.5 * interval, 1e-9, 400)
    n1, membrane = run.waveforms.at("v(xn.n1)", times), run.waveforms.at("v(mem)", times)
    slopes = -np.diff(n1) / np.diff(times)
    start = int(np.argmax(n1 < run.bench.supply - 0.02))
    middle = float(np.median(slopes[start:][times[start:-1] < run.spike_times[-1] - 1e-3 * interval][-60:]))
    end = start + int(np.argmax(slopes[start:] > _TIPS * middle))
    picked = np.linspace(times[start], times[end], _POINTS)
    ramp = float((membrane[end] - membrane[start]) / (times[end] - times[start]))
    return Wait(picked, run.waveforms.at("v(mem)", picked), run.waveforms.at("v(xn.n1)", picked), ramp, interval)


def _bench(neuron: Neuron, current: float, interval: float) -> Bench:
    return Bench(neuron=neuron, current=current, width=2e-6, edge=1e-6, max_step=min(interval / 50, 1e-2))


def _stage_noise(neuron: Neuron, setting: Setting, membrane: float, n1: float, frequency: float) -> tuple[float, float]:
    """One-sided density (A^2/Hz) at ``frequency`` (Hz) of the current into n1, and the net current (A) that discharges it, with
    membrane and n1 held (V) and the output held low, as it is during the wait."""
    supply = setting.process.supply
    rest = rest_voltages(neuron, "", supply, setting) | {"xn.n1": n1}
    start = " ".join(f"v({node})={value!r}" for node, value in rest.items())
    lines = [line for line in rest_netlist(neuron, supply).splitlines() if not line.startswith(".ic")]
    lines += [
        f"vmem mem 0 dc {membrane!r}",
        f"vn xn.n1 0 dc {n1!r} ac 1",
        "vspk spk 0 0",
        "hn out 0 vn 1",
        "rn out 0 1",
    ]
    netlist = "\n".join([*lines, f".nodeset {start}"]) + "\n"
    asked = Job(netlist, Transient(1e-6, 1e-7), (), setting.process, setting.corner, setting.accuracy)
    assert isinstance(setting.engine, Ngspice)
    _, density = setting.engine.noise(asked, "v(out)", "vn", frequency, 2 * frequency)
    held = replace(
        asked,
        netlist="\n".join([*lines, f".ic {start} v(mem)={membrane!r}"]) + "\n",
        save=("i(vn)",),
        transient=Transient(1e-6, 1e-8),
    )
    net = -float(run_one(setting.engine, held)["i(vn)"][-1])
    return float(density[0]) ** 2, net


def _noisy_run(
    bench: Bench, stop: float, setting: Setting, interval: float, density: float, kelvin: float, seed: int
) -> Run:
    """The same bench with white current noise into n1, and into the membrane so much that kT/C has gathered there at the spike."""
    step = interval / _NOISE_STEPS
    on_membrane = 2 * Boltzmann * kelvin * float(bench.neuron.membrane) / interval  # A^2/Hz: S/2 T = kT C
    lines = [
        f"{name} 0 {node} dc 0 trnoise({math.sqrt(s / (2 * step))!r} {step!r} 0 0)"
        for name, node, s in (("inn", "xn.n1", density), ("inm", "mem", on_membrane))
    ]
    asked = job(bench, stop, setting)
    made = replace(asked, netlist=asked.netlist + "\n".join(lines) + "\n", seed=seed)
    return Run(bench, setting, run_one(setting.engine, made))


def table(found: Sequence[Jitter]) -> str:
    """A table for a reader, times in ns."""
    rows = ["current nA  interval us  kT/C ns  stage ns  both ns  run with noise ns  without ns  intervals"]
    rows += [
        f"{j.current * 1e9:10.3g}  {j.interval * 1e6:11.2f}  {j.membrane * 1e9:7.2f}  {j.stage * 1e9:8.1f}  {j.predicted * 1e9:7.1f}  "
        f"{j.transient * 1e9:10.1f} +-{j.transient * j.uncertainty * 1e9:4.1f}  {j.quiet * 1e9:10.2f}  {j.count:9d}"
        for j in found
    ]
    return "\n".join(rows)
