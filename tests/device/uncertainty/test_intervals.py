"""Intervals are those of theory where there is a theory, and say so where the data do not tell."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.signal import lfilter
from scipy.stats import t

from ionspike.device.ecram import Ecram
from ionspike.device.uncertainty.intervals import intervals
from ionspike.device.uncertainty.noise import Products, choose_noise
from ionspike.device.uncertainty.noise_average import possible_noise, reach
from ionspike.device.uncertainty.problem import Scale
from ionspike.errors import InputError

ROOT = Path(__file__).parents[3]


class Line:
    """A linear problem: ``data = design @ theta`` plus noise; every pulse adds ``shapes`` times its factor."""

    def __init__(self, design: np.ndarray, data: np.ndarray, shapes: np.ndarray | None = None) -> None:
        p = design.shape[1]
        self.design, self.data = design, data
        self.shapes = np.zeros((len(data), 0)) if shapes is None else shapes
        self.names = tuple(f"p{k}" for k in range(p))
        self.scales = (Scale("", False),) * p
        self.start, self.low, self.high = np.zeros(p), np.full(p, -50.0), np.full(p, 50.0)
        self.products: tuple[tuple[str, str], ...] = ()
        self.breaks = (0,)

    @property
    def pulses(self) -> int:
        return self.shapes.shape[1]

    def model(self, theta: np.ndarray, factors: np.ndarray | None = None) -> np.ndarray:
        return self.design @ theta + (0 if factors is None else self.shapes @ factors)

    def device(self, theta: np.ndarray) -> Ecram:
        return Ecram.load("reference")


def _line(seed: int = 1, samples: int = 200, noise: float = 0.1) -> Line:
    rng = np.random.default_rng(seed)
    design = np.column_stack([np.ones(samples), np.linspace(-1, 1, samples), np.sin(np.arange(samples) / 9)])
    return Line(design, design @ [1.0, -2.0, 0.5] + rng.normal(0, noise, samples))


def _blocks(pulses: int, samples: int) -> np.ndarray:
    return np.kron(np.eye(pulses), np.hanning(samples // pulses)[:, None])


@pytest.mark.parametrize("method", ["profile", "covariance"])
def test_intervals_of_a_linear_problem_are_those_of_linear_regression(method: str):
    line = _line()
    found = intervals(line, method=method, kinds=("white",))  # type: ignore[arg-type]
    inverse = np.linalg.inv(line.design.T @ line.design)
    best = inverse @ line.design.T @ line.data
    free = 200 - 3
    sigma = np.sqrt(np.sum((line.data - line.design @ best) ** 2) / free)
    half = t.ppf(0.975, free) * sigma * np.sqrt(np.diag(inverse))
    # the profile is searched to 2 % of its threshold's root and joined by a straight line there, exact for a parabola
    np.testing.assert_allclose([row.estimate for row in found], best, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose([row.low for row in found], best - half, rtol=1e-4)
    np.testing.assert_allclose([row.high for row in found], best + half, rtol=1e-4)
    assert found.noise.sigma == pytest.approx(sigma, rel=1e-6)


def test_the_likelihood_of_correlated_noise_and_varying_pulses_is_that_of_the_full_matrix():
    line = _line()
    line.shapes = _blocks(20, 200)
    products = Products(line, line.start)  # type: ignore[arg-type]
    rho, ratio, variance = 0.7, 2.5, 0.03
    lag = np.abs(np.subtract.outer(np.arange(200), np.arange(200)))
    v = variance * (rho**lag + ratio * line.shapes @ line.shapes.T)
    x = line.design
    inner = x.T @ np.linalg.solve(v, x)
    beta = np.linalg.solve(inner, x.T @ np.linalg.solve(v, line.data))
    r = line.data - x @ beta

    def full(v: np.ndarray) -> float:
        inner = x.T @ np.linalg.solve(v, x)
        beta = np.linalg.solve(inner, x.T @ np.linalg.solve(v, line.data))
        r = line.data - x @ beta
        return np.linalg.slogdet(v)[1] + np.linalg.slogdet(inner)[1] + r @ np.linalg.solve(v, r)

    mine = [products.minus_two_log(*at)[0] for at in [(rho, ratio, variance), (0.0, 0.0, 0.01)]]
    assert mine[0] - mine[1] == pytest.approx(full(v) - full(0.01 * np.eye(200)), rel=1e-9)
    np.testing.assert_allclose(products.covariance(rho, ratio, variance), np.linalg.inv(inner), rtol=1e-8)
    assert np.isfinite(r).all()


def test_intervals_in_correlated_noise_are_those_of_generalised_least_squares():
    line = _line(samples=400)
    rng = np.random.default_rng(3)
    line.data = line.design @ [1.0, -2.0, 0.5] + np.asarray(lfilter([1], [1, -0.8], rng.normal(0, 0.1, 400)))
    found = intervals(line, kinds=("white", "autocorrelated"))  # type: ignore[arg-type]
    assert found.noise.kind == "autocorrelated"
    lag = np.abs(np.subtract.outer(np.arange(400), np.arange(400)))
    v = found.noise.sigma**2 * found.noise.rho**lag
    inner = np.linalg.inv(line.design.T @ np.linalg.solve(v, line.design))
    best = inner @ line.design.T @ np.linalg.solve(v, line.data)
    half = np.array([row.reach for row in found]) * np.sqrt(np.diag(inner))
    np.testing.assert_allclose([row.low for row in found], best - half, rtol=1e-3)
    assert found["p1"].reach > t.ppf(0.975, 397)  # what is not known about rho makes them wider


def test_pulses_that_vary_are_found_where_they_do_and_not_where_they_do_not():
    shapes, found = _blocks(40, 400), []
    for spread in (0.0, 0.5):
        kinds = []
        for seed in range(12):
            rng = np.random.default_rng([seed, 4])
            line = _line(seed, 400)
            line.shapes = shapes
            line.data = line.data + shapes @ rng.normal(0, spread, 40)
            kinds.append(choose_noise(Products(line, line.start)).kind)  # type: ignore[arg-type]
        found.append(sum(kind in ("pulses", "both") for kind in kinds))
    # a test at the 5 % level: 0.6 of 12 expected by chance, 4 or more once in 500 times
    assert found[0] <= 3 and found[1] == 12


def test_the_spread_of_pulses_and_the_noise_are_estimated_without_bias():
    shapes, spreads, sigmas = _blocks(40, 400), [], []
    for seed in range(30):
        line = _line(seed, 400)
        line.shapes = shapes
        line.data = line.data + shapes @ np.random.default_rng([seed, 5]).normal(0, 0.3, 40)
        noise = choose_noise(Products(line, line.start), ("pulses",))  # type: ignore[arg-type]
        spreads.append(noise.spread**2)
        sigmas.append(noise.sigma**2)
    for drawn, true in ((spreads, 0.09), (sigmas, 0.01)):
        assert abs(np.mean(drawn) - true) < 3 * np.std(drawn) / np.sqrt(30)


def _one_way(pulses: int, noise: float, seed: int, each: int = 10) -> Line:
    """Pulses of one common size, 1, each with a factor of its own (spread 0.3): a balanced one-way layout."""
    rng = np.random.default_rng([seed, 6])
    shapes = np.kron(np.eye(pulses), np.ones((each, 1)))
    data = shapes @ (1 + rng.normal(0, 0.3, pulses)) + rng.normal(0, noise, pulses * each)
    return Line(shapes.sum(axis=1)[:, None], data, shapes)


def test_a_number_known_through_the_spread_of_ten_pulses_has_the_tails_of_eight_degrees_of_freedom():
    line = _one_way(10, 1e-3, 1)
    found = intervals(line, method="covariance", kinds=("pulses",))["p0"]  # type: ignore[arg-type]
    means = line.data.reshape(10, 10).mean(axis=1)
    # theory: ten normal numbers of unknown mean and, flat, unknown standard deviation; one degree for each (Gelman et al. 2013, section 3.2,
    # has flat ln sd: nine)
    half = t.ppf(0.975, 8) * np.sqrt(means.var() * 10 / 8 / 10)
    # 24 spreads stand for all of them
    assert (found.high - found.low) / 2 == pytest.approx(half, rel=0.01)


def test_a_spread_that_noise_hides_still_counts_where_the_most_likely_one_is_none():
    hits, plug_in, hidden = [], [], 0
    for seed in range(120):
        line = _one_way(6, 0.9, seed)
        products = Products(line, line.start)  # type: ignore[arg-type]
        likely = choose_noise(products, ("pulses",))
        possible = possible_noise(products, likely)
        for noise, held in ((likely, plug_in), (possible.mean(likely), hits)):
            at, covariance = products.estimate(0.0, (noise.spread / noise.sigma) ** 2, noise.sigma**2)
            wide = 1.96 if noise is likely else reach(products, noise, possible, np.ones((1, 1)), 0.95)[0]
            held.append(abs(at[0] - 1.0) < wide * np.sqrt(covariance[0, 0]))
        hidden += likely.spread < 0.03
    # the most likely spread alone covers too rarely; 0.02 is the binomial deviation of 95 % of 120
    assert hidden > 20 and np.mean(plug_in) < 0.95 - 2 * 0.02 < np.mean(hits)


def test_a_number_that_the_data_cannot_fix_is_called_so_and_its_profile_is_flat():
    line = _line()
    line = Line(
        np.column_stack([line.design, line.design[:, 1]]), line.data
    )  # two columns alike: only their sum is known
    line.low[1], line.high[1] = -200.0, 200.0
    found = intervals(line, kinds=("white",))  # type: ignore[arg-type]
    assert [row.identifiable for row in found] == [True, False, True, False]
    # the partner makes up for all of the range of p3, but not beyond its own
    assert found["p1"].low == pytest.approx(-52.0, abs=0.5) and found["p1"].high == pytest.approx(48.0, abs=0.5)
    assert "open on both sides" in found["p3"].why and "not identified" in str(found)
    profile = found["p3"].profile
    assert profile is not None and profile.rise.max() < 1e-3 and np.ptp(profile.at) > 90
    assert len(found.plot().axes) == 6


def test_a_number_that_the_model_does_not_feel_leaves_the_others_alone():
    line = _line()
    blind = Line(np.column_stack([line.design, np.zeros(200)]), line.data)
    found = intervals(blind, kinds=("white",))  # type: ignore[arg-type]
    alone = intervals(line, kinds=("white",))  # type: ignore[arg-type]
    assert not found["p3"].identifiable
    np.testing.assert_allclose([found[f"p{k}"].high for k in range(3)], [row.high for row in alone], rtol=1e-4)


def test_wrong_questions_are_told_in_a_sentence():
    line = _line()
    with pytest.raises(InputError, match="expected 'profile' or 'covariance'"):
        intervals(line, method="guess")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="expected a share"):
        intervals(line, level=95)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="expected some of white"):
        intervals(line, kinds=("pink",))  # type: ignore[arg-type]
    with pytest.raises(InputError, match="no interval of 'p9'"):
        intervals(line, method="covariance")["p9"]  # type: ignore[arg-type]


def test_records_are_covered_and_two_workers_give_the_numbers_of_one(tmp_path: Path):
    def study(workers: int) -> dict:
        out = tmp_path / f"{workers}.json"
        command = [
            "-m",
            "benchmarks.coverage",
            "--records",
            "6",
            "--noise",
            "pulses",
            "--workers",
            str(workers),
            "--json",
            str(out),
        ]
        alone = os.environ | {
            "OMP_NUM_THREADS": "1",
            "OPENBLAS_NUM_THREADS": "1",
        }  # threads of small matrices only wait
        subprocess.run([sys.executable, *command], cwd=ROOT, env=alone, check=True, capture_output=True)
        return json.loads(out.read_text())[0]

    one, two = study(1), study(2)
    assert one["coverage"] == two["coverage"]
    covered = [row["of_all"] for row in one["coverage"]["profile"].values()]
    # 3 records of 10 numbers, strongly correlated within one: 28 of 30 expected, two records off at once 0.4 % of the time
    assert np.mean(covered) >= 0.5


def test_a_number_that_is_hardly_seen_is_drawn_as_flat():
    # a covariance may say that a logarithmic number is known within a factor of exp(1000): an axis that wide is no picture, and no number
    at = np.linspace(-1, 1, 60)
    hardly = Line(np.column_stack([np.ones(60), 1e-5 * at]), 1 + 0.01 * np.sin(37 * at))
    hardly.scales = (Scale("", False), Scale("S", True))
    hardly.low, hardly.high = np.full(2, -1e4), np.full(2, 1e4)
    found = intervals(hardly, np.array([1.0, 0.0]), method="covariance")
    assert found["p1"].deviation > 100 and not found["p1"].identifiable
    assert found._repr_png_().startswith(b"\x89PNG")
