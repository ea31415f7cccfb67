"""The device law written out as a plain SPICE ``.subckt``, for ngspice 39 or newer without further options.

Ports ``g d s``: gate, drain, source. Every card value is a default parameter of the ``.subckt``; every state is the voltage of an
internal node, scaled to order 1, on a capacitor. Temperature is the simulator's. The text is generated from :class:`~ionspike.device.ecram.Ecram` and a test
holds both together.
"""

from __future__ import annotations

import math

from ionspike.device.ecram import BOLTZMANN_EV, Ecram, Population, Weight

_FULL_CURRENT = 0.1  # A


def subckt_name(ecram: Ecram) -> str:
    """The name of the device's ``.subckt``: ``ecram_`` and the card's name, with ``_`` for ``-``."""
    return "ecram_" + ecram.name.replace("-", "_")


def subckt(ecram: Ecram) -> str:
    """The ``.subckt`` of ``ecram``, as text.

    Start: volatile states take the stable root at zero bias under ``uic`` and solve dy/dt = 0 in an operating point; the weight is
    held at its card value in both. Raises nothing: a valid :class:`Ecram` can always be written.
    """
    names = [f"x{k}" for k in range(1, len(ecram.populations) + 1)]
    rest = ecram.at_rest()
    lines = [
        f"* ECRAM {ecram.name}, written from its card",
        f".subckt {subckt_name(ecram)} g d s params:",
        *_parameters(ecram),
        # temperature: V_0 in proportion to T, exchange rate and release times Arrhenius about t_ref
        f".param inverse={{(1/(temper+273.15)-1/t_ref)/{BOLTZMANN_EV!r}}}",
        ".param slope={v_0*(temper+273.15)/t_ref} reduced={v_t/v_0+e_k0*inverse} slower={exp(e_tau*inverse)}",
        _overpotential(ecram),
        *_channel(ecram, names),
    ]
    for name, state, start in zip([*names, "w"], ecram.states, rest, strict=True):
        if isinstance(state, Weight) and state.a == 0 and math.isinf(state.tau):
            continue  # a weight that never moves is the constant w0, no state
        lines += _state(ecram, name, state, float(start))
    lines += _gate_current(ecram, names)
    lines.append(f".ends {subckt_name(ecram)}")
    return "\n".join(lines) + "\n"


def _parameters(ecram: Ecram) -> list[str]:
    gate, weight = ecram.gate, ecram.weight
    rows = [
        {
            "p": gate.polarity,
            "v_t": gate.V_T,
            "v_0": gate.V_0,
            "j_lim": gate.J_lim,
            "v_rest": gate.V_rest,
            "c_g": gate.C_g,
        }
    ]
    if math.isfinite(gate.R_g):
        rows[0]["r_g"] = gate.R_g
    for name, state in zip(_suffixes(ecram), ecram.states, strict=True):
        row = {"a": state.a, "q": state.q, "c": state.c, "d": state.d, "s": state.s, "pol": state.polarity}
        if math.isfinite(state.tau):
            row["tau"] = state.tau
        if math.isfinite(state.V_d):
            row["v_d"] = state.V_d
        if isinstance(state, Population):
            row["g"] = state.g
        rows.append({f"{key}_{name}": value for key, value in row.items()})
    rows.append({"g_min": weight.G_min, "g_max": weight.G_max, "g_off": weight.G_off, "w0": weight.w})
    heat = ecram.temperature
    rows.append({"t_ref": heat.T_ref, "e_k0": heat.E_k0, "e_tau": heat.E_tau})
    return ["+ " + " ".join(f"{key}={value!r}" for key, value in row.items()) for row in rows]


def _suffixes(ecram: Ecram) -> list[str]:
    return [*(f"x{k}" for k in range(1, len(ecram.populations) + 1)), "w"]


