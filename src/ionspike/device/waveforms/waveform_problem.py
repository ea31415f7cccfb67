"""The device law against records under any gate waveform that is constant between edges: several levels, negative pulses, held
biases, several records at once.

Every parameter of the gate and of the volatile populations may be fitted or kept. Derivatives are central differences of the compiled
chain of exact maps; those by amplitudes and by ``G_min`` are exact.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ionspike.device.ecram import Ecram
from ionspike.device.measured.records import PulseRecord
from ionspike.device.uncertainty.problem import Scale
from ionspike.device.waveforms.law_arrays import LawArrays
from ionspike.device.waveforms.waveform import Waveform, recorded_waveform
from ionspike.device.waveforms.waveform_steps import Steps
from ionspike.errors import InputError

Array = NDArray[np.float64]
Path = tuple[str, int, str]

_REACH = 6e-6  # of a central difference on the fitted scale
_SCALES = {
    "V_T": Scale("V", False), "V_rest": Scale("V", False), "V_0": Scale("V"), "J_lim": Scale("s^-1"), "G_min": Scale("S"),
    "a": Scale(), "tau": Scale("s"), "V_d": Scale("V"), "g": Scale("S"),
    "c": Scale("", False), "d": Scale("", False), "s": Scale("", False),
}  # fmt: skip
# wide enough for any device there is a record of; amplitudes are bounded in swings of the record
_BOUNDS = {
    "V_T": (-3.0, 6.0), "V_rest": (-1.0, 1.0), "V_0": (5e-3, 1.0), "J_lim": (1e-4, 1e12), "a": (1e-6, 1e6), "tau": (1e-7, 1e6),
    "V_d": (1e-3, 1e3), "c": (0.0, 300.0), "d": (0.0, 300.0), "s": (0.0, 0.9999),
}  # fmt: skip
_AMPLITUDE = (1e-4, 1e2)
_NAME = re.compile(r"(?:(gate)\.(V_T|V_0|J_lim|V_rest)|(weight)\.(G_min)|population([1-4])\.(a|tau|g|V_d|c|d|s))")


@dataclass(frozen=True)
class Trace:
    """Samples ``conductance`` (S) at ``time`` (s) under ``waveform``; errors are shares of ``swing`` (S)."""

    time: Array
    conductance: Array
    waveform: Waveform
    swing: float

    @classmethod
    def of(cls, record: PulseRecord, waveform: Waveform | None = None) -> Trace:
        """A record under its gate as sampled, or under the ``waveform`` that is known to have been applied."""
        return cls(record.time, record.conductance, waveform or recorded_waveform(record), record.swing)


class WaveformProblem:
    """A :class:`~ionspike.device.uncertainty.problem.Problem` for ``traces`` under known waveforms.

    Args:
        card: start values of the parameters that are fitted, values of those that are not; ``a`` of the first population stays.
        traces: one or more; each starts from rest at the first level of its waveform.
        free: what is fitted: ``gate.V_T``, ``gate.V_0``, ``gate.J_lim``, ``gate.V_rest``, ``weight.G_min`` and, of population k,
            ``populationk.tau``, ``.a``, ``.g``, ``.V_d``, ``.c``, ``.d``, ``.s``. An amplitude keeps the sign it has in ``card``; the
            range of a weight keeps its ratio to ``G_min``.

    Raises:
        InputError: no trace, or a name that is none of these.
    """

    def __init__(self, card: Ecram, traces: Sequence[Trace], free: Sequence[str]) -> None:
        if not traces:
            raise InputError("there is no record to fit")
        self.card, self.traces, self.names = card, tuple(traces), tuple(free)
        self._paths = [_path(card, name) for name in self.names]
        self.scales = tuple(_scale(card, path) for path in self._paths)
        self.data = np.concatenate([t.conductance / t.swing for t in self.traces])
        self.breaks = tuple(int(k) for k in np.cumsum([0, *(len(t.time) for t in self.traces)])[:-1])
        self._swing = np.concatenate([np.full(len(t.time), t.swing) for t in self.traces])
        self._steps = Steps.of([(t.time, t.waveform) for t in self.traces])
        self._law = LawArrays.of(card)
        places = list(zip(self._paths, self.scales, strict=True))
        self.low = np.array([self._bound(path, scale, 0) for path, scale in places])
        self.high = np.array([self._bound(path, scale, 1) for path, scale in places])
        self.start = self._start()

    @property
    def pulses(self) -> int:
        """Gate pulses: every stretch at another level than the one the gate returns to."""
        return self._steps.pulses

    def _start(self) -> Array:
        """The values of the card, within the bounds."""
        values = [_get(self.card, path) for path in self._paths]
        pairs = zip(self.scales, values, strict=True)
        return np.clip([-np.inf if s.logarithmic and v == 0 else s.theta(v) for s, v in pairs], self.low, self.high)

    def _bound(self, path: Path, scale: Scale, side: int) -> float:
        if path[2] in ("g", "G_min"):
            return math.log(_AMPLITUDE[side] * float(np.max(self._swing)))
        return scale.theta(_BOUNDS[path[2]][side])

    @property
    def products(self) -> tuple[tuple[str, str], ...]:
        """Amplitude and rate of each population; the rate of the first is J_lim."""
        pairs = [("population1.g", "gate.J_lim")]
        pairs += [(f"population{k}.g", f"population{k}.a") for k in range(2, len(self.card.populations) + 1)]
        return tuple(p for p in pairs if p[0] in self.names and p[1] in self.names)

    def device(self, theta: Array) -> Ecram:
        """The card at ``theta``."""
        ecram = self.card
        for path, scale, number in zip(self._paths, self.scales, theta, strict=True):
            ecram = _put(ecram, path, scale.value(number))
        return ecram

    def law(self, theta: Array) -> LawArrays:
        """The numbers of the card at ``theta``."""
        law = self._law.copy()
        for path, scale, number in zip(self._paths, self.scales, theta, strict=True):
            law.put(path, scale.value(number))
        return law

    def states(self, law: LawArrays, factors: Array | None = None) -> Array:
        """Every state that moves, at every sample, (n, states)."""
        steps = self._steps if factors is None else self._steps.with_factors(factors)
        return np.stack([steps.run(law, k) for k in range(len(law.rows))], axis=-1)

    def model(self, theta: Array, factors: Array | None = None) -> Array:
        """See :class:`~ionspike.device.uncertainty.problem.Problem`."""
        law = self.law(theta)
        return law.conductance(self.states(law, factors))[0] / self._swing

    def jacobian(self, theta: Array) -> Array:
        """Derivatives by the parameters, (n, p)."""
        law = self.law(theta)
        states = self.states(law)
        slope = law.conductance(states)[1] / self._swing
        out = np.empty((len(self.data), len(self.names)))
        for j, path in enumerate(self._paths):
            if path[2] == "g":
                out[:, j] = slope * states[:, path[1]] * law.g[path[1]]
            elif path[2] == "G_min":
                out[:, j] = self._scaling_slope(law, states)
            else:
                out[:, j] = slope * self._state_slope(law, theta, j)
        return out

    def _scaling_slope(self, law: LawArrays, states: Array) -> Array:
        """By ln G_min, which G_off and the range of the weight follow."""
        sides = []
        for sign in (1, -1):
            other = law.copy()
            other.g_min = law.g_min * math.exp(sign * _REACH)
            sides.append(other.conductance(states)[0])
        return (sides[0] - sides[1]) / (2 * _REACH) / self._swing

    def _state_slope(self, law: LawArrays, theta: Array, j: int) -> Array:
        """What parameter j does to u through the states that it touches."""
        path, reach = self._paths[j], _REACH * max(1.0, abs(theta[j]))
        reach = min(reach, max(theta[j] - self.low[j], 0.0) or reach)
        above, below = law.copy(), law.copy()
        above.put(path, self.scales[j].value(theta[j] + reach))
        below.put(path, self.scales[j].value(theta[j] - reach))
        touched = range(len(law.rows)) if path[0] == "gate" else (path[1],)
        amplitudes = law.amplitudes
        change = sum(amplitudes[k] * (self._steps.run(above, k) - self._steps.run(below, k)) for k in touched)
        return np.asarray(change) / (2 * reach)

    def pulse_sensitivities(self, theta: Array) -> Array:
        """Derivatives by the logarithmic factor of each pulse, (n, pulses)."""
        law = self.law(theta)
        slope = law.conductance(self.states(law))[1] / self._swing
        total = np.zeros((len(self.data), self.pulses))
        for k, amplitude in enumerate(law.amplitudes):
            total += amplitude * self._steps.pulse_differences(law, k, _REACH)
        return slope[:, None] * total / (2 * _REACH)


def _path(card: Ecram, name: str) -> Path:
    found = _NAME.fullmatch(name)
    number = int(found[5] or 0) if found else 0
    if not found or number > len(card.populations) or name == "population1.a":
        raise InputError(
            f"{name!r} is no parameter that can be fitted to a card of {len(card.populations)} populations; "
            "expected one such as 'gate.V_T', 'population1.tau' or 'weight.G_min' (a of the first population is 1)"
        )
    return (found[1] or found[3] or "population", number - 1, found[2] or found[4] or found[6])


def _scale(card: Ecram, path: Path) -> Scale:
    scale = _SCALES[path[2]]
    return replace(scale, sign=-1.0) if path[2] == "g" and _get(card, path) < 0 else scale


def _get(card: Ecram, path: Path) -> float:
    section, k, name = path
    return getattr(card.populations[k] if section == "population" else getattr(card, section), name)


def _put(card: Ecram, path: Path, value: float) -> Ecram:
    section, k, name = path
    if section == "population":
        changed = tuple(replace(p, **{name: value}) if i == k else p for i, p in enumerate(card.populations))
        return replace(card, populations=changed)
    if name == "G_min":
        old = card.weight
        weight = replace(old, G_min=value, G_max=value * (old.G_max / old.G_min), G_off=value * (old.G_off / old.G_min))
        return replace(card, weight=weight)
    return replace(card, gate=replace(card.gate, **{name: value}))
