"""The device law fitted to a measured pulse response under a two-level gate.

Under two gate levels every state is known by its rate of insertion while the gate is on, its release while it is off, the share of that
release that goes on under the gate (``V_d``), and how cooperative it is (``s``). Amplitudes enter linearly and are solved for at every
step. Aging multiplies amplitude and insertion rate from cycle to cycle.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import lmfit
import numpy as np
from numba import njit
from numpy.typing import NDArray

from ionspike.device.ecram import Ecram, Gate, Origin, Population, Weight
from ionspike.device.moebius import step
from ionspike.device.records import PulseRecord, half_swing_crossings
from ionspike.errors import InputError

Array = NDArray[np.float64]

_LARGEST_AMPLITUDE = 3.0  # swings: populations that cancel at a hundred swings are a sign of the wrong law
_AGREE = 0.01  # relative difference of the error below which two starts have met the same optimum
_V_0, _V_T = 0.052, 0.4  # V, assumed: one amplitude does not tell them


@dataclass(frozen=True)
class Clock:
    """Edges of the gate (s): from a fitted ``period``, ``start`` of the first pulse and ``width``, for ``count`` pulses."""

    start: float
    period: float
    width: float
    count: int

    @property
    def on(self) -> Array:
        """Rising edges."""
        return self.start + self.period * np.arange(self.count, dtype=float)

    @property
    def off(self) -> Array:
        """Falling edges."""
        return self.on + self.width


@dataclass(frozen=True)
class Shape:
    """Which law is fitted: number of ``populations``; ``cooperative`` release (s); ``insertion`` cooperative as well (c); ``held``:
    the gate holds ions in (V_d); ``aging``: amplitude and rise rate change from cycle to cycle."""

    populations: int = 1
    cooperative: bool = True
    insertion: bool = False
    held: bool = True
    aging: bool = False


@dataclass(frozen=True)
class Fit:
    """A fitted device. ``error``: rms over the fitted samples as a share of the swing; ``agreeing`` of ``starts`` met this optimum;
    ``aging``: relative change of amplitude and of insertion rate per cycle."""

    device: Ecram
    shape: Shape
    record: PulseRecord
    model: Array
    fitted: NDArray[np.bool_]
    error: float
    starts: int
    agreeing: int
    aging: tuple[float, float]
    on_edges: Array
    off_edges: Array

    def residual(self, mask: NDArray[np.bool_] | None = None) -> float:
        """rms error over the samples of ``mask``, all if left out, as a share of the swing."""
        chosen = slice(None) if mask is None else mask
        difference = (self.model - self.record.conductance)[chosen]
        return float(np.sqrt(np.mean(difference**2)) / self.record.swing)

    def __str__(self) -> str:
        lines = [str(self.device), f"  error {100 * self.error:.3g} % of the swing over the fitted samples"]
        lines.append(f"  {self.agreeing} of {self.starts} starts met this optimum")
        return "\n".join(lines)


def fit(
    record: PulseRecord,
    populations: int = 1,
    cooperative: bool = True,
    name: str = "fitted",
    shape: Shape | None = None,
    fitted: NDArray[np.bool_] | None = None,
    starts: int = 4,
    clock: bool | None = None,
    seed: int = 1,
) -> Fit:
    """Fit the law to a record.

    Args:
        record: a trace under a two-level gate.
        populations, cooperative: the law's shape, unless ``shape`` gives it in full.
        fitted: samples to fit; the others are predicted. All, if left out.
        starts: starting points, the first from the data, the others spread about it (seeded).
        clock: take the edges from a fitted clock; otherwise from the gate, with their place inside the sampling gap fitted. By default
            a clock where the gate was inferred.

    Raises:
        InputError: the gate has not two levels, or there is no pulse among the fitted samples.
    """
    shape = shape or Shape(populations=populations, cooperative=cooperative)
    chosen = np.ones(len(record.time), bool) if fitted is None else np.asarray(fitted, bool)
    problem = _Problem(record, shape, chosen, record.inferred_gate if clock is None else clock)
    rng = np.random.default_rng(seed)
    best: tuple[float, Any] | None = None
    costs: list[float] = []
    for k in range(starts):
        begin = problem.guess(None if k == 0 else rng)
        done = lmfit.minimize(problem.residual, begin, method="least_squares", max_nfev=150)
        costs.append(float(np.sqrt(np.mean(np.asarray(done.residual) ** 2))))  # type: ignore[attr-defined]
        if best is None or costs[-1] < best[0]:
            best = (costs[-1], done.params)  # type: ignore[attr-defined]
    assert best is not None
    agreeing = sum(cost < best[0] * (1 + _AGREE) for cost in costs)
    return problem.finish(best[1], best[0], len(costs), agreeing, name)


class _Problem:
    """The samples, the parameters and the linear solve behind one fit."""

    def __init__(self, record: PulseRecord, shape: Shape, chosen: NDArray[np.bool_], clock: bool) -> None:
        self.record, self.shape, self.chosen, self.clock = record, shape, chosen, clock
        self.levels = _levels(record)
        self.on, self.off = half_swing_crossings(record) if clock else _edges(record, self.levels)
        # only edges among the fitted samples shape the guess of the clock
        if not len(self.on) or not len(self.off):
            raise InputError(f"{record.source} holds no complete gate pulse to fit")
        if self.off[0] < self.on[0] and clock:
            self.off = self.off[1:]

    # --- parameters ---

    def guess(self, rng: np.random.Generator | None) -> lmfit.Parameters:
        """Starting values: time scales from the data, spread about them where ``rng`` is given."""
        p = lmfit.Parameters()
        width = float(np.median(self.off[: len(self.on)] - self.on[: len(self.off)]))
        low, high = math.log(1e-4 * width), math.log(1e3 * width)
        rise, fall = self._scales(width)
        for k in range(self.shape.populations):
            spread = np.zeros(4) if rng is None else rng.normal(0, 1, 4)
            apart = 1.0 + 1.5 * k
            p.add(
                f"rate{k}", float(np.clip(-math.log(rise * apart) + 0.7 * spread[0], -high, -low)), min=-high, max=-low
            )
            p.add(f"tau{k}", float(np.clip(math.log(fall * apart) + 0.7 * spread[1], low, high)), min=low, max=high)
            p.add(f"held{k}", -2.0 + spread[2], min=-12.0, max=0.0, vary=self.shape.held)
            if not self.shape.held:
                p[f"held{k}"].value = 0.0
            s = min(max(0.6 + 0.2 * spread[3], 0.0), 0.99) if self.shape.cooperative else 0.0
            p.add(f"s{k}", s, min=0.0, max=0.9999, vary=self.shape.cooperative)
            p.add(f"c{k}", 1.0 if self.shape.insertion else 0.0, min=0.0, max=200.0, vary=self.shape.insertion)
        if self.clock:
            self._guess_clock(p)
        else:
            p.add("on_share", 0.5, min=0.0, max=1.0)
            p.add("off_share", 0.5, min=0.0, max=1.0)
        p.add("age_g", 0.0, min=-0.3, max=0.3, vary=self.shape.aging)
        p.add("age_rate", 0.0, min=-0.3, max=0.3, vary=self.shape.aging)
        return p

    def _guess_clock(self, p: lmfit.Parameters) -> None:
        used = self.chosen[np.searchsorted(self.record.time, self.on).clip(0, len(self.chosen) - 1)]
        number = np.round((self.on - self.on[0]) / np.median(np.diff(self.on)))
        period, start = np.polyfit(number[used], self.on[used], 1)
        self.count = int(number[-1]) + 1
        step_size = float(np.median(np.diff(self.record.time)))
        width = float(np.median(self.off[: len(self.on)] - self.on[: len(self.off)]))
        p.add("start", float(start) - 3 * step_size)
        p.add("period", float(period))
        p.add("width", width + step_size, min=2 * step_size, max=float(period) - 2 * step_size)

    def _scales(self, width: float) -> tuple[float, float]:
        """Rise and fall time (s) to 1 - 1/e of the first full pulse."""
        t, g = self.record.time, self.record.conductance
        k = min(1, len(self.off) - 1, len(self.on) - 1)
        low, high = np.quantile(g, [0.02, 0.98])
        up = (t > self.on[k]) & (g > low + 0.63 * (high - low))
        down = (t > self.off[k]) & (g < low + 0.37 * (high - low))
        least = float(np.median(np.diff(t)))
        rise = max(float(t[up][0] - self.on[k]) if up.any() else width / 3, least)
        fall = max(float(t[down][0] - self.off[k]) if down.any() else width / 3, least)
        return rise, fall

    # --- model ---

    def edges(self, p: Any) -> tuple[Array, Array]:
        """Rising and falling edges (s) for these parameters."""
        if self.clock:
            clock = Clock(p["start"].value, p["period"].value, p["width"].value, self.count)
            return clock.on, clock.off
        t = self.record.time
        pairs = []
        for edges, share in ((self.on, p["on_share"].value), (self.off, p["off_share"].value)):
            after = np.searchsorted(t, edges)
            pairs.append(t[after - 1] + share * (t[after] - t[after - 1]))
        return pairs[0], pairs[1]

    def states(self, p: Any) -> Array:
        """States at every sample, shape (samples, populations)."""
        on, off = self.edges(p)
        moments = np.concatenate([self.record.time, on, off])
        kind = np.concatenate(
            [np.zeros(len(self.record.time), np.int64), np.ones(len(on), np.int64), np.full(len(off), 2)]
        )
        order = np.argsort(moments, kind="stable")
        columns = []
        for k in range(self.shape.populations):
            rate, release = math.exp(p[f"rate{k}"].value), math.exp(-p[f"tau{k}"].value)
            numbers = np.array(
                [rate, release, math.exp(p[f"held{k}"].value), p[f"s{k}"].value, p[f"c{k}"].value, p["age_rate"].value]
            )
            columns.append(_two_levels(moments[order], kind[order], len(self.record.time), numbers))
        return np.stack(columns, axis=-1)

    def design(self, p: Any) -> Array:
        """Columns whose sum, weighted by the amplitudes, is the conductance: one a population, and the resting conductance."""
        on, _ = self.edges(p)
        cycle = np.maximum(np.searchsorted(on, self.record.time, "right") - 1, 0)
        age = np.exp(p["age_g"].value * cycle)[:, None]
        return np.concatenate([self.states(p) * age, np.ones((len(self.record.time), 1))], axis=1)

    def solve(self, design: Array) -> Array:
        """Amplitudes (S), by least squares over the fitted samples, none above a few swings."""
        from scipy.optimize import lsq_linear

        swing = self.record.swing
        x, y = design[self.chosen], self.record.conductance[self.chosen] / swing
        # through the normal equations: a handful of columns, tens of thousands of rows
        root = np.linalg.cholesky(x.T @ x + 1e-12 * np.eye(x.shape[1])).T
        right = np.linalg.solve(root.T, x.T @ y)
        return lsq_linear(root, right, (-_LARGEST_AMPLITUDE, _LARGEST_AMPLITUDE)).x * swing

    def residual(self, p: Any) -> Array:
        """Differences over the swing at the fitted samples."""
        design = self.design(p)
        return (design @ self.solve(design) - self.record.conductance)[self.chosen] / self.record.swing

    def finish(self, p: Any, error: float, starts: int, agreeing: int, name: str) -> Fit:
        """The device and the fitted trace."""
        design = self.design(p)
        amplitudes = self.solve(design)
        aging = (math.expm1(p["age_g"].value), math.expm1(p["age_rate"].value))
        on, off = self.edges(p)
        device = self._device(p, amplitudes, name)
        return Fit(
            device, self.shape, self.record, design @ amplitudes, self.chosen, error, starts, agreeing, aging, on, off
        )

    def _device(self, p: Any, amplitudes: Array, name: str) -> Ecram:
        off_level, on_level = self.levels
        height = on_level - off_level
        polarity = 1.0 if height > 0 else -1.0
        rates = [math.exp(p[f"rate{k}"].value) for k in range(self.shape.populations)]
        # the plateau is reached at this amplitude: nothing in one amplitude says otherwise
        gate = Gate(
            V_T=min(_V_T, 0.5 * abs(height)),
            V_0=min(_V_0, 0.05 * abs(height)),
            J_lim=rates[0],
            polarity=polarity,
            V_rest=off_level,
        )
        members = []
        for k, rate in enumerate(rates):
            held = math.exp(p[f"held{k}"].value)
            # held = r_on/r_off = 2 s(-height/V_d)/1: V_d from its inverse; no holding is V_d infinite
            v_d = abs(height) / math.log(2 / held - 1) if self.shape.held and held < 1 - 1e-9 else math.inf
            members.append(
                Population(
                    tau=math.exp(p[f"tau{k}"].value),
                    g=float(amplitudes[k]),
                    a=rate / rates[0],
                    V_d=v_d,
                    s=p[f"s{k}"].value,
                    c=p[f"c{k}"].value,
                )
            )
        weight = Weight(G_min=max(float(amplitudes[-1]), 1e-6 * self.record.swing))
        device = Ecram(name, gate, tuple(members), weight)
        return replace(device, origins=MappingProxyType(_origins(device, self.record)))


def _origins(device: Ecram, record: PulseRecord) -> dict[str, Origin]:
    """Fitted where the record tells, assumed where one amplitude cannot."""
    told = f"fitted to {record.source.rsplit('/', 1)[-1]}"
    made = {"gate.J_lim": Origin(device.gate.J_lim, "fitted", f"{told}; the insertion rate at the recorded amplitude")}
    for name in ("V_T", "V_0"):
        made[f"gate.{name}"] = Origin(
            getattr(device.gate, name), "assumed", "a record of one amplitude does not tell it"
        )
    for k, population in enumerate(device.populations, 1):
        for name in ("tau", "g", "a", "V_d", "s", "c"):
            made[f"population{k}.{name}"] = Origin(getattr(population, name), "fitted", told)
    made["weight.G_min"] = Origin(device.weight.G_min, "fitted", told)
    return made


def _levels(record: PulseRecord) -> tuple[float, float]:
    """Gate voltage (V) off and on: off is the level nearer to 0."""
    values = np.unique(record.gate.round(6))
    if len(values) != 2:
        raise InputError(f"{record.source} has {len(values)} gate levels; this fit takes records of two")
    off, on = sorted(values, key=abs)
    return float(off), float(on)


def _edges(record: PulseRecord, levels: tuple[float, float]) -> tuple[Array, Array]:
    """Sample times (s) at which the recorded gate has turned on and off."""
    on = np.isclose(record.gate, levels[1], atol=1e-5).astype(int)
    change = np.diff(on)
    return record.time[1:][change > 0], record.time[1:][change < 0]


@njit(cache=True)
def _two_levels(moments: Array, kind: NDArray[np.int64], count: int, numbers: Array) -> Array:
    """One state through samples (kind 0), rising (1) and falling edges (2), from empty; exact between them."""
    rate, release, held, s, c, age = numbers[0], numbers[1], numbers[2], numbers[3], numbers[4], numbers[5]
    out = np.empty(count)
    y, now, on, pulse, written = 0.0, moments[0], False, 0, 0
    for k in range(moments.shape[0]):
        t = moments[k] - now
        if t > 0.0:
            if on:
                j = rate * math.exp(age * (pulse - 1))
                r = release * held
                y = step(y, j, j * (c - 1.0) - r, -j * c + r * s, t)
            else:
                y = step(y, 0.0, -release, release * s, t)
            now = moments[k]
        if kind[k] == 0:
            out[written] = y
            written += 1
        elif kind[k] == 1:
            on = True
            pulse += 1
        else:
            on = False
    return out
