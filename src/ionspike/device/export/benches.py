"""Benches that bring out everything an ECRAM does: single pulse, train, ramp, both signs, a written weight, a moving source, a floating
gate, three temperatures. Voltages and times follow from the card, so that nanoseconds and hours are driven alike."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ionspike.device.ecram import Ecram
from ionspike.device.moebius import advance_states

Array = NDArray[np.float64]

READ_VOLTAGE = 0.02  # V across the channel
ROOM = 27.0  # degrees C
TEMPERATURES = (-20.0, ROOM, 85.0)  # degrees C
_ABOVE = 6.0  # slopes V_0 above the threshold: the flux is then within 0.3 % of its plateau
_SLOPE = 2.0  # slopes V_0 above the threshold: the flux still follows the voltage
_SHARE = 0.3  # of what the conductance would move under a gate that is held
_EDGE = 0.2  # of a pulse's width
_LONGEST_REST = 1e6  # pulse widths
_LEAST_CHANGE = 1e-3  # of the conductance, for the volatile states to count


@dataclass(frozen=True)
class Drive:
    """One bench: voltages (V) or a gate current through points ``time`` (s), straight lines between them.

    ``gate`` against ground; ``channel``: the mean of drain and source (for a two-terminal device ``gate`` is what drives the channel
    instead). ``current`` (A), where it is given, flows into a gate that is otherwise left alone. ``kelvin``: temperature.
    """

    name: str
    time: Array
    gate: Array
    channel: Array
    kelvin: float = ROOM + 273.15
    current: Array | None = None

    @property
    def celsius(self) -> float:
        """Temperature in degrees C."""
        return self.kelvin - 273.15

    def ends(self, ecram: Ecram) -> tuple[Array, Array]:
        """Voltages of drain and source: a read voltage across the channel, or the drive itself for a two-terminal device."""
        if ecram.gate.drive == "channel":
            return self.gate + READ_VOLTAGE, np.zeros_like(self.gate)
        return self.channel + READ_VOLTAGE / 2, self.channel - READ_VOLTAGE / 2


def benches(ecram: Ecram) -> list[Drive]:
    """Every bench for ``ecram``. A two-terminal device has no gate to float and no channel that moves under one."""
    high = ecram.gate.V_T + _ABOVE * ecram.gate.V_0
    sign, width = _pulse(ecram, high, volatile=True)
    up, down = _volts(ecram, sign * high), _volts(ecram, -sign * high)
    tau = max([p.tau for p in ecram.populations if p.g] or [p.tau for p in ecram.populations])
    rest = min(1.5 * tau, _LONGEST_REST * width)
    made = [
        _pulses("pulse", [up], width, rest),
        _pulses("train", [up] * 8, width, rest / 6),
        _pulses("signs", [up, down, up, down], width, rest / 4),
        _drive("ramp", np.array([0, 0.1, 1, 3, 4]) * 20 * width, np.array([0.0, 0.0, up, down, 0.0])),
    ]
    if ecram.weight.a > 0 and ecram.weight.G_max > ecram.weight.G_min:
        towards, longer = _pulse(ecram, high, volatile=False)
        made.append(_pulses("write", [_volts(ecram, towards * high)], longer, longer))
    if ecram.gate.drive == "gate":
        made.append(_moving_source(width, up))
        if ecram.gate.C_g > 0:
            level = _volts(ecram, sign * (ecram.gate.V_T + _SLOPE * ecram.gate.V_0))
            made.append(_floating(width, ecram.gate.C_g * level))
    # off the plateau, where the threshold's temperature shows
    slope = _pulses("", [_volts(ecram, sign * (ecram.gate.V_T + _SLOPE * ecram.gate.V_0))], width, rest)
    made += [replace(slope, name=f"pulse at {t:g} C", kelvin=t + 273.15) for t in TEMPERATURES if t != ROOM]
    return made


def _volts(ecram: Ecram, eta: float) -> float:
    """The gate voltage over a grounded channel that gives the overpotential ``eta``."""
    return ecram.gate.polarity * eta + ecram.gate.V_rest


def _pulse(ecram: Ecram, high: float, volatile: bool) -> tuple[float, float]:
    """Sign and width (s) of a pulse that moves the conductance by a share of what it would move under a gate that is held: by its
    volatile states alone, if those move it at all, or by the weight alone."""
    drives = [state.a * ecram.gate.J_lim for state in ecram.states if state.a > 0]
    times = np.geomspace(1e-3 / max(drives), 1e2 / min(drives), 600)
    start = ecram.at_rest()
    rest = float(ecram.conductance(start))
    best = (0.0, 1.0, 1.0)
    for sign in (1.0, -1.0):
        volts = _volts(ecram, sign * high)
        ends = (volts, 0.0) if ecram.gate.drive == "channel" else (0.0, 0.0)
        rates = ecram.coefficients(ecram.overpotential(volts, *ends))
        states = np.array([advance_states(start, *rates, float(t)) for t in times])
        still = states.copy()
        still[:, -1 if volatile else slice(None, -1)] = start[-1 if volatile else slice(None, -1)]
        moved = np.abs(ecram.conductance(still) - rest)
        if volatile and moved.max() < _LEAST_CHANGE * rest:
            moved = np.abs(ecram.conductance(states) - rest)
        if moved.max() > best[0]:
            best = (float(moved.max()), sign, float(times[int(np.argmax(moved >= _SHARE * moved.max()))]))
    return best[1], best[2]


def _pulses(name: str, levels: list[float], width: float, rest: float) -> Drive:
    edge = _EDGE * width
    time, volts = [0.0], [0.0]
    for level in levels:
        begin = time[-1] + 0.2 * width
        time += [begin, begin + edge, begin + edge + width, begin + 2 * edge + width, begin + 2 * edge + width + rest]
        volts += [0.0, level, level, 0.0, 0.0]
    return _drive(name, np.array(time), np.array(volts))


def _moving_source(width: float, up: float) -> Drive:
    """The channel follows half-way under a gate that stays: the overpotential falls."""
    channel = np.array([0.0, 0.0, 0.0, 0.5, 0.5]) * up
    return _drive("moving source", np.array([0, 0.2, 0.4, 2.0, 3.0]) * width, np.array([0, 0, 1, 1, 1]) * up, channel)


def _floating(width: float, charge: float) -> Drive:
    """A charge (C) that is put on the gate in a twentieth of a width; then the gate is left alone."""
    begin, end, edge = 0.05 * width, 0.1 * width, 0.005 * width
    time = np.array([0.0, begin, begin + edge, end, end + edge, 30 * width])
    current = charge / (end - begin) * np.array([0.0, 0.0, 1.0, 1.0, 0.0, 0.0])
    return replace(_drive("floating gate", time, np.zeros_like(time)), current=current)


def _drive(name: str, time: Array, gate: Array, channel: Array | None = None) -> Drive:
    return Drive(name, time, gate, np.zeros_like(gate) if channel is None else channel)
