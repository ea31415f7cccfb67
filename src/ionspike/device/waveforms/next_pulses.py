"""Which pulses to measure next: the gate waveform that should narrow the widest interval most.

What a waveform will tell is known before it is measured, as far as the fitted card is right: the Fisher information of the samples,
``J' J / sigma^2``, adds to that of the records in hand. The search starts from a ladder of amplitudes and widths and exchanges its
pulses for others at random, one at a time, where that helps (after Fedorov, Theory of Optimal Experiments, Academic Press 1972,
chapter 3); every trial is judged as a whole, with what one pulse leaves behind for the next.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ionspike.device.ecram import Ecram
from ionspike.device.waveforms.pulse_blocks import LEAD, PulseFamily, waveform_of
from ionspike.device.waveforms.waveform import Waveform, sampled, simulate
from ionspike.device.waveforms.waveform_problem import Trace, WaveformProblem
from ionspike.errors import InputError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Array = NDArray[np.float64]
Block = tuple[float, float, float, float]

_NORM = 8.0  # the criterion is a norm of this order over the deviations: nearly the largest, but smooth
_RIDGE = 1e-13  # rounding of an information matrix whose diagonal is 1


@dataclass(frozen=True)
class Deviations:
    """Standard deviations to expect, on the fitted scale: relative for logarithmic parameters; those in volts also as ``shares`` of
    V_0, in which a flux changes e-fold."""

    names: tuple[str, ...]
    values: Array
    shares: Array

    def __getitem__(self, name: str) -> float:
        return float(self.values[self.names.index(name)])

    @property
    def widest(self) -> tuple[str, float]:
        """The parameter that would be known least, and its share."""
        k = int(np.argmax(self.shares))
        return self.names[k], float(self.shares[k])


@dataclass(frozen=True)
class NextPulses:
    """A proposed ``waveform`` of so many ``samples`` for ``device``; the deviations that the records in hand leave, ``before``, that are
    expected with it, ``after``, and what the fixed ladder of the same length would leave, ``ladder``. ``noise``: of a sample over the
    swing; ``measured``: the records in hand."""

    device: Ecram
    waveform: Waveform
    samples: int
    noise: float
    before: Deviations
    after: Deviations
    ladder: Deviations
    measured: tuple[Trace, ...]

    def __str__(self) -> str:
        lines = [
            f"next pulses for {self.device.name}: {len(self.waveform.levels)} levels in {self.waveform.duration:g} s"
        ]
        lines.append(
            f"  {'parameter':<18}{'now':>10}{'then':>10}{'ladder':>10}   standard deviation (share of V_0 for volts)"
        )
        for k, name in enumerate(self.before.names):
            columns = "".join(f"{_percent(d.shares[k]):>10}" for d in (self.before, self.after, self.ladder))
            lines.append(f"  {name:<18}{columns}")
        return "\n".join(lines)

    def plot(self) -> Figure:
        """The waveform with the response to expect, and the deviations before and after."""
        from ionspike.device.waveforms.next_pulses_plot import next_pulses_figure

        return next_pulses_figure(self)

    def _repr_png_(self) -> bytes:
        from ionspike.plotting import png

        return png(self.plot())


def next_pulses(
    device: Ecram,
    measured: Sequence[Trace] = (),
    noise: float = 3e-3,
    family: PulseFamily | None = None,
    free: Sequence[str] | None = None,
    trials: int = 500,
    seed: int = 1,
) -> NextPulses:
    """Propose the next waveform.

    Args:
        device: the card as it is known; the proposal is the best if it is right.
        measured: records in hand, under their waveforms; their samples are not looked at, only what they can tell.
        noise: standard deviation of a sample over the swing.
        family: pulses to choose from; :meth:`PulseFamily.for_device` if left out.
        free: parameters to fix; :func:`free_parameters` if left out.
        trials: exchanges that are tried.
        seed: of their draws.

    Raises:
        InputError: a noise that is not positive.
    """
    if not noise > 0:
        raise InputError(f"noise is {noise:g} of the swing; expected a positive share")
    family = family or PulseFamily.for_device(device)
    names = tuple(free or free_parameters(device))
    swing = _swing(device, family, measured)
    known = _Information(device, names, noise, swing)
    start = known.prior + sum((known.of(t.waveform, t.time) for t in measured), np.zeros_like(known.prior))
    chosen = _search(known, start, family, trials, np.random.default_rng(seed))
    waveform, ladder = waveform_of(chosen, family.duration), family.ladder()
    before, after, fixed = (
        known.deviations(start + gain)
        for gain in (0 * start, known.of_samples(waveform, family), known.of_samples(ladder, family))
    )
    return NextPulses(device, waveform, family.samples, noise, before, after, fixed, tuple(measured))


def expected_deviations(
    device: Ecram, waveform: Waveform, samples: int, noise: float = 3e-3, free: Sequence[str] | None = None
) -> Deviations:
    """What one record under ``waveform`` would leave unknown, nothing else being measured."""
    at = sampled(waveform, samples)
    swing = float(np.ptp(simulate(device, waveform, at)))
    known = _Information(device, tuple(free or free_parameters(device)), noise, swing)
    return known.deviations(known.prior + known.of(waveform, at))


def free_parameters(device: Ecram) -> tuple[str, ...]:
    """Everything that a pulse response can tell of a card: gate, populations with the terms they use, and G_min."""
    names = ["gate.V_T", "gate.V_0", "gate.J_lim", "gate.V_rest", "weight.G_min"]
    for k, own in enumerate(device.populations, 1):
        names += [f"population{k}.tau", f"population{k}.g"] + ([f"population{k}.a"] if k > 1 else [])
        names += [f"population{k}.V_d"] if math.isfinite(own.V_d) else []
        names += [f"population{k}.{name}" for name in ("c", "d", "s") if getattr(own, name) > 0]
    return tuple(names)


def verify(proposal: NextPulses, seed: int = 1, free: Sequence[str] | None = None) -> tuple[Deviations, Array]:
    """Measure the proposal on a simulated device: the deviations that a fit of the synthetic record reports, and how far its estimates
    are from the card in units of those expected.

    Args:
        proposal: the waveform and the card it was made for.
        seed: of the noise and of the start of the fit.
        free: the parameters, as given to :func:`next_pulses`.
    """
    from ionspike.device.uncertainty.intervals import intervals

    rng = np.random.default_rng(seed)
    device, names = proposal.device, tuple(free or free_parameters(proposal.device))
    new = Trace(sampled(proposal.waveform, proposal.samples), np.zeros(proposal.samples), proposal.waveform, 1.0)
    runs = [*proposal.measured, new]
    clean = [simulate(device, t.waveform, t.time) for t in runs]
    swing = max(float(np.ptp(g)) for g in clean)
    traces = [
        Trace(t.time, g + proposal.noise * swing * rng.normal(size=len(g)), t.waveform, swing)
        for t, g in zip(runs, clean, strict=True)
    ]
    true = WaveformProblem(device, traces, names)
    off = true.start + 3 * np.minimum(proposal.after.values, 0.1) * rng.normal(size=len(names))
    found = intervals(true, np.clip(off, true.low, true.high), method="covariance", kinds=("white",))
    values = np.array([row.deviation for row in found])
    error = (found.theta - true.start) / proposal.after.values
    return Deviations(names, values, values / _units(device, names)), error


class _Information:
    """Fisher information of waveforms at one card."""

    def __init__(self, device: Ecram, names: tuple[str, ...], noise: float, swing: float) -> None:
        self.device, self.names, self.noise, self.swing = device, names, noise, swing
        empty = self._problem(Waveform((0.0,), (1.0,)), np.array([0.5]))
        # no more than the bounds of the parameters: keeps the matrix regular where nothing is known
        self.prior = np.diag(1 / (empty.high - empty.low) ** 2)
        self.units = _units(device, names)

    def _problem(self, waveform: Waveform, time: Array) -> WaveformProblem:
        return WaveformProblem(self.device, [Trace(time, np.zeros(len(time)), waveform, self.swing)], self.names)

    def of(self, waveform: Waveform, time: Array) -> Array:
        """(p, p), of samples at ``time`` (s)."""
        problem = self._problem(waveform, time)
        j = problem.jacobian(problem.start)
        return j.T @ j / self.noise**2

    def of_samples(self, waveform: Waveform, family: PulseFamily) -> Array:
        """(p, p), of the evenly spaced samples of the family."""
        return self.of(waveform, sampled(waveform, family.samples))

    def deviations(self, information: Array) -> Deviations:
        """Standard deviations under an information matrix."""
        values = np.sqrt(_variances(information))
        return Deviations(self.names, values, values / self.units)

    def criterion(self, information: Array) -> Array:
        """Nearly the largest deviation, in ln, of one matrix or of each of many (..., p, p)."""
        shares = 0.5 * np.log(_variances(information)) - np.log(self.units)
        top = shares.max(axis=-1, keepdims=True)
        return (top + np.log(np.sum(np.exp(_NORM * (shares - top)), axis=-1, keepdims=True)) / _NORM)[..., 0]


def _variances(information: Array) -> Array:
    """Diagonal of the inverse of matrices (..., p, p), each scaled to a diagonal of ones first."""
    scale = np.sqrt(np.diagonal(information, axis1=-2, axis2=-1))
    scaled = information / (scale[..., :, None] * scale[..., None, :]) + _RIDGE * np.eye(scale.shape[-1])
    inverse = np.linalg.inv(scaled)
    return np.maximum(np.diagonal(inverse, axis1=-2, axis2=-1), 1e-300) / scale**2


def _units(device: Ecram, names: Sequence[str]) -> Array:
    return np.array([device.gate.V_0 if name in ("gate.V_T", "gate.V_rest") else 1.0 for name in names])


def _swing(device: Ecram, family: PulseFamily, measured: Sequence[Trace]) -> float:
    waveform = family.ladder()
    return max(
        [float(np.ptp(simulate(device, waveform, sampled(waveform, family.samples)))), *(t.swing for t in measured)]
    )


def _search(
    known: _Information, start: Array, family: PulseFamily, trials: int, rng: np.random.Generator
) -> list[Block]:
    """The ladder, after the exchanges that helped."""

    def judge(blocks: list[Block]) -> float:
        return float(known.criterion(start + known.of_samples(waveform_of(blocks, family.duration), family)))

    best, bank, room = family.ladder_blocks(), family.blocks, (1 - LEAD) * family.duration
    value = judge(best)
    for _ in range(trials):
        other = list(best)
        other[int(rng.integers(len(best)))] = bank[int(rng.integers(len(bank)))]
        if sum(width + pause for _, width, _, pause in other) > room:
            continue
        if (found := judge(other)) < value:
            best, value = other, found
    return best


def _percent(share: float) -> str:
    return f"{100 * share:.2g} %" if share < 1 else "unknown"
