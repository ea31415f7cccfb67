"""The device law written out as Verilog-A, for simulators that load compiled models (OSDI: VACASK, ngspice with OpenVAF, others).

Ports ``g d s``: gate, drain, source. Every card value is a parameter; every state is the voltage of an internal node with ``ddt`` and
nothing else remembers: no hidden variables, no ``idt``, no events, so that every simulator may go back a step. In an operating point the
volatile states rest at the circuit's voltages and the weight is held at its card value. The text is generated from
:class:`~ionspike.device.ecram.Ecram`; :mod:`ionspike.device.export.validate` holds both together.
"""

from __future__ import annotations

import math

from ionspike.device.ecram import BOLTZMANN_EV, Ecram, Population, Weight
from ionspike.device.export.subckt import subckt_name

_UNITS = {
    "v_t": "V", "v_0": "V", "j_lim": "1/s", "v_rest": "V", "c_g": "F", "r_g": "ohm", "g": "S", "q": "C", "tau": "s", "v_d": "V",
    "g_min": "S", "g_max": "S", "g_off": "S", "t_ref": "K", "e_k0": "eV", "e_tau": "eV",
}  # fmt: skip


def verilog_a(ecram: Ecram) -> str:
    """The Verilog-A module ``ecram_NAME(g, d, s)`` of ``ecram``, as text.

    Temperature comes from the simulator (``$temperature``): the parameters are those of the card at ``t_ref``. The multiplicity ``m``
    scales what flows through the ports, as the simulator does for every compact model.
    """
    states = [(name, state) for name, state in zip(_names(ecram), ecram.states, strict=True) if _moves(state)]
    nodes = [name for name, _ in states]
    lines = [
        f"// ECRAM {ecram.name}, written from its card.",
        "// Overpotential eta = p (V_g - (V_d + V_s)/2 - V_rest); a state y in [0, 1] obeys",
        "// dy/dt = a [J+ (1 - y)(1 + c y) - J- y (1 + d (1 - y))] - r y (1 - s y), with J+- = J_lim (1 + tanh((+-eta - V_T)/(2 V_0)))/2.",
        '`include "disciplines.vams"',
        "",
        f"module {subckt_name(ecram)}(g, d, s);",
        "    inout g, d, s;",
        "    electrical g, d, s;",
        f"    electrical {', '.join(nodes)};  // states, in V for 1" if nodes else "",
        *_parameters(ecram),
        *_variables(ecram, states),
        "    analog begin",
        *[f"        {line}" for line in _body(ecram, states)],
        "    end",
        "endmodule",
    ]
    return "\n".join(line for line in lines if line is not None) + "\n"


def _names(ecram: Ecram) -> list[str]:
    return [*(f"x{k}" for k in range(1, len(ecram.populations) + 1)), "w"]


def _moves(state: Population | Weight) -> bool:
    return isinstance(state, Population) or state.a > 0 or math.isfinite(state.tau)


def _parameters(ecram: Ecram) -> list[str]:
    gate, weight, heat = ecram.gate, ecram.weight, ecram.temperature
    values = {"p": gate.polarity, "v_t": gate.V_T, "v_0": gate.V_0, "j_lim": gate.J_lim, "v_rest": gate.V_rest}
    values |= {"c_g": gate.C_g} | ({"r_g": gate.R_g} if math.isfinite(gate.R_g) else {})
    for name, state in zip(_names(ecram), ecram.states, strict=True):
        own = {"a": state.a, "q": state.q, "c": state.c, "d": state.d, "s": state.s, "pol": state.polarity}
        own |= {"tau": state.tau} if math.isfinite(state.tau) else {}
        own |= {"v_d": state.V_d} if math.isfinite(state.V_d) else {}
        own |= {"g": state.g} if isinstance(state, Population) else {}
        values |= {f"{key}_{name}": value for key, value in own.items()}
    values |= {"g_min": weight.G_min, "g_max": weight.G_max, "g_off": weight.G_off, "w0": weight.w}
    values |= {"t_ref": heat.T_ref, "e_k0": heat.E_k0, "e_tau": heat.E_tau}
    return [_parameter(name, value) for name, value in values.items()]


