"""Simpler laws are fitted to the same samples: each finds records of its own kind, none a cooperative one."""

from __future__ import annotations

import numpy as np

from ionspike.device import Ecram, Gate, Population, Weight
from ionspike.device.fitting import Fit, Shape, fit
from ionspike.device.fitting.simpler_laws import SimplerLaw, simpler_laws
from ionspike.device.measured.synthetic import synthetic_record


def made(**terms: float) -> Fit:
    population = Population(tau=2e-3, g=5e-3, V_d=0.3, **terms)
    device = Ecram("made", Gate(V_T=0.4, V_0=0.05, J_lim=150.0), (population,), Weight(G_min=1e-4))
    record = synthetic_record(device, 0.2, 0.1, 6, 1e-3, noise=1e-3)
    held = record.time > 0.6
    return fit(record, shape=Shape(cooperative=bool(terms)), fitted=~held, starts=1)


def errors(found: Fit) -> dict[str, float]:
    held, record = ~found.fitted, found.record
    return {
        law.name: float(np.sqrt(np.mean((law.model - record.conductance)[held] ** 2)) / record.swing)
        for law in simpler_laws(found)
    }


def test_on_exponential_transients_own_rise_and_fall_is_as_good_as_the_law_and_one_time_is_not():
    found = made()
    at = errors(found)
    assert at["own rise and fall"] < 1.1 * found.residual(~found.fitted)
    assert at["stretched exponential"] < 1.1 * found.residual(~found.fitted)
    assert at["one exponential"] > 5 * at["own rise and fall"]


def test_on_a_cooperative_release_every_simpler_law_predicts_worse():
    found = made(s=0.95)
    at = errors(found)
    assert set(at) == {
        "one exponential", "own rise and fall", "stretched exponential", "Tsodyks-Markram", "linear kernel"
    }  # fmt: skip
    # a compressed exponential comes near a logistic fall: 0.15 % of the swing beside noise of 0.1 %
    assert at.pop("stretched exponential") > 1.5 * found.residual(~found.fitted)
    assert min(at.values()) > 10 * found.residual(~found.fitted)


def test_every_law_says_how_many_numbers_it_has():
    laws: tuple[SimplerLaw, ...] = simpler_laws(made())
    assert [law.parameters for law in laws] == [5, 6, 8, 9, 15]
    assert all(law.model.shape == (1200,) for law in laws)
