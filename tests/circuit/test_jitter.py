"""Jitter of a spike: noise densities over slopes, against a run in which the noise is there."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.constants import Boltzmann

from ionspike.circuit.jitter import spike_jitter, table
from ionspike.circuit.neurons import Neuron
from ionspike.circuit.simulate import Setting
from ionspike.errors import InputError, RunError
from ionspike.spice import Accuracy, Job, Ngspice, Transient

RC = "v1 a 0 dc 0 ac 1\nr1 a b 1000000\nc1 b 0 1p\n"


@pytest.mark.spice
def test_noise_of_a_resistor_on_a_capacitor_is_kt_over_c(setting: Setting):
    assert isinstance(setting.engine, Ngspice)
    f, density = setting.engine.noise(Job(RC, Transient(1e-4), ()), "v(b)", "v1", 1.0, 1e9, 40)
    kelvin = 300.15
    assert density[0] == pytest.approx(math.sqrt(4 * Boltzmann * kelvin * 1e6), rel=1e-3)
    # the band's upper end leaves out 1e-4 of it, the trapezoids of 40 points a decade half a per cent
    assert np.trapezoid(density**2, f) == pytest.approx(Boltzmann * kelvin / 1e-12, rel=0.01)


@pytest.mark.spice
def test_predicted_jitter_meets_a_run_with_noise(setting: Setting):
    fine = replace(setting, accuracy=Accuracy(reltol=1e-5))
    found = spike_jitter(Neuron(), fine, 1e-8, intervals=10)
    # the deviation of 10 intervals is known to a quarter: three of those
    assert found.transient == pytest.approx(found.predicted, rel=3 * found.uncertainty)
    assert found.quiet < 0.2 * found.predicted  # the control
    assert found.slope == pytest.approx(1e-8 / 2e-12, rel=0.02)
    assert found.membrane == pytest.approx(math.sqrt(Boltzmann * 300.15 / 2e-12) / found.slope)
    assert f"{found.count}" in table([found])


@pytest.mark.spice
def test_what_has_no_jitter_says_so(setting: Setting):
    with pytest.raises(RunError, match="0 spikes under 1e-16 A"):
        spike_jitter(Neuron(membrane=1e-15), setting, 1e-16)
    for current in (0.0, -1e-9, math.inf):
        with pytest.raises(InputError, match="above 0"):
            spike_jitter(Neuron(), setting, current)
    with pytest.raises(InputError, match="noise band"):
        setting.engine.noise(Job(RC, Transient(1e-4), ()), "v(b)", "v1", 10.0, 1.0)  # type: ignore[attr-defined]
    with pytest.raises(InputError, match="expected v"):
        setting.engine.noise(Job(RC, Transient(1e-4), ()), "v(b) v1 lin", "v1", 1.0, 10.0)  # type: ignore[attr-defined]
