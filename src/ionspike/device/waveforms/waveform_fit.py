"""The device law fitted to records of any number of gate levels, from starting points that the data choose.

Time constants, thresholds and rates are drawn at random over the ranges that the waveforms span; amplitudes follow by linear least
squares. The best draws are refined together with everything else.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ionspike.device.ecram import Ecram, Gate, Population, Weight
from ionspike.device.uncertainty.noise import Noise
from ionspike.device.uncertainty.whitened import Whitened
from ionspike.device.waveforms.waveform_problem import Trace, WaveformProblem
from ionspike.errors import InputError

Array = NDArray[np.float64]

_DRAWS = 300
_AGREE = 0.01  # relative difference of the error below which two starts have met the same optimum
_SLOPE = 0.052  # V, 2RT/F at 27 C: where the search for V_0 starts


@dataclass(frozen=True)
class WaveformFit:
    """``device``: the card; ``problem`` and ``theta``: what intervals are computed from; ``error``: rms over the samples as a share of the
    swing; ``agreeing`` of ``starts`` met this optimum."""

    device: Ecram
    problem: WaveformProblem
    theta: Array
    error: float
    starts: int
    agreeing: int

    def __str__(self) -> str:
        lines = [str(self.device), f"  error {100 * self.error:.3g} % of the swing"]
        return "\n".join([*lines, f"  {self.agreeing} of {self.starts} starts met this optimum"])


def fit_waveform(
    traces: Sequence[Trace],
    populations: int = 1,
    held: bool = False,
    name: str = "fitted",
    starts: int = 8,
    seed: int = 1,
) -> WaveformFit:
    """Fit gate, populations and G_min.

    Args:
        traces: records under their waveforms.
        populations: volatile populations, 1 to 4.
        held: the gate holds ions in (V_d is fitted).
        name: of the card.
        starts: how many of the best draws are refined.
        seed: of the draws.

    Raises:
        InputError: no record, or a gate that never moves.
    """
    from ionspike.device.waveforms.next_pulses import free_parameters

    card = _first_card(traces, populations, held, name)
    rng = np.random.default_rng(seed)
    drawn = [_with_amplitudes(_draw(card, traces, rng), traces) for _ in range(_DRAWS)]
    best = sorted(drawn, key=lambda pair: pair[1])[:starts]
    found = []
    for start, _ in best:
        problem = WaveformProblem(start, traces, free_parameters(start))
        white = Whitened(problem, Noise("white", 1.0), np.zeros((len(problem.data), 0)))
        theta, cost = white.solve(problem.start)
        found.append((math.sqrt(cost / len(problem.data)), problem, theta))
    error, problem, theta = min(found, key=lambda one: one[0])
    agreeing = sum(one[0] < error * (1 + _AGREE) for one in found)
    return WaveformFit(problem.device(theta), problem, theta, error, len(found), agreeing)


def _first_card(traces: Sequence[Trace], populations: int, held: bool, name: str) -> Ecram:
    if not traces:
        raise InputError("there is no record to fit")
    top = max(max(map(abs, t.waveform.levels)) for t in traces)
    if all(len(set(t.waveform.levels)) == 1 for t in traces):
        raise InputError("the gate never moves; expected pulses")
    swing = max(t.swing for t in traces)
    # which way the channel goes under positive bias
    slope = sum(float(np.cov(t.waveform.at(t.time), t.conductance / t.swing)[0, 1]) for t in traces)
    rest = float(np.median([t.conductance[0] for t in traces]))
    members = tuple(
        Population(tau=1.0, g=swing / populations, V_d=top if held else math.inf) for _ in range(populations)
    )
    gate = Gate(V_T=top / 2, V_0=_SLOPE, J_lim=1.0, polarity=1.0 if slope >= 0 else -1.0)
    return Ecram(name, gate, members, Weight(G_min=max(rest, 1e-3 * swing)))


def _draw(card: Ecram, traces: Sequence[Trace], rng: np.random.Generator) -> Ecram:
    """Random numbers over what the waveforms span: steps of the samples to the whole record, nothing to the highest level."""
    gap = min(float(np.min(np.diff(t.time))) for t in traces)
    span = max(t.waveform.duration for t in traces)
    top = max(max(map(abs, t.waveform.levels)) for t in traces)

    def between(low: float, high: float, count: int | None = None) -> Array:
        return np.exp(rng.uniform(math.log(low), math.log(high), count))

    taus = np.sort(between(2 * gap, span / 3, len(card.populations)))
    rates = between(0.1 / span, 1 / gap, len(card.populations))
    gate = replace(
        card.gate, V_T=float(rng.uniform(0.2, 1.0) * top), V_0=float(between(0.02, 0.15)), J_lim=float(rates[0])
    )
    members = tuple(
        replace(p, tau=float(tau), a=float(rate / rates[0]), V_d=p.V_d * float(between(0.3, 3.0)))
        for p, tau, rate in zip(card.populations, taus, rates, strict=True)
    )
    return replace(card, gate=gate, populations=members)


def _with_amplitudes(card: Ecram, traces: Sequence[Trace]) -> tuple[Ecram, float]:
    """The card with the amplitudes that suit the records best, and the error that is left."""
    problem = WaveformProblem(card, traces, ())
    states = problem.states(problem.law(np.empty(0)))
    swings = np.concatenate([np.full(len(t.time), t.swing) for t in traces])
    design = np.column_stack([states, np.ones(len(swings))]) / swings[:, None]
    scale = np.maximum(np.linalg.norm(design, axis=0), 1e-300)
    solved = np.linalg.lstsq(design / scale, problem.data, rcond=1e-6)[0] / scale
    error = float(np.mean((design @ solved - problem.data) ** 2))
    largest = 3 * max(t.swing for t in traces)  # populations that cancel at many swings are a sign of the wrong law
    sizes = [float(np.clip(g, -largest, largest)) or 1e-3 * largest for g in solved[:-1]]
    members = tuple(replace(p, g=g) for p, g in zip(card.populations, sizes, strict=True))
    low = max(float(solved[-1]), 1e-3 * largest)
    return replace(card, populations=members, weight=Weight(G_min=low)), error
