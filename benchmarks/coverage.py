"""How often 95 % intervals hold the truth, over synthetic records whose truth is known.

    python -m benchmarks.coverage --records 500 --noise pulses --workers 2 --json coverage.json

A device of two populations, release times twelve-fold apart, under forty pulses of two amplitudes and ten widths, 2,000 samples, eight
parameters. Noise of 2, 5 and 10 % of the swing in turn: white, first-order autoregressive (0.9 from sample to sample), or white with
pulses whose rate varies by 5 %. Every record has a seed of its own, so one worker and many give the same numbers. Beside the intervals
of the package stand two controls: ``naive``, those of an ordinary least-squares covariance, which takes all noise for white, and
``ideal``, generalised least squares by someone who knows the noise and starts at the truth of a model made linear there. The ideal ones
hold 95 % by construction; how far they are from it says how lucky the draw of the records was.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter
from scipy.stats import binomtest, norm

from ionspike.device.ecram import Ecram, Gate, Population, Weight
from ionspike.device.uncertainty.intervals import Interval, intervals, linear_forms
from ionspike.device.uncertainty.noise import Products
from ionspike.device.waveforms.waveform import Waveform, sampled, simulate
from ionspike.device.waveforms.waveform_problem import Trace, WaveformProblem
from ionspike.files import write_text

Array = NDArray[np.float64]

KINDS = ("white", "autocorrelated", "pulses")
SIGMAS = (0.02, 0.05, 0.1)  # of the swing
RHO, SPREAD = 0.9, 0.05
SAMPLES, PULSES = 2000, 40
TRUTH = Ecram(
    "two-populations",
    Gate(V_T=0.8, V_0=0.052, J_lim=100.0),
    (Population(tau=0.02, g=6e-6), Population(tau=0.24, g=4e-6, a=0.1)),
    Weight(G_min=1e-5),
)
FREE = (
    "gate.V_T", "gate.J_lim", "population1.tau", "population1.g", "population2.a", "population2.tau", "population2.g", "weight.G_min",
)  # fmt: skip


def pulse_train() -> Waveform:
    """Forty pulses of 0.78 and 1.1 V in turn, 5 to 150 ms wide, 50 to 600 ms apart."""
    widths, gaps = np.geomspace(5e-3, 0.15, 10), np.geomspace(0.05, 0.6, 8)
    levels, durations = [], []
    for k in range(PULSES):
        levels += [0.0, (0.78, 1.1)[k % 2]]
        durations += [gaps[3 * k % 8], widths[(7 * k + k // 10) % 10]]
    return Waveform((*levels, 0.0), (*durations, 0.4))


def synthetic_problem(kind: str, number: int, seed: int) -> WaveformProblem:
    """Record ``number`` with noise of ``kind``; the search starts off the truth."""
    rng = np.random.default_rng([seed, KINDS.index(kind), number])
    waveform = pulse_train()
    at = sampled(waveform, SAMPLES)
    swing = float(np.ptp(simulate(TRUTH, waveform, at)))
    factors = rng.normal(0, SPREAD, PULSES) if kind == "pulses" else np.zeros(PULSES)
    white = rng.normal(0, 1, SAMPLES)
    if kind == "autocorrelated":
        white[1:] *= np.sqrt(1 - RHO**2)
        white = np.asarray(lfilter([1.0], [1.0, -RHO], white))
    sigma = SIGMAS[number % len(SIGMAS)]
    trace = Trace(at, simulate(TRUTH, waveform, at, factors) + sigma * swing * white, waveform, swing)
    true = WaveformProblem(TRUTH, [trace], FREE)
    off = np.array([0.2 if s.logarithmic else 0.01 for s in true.scales]) * rng.normal(0, 1, len(FREE))
    return WaveformProblem(true.device(true.start + off), [trace], FREE)


def study_record(number: int, kind: str, seed: int, posterior: bool) -> dict:
    """What every kind of interval says about one record."""
    problem = synthetic_problem(kind, number, seed)
    begun = time.perf_counter()
    ours = intervals(problem)
    seconds = time.perf_counter() - begun
    naive = intervals(problem, ours.theta, method="covariance", kinds=("white",))
    true = WaveformProblem(TRUTH, problem.traces, FREE)
    truth = {name: scale.value(theta) for name, scale, theta in zip(FREE, true.scales, true.start, strict=True)}
    for a, b in true.products:
        truth[f"{a} x {b}"] = truth[a] * truth[b]
    found = {"profile": (*ours.rows, *ours.products), "naive": (*naive.rows, *naive.products)}
    if posterior:
        from ionspike.device.uncertainty.posterior import sample_posterior

        drawn = sample_posterior(problem, ours, seed=number)
        found["posterior"] = (*drawn.intervals.rows, *drawn.intervals.products)
    return {
        "number": number,
        "seconds": seconds,
        "kind": ours.noise.kind,
        "rows": {method: {row.name: _say(row, truth[row.name]) for row in rows} for method, rows in found.items()}
        | {"ideal": _ideal(true, kind, SIGMAS[number % len(SIGMAS)])},
    }


def _ideal(true: WaveformProblem, kind: str, sigma: float) -> dict:
    """Whether an interval in the true noise holds the truth, ``true`` standing at it."""
    rho, spread = RHO if kind == "autocorrelated" else 0.0, SPREAD if kind == "pulses" else 0.0
    error, covariance = Products(true, true.start).estimate(rho, (spread / sigma) ** 2, sigma**2)
    forms, names = linear_forms(true)
    within = np.abs(forms @ error) < norm.ppf(0.975) * np.sqrt(np.einsum("qi,ij,qj->q", forms, covariance, forms))
    return {name: {"identified": True, "covers": bool(held)} for name, held in zip(names, within, strict=True)}


def _say(row: Interval, truth: float) -> dict:
    return {"identified": row.identifiable, "covers": bool(row.covers(truth)), "low": row.low, "high": row.high}


def summary(results: Sequence[dict], method: str) -> dict[str, dict]:
    """Coverage of every parameter among the records that call it identified, with its binomial 95 % interval, and among all."""
    out = {}
    for name in results[0]["rows"][method]:
        rows = [r["rows"][method][name] for r in results]
        identified = [row for row in rows if row["identified"]]
        hits = sum(row["covers"] for row in identified)
        entry = {
            "identified": len(identified),
            "covered": hits,
            "of_all": sum(row["covers"] for row in rows) / len(rows),
        }
        if identified:
            limits = binomtest(hits, len(identified)).proportion_ci(method="wilson")
            entry |= {"coverage": hits / len(identified), "low": limits.low, "high": limits.high}
        out[name] = entry
    return out


def run(kind: str, records: int, workers: int, seed: int, posterior: int) -> dict:
    """The study of one kind of noise."""
    if workers > 1:
        with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
            jobs = [pool.submit(study_record, k, kind, seed, k < posterior) for k in range(records)]
            results = [job.result() for job in jobs]
    else:
        results = [study_record(k, kind, seed, k < posterior) for k in range(records)]
    methods = {"profile": results, "naive": results, "ideal": results, "posterior": results[:posterior]}
    chosen = [r["kind"] for r in results]
    return {
        "noise": kind,
        "records": records,
        "seed": seed,
        "seconds_per_record": float(np.median([r["seconds"] for r in results])),
        "noise_chosen": {name: chosen.count(name) for name in sorted(set(chosen))},
        "coverage": {method: summary(some, method) for method, some in methods.items() if some},
    }


def table(study: dict) -> str:
    """For a reader."""
    lines = [
        f"{study['noise']} noise, {study['records']} records, {study['seconds_per_record']:.2f} s each; noise found: {study['noise_chosen']}",
        f"{'parameter':<36}{'identified':>10}  {'coverage of 95 % intervals':<28}{'of all':>7}{'naive':>8}{'ideal':>8}",
    ]
    for method in ("profile", "posterior"):
        for name, row in study["coverage"].get(method, {}).items():
            share = "-"
            if row["identified"]:
                share = f"{100 * row['coverage']:.1f} % ({100 * row['low']:.1f} to {100 * row['high']:.1f})"
            naive = 100 * study["coverage"]["naive"][name]["of_all"]
            ideal = 100 * study["coverage"]["ideal"][name]["of_all"]
            head = name if method == "profile" else f"posterior {name}"
            lines.append(
                f"{head:<36}{row['identified']:>10}  {share:<28}{100 * row['of_all']:>7.1f}{naive:>8.1f}{ideal:>8.1f}"
            )
    return "\n".join(lines)


def main() -> None:
    """The command."""
    parse = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parse.add_argument("--records", type=int, default=500)
    parse.add_argument("--noise", choices=KINDS, action="append")
    parse.add_argument("--posterior", type=int, default=0, help="how many of the records get a posterior as well")
    parse.add_argument("--workers", type=int, default=1)
    parse.add_argument("--seed", type=int, default=1)
    parse.add_argument("--json", type=Path)
    given = parse.parse_args()
    studies = []
    for kind in given.noise or KINDS:
        studies.append(run(kind, given.records, given.workers, given.seed, given.posterior))
        print(table(studies[-1]), flush=True)
    if given.json:
        write_text(given.json, json.dumps(studies, indent=1) + "\n")


if __name__ == "__main__":
    main()
