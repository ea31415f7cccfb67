"""Aging: fatigue recovers, wear does not; both multiply increments and rates."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from ionspike.device import Aging, Dose, Ecram, aged


def test_a_new_device_is_itself(reference: Ecram):
    assert aged(reference, Dose()) == reference


def test_fatigue_recovers_and_wear_does_not():
    aging = Aging(fatigue_per_pulse=0.01, wear_per_pulse=0.002, recovery=100.0)
    tired = aging.after(Dose(), pulses=10)
    rested = aging.after(tired, seconds=1e4)
    assert tired.fatigue == pytest.approx(0.1)
    assert rested.fatigue < 1e-12
    assert rested.wear == tired.wear == pytest.approx(0.02)


@settings(max_examples=15, deadline=None)
@given(
    st.floats(0, 1), st.floats(1.0, 1e3), st.floats(0, 1e-2), st.floats(1e-6, 1e4)
)  # LSODA never ends a span of 1e-309 s
def test_fatigue_in_time_is_that_of_its_equation(start: float, recovery: float, rate: float, seconds: float):
    aging = Aging(fatigue_per_second=rate, recovery=recovery)
    solved = solve_ivp(lambda _, d: rate - d / recovery, (0, seconds), [start], "LSODA", rtol=1e-9, atol=1e-11)
    assert aging.after(Dose(start), seconds=seconds).fatigue == pytest.approx(solved.y[0, -1], abs=1e-8)


def test_doses_act_on_increments_and_rates_as_the_card_says(reference: Ecram):
    card = replace(reference, aging=Aging(fatigue_per_pulse=0.016, fatigue_on_a=1.7, wear_on_g=0.0, wear_on_tau=-1.0))
    old = aged(card, Dose(fatigue=0.016, wear=0.1))
    new, was = old.populations[0], reference.populations[0]
    assert new.g / was.g == pytest.approx(1 - 0.016, abs=2e-4)  # exp(-D) is 1 - D to half of its square
    assert new.a / was.a == pytest.approx(1 - 1.7 * 0.016, abs=4e-4)
    assert new.tau > was.tau


def test_charge_counts_as_pulses_and_time_do():
    aging = Aging(wear_per_pulse=1e-3, wear_per_coulomb=1e6, wear_per_second=1e-4)
    assert aging.after(Dose(), 2, 3e-9, 10).wear == pytest.approx(2e-3 + 3e-3 + 1e-3)
