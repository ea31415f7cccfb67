"""Means and covariances under Poisson pulses, against a seeded simulation of many devices."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ionspike.device import DeviceArray, Ecram, PulseUpdate
from ionspike.device.poisson import poisson_steady_state
from ionspike.device.trains import Train
from ionspike.errors import InputError


@pytest.fixture(scope="module")
def two_speeds(reference: Ecram) -> Ecram:
    """Two linear populations of 10 and 2 ms, and a weight that stands still."""
    first = reference.populations[0]
    return replace(
        reference,
        populations=(first, replace(first, tau=2e-3, a=0.5)),
        weight=replace(reference.weight, a=0.0),
    )


@pytest.mark.parametrize(("width", "rate"), [(9e-9, 150.0), (9e-9, 2e3), (2e-4, 1e3)])
def test_mean_and_covariance_are_those_of_a_simulation(two_speeds: Ecram, width: float, rate: float):
    v_gate = (
        1.8 if width < 1e-6 else 0.75
    )  # a long pulse stays below the threshold, so that it does not fill everything
    train = Train(two_speeds, width, v_gate, v_channel=0.1, v_idle=0.1)
    closed = poisson_steady_state(train, rate)
    count, rng = 40_000, np.random.default_rng(11)
    array = DeviceArray.of([two_speeds] * count)
    pulse = PulseUpdate(array, width, v_gate, 0.1, 0.1)
    pauses = rng.exponential(1 / rate - width, (max(60, int(0.3 * rate)), count))
    before = pulse.train(array.at_rest(0.0, 0.1, 0.1), pauses)[:, :2]
    after = array.advance(np.c_[before, np.zeros(count)], v_gate, 0.1, 0.1, width)[:, :2]
    for states, mean, covariance in (
        (before, closed.before, closed.covariance_before),
        (after, closed.after, closed.covariance_after),
    ):
        # five standard errors of a mean and, with the excess that these laws have, of a covariance
        error = np.sqrt(np.diag(covariance)[:2] / count)
        assert np.all(np.abs(states.mean(0) - mean[:2]) < 5 * error)
        centred = states - states.mean(0)
        products = centred[:, :, None] * centred[:, None, :]
        sampling = products.std(0) / np.sqrt(count)
        assert np.all(np.abs(products.mean(0) - covariance[:2, :2]) < 5 * sampling)


def test_rates_without_pauses_have_the_dead_time_as_their_limit(two_speeds: Ecram):
    train = Train(two_speeds, 1e-4)
    nearly = poisson_steady_state(train, 0.999999 / 1e-4)
    held = two_speeds.at_rest(1.8)
    np.testing.assert_allclose(nearly.before, held, atol=1e-4)
    assert np.all(np.abs(nearly.covariance_before) < 1e-4)


def test_regular_pulses_of_the_same_rate_leave_more_or_less_but_not_the_same(two_speeds: Ecram):
    train = Train(two_speeds, 9e-9)
    # the control: a formula that took the mean interval for every interval would give the regular train's state
    gap = poisson_steady_state(train, 200.0).before[:2] - train.steady(200.0)[:2]
    assert np.all(np.abs(gap) > 1e-3)


def test_devices_without_a_closed_form_are_refused(reference: Ecram, two_speeds: Ecram):
    with pytest.raises(InputError, match="closed only without"):
        poisson_steady_state(
            Train(replace(reference, populations=(replace(reference.populations[0], s=0.5),)), 9e-9), 1.0
        )
    with pytest.raises(InputError, match="do not fit"):
        poisson_steady_state(Train(two_speeds, 1e-3), 1e3)
