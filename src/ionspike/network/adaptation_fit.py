"""The adaptation of an adaptive stage from trains: its jump at a spike, how it fades, and what it draws from the membrane."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from ionspike.circuit.simulate import Run
from ionspike.network.adaptive import Adaptive, adaptive_row, faded, jump_at
from ionspike.network.adaptive_fit import CHARGED, releases
from ionspike.network.kernels import compiled
from ionspike.network.relaxation import THERMAL

Array = NDArray[np.float64]

_SETTLED, _AHEAD, _BEFORE_SPIKE = 0.2e-6, 5e-9, 3e-6  # s after a pulse, before one, before a spike
_TAIL = 0.3e-3  # s that a spike's charge takes to arrive whole
_W_ERROR, _GROWS = 1e-5, 1e-3  # V that a fade may miss, and s in which that grows
_STEPS = 40  # from spike to spike, and of the membrane between two pulses


@dataclass(frozen=True)
class _Spikes:
    """The adaptation and the membrane (V) before each spike, once its charge has arrived, and before the next spike; shape (spikes, 3). The time (s)
    from when the membrane is let go to the second of them, and from there to the third; shape (spikes, 2)."""

    charged: Array
    membrane: Array
    spans: Array


def _spikes(runs: list[Run]) -> _Spikes:
    charged, membrane, spans = [], [], []
    for run in runs:
        ends = releases(run)
        following = np.r_[run.spike_times[1:], run.time[-1]][: len(ends)]
        late = np.minimum(ends + _TAIL, following - _BEFORE_SPIKE)
        times = np.stack([run.spike_times[: len(ends)] - _AHEAD, late, following - _AHEAD], axis=-1)
        charged.append(run.waveforms.at(CHARGED, times.ravel()).reshape(times.shape))
        membrane.append(run.waveforms.at("v(mem)", times.ravel()).reshape(times.shape))
        spans.append(np.stack([late - ends, following - late], axis=-1))
    return _Spikes(np.concatenate(charged), np.concatenate(membrane), np.concatenate(spans))


def with_adaptation(stage: Adaptive, runs: list[Run], capacitance: float, voltage: Array, leak: Array) -> Adaptive:
    """The stage with what trains say of its adaptation: the jump at a spike, how it fades, and what it draws from the membrane (F, V, A)."""
    spikes = _spikes(runs)
    share, stage = _with_fade(stage, spikes)
    stage = _with_jump(stage, spikes, share)
    started = [run.bench.supply - run.waveforms.at("v(xn.n1)", releases(run)) for run in runs]
    current, finite = _drain(stage, [_waits_between(run) for run in runs], runs, capacitance, voltage, leak)
    return replace(stage, after=float(np.concatenate(started).mean()), adaptation=current, adaptation_finite=finite)


def _with_fade(stage: Adaptive, spikes: _Spikes) -> tuple[float, Adaptive]:
    """The share of the membrane's voltage that lies on the adaptation's node, and the stage with how that fades from spike to spike."""
    long = spikes.spans[:, 1] > 2 * _BEFORE_SPIKE
    charged, membrane, span = spikes.charged[long], spikes.membrane[long], spikes.spans[long, 1]
    degree = min(3, max(len(span) - 4, 0))

    def missed(law: Array) -> Array:
        w = charged - law[0] * membrane
        row = adaptive_row(replace(stage, fade=_padded(law[1:], 4)))
        return (w[:, 2] - _fades(row, w[:, 1], span)) / (_W_ERROR * np.sqrt(1 + span / _GROWS))

    pace = math.log(max(float(np.median((charged[:, 1] - charged[:, 2]) / span)), 1e-6))
    law = least_squares(
        missed, [1e-3, pace, *[0.0] * degree], x_scale=[1e-3, 1, 5, 10, 20][: 2 + degree], loss="soft_l1"
    ).x
    return float(law[0]), replace(stage, fade=_padded(law[1:], 4))


def _with_jump(stage: Adaptive, spikes: _Spikes, share: float) -> Adaptive:
    """The stage with its jump, from the adaptation before each spike and once the charge has arrived, less what faded meanwhile."""
    w, v = spikes.charged - share * spikes.membrane, spikes.membrane[:, 0]
    row = adaptive_row(stage)
    jump = w[:, 1] - (_fades(row, w[:, 1], spikes.spans[:, 0]) - w[:, 1]) - w[:, 0]
    degree = min(4, max(len(jump) - 4, 0))

    def missed(law: Array) -> Array:
        row = adaptive_row(replace(stage, jump_slope=float(law[0]), jump=_padded(law[1:], 5)))
        return (_jumps(row, v, w[:, 0]) - jump) / _W_ERROR

    start = [0.0, math.log(float(jump.mean())), *[0.0] * degree]
    law = least_squares(missed, start, x_scale=[1e-2, 1, 1, 1, 10, 10][: 2 + degree]).x
    return replace(stage, jump_slope=float(law[0]), jump=_padded(law[1:], 5))


def _padded(law: Array, length: int) -> tuple[float, ...]:
    return (*law.tolist(), *[0.0] * (length - len(law)))


@compiled()
def _fades(row: Array, start: Array, spans: Array) -> Array:
    """Adaptations (V) ``spans`` (s) after ``start`` (V), without a spike."""
    w = start.copy()
    for k in range(w.shape[0]):
        for _ in range(_STEPS):
            w[k] += faded(row, w[k], spans[k] / _STEPS)
    return w


@compiled()
def _jumps(row: Array, v: Array, w: Array) -> Array:
    """The jump (V) of each spike, by membrane and adaptation (V) before it."""
    found = np.empty(w.shape[0])
    for k in range(w.shape[0]):
        found[k] = jump_at(row, v[k], w[k])
    return found


def _waits_between(run: Run) -> tuple[Array, Array]:
    """Begins and ends (s) of what lies between pulses and spikes."""
    begins = np.sort(np.r_[run.input_ends + _SETTLED, releases(run) + _BEFORE_SPIKE])
    ends = np.sort(np.r_[run.input_times - _AHEAD, run.spike_times - _BEFORE_SPIKE])
    busy = [(t - 1e-9, e + _BEFORE_SPIKE) for t, e in zip(run.spike_times - _BEFORE_SPIKE, releases(run), strict=False)]
    free = np.array([not any(a < t < b for a, b in busy) for t in begins], bool)
    begins = begins[free & (begins < ends[-1])]
    stops = ends[np.searchsorted(ends, begins)]
    long = stops - begins > 2e-6
    return begins[long], stops[long]


def _drain(
    stage: Adaptive, spans: list[tuple[Array, Array]], runs: list[Run], capacitance: float, voltage: Array, leak: Array
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Current and its rise with the membrane, from what the membrane does between pulses."""

    def at(name: str, ends: int) -> Array:
        return np.concatenate([run.waveforms.at(name, span[ends]) for run, span in zip(runs, spans, strict=True)])

    span = np.concatenate([b - a for a, b in spans])
    v0, v1, w0, w1 = at("v(mem)", 0), at("v(mem)", 1), at(CHARGED, 0), at(CHARGED, 1)
    fed = np.concatenate([_fed(stage, run, *pair) for run, pair in zip(runs, spans, strict=True)]) / capacitance
    w = 0.5 * (w0 + w1)

    def after(law: Array) -> Array:
        strength, v, h = np.exp(np.polynomial.polynomial.polyval(w, law[:4])), v0.copy(), span / _STEPS
        for _ in range(_STEPS):
            rate = _rate(strength, law[4:], v, voltage, leak) / capacitance
            rate = _rate(strength, law[4:], v - 0.5 * rate * h, voltage, leak) / capacitance
            v = v - rate * h + fed / _STEPS
        return (v - v1) / (1e-4 + 0.01 * np.abs(v0 - v1))

    start = np.array([math.log(1e-14), 24.0, 0.0, 0.0, 0.5, 0.0])
    law = least_squares(after, start, x_scale=[1, 2, 10, 20, 0.5, 2], loss="soft_l1", max_nfev=300).x
    return tuple(law[:4].tolist()), tuple(law[4:].tolist())


def _rate(strength: Array, finite: Array, v: Array, voltage: Array, leak: Array) -> Array:
    open_share = -np.expm1(-np.maximum(v, 0.0) / THERMAL)
    return strength * open_share * (1 + finite[0] * v + finite[1] * v**2) + np.interp(v, voltage, leak)


def _fed(stage: Adaptive, run: Run, begins: Array, ends: Array) -> Array:
    """Charge (C) that the stage sent into the membrane in each span, by the drops that it had."""
    current = np.interp(run.bench.supply - run["v(xn.n1)"], stage.drops, stage.pull)
    return np.array([run.waveforms.integral(current, a, b) for a, b in zip(begins, ends, strict=True)])