def _parameter(name: str, value: float) -> str:
    unit = _UNITS.get(name) or _UNITS.get(name.rsplit("_", 1)[0], "1")
    return f'    (* units = "{unit}", type = "instance" *) parameter real {name} = {value!r};'


def _variables(ecram: Ecram, states: list[tuple[str, Population | Weight]]) -> list[str]:
    names = ["eta", "inverse", "slope", "reduced", "slower", "level", "conductance", "ions"]
    for name, _ in states:
        names += [f"seen_{name}", f"insert_{name}", f"remove_{name}", f"flow_{name}", f"release_{name}"]
    return [f"    real {', '.join(names[k : k + 8])};" for k in range(0, len(names), 8)]


def _body(ecram: Ecram, states: list[tuple[str, Population | Weight]]) -> list[str]:
    bias = "V(d, s)" if ecram.gate.drive == "channel" else "0.5 * (V(g, d) + V(g, s))"
    lines = [
        "// temperature: V_0 in proportion to T, exchange rate and release times Arrhenius about t_ref",
        f"inverse = (1.0 / $temperature - 1.0 / t_ref) / {BOLTZMANN_EV!r};",
        "slope = v_0 * $temperature / t_ref;",
        "reduced = v_t / v_0 + e_k0 * inverse;  // V_T / V_0 at this temperature",
        "slower = exp(e_tau * inverse);",
        f"eta = p * ({bias} - v_rest);",
    ]
    for name, state in states:
        lines += _state(name, state)
    weight = "V(w)" if any(name == "w" for name, _ in states) else "w0"
    volatile = "".join(f" + g_{name} * V({name})" for name in _names(ecram)[:-1])
    lines += [
        f"level = g_min + (g_max - g_min) * {weight}{volatile};",
        "conductance = 0.5 * (level + sqrt(level * level + 4.0 * g_off * g_off));",
        "I(d, s) <+ conductance * V(d, s);",
    ]
    return lines + (_gate_current(ecram, states) if ecram.gate.drive == "gate" else ["ions = 0.0;"])


def _state(name: str, state: Population | Weight) -> list[str]:
    flux = f"0.5 * a_{name} * j_lim * (1.0 + tanh(0.5 * ({{}}seen_{name} / slope - reduced)))"
    release = "0.0"
    if math.isfinite(state.tau):
        hold = f" * (1.0 - tanh(0.5 * seen_{name} / v_d_{name}))" if math.isfinite(state.V_d) else ""
        release = f"V({name}) * (1.0 - s_{name} * V({name})) / (tau_{name} * slower){hold}"
    # a micro-ampere per 1/s: rates of 1/hour and of 1e8/s are then both far from a simulator's tolerances and limits
    change = f"-1e-6 * (flow_{name} - release_{name})"
    lines = [
        f"seen_{name} = pol_{name} * eta;",
        f"insert_{name} = {flux.format('')};",
        f"remove_{name} = {flux.format('-')};",
        f"flow_{name} = insert_{name} * (1.0 - V({name})) * (1.0 + c_{name} * V({name})) - remove_{name} * V({name}) * (1.0 + d_{name} * (1.0 - V({name})));",
        f"release_{name} = {release};",
        f"I({name}) <+ 1e-6 * ddt(V({name}));",
    ]
    if isinstance(state, Population):
        return [*lines, f"I({name}) <+ {change};"]
    return [
        *lines,
        'if (analysis("static"))',
        f"    I({name}) <+ 1e-6 * (V({name}) - w0);  // an operating point holds the weight",
        "else",
        f"    I({name}) <+ {change};",
    ]


def _gate_current(ecram: Ecram, states: list[tuple[str, Population | Weight]]) -> list[str]:
    terms = " + ".join(f"pol_{name} * q_{name} * flow_{name}" for name, _ in states) or "0.0"
    lines = [f"ions = 0.5 * p * ({terms});  // half through the drain, half through the source"]
    for port in ("d", "s"):
        leak = f" + 0.5 * V(g, {port}) / r_g" if math.isfinite(ecram.gate.R_g) else ""
        lines.append(f"I(g, {port}) <+ 0.5 * c_g * ddt(V(g, {port})){leak} + ions;")
    return lines
