"""Arrays of devices: the same states as each device on its own, whatever the waveform."""

from __future__ import annotations

import pickle
from dataclasses import replace

import numpy as np
import pytest

from ionspike.device import Ecram, Spread
from ionspike.device.arrays import DeviceArray, propagate
from ionspike.device.pulses import PulseUpdate
from ionspike.errors import InputError

SPREAD = {"population1.tau": 0.3, "population1.g": 0.2, "gate.V_T": 0.05, "weight.w": 0.2, "weight.G_min": 0.4}


@pytest.fixture(scope="module")
def population(reference: Ecram) -> Ecram:
    """A card with cooperative terms whose devices differ."""
    first = replace(reference.populations[0], c=3.0, d=0.4, s=0.6, V_d=0.3)
    return replace(reference, populations=(first, replace(first, tau=1e-3, polarity=-1.0)), spread=Spread(SPREAD, 0.3))


def test_a_waveform_over_an_array_is_that_of_every_device(population: Ecram):
    devices = population.sample(700, seed=4)  # more than one block of the compiled loop
    array, rng = DeviceArray.of(devices), np.random.default_rng(1)
    times = 10 ** rng.uniform(-9, 1, 5)
    gate, drain, source = rng.uniform(-2, 2, (5, 700)), rng.uniform(0, 0.6, 5), 0.1
    found = propagate(array, times, gate, drain, source)
    assert found.shape == (5, 700, 3)
    for n in (0, 1, 511, 512, 699):
        state = devices[n].at_rest()
        np.testing.assert_allclose(array.at_rest()[n], state, atol=1e-14)
        for k in range(5):
            state = devices[n].advance(state, gate[k, n], drain[k], source, times[k])
            # other roundings of the coefficients, nothing else
            np.testing.assert_allclose(found[k, n], state, atol=1e-12)
        assert array.conductance(found[-1])[n] == pytest.approx(float(devices[n].conductance(state)), rel=1e-12)
    one = propagate(devices[3], times, gate[:, 3], drain, source)
    np.testing.assert_array_equal(one, found[:, 3])


def test_a_sample_has_the_same_devices_as_a_list_and_as_an_array(population: Ecram):
    listed, array = DeviceArray.of(population.sample(50, 3)), DeviceArray.sample(population, 50, 3)
    for part in ("gate", "rows", "g", "weight"):
        np.testing.assert_allclose(getattr(array, part), getattr(listed, part), rtol=1e-13)
    later = DeviceArray.sample(population, 10, 3, first=40)
    np.testing.assert_array_equal(later.rows, array.rows[:, :, 40:])


@pytest.mark.parametrize("linear", [True, False])
def test_pulses_at_own_intervals_are_those_of_a_waveform(population: Ecram, linear: bool):
    if linear:
        flat = tuple(replace(p, c=0.0, d=0.0, s=0.0) for p in population.populations)
        population = replace(population, populations=flat)
    array = DeviceArray.sample(population, 600, 2)
    rests = np.random.default_rng(0).exponential(1e-3, (30, 600))
    times = np.full((60, 600), 9e-9)
    times[1::2] = rests
    gate, channel = np.tile([1.8, 0.0], 30), np.tile([0.3, 0.2], 30)
    found = PulseUpdate(array, 9e-9, 1.8, 0.3, 0.2)
    assert found.affine == linear
    expected = propagate(array, times, gate, channel, channel)[-1]
    np.testing.assert_allclose(found.train(array.at_rest(), rests), expected, atol=1e-12)
    if linear:
        other = PulseUpdate(array, 9e-9, 1.8, 0.3, 0.2, path="moebius")
        np.testing.assert_allclose(other.train(array.at_rest(), rests), expected, atol=1e-12)
    once = found(array.at_rest(), rests[0])
    np.testing.assert_array_equal(once, found.train(array.at_rest(), rests[:1]))


def test_pulses_drive_a_two_terminal_device_through_its_channel(reference: Ecram):
    device = replace(reference, gate=replace(reference.gate, drive="channel"))
    after = PulseUpdate(DeviceArray.of([device]), 9e-9, 1.8)(device.at_rest(), 1e-3)[0]
    expected = device.advance(device.advance(device.at_rest(), 0.0, 1.8, 0.0, 9e-9), 0.0, duration=1e-3)
    np.testing.assert_allclose(after, expected, atol=1e-13)


def test_a_factor_on_the_flux_is_one_on_every_insertion(population: Ecram):
    stronger = replace(
        population,
        populations=tuple(replace(p, a=1.3 * p.a) for p in population.populations),
        weight=replace(population.weight, a=1.3 * population.weight.a),
    )
    rest = population.at_rest()
    found = propagate(population, [9e-9, 1e-3], [1.8, 0.0], state=rest, flux=[1.3, 1.3])
    np.testing.assert_allclose(found, propagate(stronger, [9e-9, 1e-3], [1.8, 0.0], state=rest), atol=1e-14)


def test_the_state_that_goes_in_is_not_changed(population: Ecram):
    array = DeviceArray.sample(population, 10, 1)
    state = array.at_rest()
    before = state.copy()
    array.advance(state, 1.8, duration=1e-6)
    PulseUpdate(array, 9e-9)(state, 1e-3)
    np.testing.assert_array_equal(state, before)


def test_a_device_survives_pickling_with_its_origins(reference: Ecram):
    again = pickle.loads(pickle.dumps(reference))
    assert again == reference and hash(again) == hash(reference)
    assert again.origins == reference.origins


def test_what_does_not_fit_is_named(population: Ecram, reference: Ecram):
    array = DeviceArray.sample(population, 10, 1)
    with pytest.raises(InputError, match="durations from 0 up"):
        propagate(array, [-1.0])
    with pytest.raises(InputError, match="voltages have shape"):
        propagate(array, [1.0, 2.0], np.zeros((2, 7)))
    with pytest.raises(InputError, match="state of shape"):
        propagate(array, [1.0], state=[0.0, 0.0])
    with pytest.raises(InputError, match="the same in all"):
        DeviceArray.of([population, reference])
    with pytest.raises(InputError, match="affine"):
        PulseUpdate(array, 1e-9, path="affine")
    with pytest.raises(InputError, match="rests of shape"):
        PulseUpdate(array, 1e-9)(array.at_rest(), -1.0)
