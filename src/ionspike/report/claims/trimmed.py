"""The neuron that the circuit claims share: its delay trimmed, once per report, until its spike makes the paper's step."""

from __future__ import annotations

from ionspike.circuit.neurons import Neuron
from ionspike.circuit.resistance_step import Trim, trim_delay
from ionspike.circuit.testbench import Bench
from ionspike.network.held_membrane import Held, measure_held
from ionspike.report.claim import Context


def trim(context: Context) -> Trim:
    """The trim of the delay bias with the reference device in the input path."""
    return context.shared("trim", lambda: trim_delay(Neuron(input=context.reference), context.spice))


def trimmed(context: Context) -> Neuron:
    """The trimmed neuron without any ECRAM."""
    return trim(context).neuron.with_(input=None)


def spike_width(context: Context) -> float:
    """The width (s) of its spike."""
    from ionspike.circuit.resistance_step import measure_step

    return context.shared("spike width", lambda: measure_step(trim(context).neuron, context.spice).width)


def soma(context: Context) -> Held:
    """The held-membrane measurement of the trimmed neuron; several cells share it."""
    bench = Bench(neuron=trimmed(context).with_(synapse=context.reference), width=spike_width(context))
    return context.shared("soma", lambda: measure_held(bench, context.spice, context.workers))
