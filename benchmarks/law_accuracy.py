"""How far the exact step is from independent solutions: ``python -m benchmarks.law_accuracy [--devices 1000] [--json FILE]``.

Random devices under random waveforms of gate, drain and source, durations from 1 ns to 1e4 s. A third of them has degenerate or
near-degenerate roots: insertion that balances a cooperative release. Every segment and state is compared with the same map in 50-digit
arithmetic; those whose rate times duration is below 1e4 with DOP853 at rtol 1e-12 as well, and twenty of the others with Radau. Where a
state starts so near to an unstable root that the map amplifies errors more than a thousandfold, DOP853 is listed apart.
Waveforms that are not constant are followed by ``follow`` and compared with DOP853, or with Radau where they are stiff.
"""

from __future__ import annotations

import argparse
import json
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import mpmath
import numpy as np
from scipy.integrate import solve_ivp

from ionspike.device import Ecram, Gate, Population, Weight, propagate
from ionspike.device.follow import follow
from ionspike.device.moebius import coefficients, table

AMPLIFYING = (
    1e3  # a start next to an unstable root: an integrator's own error of 1e-12, and the start's rounding, grow by more
)
NON_STIFF = 1e4  # rate times duration up to which an explicit integrator is used


@dataclass
class Worst:
    """Largest difference in y to each reference, and the number of comparisons."""

    largest: dict[str, float] = field(default_factory=dict)
    count: dict[str, int] = field(default_factory=dict)

    def add(self, name: str, difference: float) -> None:
        """One comparison."""
        self.largest[name] = max(self.largest.get(name, 0.0), float(difference))
        self.count[name] = self.count.get(name, 0) + 1


def random_device(rng: np.random.Generator) -> Ecram:
    """A device with parameters from wide ranges, at their ends (no c, d, s; infinite V_d and tau) every now and then."""
    gate = Gate(
        V_T=rng.uniform(0.1, 1.5),
        V_0=10 ** rng.uniform(-2, -0.7),
        J_lim=10 ** rng.uniform(-1, 8),
        V_rest=rng.uniform(-0.3, 0.3),
        polarity=rng.choice([1.0, -1.0]),
        drive=rng.choice(["gate", "gate", "channel"]),
    )

    def zero_or(value: float) -> float:
        return value if rng.random() < 0.6 else 0.0

    def state(tau: float) -> dict[str, Any]:
        return {
            "tau": tau,
            "a": zero_or(10 ** rng.uniform(-4, 0.5)),
            "V_d": rng.choice([np.inf, 10 ** rng.uniform(-1.3, 0)]),
            "c": zero_or(10 ** rng.uniform(-2, 2)),
            "d": zero_or(10 ** rng.uniform(-2, 1)),
            "s": zero_or(1 - 10 ** rng.uniform(-9, 0)),
            "polarity": rng.choice([1.0, -1.0]),
        }

    populations = [Population(g=1e-6, **state(10 ** rng.uniform(-6, 3))) for _ in range(rng.integers(1, 5))]
    weight = Weight(G_min=1e-6, w=rng.random(), **state(rng.choice([np.inf, 10 ** rng.uniform(2, 5)])))
    return Ecram("random", gate, tuple(populations), weight)


def near_degenerate(rng: np.random.Generator, v_gate: float) -> Ecram:
    """A device whose two roots under ``v_gate`` differ by 0 to 1e-2: at y = 1, s = 1 and a J+ (1 + c) = r make them one."""
    gap = rng.choice([0.0, 1e-9, 10 ** rng.uniform(-9, -2)])
    c, tau = rng.choice([0.0, 10 ** rng.uniform(-1, 1.5)]), 10 ** rng.uniform(-6, 3)
    gate = Gate(V_T=0.1, V_0=0.02, J_lim=10 ** rng.uniform(-1, 6))
    insert = Ecram("x", gate, (Population(1, 0),), Weight(1)).fluxes(v_gate)[0]
    population = Population(tau, 1e-6, a=(1 + gap) / (tau * (1 + c) * insert), c=c, s=1 - max(gap, 1e-9))
    return Ecram("degenerate", gate, (population,), Weight(G_min=1e-6))


def fifty_digits(y: Any, alpha: float, beta: float, gamma: float, duration: float) -> Any:
    """The Moebius map in 50-digit arithmetic."""
    return fifty_digits_and_slope(y, alpha, beta, gamma, duration)[0]


def fifty_digits_and_slope(y: Any, alpha: float, beta: float, gamma: float, duration: float) -> tuple[Any, Any]:
    """The Moebius map in 50-digit arithmetic, and its derivative by y: what it amplifies an error by. Roots that rounded coefficients
    make complex are one root, as the law's are real."""
    a, b, c, t = (mpmath.mpf(v) for v in (alpha, beta, gamma, duration))
    square = b * b / 4 - a * c
    if square <= 0:
        if c == 0:
            return y + a * t, mpmath.mpf(1)
        h = b / 2 + c * y
        return y + t * h * h / c / (1 - t * h), 1 / (1 - t * h) ** 2
    root = mpmath.sqrt(square)
    m = mpmath.tanh(root * t) / root
    below = 1 - m * b / 2 - m * c * y
    return ((1 + m * b / 2) * y + m * a) / below, 1 / (mpmath.cosh(root * t) * below) ** 2


