"""What a cell can be calibrated of, what it says of the rest, and the form of its threshold."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from ionspike.circuit.neurons import Neuron
from ionspike.circuit.simulate import Setting
from ionspike.circuit.testbench import Bench
from ionspike.device import Ecram
from ionspike.errors import InputError
from ionspike.network import Cell, calibrate
from ionspike.network.dynamics import THERMAL, held_stage
from ionspike.network.output_law import Way, fit_ways, followed, wait_of


@pytest.fixture
def setting() -> Setting:
    # refused before anything runs: neither engine nor process is looked at
    return Setting(engine=None, process=None)  # type: ignore[arg-type]


def test_a_second_ecram_beside_the_synapse_is_not_left_out_silently(setting: Setting, reference: Ecram):
    neuron = Neuron(synapse=reference, input=reference, delay=reference)
    with pytest.raises(InputError, match="one ECRAM beside the synapse; this neuron has them at input and delay"):
        calibrate(Bench(neuron=neuron), setting)


def test_a_neuron_without_a_synapse_is_refused(setting: Setting):
    with pytest.raises(InputError, match="no synapse"):
        calibrate(Bench(neuron=Neuron()), setting)


# a pair on a tail current and an output that its hold current keeps down for a while; of the size of the comparator's
_LAW = np.array([1.1e4, 0.32, 0.044, -4.0, 0.2, 2.0, 0.0])
_OUTPUT = np.array([3.8e3, 0.306, 0.040, -10.0, 0.7, 0.03, 0.34])


def _ways(voltages: list[float]) -> list[Way]:
    """What a stage of the law above does, by an independent integrator."""
    found = []
    for v in voltages:
        drive = np.exp((v - _LAW[1]) / _LAW[2] + _LAW[3] * (v - _LAW[1]) ** 2)

        def slope(_: float, y: np.ndarray, m: float = drive) -> list[float]:
            hold = [(1 + lam * q) * -np.expm1(-q / THERMAL) for lam, q in ((_LAW[4], y[0]), (_OUTPUT[4], y[1]))]
            d = y[0] - _OUTPUT[1]
            rise = _OUTPUT[0] * (np.exp(d / _OUTPUT[2] + _OUTPUT[3] * d * d) - hold[1])
            return [_LAW[0] * (m - hold[0]) / (1 + m) - _OUTPUT[5] * rise, rise]

        fires = lambda _, y: y[1] - _OUTPUT[6]  # noqa: E731
        fires.terminal = True
        solved = solve_ivp(
            slope, (0, 1e-2), [0.0, 0.0], "LSODA", rtol=1e-9, atol=1e-12, events=fires, dense_output=True
        )
        spike = float(solved.t_events[0][0])
        times = np.linspace(0, 0.9 * spike, 20)
        found.append(Way(v, times, *solved.sol(times), spike))
    return found


def test_a_stage_whose_output_waits_does_what_an_integrator_finds():
    for way in _ways([0.335, 0.35, 0.4]):
        nodes, spike = followed(*held_stage(_LAW, 1.0, _OUTPUT), way)
        # 3 mV a step: half a per cent of the wait, in which a node moves by up to 4 mV at the end
        assert spike == pytest.approx(way.spike, rel=5e-3)
        np.testing.assert_allclose(nodes, np.stack([way.drop, way.rise], axis=-1), atol=5e-3)


def test_the_law_of_an_output_that_waits_is_found_from_its_ways():
    law, output = fit_ways(_ways([0.33, 0.34, 0.36, 0.4, 0.45]), 0.31, 1.0)
    for way in _ways([0.335, 0.38]):
        assert wait_of(law, output, 1.0, way) == pytest.approx(way.spike, rel=0.01)


def test_the_held_out_run_is_kept_with_the_cell(tmp_path):
    cell = Cell.load("high-pass")
    told = replace(cell, origin=replace(cell.origin, held_out=(40.0, 39.0, 40.0)))
    assert Cell.load(told.save(tmp_path / "cell.toml")) == told
