"""Both forms of short-term plasticity in the topologies beside the delay-feedback neuron, each with its control.

Short drives: that the effect is there, has the right sign and goes with the ions. Sizes of the effects are in docs/circuit.md.
"""

from __future__ import annotations

import numpy as np
import pytest

from ionspike.circuit.facilitation import read_train
from ionspike.circuit.neurons import Neuron
from ionspike.circuit.placements import placement_bench, read_effect, spike_widths
from ionspike.circuit.simulate import Setting, simulate, simulate_all
from ionspike.circuit.testbench import Bench
from ionspike.circuit.topologies import TOPOLOGIES
from ionspike.device import Ecram
from ionspike.errors import InputError
from ionspike.spikes import regular

pytestmark = pytest.mark.spice

_NEW = ("schmitt-trigger-lif", "dpi", "comparator-lif", "morris-lecar")


@pytest.fixture(scope="module")
def widths(setting: Setting) -> dict[str, float]:
    return spike_widths(_NEW, setting)


def _pair(topology: str, place: str, pulses: int, card: Ecram, width: float, setting: Setting):
    bench, stop, drive = placement_bench(topology, place, card, width, pulses)
    return (*simulate_all([(bench, stop), (bench.control(), stop)], setting), drive)


@pytest.mark.parametrize("topology", _NEW)
def test_a_synapse_facilitates_and_its_control_does_not(
    topology: str, widths: dict[str, float], setting: Setting, reference: Ecram
):
    live, off, _ = _pair(topology, "synapse", 3, reference, widths[topology], setting)
    train = read_train(live, 0.0)
    # a tenth of the ions a spike, one interval of a tenth of tau: the third spike passes a fifth more than the first
    assert 1.1 < train.gains[-1] < 1.4
    np.testing.assert_allclose(train.law_gains, train.gains, rtol=0.03)
    # the first spike of a Schmitt trigger starts from ground, later ones from the lower threshold: they are 3 % wider
    assert abs(read_effect(off, "synapse", None)) < (4 if topology == "schmitt-trigger-lif" else 1.5)


@pytest.mark.parametrize("topology", ["dpi", "morris-lecar"])
def test_an_ecram_in_the_input_makes_the_neuron_more_excitable(
    topology: str, widths: dict[str, float], setting: Setting, reference: Ecram
):
    live, off, drive = _pair(topology, "input", 120, reference, widths[topology], setting)
    effect, control = read_effect(live, "input", drive), read_effect(off, "input", drive)
    assert effect < -4 and abs(control) < 2


@pytest.mark.parametrize("topology", [name for name, t in TOPOLOGIES.items() if "delay" not in t.placements])
def test_a_path_that_is_not_there_is_told(topology: str, reference: Ecram):
    with pytest.raises(
        InputError, match=f"{topology} has no delay path for an ECRAM; expected one of synapse, input, leak"
    ):
        Neuron(topology, delay=reference)


@pytest.mark.parametrize("topology", list(TOPOLOGIES))
def test_all_placements_work_together(topology: str, setting: Setting, reference: Ecram):
    kind = TOPOLOGIES[topology]
    devices = {place: reference.scaled(0.1, "small") if place == "leak" else reference for place in kind.placements}
    neuron = Neuron(topology, **devices)  # type: ignore[arg-type]
    bench = Bench(neuron, pulses=tuple(regular(100e3, 20)), read_rail=kind.drive["read_rail"] + 0.2)
    run = simulate(bench, 0.21e-3, setting)
    assert len(run.spike_times) >= 2
    for place, device in neuron.devices:
        assert run.conductance(place)[-1] > 1.05 * device.conductance(device.at_rest())
