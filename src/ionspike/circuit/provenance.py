"""Where a dataset comes from: engine, process, corner, temperature, rails and the neuron it was measured on."""

from __future__ import annotations

from typing import Any

from ionspike.circuit.neurons import Neuron
from ionspike.circuit.simulate import Setting
from ionspike.circuit.testbench import Bench


def conditions(neuron: Neuron, setting: Setting) -> dict[str, Any]:
    """Attributes of a dataset measured on ``neuron`` in ``setting``: text and numbers, SI, temperature in degrees C."""
    bench = Bench(neuron=neuron)
    return {
        "engine": f"{setting.engine.name} {setting.engine.version}",
        "process": f"{setting.process.name} {setting.process.version}",
        "corner": setting.corner,
        "temperature_degC": setting.accuracy.temperature,
        "supply_V": setting.process.supply,
        "read_rail_V": bench.read_rail,
        "reltol": setting.accuracy.reltol,
        "topology": neuron.topology,
        "membrane_F": neuron.membrane,
        "delay_bias_A": neuron.delay_bias,
        "keeper_bias_A": neuron.keeper_bias,
        "leak_bias_A": neuron.leak_bias,
        "ecram": ", ".join(f"{device.name} in the {place}" for place, device in neuron.devices) or "none",
        "input": f"pulses of {bench.width:g} s through a switch of {bench.switch:g} um",
    }
