"""Neurons on transistors with ECRAMs around them: netlists, benches, runs and what is measured in them."""

from ionspike.circuit.energy import Energy, energy, idle_power
from ionspike.circuit.export import export
from ionspike.circuit.neurons import DelayFeedbackLIF, Neuron
from ionspike.circuit.resistance_step import measure_step, trim_delay
from ionspike.circuit.rest import ErasedChannel, rest
from ionspike.circuit.simulate import Run, Setting, simulate, simulate_all, simulate_pulses
from ionspike.circuit.testbench import Bench
from ionspike.circuit.topologies import TOPOLOGIES, VARIANTS, load_topology

__all__ = [
    "TOPOLOGIES",
    "VARIANTS",
    "Bench",
    "DelayFeedbackLIF",
    "Energy",
    "ErasedChannel",
    "Neuron",
    "Run",
    "Setting",
    "energy",
    "export",
    "idle_power",
    "load_topology",
    "measure_step",
    "rest",
    "simulate",
    "simulate_all",
    "simulate_pulses",
    "trim_delay",
]
