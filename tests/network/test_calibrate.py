"""What a cell can be calibrated of, what it says of the rest, and the form of its threshold."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ionspike.circuit.neurons import Neuron
from ionspike.circuit.simulate import Setting
from ionspike.circuit.testbench import Bench
from ionspike.device import Ecram
from ionspike.errors import InputError
from ionspike.network import Cell, calibrate
from ionspike.network.calibrate import SUPPORTED
from ionspike.network.dynamics import pack, wait
from ionspike.network.held_membrane import wait_held


@pytest.fixture
def setting() -> Setting:
    # refused before anything runs: neither engine nor process is looked at
    return Setting(engine=None, process=None)  # type: ignore[arg-type]


def test_a_topology_without_a_form_is_refused_with_those_that_have_one(setting: Setting, reference: Ecram):
    with pytest.raises(InputError, match=f"no form for morris-lecar; expected one of {', '.join(SUPPORTED)}"):
        calibrate(Bench(neuron=Neuron("morris-lecar", synapse=reference)), setting)


@pytest.mark.parametrize("placement", ["input", "leak", "delay"])
def test_an_ecram_beside_the_synapse_is_not_left_out_silently(setting: Setting, reference: Ecram, placement: str):
    neuron = Neuron(synapse=reference).with_(**{placement: reference})
    with pytest.raises(InputError, match=f"an ECRAM at '{placement}'; expected one at 'synapse' and no other"):
        calibrate(Bench(neuron=neuron), setting)


def test_a_neuron_without_a_synapse_is_refused(setting: Setting):
    with pytest.raises(InputError, match="no synapse"):
        calibrate(Bench(neuron=Neuron()), setting)


@pytest.mark.parametrize("saturation", [0.0, 1.0])
def test_the_wait_is_that_of_a_quadrature_with_and_without_a_shared_tail_current(saturation: float):
    cell = Cell.load("high-pass")
    soma = replace(
        cell.soma,
        saturation=saturation,
        leak_voltage=(0.0, 0.5),
        leak_current=(0.0, 0.0),
        curvature=0.0,
        fire_slope=0.0,
    )
    p, leak, *_ = pack(replace(cell, soma=soma))
    law = np.array([soma.keeper_rate, soma.threshold, soma.slope, 0.0, soma.keeper_slope, soma.fire, 0.0])
    for above in (0.02, 0.05, 0.1, 0.2):
        v = soma.threshold + above
        stepped = wait(p, leak, v, 0.0, 1e-2)[2]
        # the stepper's error control is 3 mV of drop a step
        assert stepped == pytest.approx(wait_held(law, np.array([v]), saturation)[0], rel=2e-3)


def test_a_pair_on_a_tail_current_is_never_faster_than_the_tail():
    law = np.array([1e4, 0.3, 0.04, 0.0, 0.0, 0.5, 0.0])
    fast = wait_held(law, np.array([0.8, 1.2]), 1.0)
    np.testing.assert_allclose(fast, 0.5 / 1e4, rtol=1e-3)
    assert wait_held(law, np.array([0.8]), 0.0)[0] < 1e-3 * fast[0]


def test_the_held_out_run_is_kept_with_the_cell(tmp_path):
    cell = Cell.load("high-pass")
    told = replace(cell, origin=replace(cell.origin, held_out=(40.0, 39.0, 40.0)))
    assert Cell.load(told.save(tmp_path / "cell.toml")) == told
