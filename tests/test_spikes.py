"""Trains of input pulses."""

from __future__ import annotations

import numpy as np
import pytest

from ionspike.errors import InputError
from ionspike.spikes import poisson, regular


def test_a_regular_train_keeps_its_interval():
    np.testing.assert_allclose(np.diff(regular("1 kHz", 5)), 1e-3)


def test_a_poisson_train_keeps_its_rate_dead_time_and_seed():
    train = poisson("10 kHz", 20_000, seed=3, dead_time="20 us")
    gaps = np.diff(train)
    assert gaps.min() >= 20e-6
    # the mean of 20,000 exponential gaps of 80 us lies within four standard errors of 80 us/sqrt(20,000)
    assert gaps.mean() == pytest.approx(100e-6, abs=4 * 80e-6 / np.sqrt(20_000))
    np.testing.assert_array_equal(train, poisson(10e3, 20_000, seed=3, dead_time=20e-6))


def test_trains_that_cannot_be_are_refused():
    for make in (lambda: regular(0, 3), lambda: poisson(1e3, 3, 1, dead_time=2e-3), lambda: regular("1 s", 3)):
        with pytest.raises(InputError):
            make()
