"""A sampled posterior is the one that theory gives where there is a theory."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import kstest, t

from ionspike.device.ecram import Ecram
from ionspike.device.uncertainty.intervals import intervals
from ionspike.device.uncertainty.posterior import sample_posterior
from ionspike.device.uncertainty.problem import Scale

pytest.importorskip("dynesty")


class Line:
    """``data = design @ theta`` plus white noise; no pulses."""

    pulses, products, breaks = 0, (), (0,)

    def __init__(self, design: np.ndarray, data: np.ndarray) -> None:
        self.design, self.data, p = design, data, design.shape[1]
        self.names, self.scales = tuple(f"p{k}" for k in range(p)), (Scale("", False),) * p
        self.start, self.low, self.high = np.zeros(p), np.full(p, -50.0), np.full(p, 50.0)

    def model(self, theta: np.ndarray, factors: np.ndarray | None = None) -> np.ndarray:
        return self.design @ theta

    def device(self, theta: np.ndarray) -> Ecram:
        return Ecram.load("reference")


def test_the_posterior_of_a_line_is_students():
    rng = np.random.default_rng(1)
    design = np.column_stack([np.ones(20), np.linspace(-1, 1, 20)])
    line = Line(design, design @ [1.0, -2.0] + rng.normal(0, 0.1, 20))
    found = intervals(line, kinds=("white",))  # type: ignore[arg-type]
    drawn = sample_posterior(line, found, seed=2)  # type: ignore[arg-type]
    again = sample_posterior(line, found, seed=2)  # type: ignore[arg-type]
    np.testing.assert_array_equal(drawn.samples, again.samples)
    # flat in theta and ln sigma: t of n - p degrees about the least-squares fit
    inverse = np.linalg.inv(design.T @ design)
    best = inverse @ design.T @ line.data
    scale = np.sqrt(np.sum((line.data - design @ best) ** 2) / 18 * np.diag(inverse))
    for k in range(2):
        z = (drawn.samples[:, k] - best[k]) / scale[k]
        # some 200 live points make about 600 independent samples: 0.066 at 1 %; the normal law's tails are not told apart by so few
        assert kstest(z, t(18).cdf).statistic < 0.066
        ends = [drawn.intervals[f"p{k}"].low, drawn.intervals[f"p{k}"].high]
        half = t.ppf(0.975, 18) * scale[k]
        np.testing.assert_allclose((ends - best[k]) / half, [-1, 1], atol=0.15)
