"""The device law along ramps of equal pulses: conductance against pulse number.

A ramp file tells neither the pulses' voltage, width and pause nor anything between reads, so a step of the weight is known and the rates
behind it are not: the card says which numbers are assumed. Every ramp is restarted at its measured first value; volatile states are
carried from ramp to ramp by the count of pulses.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from ionspike.device.compiled import compiled
from ionspike.device.ecram import Ecram, Gate, Origin, Population, Weight
from ionspike.device.measured.ramps import RampRecord
from ionspike.device.moebius import coefficients, moved, scaled_root

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

# assumed: a ramp file holds none of them. The stronger pulse reaches the plateau of the flux
V_T, V_0, LEVEL, WIDTH, PAUSE = 0.5, 0.05, 1.0, 1e-3, 1e-3
_EVALUATIONS = 60
_AGREE = 0.01


@dataclass(frozen=True)
class RampShape:
    """The form of the law: ``windows``: insertion and removal of the weight are cooperative (c and d); ``volatile``: polarities of
    volatile populations beside it, 1 filled by pulses up, -1 by pulses down."""

    windows: bool = True
    volatile: tuple[int, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The fitted numbers, as on a card; ``flux_ratio`` is that of pulses down to pulses up."""
        own = ("weight.G_min", "weight.G_max", "weight.a", "flux_ratio")
        windows = ("weight.c", "weight.d") if self.windows else ()
        more = tuple(f"population{k}.{name}" for k in range(1, len(self.volatile) + 1) for name in ("a", "tau", "g"))
        return own + windows + more

    def __str__(self) -> str:
        signs = ", ".join("filled by pulses up" if p > 0 else "filled by pulses down" for p in self.volatile)
        volatile = f", {len(self.volatile)} volatile ({signs})" if self.volatile else ""
        return f"weight{' with c, d' if self.windows else ''}{volatile}"


