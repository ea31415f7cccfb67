"""How often 95 % intervals of a ramp fit hold the truth: ``python -m benchmarks.ramp_coverage [--records 200] [--noise KIND] [--json FILE]``.

Eight ramps of forty pulses of a weight with c and d, every ramp from the state where the one before ended; reads have white noise of
0.2 % of the range. Beside that nothing varies (``reads``), every ramp has a factor of its own on its rate, 3 % (``ramps``), or every
pulse has one, 20 % (``pulses``: a walk along the ramp); factors are log-normal of mean 1, as ramps tell the mean step. Control: ``naive``,
an ordinary covariance that takes the noise for white and each ramp's first read for its start.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
from scipy.stats import binomtest

from ionspike.device.ecram import Ecram, Gate, Population, Weight
from ionspike.device.fitting.fitted_ramps import FittedRamps
from ionspike.device.fitting.ramp_problem import V_0, V_T, WIDTH, RampProblem, RampShape
from ionspike.device.measured.ramps import RampRecord
from ionspike.device.uncertainty.intervals import intervals
from ionspike.files import write_text

KINDS = ("reads", "ramps", "pulses")
RAMPS, PULSES, READ, RAMP_SPREAD, PULSE_SPREAD = 8, 40, 0.002, 0.03, 0.2
TRUTH = Ecram(
    "ramps",
    Gate(V_T=V_T, V_0=V_0, J_lim=1 / WIDTH),
    (Population(tau=1e-3, g=0.0, a=0.0),),
    Weight(G_min=1e-3, G_max=2e-3, a=0.02, c=4.0, d=2.0),
)


def synthetic_ramps(kind: str, number: int, seed: int) -> RampRecord:
    """Ramps up and down in turn."""
    rng = np.random.default_rng([seed, KINDS.index(kind), number])
    weight, w, ramps = TRUTH.weight, 0.1, []
    for k in range(RAMPS):
        # on the plateau a pulse of one sign inserts and one of the other removes: a J t is a
        factors = np.zeros(PULSES)
        if kind == "ramps":
            factors += rng.normal(-(RAMP_SPREAD**2) / 2, RAMP_SPREAD)
        elif kind == "pulses":
            factors = rng.normal(-(PULSE_SPREAD**2) / 2, PULSE_SPREAD, PULSES)
        states = [w]
        for factor in factors:
            alpha, beta, gamma = TRUTH.coefficients(1.0 if k % 2 == 0 else -1.0)
            share = float(np.exp(factor))
            w = float(_advance(w, alpha[-1] * share, beta[-1] * share, gamma[-1] * share))
            states.append(w)
        ramps.append(weight.G_min + (weight.G_max - weight.G_min) * np.array(states))
    span = max(r.max() for r in ramps) - min(r.min() for r in ramps)
    noisy = tuple(r + READ * span * rng.normal(size=len(r)) for r in ramps)
    return RampRecord(noisy, tuple(1 if k % 2 == 0 else -1 for k in range(RAMPS)), "synthetic", data="synthetic")


def _advance(w: float, alpha: float, beta: float, gamma: float) -> float:
    from ionspike.device.moebius import step

    return step(w, alpha, beta, gamma, WIDTH)


def problem_of(record: RampRecord) -> FittedRamps:
    """The problem, standing at the truth."""
    problem, weight = RampProblem(record, RampShape()), TRUTH.weight
    bottom, size = problem.bottom, problem.range
    shares = [(weight.G_min - bottom) / size, (weight.G_max - bottom) / size]
    theta = np.array([*shares, np.log(weight.a), 0.0, weight.c, weight.d])
    return FittedRamps(problem, theta, np.ones(len(record.ramps), bool), "ramps")


def study(kind: str, records: int, seed: int, method: str = "covariance") -> dict:
    """Coverage of every number among the records that call it identified, and among all; the naive one among all."""
    found: dict[str, list[tuple[bool, bool, bool]]] = {}
    for number in range(records):
        problem = problem_of(synthetic_ramps(kind, number, seed))
        ours, plain = intervals(problem, method=method), naive(problem)
        for k, (name, scale, x) in enumerate(zip(problem.names, problem.scales, problem.start, strict=True)):
            true = scale.value(float(x))
            low, high = plain[k]
            row = (ours[name].identifiable, bool(ours[name].covers(true)), bool(low <= x <= high))
            found.setdefault(name, []).append(row)
    out = {}
    for name, rows in found.items():
        identified = [covers for known, covers, _ in rows if known]
        entry: dict[str, float] = {"identified": len(identified), "of_all": float(np.mean([c for _, c, _ in rows]))}
        entry["naive"] = float(np.mean([n for _, _, n in rows]))
        if identified:
            limits = binomtest(sum(identified), len(identified)).proportion_ci(method="wilson")
            entry |= {"coverage": float(np.mean(identified)), "low": limits.low, "high": limits.high}
        out[name] = entry
    return {"noise": kind, "records": records, "seed": seed, "method": method, "coverage": out}


def naive(problem: FittedRamps) -> list[tuple[float, float]]:
    """Ends on the fitted scale by ordinary least squares from the first reads, all noise taken for white."""
    from scipy.optimize import least_squares

    done = least_squares(
        lambda theta: problem.model(theta) - problem.data,
        problem.start,
        jac=lambda theta: problem.jacobian(theta),  # type: ignore[arg-type]
        bounds=(problem.low, problem.high),
        x_scale="jac",
    )
    variance = 2 * done.cost / (len(problem.data) - len(done.x))
    sd = np.sqrt(np.diag(np.linalg.pinv(done.jac.T @ done.jac)) * variance)
    return [(x - 1.96 * s, x + 1.96 * s) for x, s in zip(done.x, sd, strict=True)]


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=200)
    parser.add_argument("--noise", choices=KINDS, action="append")
    parser.add_argument("--method", choices=("covariance", "profile"), default="covariance")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    studies = []
    for kind in given.noise or KINDS:
        studies.append(study(kind, given.records, given.seed, given.method))
        print(f"{kind}: {given.records} records, {given.method}", flush=True)
        for name, row in studies[-1]["coverage"].items():
            share = (
                f"{100 * row['coverage']:.1f} % ({100 * row['low']:.1f} to {100 * row['high']:.1f})"
                if "coverage" in row
                else "-"
            )
            print(
                f"  {name:<14}{int(row['identified']):>5}  {share:<24} of all {100 * row['of_all']:.1f}, naive {100 * row['naive']:.1f}",
                flush=True,
            )
    if given.json:
        write_text(given.json, json.dumps(studies, indent=1) + "\n")


if __name__ == "__main__":
    main()