def integrated(y: float, alpha: float, beta: float, gamma: float, duration: float, method: str) -> float:
    """The same by an integrator of scipy."""
    tight = {"rtol": 1e-12, "atol": 1e-14} if method == "DOP853" else {"rtol": 1e-11, "atol": 1e-13}
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        done = solve_ivp(
            lambda _, x: alpha + (beta + gamma * x) * x,
            (0.0, duration),
            [y],
            method,
            jac=(lambda _, x: [[beta + 2 * gamma * x[0]]]) if method == "Radau" else None,
            **tight,
        )
    return float(done.y[0, -1])


def one_device(seed: int, worst: Worst, non_stiff: float = NON_STIFF) -> None:
    """One device under one waveform, segment by segment, against every reference; DOP853 where rate times duration is below
    ``non_stiff``."""
    rng = np.random.default_rng([2026, seed])
    segments = int(rng.integers(2, 6))
    durations = 10 ** rng.uniform(-9, 4, segments)
    voltages = rng.uniform([-2, 0, 0], [2, 0.8, 0.8], (segments, 3))
    if seed % 3 == 0:
        device, voltages = near_degenerate(rng, 0.5), np.array([[0.5, 0, 0]] * segments)
    else:
        device = random_device(rng)
    start = rng.choice([0.0, 1.0, rng.random()], len(device.states))
    found = propagate(device, durations, *voltages.T, state=start)
    gate, rows = table(device)
    exact = [mpmath.mpf(float(v)) for v in start]
    for k, duration in enumerate(durations):
        eta = float(device.overpotential(*voltages[k]))
        numpy_form = np.array(device.coefficients(eta)).T
        for j, row in enumerate(rows):
            abc = coefficients(eta, gate, row)
            # the sums in beta and gamma cancel: their rounding is that of their largest term
            worst.add("coefficients, relative", np.abs(np.array(abc) - numpy_form[j]).max() / _size(device, j, eta))
            before = float(exact[j])
            exact[j], slope = fifty_digits_and_slope(exact[j], *abc, duration)
            worst.add("50 digits", abs(found[k, j] - float(exact[j])))
            stiffness = max(abs(abc[1]), abs(abc[1] + 2 * abc[2])) * duration
            if stiffness < non_stiff:
                name = "DOP853" if slope < AMPLIFYING else "DOP853, ill-conditioned"
                worst.add(name, abs(integrated(before, *abc, duration, "DOP853") - float(exact[j])))
            elif worst.count.get("Radau", 0) < 20:
                worst.add("Radau", abs(integrated(before, *abc, duration, "Radau") - float(exact[j])))


def _size(device: Ecram, j: int, eta: float) -> float:
    state = device.states[j]
    insert, remove = (state.a * float(f) for f in device.fluxes(state.polarity * eta))
    return (insert * (1 + state.c) + remove * (1 + state.d) + 2 / state.tau) or 1.0


def moving_waveform(seed: int, worst: Worst) -> None:
    """A device under smooth voltages, sampled; between samples they are straight lines, for ``follow`` and for the integrator."""
    rng = np.random.default_rng([2027, seed])
    device = random_device(rng)
    span = 10 ** rng.uniform(-9, 2)
    time = np.linspace(0, span, 9)
    phase = rng.uniform(0, 2 * np.pi, 3)
    waves = [level * np.sin(2 * np.pi * time / span + p) for level, p in zip((1.5, 0.3, 0.3), phase, strict=True)]
    found = follow(device, time, *waves, tolerance=1e-11)
    gate, rows = table(device)
    eta = device.overpotential(*waves)
    for j, row in enumerate(rows):
        y = float(device.at_rest()[j])
        corner = [coefficients(float(e), gate, row) for e in eta]
        stiff = max(abs(b) + 2 * abs(c) for _, b, c in corner) * span > NON_STIFF
        # at rtol 1e-12 DOP853 strays by 3e-9 here, at Radau's 1e-10 by 1e-9: errors of the integrators, not of the stepper
        method, tight = ("Radau", 1e-12) if stiff else ("DOP853", 3e-14)

        def slope(t: float, x: np.ndarray, row: np.ndarray = row) -> list[float]:
            a, b, c = coefficients(float(np.interp(t, time, eta)), gate, row)
            return [a + (b + c * x[0]) * x[0]]

        for k in range(8):
            with np.errstate(all="ignore"), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                done = solve_ivp(slope, time[k : k + 2], [y], method, rtol=tight, atol=1e-15)
            y = float(done.y[0, -1])
            worst.add(f"moving voltages, {method}", abs(found[k + 1, j] - y))


def measure(devices: int = 1000, moving: int = 100, first: int = 0) -> Worst:
    """All comparisons for ``devices`` random devices and ``moving`` moving waveforms, seeds from ``first``."""
    worst = Worst()
    with mpmath.workdps(50):
        for seed in range(first, first + devices):
            one_device(seed, worst)
    for seed in range(first, first + moving):
        moving_waveform(seed, worst)
    return worst


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--devices", type=int, default=1000)
    parser.add_argument("--moving", type=int, default=100)
    parser.add_argument("--first", type=int, default=0, help="number of the first device")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    worst = measure(options.devices, options.moving, options.first)
    for name, largest in worst.largest.items():
        print(f"{name:32s} {worst.count[name]:7d} comparisons, largest difference {largest:.2e}")
    if options.json:
        options.json.write_text(json.dumps({"largest": worst.largest, "count": worst.count}, indent=1) + "\n")


if __name__ == "__main__":
    main()
