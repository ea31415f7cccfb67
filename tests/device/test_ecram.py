"""The device law: exact, bounded, and the same as an independent integrator's."""

from __future__ import annotations

from dataclasses import replace

import mpmath
import numpy as np
import pytest
from benchmarks.law_accuracy import Worst, fifty_digits, one_device
from hypothesis import given, settings
from hypothesis import strategies as st

from ionspike.device import Ecram, Gate, Population, Weight
from ionspike.errors import InputError

share = st.floats(0.0, 1.0)


def devices() -> st.SearchStrategy[Ecram]:
    gate = st.builds(
        Gate,
        V_T=st.floats(0.1, 1.5),
        V_0=st.floats(0.01, 0.2),
        J_lim=st.floats(1e-1, 1e7),
        V_rest=st.floats(-0.3, 0.3),
        polarity=st.sampled_from([1.0, -1.0]),
    )
    population = st.builds(
        Population,
        tau=st.floats(1e-4, 10.0),
        g=st.floats(-1e-4, 1e-4),
        a=st.floats(0.0, 3.0),
        V_d=st.sampled_from([np.inf, 0.1, 0.5]),
        c=st.floats(0.0, 25.0),
        d=st.floats(0.0, 5.0),
        s=st.floats(0.0, 0.98),
        polarity=st.sampled_from([1.0, -1.0]),
    )
    weight = st.builds(Weight, G_min=st.floats(1e-7, 1e-4), w=share, a=st.floats(0.0, 1e-3))
    return st.builds(Ecram, st.just("random"), gate, st.lists(population, min_size=1, max_size=4).map(tuple), weight)


def test_random_waveforms_equal_integrators_and_the_map_in_fifty_digits():
    worst = Worst()
    with mpmath.workdps(50):
        for seed in range(9):  # the whole thousand: python -m benchmarks.law_accuracy
            one_device(seed, worst, non_stiff=100.0)
    assert min(worst.count["50 digits"], worst.count["DOP853"]) > 50 and worst.count["Radau"] > 3
    assert worst.largest["50 digits"] < 1e-12
    # absolute in y: what the integrators themselves promise over a run of many steps
    assert worst.largest["DOP853"] < 1e-9
    assert worst.largest["Radau"] < 1e-9
    assert worst.largest["coefficients, relative"] < 1e-14  # the compiled form and the class's own


@settings(max_examples=60, deadline=None)
@given(devices(), st.floats(-2.0, 2.0), st.floats(1e-9, 1e4), share)
def test_a_step_equals_the_same_map_in_fifty_digits(device: Ecram, gate: float, duration: float, start: float):
    exact = device.advance(np.full(len(device.states), start), gate, duration=duration)
    with mpmath.workdps(50):
        for k, abc in enumerate(zip(*device.coefficients(device.overpotential(gate)), strict=True)):
            assert abs(exact[k] - float(fifty_digits(mpmath.mpf(start), *map(float, abc), duration))) < 1e-12


@settings(max_examples=60, deadline=None)
@given(devices(), st.lists(st.tuples(st.floats(-3, 3), st.floats(0, 1e4)), min_size=1, max_size=5), share)
def test_states_stay_between_zero_and_one(device: Ecram, steps: list[tuple[float, float]], start: float):
    state = np.full(len(device.states), start)
    for gate, duration in steps:
        state = device.advance(state, gate, duration=duration)
        assert np.all((state >= 0) & (state <= 1 + 1e-12))
    assert float(device.conductance(state)) > 0


@settings(max_examples=60, deadline=None)
@given(devices(), st.floats(-2, 2))
def test_rest_is_where_volatile_states_do_not_move(device: Ecram, gate: float):
    rest = device.at_rest(gate)
    alpha, beta, gamma = device.coefficients(device.overpotential(gate))
    drift = (alpha + beta * rest + gamma * rest**2)[:-1]
    scale = (alpha + np.abs(beta) + np.abs(gamma))[:-1]
    assert np.all(np.abs(drift) <= 1e-9 * scale)  # rounding of a root of a quadratic with coefficients of this size
    assert rest[-1] == device.weight.w


@settings(max_examples=30, deadline=None)
@given(devices(), st.floats(-2, 2), st.floats(1e-9, 10), share)
def test_two_half_steps_are_one_step(device: Ecram, gate: float, duration: float, start: float):
    state = np.full(len(device.states), start)
    whole = device.advance(state, gate, duration=duration)
    half = device.advance(device.advance(state, gate, duration=duration / 2), gate, duration=duration / 2)
    np.testing.assert_allclose(half, whole, atol=1e-10)


def test_a_rising_channel_weakens_a_pulse(reference: Ecram):
    rest = reference.at_rest()
    low, high = (reference.advance(rest, 1.8, v, v, 9e-9)[0] for v in (0.0, 0.7))
    assert high < low


def test_polarity_mirrors_the_gate(reference: Ecram):
    mirrored = replace(reference, gate=replace(reference.gate, polarity=-1.0))
    rest = reference.at_rest()
    np.testing.assert_array_equal(
        mirrored.advance(rest, -1.8, duration=9e-9), reference.advance(rest, 1.8, duration=9e-9)
    )


def test_the_control_has_neither_volatile_conductance_nor_its_ions(reference: Ecram):
    off = reference.without_volatile()
    full, empty = np.array([1.0, 0.3]), np.array([0.0, 0.3])
    assert off.conductance(full) == off.conductance(empty)
    assert off.ion_current(empty, 1.8) == pytest.approx(reference.ion_current(np.array([1.0, 0.3]), 1.8), rel=1e-9)


def test_temperature_moves_slope_and_threshold_together(reference: Ecram):
    warm = reference.at_temperature(358.15)
    assert pytest.approx(358.15 / 300.15) == warm.gate.V_0 / reference.gate.V_0
    assert pytest.approx(reference.gate.V_T / reference.gate.V_0) == warm.gate.V_T / warm.gate.V_0
    active = replace(reference, temperature=replace(reference.temperature, E_tau=0.5)).at_temperature(358.15)
    assert active.populations[0].tau < reference.populations[0].tau


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: Gate(V_T=1, V_0="3 ms", J_lim=1), "V_0"),
        (lambda: Population(tau=-1, g=1e-6), "tau"),
        (lambda: Population(tau=1, g=1e-6, s=1.0), "population.s"),
        (lambda: Weight(G_min=1e-6, G_max=1e-7), "G_max"),
        (lambda: Gate(V_T=1, V_0=1, J_lim=1, polarity=0), "polarity"),
        (lambda: Ecram("Name!", Gate(1, 1, 1), (Population(1, 1),), Weight(1)), "name"),
        (lambda: Ecram("none", Gate(1, 1, 1), (), Weight(1)), "0 populations"),
    ],
)
def test_values_out_of_range_are_named(make, told: str):
    with pytest.raises(InputError, match=told):
        make()
