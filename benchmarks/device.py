"""Speed of the device law on one core: ``python -m benchmarks.device [--json FILE] [--no-fit]``.

An update is one device, both states (a volatile population and the weight), one pulse and the rest after it, every device with
parameters and intervals of its own, in double precision. Beside it: the same in NumPy, and scipy's ``solve_ivp`` on a few devices. The
best of several runs, in processor time.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import solve_ivp

from ionspike.device import DeviceArray, Ecram, PulseUpdate, Spread, fit, propagate

Array = NDArray[np.float64]

DEVICES, PULSES, WIDTH, V_GATE = 100_000, 20, 9e-9, 1.8
GOALS = {"affine": 50e6, "Moebius": 20e6}
SPREAD = Spread({"population1.tau": 0.2, "gate.V_T": 0.02, "gate.J_lim": 0.1, "population1.g": 0.1}, 0.3)


def best(run: Callable[[], Any], repeats: int = 7) -> float:
    """Shortest processor time of ``run`` (s), after one that compiles it."""
    run()
    taken = []
    for _ in range(repeats):
        start = time.process_time()
        run()
        taken.append(time.process_time() - start)
    return min(taken)


def cards() -> dict[str, Ecram]:
    """The reference card, whose path is affine, and the same with cooperative terms."""
    card = replace(Ecram.load("reference"), spread=SPREAD)
    return {"affine": card, "Moebius": replace(card, populations=(replace(card.populations[0], c=3.0, d=0.2, s=0.5),))}


def in_numpy(array: DeviceArray, rests: Array) -> Callable[[], Array]:
    """The same train by NumPy expressions over all devices: what one would write without a compiler."""
    on, off = (_coefficients(array, eta) for eta in (V_GATE, 0.0))
    start = array.at_rest().T.copy()

    def step(y: Array, abc: tuple[Array, Array, Array], t: Array | float) -> Array:
        alpha, beta, gamma = abc
        root = np.sqrt(np.maximum(beta**2 / 4 - alpha * gamma, 1e-300))
        less = -np.expm1(-2 * root * t)
        c, s = 1 - less / 2, less / 2 / root
        return y + s * (alpha + (beta + gamma * y) * y) / (c - s * (beta / 2 + gamma * y))

    def run() -> Array:
        y = start
        for rest in rests:
            y = step(step(y, on, WIDTH), off, rest)
        return y.T

    return run


def _coefficients(array: DeviceArray, bias: float) -> tuple[Array, Array, Array]:
    v_t, v_0, j_lim, v_rest, polarity = array.gate
    own, a, tau, v_d, c, d, s = array.rows.transpose(1, 0, 2)
    seen = own * polarity * (bias - v_rest)
    insert, remove = (a * j_lim / (1 + np.exp(-(sign * seen - v_t) / v_0)) for sign in (1, -1))
    release = 2 / tau / (1 + np.exp(seen / v_d))
    return (
        insert,
        insert * (c - 1) - remove * (1 + d) - release,
        -insert * c + remove * d + release * s,
    )


def by_scipy(card: Ecram, rests: Array) -> Callable[[], Array]:
    """One device by ``solve_ivp`` (LSODA, rtol 1e-9), pulse by pulse."""

    def run() -> Array:
        y = card.at_rest()
        for rest in rests:
            for v, t in ((V_GATE, WIDTH), (0.0, rest)):
                alpha, beta, gamma = card.coefficients(card.overpotential(v))
                y = solve_ivp(
                    lambda _, x, a=alpha, b=beta, c=gamma: a + (b + c * x) * x,
                    (0, t),
                    y,
                    "LSODA",
                    rtol=1e-9,
                    atol=1e-12,
                ).y[:, -1]
        return y

    return run


def updates(card: Ecram, goal: float) -> dict[str, float]:
    """Updates a second of one card by every path and peer, and how far the peers' states are from ours."""
    rests = np.random.default_rng(1).exponential(1e-2, (PULSES, DEVICES))
    array = DeviceArray.sample(card, DEVICES, seed=1)
    pulse, start = PulseUpdate(array, WIDTH, V_GATE), array.at_rest()
    waveform = np.full((2 * PULSES, DEVICES), WIDTH)
    waveform[1::2] = rests
    gates = np.tile([V_GATE, 0.0], PULSES)
    peer, small = in_numpy(array, rests), by_scipy(card.sample(1, seed=1)[0], rests[:5, 0])
    ours = pulse.train(start, rests)
    return {
        "updates a second, a train a call": rests.size / best(lambda: pulse.train(start, rests)),
        "updates a second, a pulse a call": DEVICES / best(lambda: pulse(start, rests[0]), 40),
        "updates a second, any waveform": rests.size / best(lambda: propagate(array, waveform, gates, state=start), 2),
        "updates a second, NumPy": rests.size / best(peer, 2),
        "updates a second, solve_ivp": 5 / best(small, 2),
        "goal": goal,
        "largest difference to NumPy": float(np.abs(peer() - ours).max()),
        "difference to solve_ivp": float(np.abs(small() - pulse.train(start, rests[:5])[0]).max()),
    }


def fit_time() -> dict[str, float]:
    """Wall and processor time (s) of a fit with covariance, 20 starts, of a synthetic record of 30,000 points: one population whose
    release is cooperative, with the law given and with the law chosen among the candidates. The goal is 10 s of wall time."""
    from ionspike.device.fitting import Shape
    from ionspike.device.measured.synthetic import synthetic_record

    reference = Ecram.load("reference")
    card = replace(
        reference, populations=(replace(reference.populations[0], s=0.5),), weight=replace(reference.weight, a=0.0)
    )
    record = synthetic_record(card, period=0.1, width=0.05, cycles=30, sampling=1e-4, level=0.6)
    out: dict[str, float] = {"points": len(record.time), "goal": 10.0}
    fit(synthetic_record(card, 0.1, 0.05, 3, 1e-3, level=0.6), shape=Shape(), starts=1).estimates()  # compiles
    for name, shape in (("law given", Shape()), ("law chosen", None)):
        wall, own = time.perf_counter(), time.process_time()
        done = fit(record, starts=20, shape=shape)
        done.estimates()
        out[f"seconds, {name}"] = time.perf_counter() - wall
        out[f"processor time, {name}"] = time.process_time() - own
        out[f"starts agreeing, {name}"] = done.agreeing
        out[f"error over noise, {name}"] = done.error / 1e-3
    return out


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path)
    parser.add_argument("--no-fit", action="store_true", help="leave the fit out")
    options = parser.parse_args()
    found: dict[str, Any] = {
        "machine": platform.processor() or platform.machine(),
        "load": os.getloadavg()[0],
        **{name: updates(card, GOALS[name]) for name, card in cards().items()},
    }
    if not options.no_fit:
        found["fit"] = fit_time()
    for name, values in found.items():
        if not isinstance(values, dict):
            print(f"{name}: {values}")
            continue
        print(name)
        for key, value in values.items():
            print(f"  {key:36s} {value if isinstance(value, str) else f'{value:.3g}'}")
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
