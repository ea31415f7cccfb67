"""Spread between devices, pulses and reads: seeded, as wide as it says, and found again in what it made."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import ks_2samp

from ionspike.device import Ecram, Spread, fit_population
from ionspike.device.spread import value_of
from ionspike.errors import InputError

NAMES = {"population1.tau": 0.2, "population1.g": 0.1, "gate.V_T": 0.02, "weight.w": 0.3}


@pytest.fixture(scope="module")
def source(reference: Ecram) -> Ecram:
    """The reference card with four parameters that vary together."""
    return replace(reference, spread=Spread(NAMES, correlation=0.8, pulse=0.05))


def test_a_device_has_the_same_numbers_however_many_are_drawn_and_from_where():
    spread = Spread(NAMES, 0.6)
    many = spread.factors(1000, seed=7)
    np.testing.assert_array_equal(spread.factors(10, seed=7), many[:10])
    np.testing.assert_array_equal(spread.factors(10, seed=7, first=500), many[500:510])
    assert not np.any(spread.factors(10, seed=8) == many[:10])


def test_factors_have_the_deviations_and_correlations_asked_for():
    factors = Spread(NAMES, 0.6).factors(40_000, seed=3)
    # sampling error of a deviation from 40,000 draws: 0.4 %, of a correlation 0.004; four of them are allowed
    np.testing.assert_allclose(np.exp(np.log(factors).mean(0)), 1.0, atol=4 * 0.3 / 200)
    np.testing.assert_allclose(np.expm1(np.log(factors).var(0, ddof=1)) ** 0.5, list(NAMES.values()), rtol=0.016)
    np.testing.assert_allclose(np.corrcoef(np.log(factors).T)[np.triu_indices(4, 1)], 0.6, atol=0.016)


def test_a_fitted_population_regenerated_passes_a_two_sample_test_against_its_source(source: Ecram):
    made = source.sample(400, seed=1)
    fitted = fit_population(made, "fitted", pulse=0.05)
    assert set(fitted.spread.names) == set(NAMES)
    again = fitted.sample(400, seed=2)
    wrong = replace(fitted, spread=replace(fitted.spread, device={k: 2 * v for k, v in fitted.spread.pairs}))
    control = wrong.sample(400, seed=2)
    for name in NAMES:
        first, second, third = ([value_of(d, name) for d in group] for group in (made, again, control))
        assert ks_2samp(first, second).pvalue > 0.01 / len(NAMES)
        assert ks_2samp(first, third).pvalue < 1e-4  # the control: twice the spread does not pass
    # joint: the distribution of the projection that correlation widens and of the one that it narrows
    for sign, correlated in ((1, True), (-1, False)):
        log = [
            np.log([[value_of(d, n) for n in ("population1.tau", "gate.V_T")] for d in group])
            for group in (made, again)
        ]
        both = [values @ np.array([1 / 0.2, sign / 0.02]) for values in log]
        assert ks_2samp(*both).pvalue > 0.01
        assert (np.std(both[0]) > 1.5) == correlated  # sqrt(2 (1 + 0.8)) = 1.90 against sqrt(2 (1 - 0.8)) = 0.63


def _p_value(a: np.ndarray, b: np.ndarray) -> float:
    """Of the hypothesis that two clouds of points are one, by permutations of their energy distance (Szekely and Rizzo,
    10.1016/j.jspi.2013.03.018)."""
    both, half, rng = np.concatenate([a, b]), len(a), np.random.default_rng(0)
    apart = np.linalg.norm(both[:, None] - both[None], axis=-1)

    def distance(order: np.ndarray) -> float:
        p, q = order[:half], order[half:]
        return 2 * apart[np.ix_(p, q)].mean() - apart[np.ix_(p, p)].mean() - apart[np.ix_(q, q)].mean()

    found = distance(np.arange(len(both)))
    return (1 + sum(distance(rng.permutation(len(both))) >= found for _ in range(199))) / 200


def test_an_energy_distance_tells_a_population_without_correlation_from_its_source(source: Ecram):
    fitted = fit_population(source.sample(200, seed=1), "fitted")
    plain = replace(source, spread=replace(source.spread, correlation=0.0))
    made, control = (np.log(card.spread.factors(200, seed)) for card, seed in ((source, 1), (plain, 2)))
    again = np.log(fitted.spread.factors(200, 2))[:, [fitted.spread.names.index(name) for name in NAMES]]
    scale = source.spread.sigmas
    assert _p_value(made / scale, again / scale) > 0.05
    assert _p_value(made / scale, control / scale) <= 0.01


def test_pulse_factors_and_reads_are_seeded_and_as_wide_as_they_say():
    spread = Spread(pulse=0.05, read=0.01)
    factors = spread.pulse_factors(20_000, seed=5)
    assert np.std(factors) == pytest.approx(0.05, rel=0.03)
    np.testing.assert_array_equal(factors, spread.pulse_factors(20_000, seed=5))
    reads = spread.read_noise(np.full(20_000, 1e-4), seed=5)
    assert np.std(reads) == pytest.approx(1e-6, rel=0.03)
    assert np.all(Spread().pulse_factors(10, 1) == 1.0)


def test_a_share_stays_a_share_however_wide_its_spread(source: Ecram):
    wide = replace(source, spread=Spread({"weight.w": 20.0}))
    assert all(0 < device.weight.w < 1 for device in wide.sample(200, seed=1))


def test_what_has_no_relative_spread_is_named(reference: Ecram):
    with pytest.raises(InputError, match=r"gate\.V_rest, which is 0"):
        replace(reference, spread=Spread({"gate.V_rest": 0.1}))
    with pytest.raises(InputError, match="population9"):
        replace(reference, spread=Spread({"population9.tau": 0.1}))
    with pytest.raises(InputError, match="at least 3"):
        Spread.fit({"population1.tau": [1.0, 2.0]})
    with pytest.raises(InputError, match="both signs"):
        Spread.fit({"population1.g": [1.0, 2.0, -1.0]})
