"""Simpler laws on the same samples, held out the same way: what the device law has to beat.

one exponential            rises and falls with one time constant
own rise and fall          rises with one, falls with another
stretched exponential      1 - exp(-(t/tau)^beta) and exp(-(t/tau)^beta), each with its own numbers (Kohlrausch 1854)
Tsodyks-Markram            facilitation u, one increment U a pulse, leaving with tau_f; a recovering resource R, used by u R, with
                           tau_d; the conductance relaxes towards u R of its pulse (Tsodyks, Pawelzik and Markram, Neural Comput. 10,
                           821 (1998), 10.1162/089976698300017502)
linear kernel              a causal filter of the gate: a sum of decaying exponentials, time constants from a fine grid, weights free
                           (a Prony series; it has the gate's sign and a bias, and no state)

Every law places the edges itself: those of a fit of the device law to the same samples, each kind moved by a number of its own.
Amplitude and offset are solved for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ionspike.device.compiled import compiled

if TYPE_CHECKING:
    from ionspike.device.fitting.fit import Fit

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

_KERNELS = 12  # time constants of the linear kernel, spaced evenly in the logarithm
_RIDGE = 1e-9
_STARTS = 2
_MOVED = 3.0  # sampling gaps by which a law may move the edges


@dataclass(frozen=True)
class SimplerLaw:
    """A law of :func:`simpler_laws`: its ``name``, how many numbers were fitted, the conductance (S) at every sample of the first
    record, and its rms over the fitted samples as a share of the swing."""

    name: str
    parameters: int
    model: Array
    error: float


@dataclass(frozen=True)
class _Trace:
    """Samples of one record with their pulses; ``phase``: 0 before the first edge, 1 in a pulse, 2 after it."""

    time: Array
    pulse: NDArray[np.int64]
    phase: NDArray[np.int64]
    since: Array
    on: Array
    off: Array


def simpler_laws(fit: Fit, mask: Mask | None = None, seed: int = 1) -> tuple[SimplerLaw, ...]:
    """The simpler laws, fitted to the samples that ``fit`` was fitted to (``mask`` to change that). Where the device law was allowed to
    age, so are they (the linear kernel, which cannot, apart): one factor on the swing per pulse.

    Args:
        fit: a fit of the device law; its edges are used.
        mask: samples of the first record to fit.
        seed: of the starts.
    """
    record = fit.record
    chosen = fit.fitted if mask is None else mask
    setting = _Setting(
        record.time,
        record.conductance / record.swing,
        chosen,
        fit.on_edges,
        fit.off_edges,
        float(np.median(np.diff(record.time))),
        bool(fit.shape.drift),
        record.swing,
    )
    rise, fall = np.log(0.1 * setting.width), np.log(0.03 * setting.width)
    slow = np.log(2 * setting.width)
    taus = np.geomspace(0.5 * setting.gap, 3 * setting.width, _KERNELS)
    rng = np.random.default_rng(seed)
    nonlinear = (
        ("one exponential", [rise], lambda t, p: _relaxations(t, p[[0, 0]], np.zeros(2))),
        ("own rise and fall", [rise, fall], lambda t, p: _relaxations(t, p, np.zeros(2))),
        ("stretched exponential", [rise, fall, 0.0, 0.0], lambda t, p: _relaxations(t, p[:2], p[2:])),
        ("Tsodyks-Markram", [rise, fall, 0.0, slow, slow], _tsodyks_markram),
    )
    made = [_fitted(setting, name, np.array(begin), columns, rng) for name, begin, columns in nonlinear]
    return (*made, _fitted(replace(setting, aging=False), "linear kernel", taus, None, rng))


@dataclass(frozen=True)
class _Setting:
    """The samples, as shares of the swing, and the edges that a law may move."""

    time: Array
    measured: Array
    chosen: Mask
    on: Array
    off: Array
    gap: float
    aging: bool
    swing: float

    @property
    def width(self) -> float:
        """Of a pulse (s)."""
        pairs = min(len(self.on), len(self.off))
        return float(np.median(self.off[:pairs] - self.on[:pairs])) if pairs else float(np.ptp(self.time))

    def trace(self, moved: Array) -> _Trace:
        """The samples against edges that are ``moved`` by so many sampling gaps, (on, off)."""
        return _trace(self.time, self.on + moved[0] * self.gap, self.off + moved[1] * self.gap)


def _trace(time: Array, on: Array, off: Array) -> _Trace:
    pulse = np.searchsorted(on, time, "right") - 1
    ended = np.searchsorted(off, time, "right") > np.searchsorted(on, time, "right") - 1
    phase = np.where(pulse < 0, 0, np.where(ended, 2, 1))
    last_off = off[np.clip(np.searchsorted(off, time, "right") - 1, 0, len(off) - 1)] if len(off) else time
    since = np.where(phase == 1, time - on[np.maximum(pulse, 0)], np.where(phase == 2, time - last_off, 0.0))
    return _Trace(time, pulse.astype(np.int64), phase.astype(np.int64), np.maximum(since, 0.0), on, off)


def _fitted(
    setting: _Setting,
    name: str,
    begin: Array,
    columns: Callable[[_Trace, Array], Array] | None,
    rng: np.random.Generator,
) -> SimplerLaw:
    """The best of some starts. Without ``columns``, ``begin`` holds the time constants of a linear filter, which stay."""
    from scipy.optimize import least_squares

    count = len(begin) if columns is not None else 0
    chosen, measured = setting.chosen, setting.measured

    def model(theta: Array) -> Array:
        trace = setting.trace(theta[:2])
        if columns is None:
            parts = [_relaxations(trace, np.log([tau, tau]), np.zeros(2)) for tau in begin]
        else:
            grown = np.exp(theta[-1] * np.maximum(trace.pulse, 0)) if setting.aging else 1.0
            parts = [columns(trace, theta[2 : 2 + count]) * grown]
        x = np.stack([*parts, np.ones(len(measured))], axis=1)
        gram = x[chosen].T @ x[chosen]
        return x @ np.linalg.solve(gram + _RIDGE * np.trace(gram) * np.eye(len(gram)), x[chosen].T @ measured[chosen])

    best = None
    for k in range(_STARTS if count else 1):
        start = np.concatenate(
            [np.zeros(2), begin[:count] + (rng.normal(0, 0.7, count) if k else 0.0), [0.0] * setting.aging]
        )
        high = np.concatenate([np.full(2, _MOVED), np.full(len(start) - 2, np.inf)])
        done = least_squares(
            lambda theta: (model(theta) - measured)[chosen], start, bounds=(-high, high), max_nfev=60, ftol=1e-6
        )
        if best is None or done.cost < best.cost:
            best = done
    assert best is not None
    found = model(best.x)
    error = float(np.sqrt(np.mean((found - measured)[chosen] ** 2)))
    return SimplerLaw(name, len(best.x) + (2 if count else len(begin) + 1), found * setting.swing, error)


def _relaxations(trace: _Trace, logs: Array, stretch: Array) -> Array:
    """Rise towards 1 and fall towards 0 from wherever the edge found it, ``exp(-(t/tau)^beta)``; ``stretch`` is ln beta."""
    rise, fall = np.exp(np.clip(logs, -30, 30))
    up, down = np.exp(np.clip(stretch, -3, 3))
    return _from_edges(trace.pulse, trace.phase, trace.since, trace.on, trace.off, rise, fall, up, down)


@compiled()
def _from_edges(
    pulse: NDArray[np.int64],
    phase: NDArray[np.int64],
    since: Array,
    on: Array,
    off: Array,
    rise: float,
    fall: float,
    up: float,
    down: float,
) -> Array:
    out = np.zeros(pulse.shape[0])
    at_on = np.zeros(on.shape[0])
    at_off = np.zeros(on.shape[0])
    before = 0.0
    for k in range(on.shape[0]):
        at_on[k] = before
        end = off[k] if k < off.shape[0] else on[k]
        at_off[k] = 1.0 - (1.0 - before) * np.exp(-(((end - on[k]) / rise) ** up))
        if k + 1 < on.shape[0]:
            before = at_off[k] * np.exp(-(((on[k + 1] - end) / fall) ** down))
    for i in range(pulse.shape[0]):
        k = pulse[i]
        if phase[i] == 1:
            out[i] = 1.0 - (1.0 - at_on[k]) * np.exp(-((since[i] / rise) ** up))
        elif phase[i] == 2:
            out[i] = at_off[k] * np.exp(-((since[i] / fall) ** down))
    return out


def _tsodyks_markram(trace: _Trace, theta: Array) -> Array:
    """Rise and fall time of the conductance, odds of U, and the times of facilitation and of recovery."""
    rise, fall = np.exp(np.clip(theta[:2], -30, 30))
    use = 1 / (1 + np.exp(-theta[2]))
    facilitation, recovery = np.exp(np.clip(theta[3:5], -30, 30))
    level, u, resource = np.empty(len(trace.on)), 0.0, 1.0
    for k in range(len(trace.on)):
        u += use * (1 - u)
        level[k] = u * resource
        resource -= level[k]
        if k + 1 < len(trace.on):
            gap = trace.on[k + 1] - trace.on[k]
            u *= np.exp(-gap / facilitation)
            resource = 1 - (1 - resource) * np.exp(-gap / recovery)
    shape = _relaxations(trace, np.log([rise, fall]), np.zeros(2))
    return shape * level[np.maximum(trace.pulse, 0)]