class RampProblem:
    """The reads, the numbers and the compiled law behind one fit; conductances as shares of the range, rates in logarithms."""

    def __init__(self, record: RampRecord, shape: RampShape) -> None:
        self.record, self.shape = record, shape
        self.bottom, top = record.range
        self.range = top - self.bottom
        self.reads = np.concatenate([(r - self.bottom) / self.range for r in record.ramps])
        self.begin = np.cumsum([0, *(len(r) for r in record.ramps)]).astype(np.int64)
        self.direction = np.array(record.directions, np.int64)
        bounds = {
            "weight.G_min": (-1.0, 0.0), "weight.G_max": (1.0, 3.0), "weight.a": (math.log(1e-6), math.log(0.3)),
            "flux_ratio": (math.log(0.03), math.log(30.0)), "weight.c": (0.0, 300.0), "weight.d": (0.0, 300.0),
            "a": (math.log(1e-3), math.log(3.0)), "tau": (math.log(2 * PAUSE), math.log(3e3 * PAUSE)), "g": (-1.0, 1.0),
        }  # fmt: skip
        ends = [bounds.get(n, bounds.get(n.partition(".")[2], (0.0, 0.0))) for n in shape.names]
        self.low, self.high = np.array(ends).T

    def guess(self, rng: np.random.Generator | None) -> Array:
        """Starting values, spread where ``rng`` is given."""
        length = float(np.median(np.diff(self.begin)))
        start = {
            "weight.G_min": -0.05, "weight.G_max": 1.1, "weight.a": math.log(1 / length), "flux_ratio": 0.0, "weight.c": 2.0,
            "weight.d": 2.0, "a": math.log(0.05), "tau": math.log(20 * (PAUSE + WIDTH)), "g": -0.03,
        }  # fmt: skip
        theta = np.array([start.get(n, start.get(n.partition(".")[2], 0.0)) for n in self.shape.names])
        if rng is not None:
            theta = theta + rng.normal(0, 0.7, len(theta)) * np.where(np.abs(theta) < 0.2, 0.1, 1.0)
        return np.clip(theta, self.low + 1e-6, self.high - 1e-6)

    def from_other(self, shape: RampShape, theta: Array) -> Array:
        """A start from the fit of another form."""
        known = dict(zip(shape.names, theta, strict=True))
        return np.array([known.get(n, g) for n, g in zip(self.shape.names, self.guess(None), strict=True)])

    def numbers(self, theta: Array) -> dict[str, float]:
        """Values by name: conductances as shares of the range above the lowest read, tau in s."""
        logarithmic = ("weight.a", "flux_ratio")
        return {
            n: math.exp(x) if n in logarithmic or n.endswith(".tau") or _is_rate(n) else float(x)
            for n, x in zip(self.shape.names, theta, strict=True)
        }

    def levels(self, theta: Array) -> tuple[float, float]:
        """Gate voltages (V) of pulses up and down: the stronger on the plateau, the other where the flux is weaker by the ratio."""
        ratio = self.numbers(theta)["flux_ratio"]
        weaker = V_T + V_0 * _logit(min(ratio, 1 / ratio) * _sigmoid((LEVEL - V_T) / V_0))
        return (LEVEL, -weaker) if ratio <= 1 else (weaker, -LEVEL)

    def _states(self, theta: Array) -> tuple[Array, Array]:
        """Parameters of the states, the weight last, as the compiled law takes them, and the amplitude of each in shares of the range."""
        at = self.numbers(theta)
        rows, amplitudes = [], []
        for k, polarity in enumerate(self.shape.volatile, 1):
            rows.append([polarity, at[f"population{k}.a"], at[f"population{k}.tau"], math.inf, 0, 0, 0])
            amplitudes.append(at[f"population{k}.g"])
        rows.append([1.0, at["weight.a"], math.inf, math.inf, at.get("weight.c", 0.0), at.get("weight.d", 0.0), 0.0])
        amplitudes.append(at["weight.G_max"] - at["weight.G_min"])
        return np.array(rows, float), np.array(amplitudes)

    def trajectory(self, theta: Array, factors: Array | None = None, reads: Array | None = None) -> Array:
        """Conductance at every read, as a share of the range; ``factors`` (ramps,) are logarithms of what multiplies the rate of a
        ramp's pulses, ``reads`` what the ramps begin at, if not at the measured ones."""
        rows, amplitudes = self._states(theta)
        up, down = self.levels(theta)
        gate = np.array([V_T, V_0, 1 / WIDTH])
        bottom = self.numbers(theta)["weight.G_min"]
        levels = np.array([up, down])
        own = np.zeros(len(self.direction)) if factors is None else np.asarray(factors, float)
        first = self.reads if reads is None else reads
        return _ramps(first, self.begin, self.direction, gate, rows, amplitudes, bottom, levels, own, WIDTH, PAUSE)

    def marked(self, ramps: Mask) -> Mask:
        """Which reads are of ``ramps``."""
        return np.repeat(ramps, np.diff(self.begin))

    def error(self, theta: Array, ramps: Mask) -> float:
        """rms over the reads of ``ramps``, a share of the range."""
        return float(np.sqrt(np.mean((self.trajectory(theta) - self.reads)[self.marked(ramps)] ** 2)))

    def model(self, theta: Array) -> tuple[Array, ...]:
        """Conductance (S), one array a ramp."""
        return tuple(np.split(self.bottom + self.range * self.trajectory(theta), self.begin[1:-1]))

    def search(self, ramps: Mask, starts: int, seed: int, near: Sequence[Array] = ()) -> tuple[Array, float, int]:
        """Best of some starts: numbers, rms error, and how many starts met it."""
        from scipy.optimize import least_squares

        marked, rng = self.marked(ramps), np.random.default_rng(seed)
        begins = [self.guess(None), *near]
        begins += [self.guess(rng) for _ in range(starts - len(begins))]
        found = []
        for begin in begins:
            done = least_squares(
                lambda theta: (self.trajectory(theta) - self.reads)[marked],
                np.clip(begin, self.low + 1e-6, self.high - 1e-6),
                bounds=(self.low, self.high),
                x_scale="jac",
                max_nfev=_EVALUATIONS,
                ftol=1e-6,
            )
            found.append((float(np.sqrt(np.mean(done.fun**2))), done.x))
        found.sort(key=lambda pair: pair[0])
        return found[0][1], found[0][0], sum(e < found[0][0] * (1 + _AGREE) for e, _ in found)

    def device(self, theta: Array, name: str) -> Ecram:
        """The card."""
        at = self.numbers(theta)
        siemens = lambda share: self.bottom + self.range * share  # noqa: E731
        told = f"fitted to {Path(self.record.source).name}"
        made = {
            key: Origin(value, "assumed", "a file of ramps does not tell it")
            for key, value in (("gate.V_T", V_T), ("gate.V_0", V_0), ("gate.J_lim", 1 / WIDTH))
        }
        populations = [
            Population(
                tau=at[f"population{k}.tau"],
                g=at[f"population{k}.g"] * self.range,
                a=at[f"population{k}.a"],
                polarity=p,
            )
            for k, p in enumerate(self.shape.volatile, 1)
        ]
        if not populations:
            populations = [Population(tau=PAUSE, g=0.0, a=0.0)]
            made["population1.g"] = Origin(0.0, "assumed", "the ramps ask for no volatile state")
        weight = Weight(
            G_min=max(siemens(at["weight.G_min"]), 1e-6 * self.range),
            G_max=siemens(at["weight.G_max"]),
            a=at["weight.a"],
            c=at.get("weight.c", 0.0),
            d=at.get("weight.d", 0.0),
        )
        device = Ecram(name, Gate(V_T=V_T, V_0=V_0, J_lim=1 / WIDTH), tuple(populations), weight)
        for full in self.shape.names:
            if full != "flux_ratio":
                section, _, key = full.partition(".")
                owner = weight if section == "weight" else populations[int(section[len("population") :]) - 1]
                why = f"{told}; per pulse of an assumed {WIDTH * 1e3:g} ms" if key == "a" else told
                made[full] = Origin(getattr(owner, key), "fitted", why)
        return replace(device, origins=MappingProxyType(made))


