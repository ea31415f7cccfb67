"""What the gate supplies: charge and energy of a pulse, and a gate that nobody drives, against scipy and against ngspice."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from ionspike.device import Ecram, Gate, Population, Weight, subckt, subckt_name
from ionspike.device.gate import floating_gate, gate_pulse
from ionspike.errors import InputError, RunError
from ionspike.spice import Accuracy, Job, Ngspice, Transient


def _device(polarity: float = 1.0, g: float = 5e-5, own: float = 1.0, leak: float = math.inf) -> Ecram:
    """Facilitating (g above 0) or depressing, of either polarity, with a weight that moves as well."""
    return Ecram(
        "gated",
        Gate(V_T=0.8, V_0=0.052, J_lim=1e6, C_g=2e-14, R_g=leak, polarity=polarity, V_rest=0.05),
        (Population(tau=1e-4, g=g, q=3e-14, c=2.0, d=1.0, s=0.3, V_d=0.4, polarity=own),),
        Weight(G_min=1e-4, G_max=2e-4, w=0.4, a=0.05, q=1e-14),
    )


DEVICES = [
    _device(p, g, own, leak) for p in (1.0, -1.0) for g, own, leak in ((5e-5, 1.0, math.inf), (-5e-5, -1.0, 1e10))
]
IDS = [f"polarity {d.gate.polarity:g}, g {d.populations[0].g:g}" for d in DEVICES]


def _driven(device: Ecram, volts: float, width: float, channel: float) -> tuple[np.ndarray, float]:
    """State after a pulse and charge of its ions by DOP853, ions integrated beside the states."""
    eta = device.overpotential(volts, channel, channel)
    alpha, beta, gamma = device.coefficients(eta)

    def slope(_t: float, y: np.ndarray) -> np.ndarray:
        states = y[:-1]
        return np.append(alpha + (beta + gamma * states) * states, float(device.ion_current(states, eta)) / 1e-14)

    start = np.append(device.at_rest(0.0, channel, channel), 0.0)
    done = solve_ivp(slope, (0, width), start, "DOP853", rtol=1e-11, atol=1e-13).y[:, -1]
    return done[:-1], 1e-14 * done[-1]


@settings(max_examples=25, deadline=None)
@given(
    device=st.sampled_from(DEVICES),
    volts=st.floats(-1.5, 1.5),
    width=st.floats(-8, -5).map(lambda e: 10.0**e),
    channel=st.floats(-0.3, 0.3),
)
def test_charge_and_state_of_a_pulse_are_those_of_an_integrator(
    device: Ecram, volts: float, width: float, channel: float
):
    pulse = gate_pulse(device, volts, width, v_channel=channel)
    state, ions = _driven(device, volts, width, channel)
    np.testing.assert_allclose(pulse.state, state, atol=1e-9)
    assert pulse.ions == pytest.approx(ions, rel=1e-7, abs=1e-22)
    stored = device.gate.C_g * volts
    leaked = (volts - channel) / device.gate.R_g * width if math.isfinite(device.gate.R_g) else 0.0
    assert pulse.charge == pytest.approx(stored + leaked + ions, rel=1e-7, abs=1e-22)


@pytest.mark.parametrize("device", DEVICES, ids=IDS)
def test_ions_cost_energy_whatever_the_polarity(device: Ecram):
    volts = device.gate.polarity * 1.1 + device.gate.V_rest
    for sign in (1.0, -1.0):
        pulse = gate_pulse(device, sign * volts, 1e-6)
        assert pulse.energy > device.gate.C_g * volts**2 * 0.999  # C V^2 over both edges, and the ions'
        # the ions' work is their charge times the voltage they pass
        rest = pulse.energy - device.gate.C_g * volts**2
        leak = volts**2 / device.gate.R_g * 1e-6 if math.isfinite(device.gate.R_g) else 0.0
        assert rest == pytest.approx(sign * volts * pulse.ions + leak, rel=1e-9)


def test_a_pulse_needs_a_width():
    with pytest.raises(InputError, match="width above 0"):
        gate_pulse(DEVICES[0], 1.0, 0.0)


@pytest.mark.parametrize("device", DEVICES, ids=IDS)
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_floating_gate_is_that_of_radau(device: Ecram, sign: float):
    start, times = sign * 1.0, np.geomspace(1e-9, 1e-3, 40)
    states, bias = floating_gate(device, times, start, v_channel=0.1)
    leak = 1 / device.gate.R_g if math.isfinite(device.gate.R_g) else 0.0

    def slope(_t: float, y: np.ndarray) -> np.ndarray:
        eta = device.overpotential(y[-1] + 0.1, 0.1, 0.1)
        alpha, beta, gamma = device.coefficients(eta)
        current = float(device.ion_current(y[:-1], eta)) + leak * y[-1]
        return np.append(alpha + (beta + gamma * y[:-1]) * y[:-1], -current / device.gate.C_g)

    y0 = np.append(device.at_rest(), start)
    done = solve_ivp(slope, (0, 1e-3), y0, "Radau", t_eval=times, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(states, done.y[:-1].T, atol=2e-7)
    np.testing.assert_allclose(bias, done.y[-1], atol=2e-7)


@pytest.mark.parametrize("device", DEVICES, ids=IDS)
def test_a_floating_gate_loses_what_its_ions_and_its_leak_took(device: Ecram):
    # without release of ions, and with a leak far slower than the run, charge is conserved
    closed = replace(
        device,
        gate=replace(device.gate, R_g=math.inf),
        populations=(replace(device.populations[0], tau=1e6),),
    )
    start = closed.at_rest()
    states, bias = floating_gate(closed, [0.0, 1e-7, 1e-5, 1e-4], 1.2 * closed.gate.polarity, start)
    q = np.array([s.q * s.polarity * closed.gate.polarity for s in closed.states])
    held = closed.gate.C_g * bias + (states - start) @ q
    np.testing.assert_allclose(held, held[0], rtol=1e-8)
    assert abs(bias[-1]) < 0.9 * abs(bias[0])


def test_what_cannot_float_is_refused():
    bare = replace(DEVICES[0], gate=replace(DEVICES[0].gate, C_g=0.0))
    with pytest.raises(InputError, match="C_g above 0"):
        floating_gate(bare, [0.0, 1.0], 1.0)
    with pytest.raises(InputError, match="ascending"):
        floating_gate(DEVICES[0], [1.0, 0.5], 1.0)


@pytest.mark.parametrize("device", DEVICES, ids=IDS)
@pytest.mark.parametrize("sign", [1.0, -1.0])
@pytest.mark.parametrize("floating", [True, False])
def test_ngspice_agrees_grounded_or_floating_for_both_signs(device: Ecram, sign: float, floating: bool):
    try:
        engine = Ngspice.find()
    except RunError as error:
        pytest.skip(str(error))
    volts, width, stop = sign * device.gate.polarity * 0.95, 1e-6, 5e-6
    lines = [
        subckt(device),
        f"x1 g d s {subckt_name(device)}",
        "vd d 0 0.01",
        "vs s 0 -0.01",
        ".ic v(d)=0.01 v(s)=-0.01",
    ]
    rest = device.at_rest(volts if floating else 0.0)
    if floating:  # the gate starts charged, its states at rest with it grounded
        rest = device.at_rest()
        lines.append(f".ic v(g)={volts!r}")
    else:
        edge = 1e-9
        lines.append(
            f"vg g 0 pwl(0 0 1e-7 0 {1e-7 + edge!r} {volts!r} {1e-7 + edge + width!r} {volts!r} {1e-7 + 2 * edge + width!r} 0)"
        )
        lines += ["cq 0 q 1e-14", "fg 0 q vg 1", ".ic v(q)=0"]
    lines.append(f".ic v(x1.x1)={float(rest[0])!r}")
    save = ("v(g)", "v(x1.x1)", "v(x1.w)") if floating else ("v(g)", "v(x1.x1)", "v(x1.w)", "v(q)")
    job = Job("\n".join(lines) + "\n", Transient(stop, 5e-9), save, accuracy=Accuracy(reltol=1e-6, gmin=1e-18))
    run = engine.run(job)
    if floating:
        states, bias = floating_gate(device, run.time[1:], volts, rest)
        np.testing.assert_allclose(run["v(g)"][1:], bias, atol=2e-4 * abs(volts))
        np.testing.assert_allclose(run["v(x1.x1)"][1:], states[:, 0], atol=1e-3)
        return
    pulse = gate_pulse(device, volts, width + 1e-9)  # the edges are worth half their length each
    at = 1e-7 + 1.5e-9 + width
    # within the half per cent that DESIGN allows ngspice; charge counted from the start, capacitance included
    assert -1e-14 * float(run.at("v(q)", at - 1e-9)) == pytest.approx(pulse.charge, rel=5e-3)
    assert float(run.at("v(x1.x1)", at)) == pytest.approx(pulse.state[0], rel=5e-3)
