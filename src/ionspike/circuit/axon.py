"""What stands between a neuron's output and the synapses it drives (``netlists/axon.spice``), measured: its pulse and what it costs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ionspike.circuit.neuron_net import Input, NeuronNet, simulate_net
from ionspike.circuit.simulate import Setting
from ionspike.circuit.testbench import Bench
from ionspike.spikes import regular

AXON_GATE = 2.2e-15  # F, what an axon adds to the output of its neuron: with as much a neuron on its bench fires at the same times


@dataclass(frozen=True)
class Axon:
    """What an axon makes of a spike.

    Args:
        width: of the pulse at its end (s).
        source_width: width (s) of a bench whose driver gives a pulse as wide.
        energy: of a spike (J) with the wire but without synapses.
        gate: energy (J) that each synapse behind it adds.
    """

    width: float
    source_width: float
    energy: float
    gate: float


def measure_axon(bench: Bench, fan_out: int, setting: Setting, wire: float = 2e-15) -> Axon:
    """The axon of the neuron of ``bench`` with ``fan_out`` of its synapses behind it, from a neuron with as many and from one with one."""
    pulses = tuple(regular(30e3, 40))
    alone, whole = (
        simulate_net(NeuronNet(bench, 2, (Input(pulses),), ((0, 1),) * count, wire), pulses[-1] + 30e-6, setting)
        for count in (1, fan_out + 1)
    )
    first, last = (run.energy()["i(vax)"] / len(run.spikes[0]) for run in (alone, whole))
    gate = (last - first) / fan_out
    width, given = (float(np.median(whole.widths(node))) for node in ("ax0", "pre0"))
    return Axon(width, bench.width + width - given, first - gate, gate)