def _is_rate(name: str) -> bool:
    return name.startswith("population") and name.endswith(".a")


def _sigmoid(u: float) -> float:
    return 1 / (1 + math.exp(-u))


def _logit(share: float) -> float:
    return math.log(share / (1 - share))


@compiled(error_model="numpy")
def _ramps(
    reads: Array,
    begin: NDArray[np.int64],
    direction: NDArray[np.int64],
    gate: Array,
    rows: Array,
    amplitudes: Array,
    bottom: float,
    levels: Array,
    factors: Array,
    width: float,
    pause: float,
) -> Array:
    """Reads of all ramps in order: each pulse moves every state, each pause lets the volatile ones go; a ramp begins with the weight
    that gives its measured first value. ``factors`` (ramps,) are logarithms of what multiplies the rate of all pulses of a ramp."""
    count = rows.shape[0]
    law = np.empty((2, count, 6))  # pulse, pause; state; coefficients and step
    y = np.zeros(count)
    out = np.empty(reads.shape[0])
    for r in range(direction.shape[0]):
        for k in range(count):
            own = rows[k].copy()
            own[1] *= np.exp(factors[r])
            for l in range(2):
                eta = levels[0 if direction[r] > 0 else 1] if l == 0 else 0.0
                alpha, beta, gamma = coefficients(eta, gate, own)
                law[l, k, 0], law[l, k, 1], law[l, k, 2] = alpha, beta, gamma
                span = width if l == 0 else pause
                law[l, k, 3], law[l, k, 4], law[l, k, 5] = scaled_root(alpha, beta, gamma, span)
        volatile = 0.0
        for k in range(count - 1):
            volatile += amplitudes[k] * y[k]
        y[-1] = min(max((reads[begin[r]] - bottom - volatile) / amplitudes[-1], 0.0), 1.0)
        out[begin[r]] = bottom + volatile + amplitudes[-1] * y[-1]
        for i in range(begin[r] + 1, begin[r + 1]):
            total = bottom
            for k in range(count):
                for l in range(2 if k < count - 1 else 1):
                    y[k] = moved(
                        y[k], law[l, k, 0], law[l, k, 1], law[l, k, 2], law[l, k, 3], law[l, k, 4], law[l, k, 5]
                    )
                total += amplitudes[k] * y[k]
            out[i] = total
    return out
