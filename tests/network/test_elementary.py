"""Exponentials and random numbers of the compiled loops against numpy's."""

from __future__ import annotations

import numpy as np
import pytest
from numba import njit

from ionspike.network.elementary import VECTOR, decay, exp, exp_row, exponential
from ionspike.network.views import view


@njit
def variates(bits: np.ndarray) -> np.ndarray:
    out = np.empty(len(bits), np.float32)
    for k in range(len(bits)):
        out[k] = exponential(bits[k])
    return out


@njit
def decays(x: np.ndarray) -> np.ndarray:
    out = np.empty_like(x)
    for k in range(len(x)):
        out[k] = decay(x[k])
    return out


@njit
def one_by_one(t: float, rates: np.ndarray) -> np.ndarray:
    out = np.empty_like(rates)
    for k in range(len(rates)):
        out[k] = exp(t * rates[k])
    return out


@njit
def by_rows(at: int, n: int, t: float) -> None:
    exp_row(view(at, 0, t), 3, view(at, 1, t), 5, n, t)


def test_an_exponential_variate_is_the_logarithm_of_its_bits():
    ends = [0, 1, 2**30 - 1, 2**30, 2**31 - 2, 2**31 - 1]
    bits = np.array([*ends, *np.random.default_rng(1).integers(0, 2**31, 100_000)])
    made, exact = variates(bits.astype(np.float32) + np.float32(0.5)), -np.log((bits + 0.5) / 2**31)
    # two roundings of single precision; at small values what is left of a number near 1
    np.testing.assert_allclose(made, exact, rtol=2e-7, atol=1.2e-7)
    assert np.all(made >= 0)


def test_a_decay_within_a_window_is_right_to_rounding():
    x = np.linspace(-0.125, 0.125, 10_001)
    np.testing.assert_allclose(decays(x), np.exp(x), rtol=3e-16)


@pytest.mark.parametrize("real", [np.float32, np.float64])
def test_an_exponential_is_right_to_rounding(real: type):
    rates = np.linspace(0.0, 80.0, 1001).astype(real)
    np.testing.assert_allclose(one_by_one(real(-1.0), rates), np.exp(-rates.astype(float)), rtol=3 * np.finfo(real).eps)


@pytest.mark.parametrize("real", [np.float32, np.float64])
@pytest.mark.parametrize("n", [1, 7, 8, 9, 100])
def test_a_row_of_exponentials_is_what_they_are_one_by_one(real: type, n: int):
    rates = np.random.default_rng(n).uniform(0.0, 120.0, n + 5 + VECTOR).astype(real)
    out = np.full(n + 3 + VECTOR, -1.0, real)
    table = np.array([out.ctypes.data, 0, 0, rates.ctypes.data, 0, 0])
    by_rows(table.ctypes.data, n, real(-1.0))
    np.testing.assert_array_equal(out[3 : 3 + n], one_by_one(real(-1.0), rates[5 : 5 + n]))
    assert np.all(out[:3] == -1.0)