def _overpotential(ecram: Ecram) -> str:
    bias = "v(d,s)" if ecram.gate.drive == "channel" else "v(g)-0.5*(v(d)+v(s))"
    return f"beta eta 0 v = ({{p}})*({bias}-({{v_rest}}))"


def _channel(ecram: Ecram, names: list[str]) -> list[str]:
    weight = "v(w)" if _moves(ecram.weight) else "({w0})"
    terms = "".join(f"+({{g_{name}}})*v({name})" for name in names)
    # in microsiemens, so that the node is of order 1 to 1000 and vntol is far below it
    return [
        f"bu u 0 v = 1e6*(({{g_min}})+(({{g_max}})-({{g_min}}))*{weight}{terms})",
        "bgch gch 0 v = 0.5*(v(u)+sqrt(v(u)*v(u)+4e12*({g_off})*({g_off})))",
        "bch d s i = 1e-6*v(gch)*v(d,s)",
    ]


def _moves(weight: Weight) -> bool:
    return weight.a > 0 or math.isfinite(weight.tau)


def _state(ecram: Ecram, name: str, state: Population | Weight, start: float) -> list[str]:
    seen = f"({{pol_{name}}})*v(eta)"
    forward = f"0.5*(1+tanh(0.5*({seen}/({{slope}})-({{reduced}}))))"
    backward = f"0.5*(1+tanh(0.5*(-({seen})/({{slope}})-({{reduced}}))))"
    insert = f"v(p{name})*(1-v({name}))*(1+({{c_{name}}})*v({name}))"
    remove = f"v(m{name})*v({name})*(1+({{d_{name}}})*(1-v({name})))"
    release = ""
    if math.isfinite(state.tau):
        hold = f"*(1-tanh(({seen})/(2*({{v_d_{name}}}))))" if math.isfinite(state.V_d) else ""
        release = f"-v({name})*(1-({{s_{name}}})*v({name})){hold}/(({{tau_{name}}})*({{slower}}))"
    farad = _capacitance(ecram, state)
    lines = [
        f"bp{name} p{name} 0 v = {forward}",
        f"bm{name} m{name} 0 v = {backward}",
        f"bf{name} f{name} 0 v = {insert}-{remove}",  # the bracket F over a J_lim
        f"c{name} {name} 0 {farad!r} ic={start!r}",
        f"b{name} 0 {name} i = {farad!r}*({_rate(name)}*v(f{name}){release})",
    ]
    if isinstance(state, Weight):
        lines.append(f".ic v({name})={start!r}")
    return lines


def _capacitance(ecram: Ecram, state: Population | Weight) -> float:
    """The capacitor of a state (F), a power of ten: its current at full flux is of order 0.1 A, far above ngspice's abstol of 1e-12 A
    also while a state relaxes a million times more slowly."""
    fastest = max(state.a * ecram.gate.J_lim, 1 / state.tau)
    return 10.0 ** round(math.log10(_FULL_CURRENT / fastest))


def _rate(name: str) -> str:
    return f"({{a_{name}}})*({{j_lim}})"


def _gate_current(ecram: Ecram, names: list[str]) -> list[str]:
    lines: list[str] = []
    if ecram.gate.drive == "channel":
        return lines
    if ecram.gate.C_g > 0:
        lines += ["cgd g d {0.5*c_g}", "cgs g s {0.5*c_g}"]
    if math.isfinite(ecram.gate.R_g):
        lines += ["rgd g d {2*r_g}", "rgs g s {2*r_g}"]
    charged = [n for n, state in zip([*names, "w"], ecram.states, strict=True) if state.q > 0]
    if not _moves(ecram.weight):
        charged = [n for n in charged if n != "w"]
    if charged:
        total = "+".join(f"({{q_{n}}})*({{pol_{n}}})*{_rate(n)}*v(f{n})" for n in charged)
        lines += [f"bigd g d i = 0.5*({{p}})*({total})", f"bigs g s i = 0.5*({{p}})*({total})"]
    return lines
