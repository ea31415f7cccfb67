"""The device law written out for Brian2: a file that runs by itself, with synapses that take exact steps from spike to spike and the
differential equations for gate voltages of any shape (Stimberg, Brette and Goodman 2019, 10.7554/eLife.47314)."""

from __future__ import annotations

import math
from importlib import resources

from ionspike.device.ecram import Ecram, Population
from ionspike.device.export.benches import benches

_TEMPLATE = "brian2_example.py.txt"


def brian2(ecram: Ecram) -> str:
    """A Python file for Brian2 with the parameters of ``ecram``; its example pulse is that of :func:`~ionspike.device.export.benches.benches`."""
    pulse = benches(ecram)[0]
    volts, width = float(pulse.gate[2]), float(pulse.time[3] - pulse.time[2])
    period = max(width * 10, min(p.tau for p in ecram.populations) / 3)
    text = (resources.files("ionspike.device.export") / _TEMPLATE).read_text()
    values = {
        "NAME": ecram.name,
        "PULSE_VOLTAGE": f"{volts!r}",
        "PULSE_WIDTH": f"{width!r}",
        "PERIOD": f"{float(f'{period:.2g}')!r}",
        "PARAMETERS": _parameters(ecram),
    }
    for name, value in values.items():
        text = text.replace(f"@{name}@", value)
    return text


def _parameters(ecram: Ecram) -> str:
    gate, weight = ecram.gate, ecram.weight
    lines = [
        f"GATE = {_entries({'polarity': gate.polarity, 'V_rest': gate.V_rest, 'V_T': gate.V_T, 'V_0': gate.V_0, 'J_lim': gate.J_lim})}"
    ]
    lines.append(
        f"CHANNEL = {_entries({'G_min': weight.G_min, 'G_max': weight.G_max, 'G_off': weight.G_off, 'w': weight.w})}"
    )
    lines.append("STATES = [")
    for k, state in enumerate(ecram.states, 1):
        own = {
            "polarity": state.polarity,
            "a": state.a,
            "tau": state.tau,
            "V_d": state.V_d,
            "c": state.c,
            "d": state.d,
            "s": state.s,
        }
        if isinstance(state, Population):
            own["g"] = state.g
        lines.append(f"    {_entries({'name': f'x{k}' if isinstance(state, Population) else 'w', **own})},")
    return "\n".join([*lines, "]"])


def _entries(values: dict[str, float | str]) -> str:
    shown = {key: "np.inf" if isinstance(v, float) and math.isinf(v) else repr(v) for key, v in values.items()}
    return "{" + ", ".join(f'"{key}": {value}' for key, value in shown.items()).replace("'", '"') + "}"
