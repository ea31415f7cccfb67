"""Where an ECRAM rests: the bias between spikes against the device's own relaxation."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest

from ionspike.circuit.neurons import Neuron
from ionspike.circuit.rest import ErasedChannel, rest
from ionspike.circuit.simulate import Setting, simulate
from ionspike.circuit.testbench import Bench
from ionspike.circuit.topologies import TOPOLOGIES
from ionspike.device import Ecram

pytestmark = pytest.mark.spice

_PULSES = tuple(2e-6 + 5e-6 * k for k in range(6))


def _at_the_supply(tmp_path: Path) -> str:
    """The delay-feedback neuron with its delay element moved up, between the supply and the pfet that charges d1."""
    text = TOPOLOGIES["delay-feedback-lif"].netlist.replace("delay_feedback_lif", "delay_at_the_supply")
    for old, new in (
        ("xd1p d1 spk vdl", "xd1p d1 spk db"),
        ("spk da 0 nf", "spk 0 0 nf"),
        ("rdb db 0 1", "rda da vdl 1"),
    ):
        assert old in text
        text = text.replace(old, new)
    path = tmp_path / "supply.spice"
    path.write_text(text)
    return str(path)


def test_a_channel_at_the_supply_is_told_to_be_erased(tmp_path: Path, setting: Setting, reference: Ecram):
    neuron = Neuron(_at_the_supply(tmp_path), delay=reference)
    with pytest.warns(
        ErasedChannel, match=r"delay path rests at an overpotential of -1\.[78]\S* V.*erased between spikes"
    ):
        run = simulate(Bench(neuron, pulses=_PULSES), 40e-6, setting)
    # the gate pulls with its whole plateau: J_lim tau times the relaxation, by the card
    assert rest(run, "delay").erasure == pytest.approx(reference.gate.J_lim * reference.populations[0].tau, rel=1e-3)


@pytest.mark.parametrize("placement", ["synapse", "input", "leak", "delay"])
def test_the_places_of_the_bench_keep_the_ions(placement: str, setting: Setting, reference: Ecram):
    with warnings.catch_warnings():
        warnings.simplefilter("error", ErasedChannel)
        run = simulate(Bench(Neuron(**{placement: reference}), pulses=_PULSES), 40e-6, setting)  # type: ignore[arg-type]
    assert 0 <= rest(run, placement).erasure < 0.01


def test_a_membrane_held_too_high_erases_its_synapse(setting: Setting, reference: Ecram):
    with pytest.warns(ErasedChannel, match="synapse path"):
        simulate(Bench(Neuron(synapse=reference), pulses=_PULSES, hold=1.0, read_rail=1.2), 40e-6, setting)
