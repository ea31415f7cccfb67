"""Quantities: a number in SI and a string with a unit are the same; what a prefix parser reads wrongly is refused."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ionspike.errors import InputError
from ionspike.units import quantity, show


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        ("1.5 kohm", "ohm", 1500.0),
        ("10 ms", "s", 0.01),
        ("1.275e7 s^-1", "s^-1", 1.275e7),
        ("120 uS", "S", 120e-6),
        ("2", "", 2.0),
        ("300.15 K", "K", 300.15),
        ("5 m", "m", 5.0),
        ("inf V", "V", math.inf),
    ],
)
def test_strings_with_units_are_read_in_si(text: str, unit: str, value: float):
    assert quantity(text, unit) == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("3 h", "s"),
        ("3 min", "s"),
        ("20 degC", "K"),
        ("5 1/s", "s^-1"),
        ("5 /s", "s^-1"),
        ("1 kV", "s"),
        ("soon", "s"),
        ("nan", "s"),
        ("20 °C", "K"),
        ("1,5 V", "V"),
        ("1_0 V", "V"),
        ("1.5.2 V", "V"),
        ("\u0663 V", "V"),
        ("$5", ""),
        ("5 m", ""),
    ],
)
def test_units_that_do_not_fit_are_refused(text: str, unit: str):
    with pytest.raises(InputError, match="expected"):
        quantity(text, unit, "tau")


@given(st.floats(1e-17, 1e12))
def test_what_is_shown_is_read_back(value: float):
    assert quantity(show(value, "S", digits=9), "S") == pytest.approx(value, rel=1e-7)


def test_booleans_and_nothing_are_no_numbers():
    for wrong in (True, None, [1.0], math.nan):
        with pytest.raises(InputError):
            quantity(wrong, "V")
