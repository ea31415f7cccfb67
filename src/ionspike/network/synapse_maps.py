"""What a presynaptic spike does to its synapses: their states move by the exact map, and each gives the size of its arrival."""

# pyright: reportArgumentType=false, reportCallIssue=false, reportReturnType=false
# numba compiles this: its integers are numpy's, its intrinsics take one argument less than they are written with

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np

from ionspike.device.moebius import step
from ionspike.network.arrays import (
    AT_CARD_CONDUCTANCE,
    AT_CARD_COUNT,
    AT_CARD_MAP,
    AT_CONSTANTS,
    AT_DEVICE_CARD,
    AT_DEVICE_STATE,
    AT_PENDING_EFFICACY,
    AT_PROJECTION,
    AT_RECORDS,
    AT_SIZE,
    BASE,
    CARD0,
    CONSTANTS_COLUMNS,
    GAIN,
    MAX_STATES,
    PROJECTION_COLUMNS,
    R_DOSE,
    R_GAIN,
    R_RATE,
    R_STATE,
    R_WEIGHT,
    STATE0,
    TM_FACILITATION,
    TM_RECOVERY,
    TM_U,
    WIDTH,
    X_PULSE,
    X_REST,
    Array,
)  # fmt: skip
from ionspike.network.dynamics import AT, OF, PARTS
from ionspike.network.elementary import exp, exp_row
from ionspike.network.kernels import inlined, inner, kernel, size_kernel
from ionspike.network.views import F64, I32, I64, array, array_2d, part, row, view


@cache
def scaled_kernel(real: type) -> Any:
    """``(at, p, number, record, stride, n, first, interval, efficacy)``: after one presynaptic spike, the sizes of its arrivals at ``n`` synapses of
    a row, put into the sizes from ``first`` on: weight times an efficacy they share. ``number``: of the first synapse in its projection;
    ``record``: where its target is; ``stride``: synapses of the row, which is from one column to the next."""
    one = real(1.0)

    @size_kernel
    def scaled(
        at: Any, p: int, number: int, record: int, stride: int, n: int, first: int, _interval: float, efficacy: float
    ) -> int:
        factor, weight = real(efficacy), record + R_WEIGHT * stride
        records, size = view(at, AT_RECORDS, one), view(at, AT_SIZE, one)
        for j in range(n):
            size[first + j] = records[weight + j] * factor
        return n

    return scaled


@inlined
def pulsed(state: Any, kept: Any, used: Any, dose: Any, rest: Any, full: Any, mean: bool) -> tuple[Any, Any]:
    """A state after a rest that keeps ``kept`` of it and a pulse that takes ``used`` of the rest of its way, and what the pulse sees: the state
    after it; or with ``mean`` that over the pulse, ``full - (full - x) (1 - exp(-z))/z`` with z the dose and ``used`` = 1 - exp(-z)."""
    x = rest + (state - rest) * kept
    after = x + used * (full - x)
    return after, full - (full - x) * used / dose if mean else after


@cache
def own_kernel(real: type, mean: bool, gains: bool = False) -> Any:
    """As :func:`scaled_kernel`, for devices of their own with one state that relaxes exponentially. ``interval`` (s): since the last pulse
    began. Without ``mean`` the dose is the share of the rest of the way that a pulse takes. ``gains``: each synapse has its own size per x.
    """
    one = real(1.0)

    @size_kernel
    def own_pulse(
        at: Any, p: int, number: int, record: int, stride: int, n: int, first: int, interval: float, _efficacy: float
    ) -> int:
        weight, dose, rate = record + R_WEIGHT * stride, record + R_DOSE * stride, record + R_RATE * stride
        state, own_gain = record + R_STATE * stride, record + R_GAIN * stride
        constants = row(at, AT_CONSTANTS, CONSTANTS_COLUMNS, p, F64)
        rest, full, base, gain = (
            real(constants[X_REST]), real(constants[X_PULSE]), real(constants[BASE]), real(constants[GAIN]),
        )  # fmt: skip
        t = real(-max(interval - constants[WIDTH], 0.0))
        records, size = view(at, AT_RECORDS, one), view(at, AT_SIZE, one)
        exp_row(size, first, records, rate, n, t)
        for j in range(n):
            z = records[dose + j]
            used = one - exp(-z) if mean else z
            records[state + j], seen = pulsed(records[state + j], size[first + j], used, z, rest, full, mean)
            per_x = records[own_gain + j] if gains else gain
            size[first + j] = records[weight + j] * (base + per_x * seen)
        return n

    return own_pulse


@inner
def channel(conductance: Array, count: int, x: Array) -> float:
    """G (S) in state ``x``: the compiled form of ``Ecram.conductance``; see :class:`~ionspike.network.arrays.Devices`."""
    u = conductance[0] + conductance[1] * x[count - 1]
    for k in range(count - 1):
        u += conductance[4 + k] * x[k]
    off = conductance[2]
    root = math.sqrt(u * u + 4.0 * off * off)
    return 0.5 * (u + root) if u >= 0.0 else 2.0 * off * off / (root - u)


@inner
def card_pulse(coefficients: Array, conductance: Array, count: int, x: Array, interval: float, width: float) -> float:
    """One pulse of a device of the general law: ``x`` moves through the rest and the pulse, and the mean conductance over the pulse comes
    back, relative to that of the rested device. ``coefficients``: a row a state."""
    rest = max(interval - width, 0.0)
    strongest = 0.0
    at = np.empty(MAX_STATES)
    for k in range(count):
        c = coefficients[k]
        x[k] = step(x[k], c[0], c[1], c[2], rest)
        at[k] = step(x[k], c[3], c[4], c[5], width)
        strongest = max(strongest, abs(c[4]) * width)
    least = min(channel(conductance, count, x), channel(conductance, count, at))
    parts = PARTS if least < 100.0 * conductance[2] else min(2 + int(4.0 * strongest), PARTS)
    total = 0.0
    for piece in range(parts):
        for q in range(3):
            for k in range(count):
                c = coefficients[k]
                at[k] = step(x[k], c[3], c[4], c[5], width * (piece + AT[q]) / parts)
            total += OF[q] / parts * channel(conductance, count, at)
    for k in range(count):
        c = coefficients[k]
        x[k] = step(x[k], c[3], c[4], c[5], width)
    return total / conductance[3]


@inner
def tsodyks_markram(x: Any, interval: float, jump: float, facilitation: float, recovery: float) -> float:
    """Utilisation and resources of Tsodyks, Pawelzik and Markram (Neural Computation 10:821, 1998, 10.1162/089976698300017502), both
    moved to this spike: returns ``u R``. ``x`` holds u after and R after the last spike; rates in 1/s, infinite: at once."""
    u = x[0] * math.exp(-interval * facilitation) if facilitation < math.inf else 0.0
    u += jump * (1.0 - u)
    r = 1.0 - (1.0 - x[1]) * math.exp(-interval * recovery) if recovery < math.inf else 1.0
    x[0], x[1] = u, r * (1.0 - u)
    return u * r


@inner
def card_of(at: Any, c: int) -> tuple[Any, Any, int]:
    """Coefficients by state, conductances and number of states of card ``c``."""
    return (
        array_2d(at, AT_CARD_MAP, c * MAX_STATES, MAX_STATES, 6, F64),
        array(at, AT_CARD_CONDUCTANCE, c * (MAX_STATES + 3), MAX_STATES + 3, F64),
        view(at, AT_CARD_COUNT, I64)[c],
    )


@cache
def cards_kernel(real: type) -> Any:
    """As :func:`scaled_kernel`, for devices of the general law, each with its card and its states."""
    one = real(1.0)

    @size_kernel
    def cards(
        at: Any, p: int, number: int, record: int, stride: int, n: int, first: int, interval: float, _efficacy: float
    ) -> int:
        device, weight = row(at, AT_PROJECTION, PROJECTION_COLUMNS, p, I64)[STATE0] + number, record + R_WEIGHT * stride
        width = row(at, AT_CONSTANTS, CONSTANTS_COLUMNS, p, F64)[WIDTH]
        records, size, card = view(at, AT_RECORDS, one), view(at, AT_SIZE, one), view(at, AT_DEVICE_CARD, I32)
        for j in range(n):
            coefficients, conductance, count = card_of(at, np.int64(card[device + j]))
            x = array(at, AT_DEVICE_STATE, (device + j) * MAX_STATES, MAX_STATES, F64)
            size[first + j] = records[weight + j] * card_pulse(coefficients, conductance, count, x, interval, width)
        return n

    return cards


@cache
def shared_card_kernel() -> Any:
    """``(at, p, source, k, .., interval)``: a spike moves the device that all synapses of a source share; its efficacy into the pending ones at
    ``k``."""

    @kernel
    def shared_card(at: Any, p: int, source: int, k: int, _l: int, interval: float, _y: float) -> int:
        projection = row(at, AT_PROJECTION, PROJECTION_COLUMNS, p, I64)
        coefficients, conductance, count = card_of(at, projection[CARD0])
        x = array(at, AT_DEVICE_STATE, (projection[STATE0] + source) * MAX_STATES, MAX_STATES, F64)
        width = row(at, AT_CONSTANTS, CONSTANTS_COLUMNS, p, F64)[WIDTH]
        part(at, AT_PENDING_EFFICACY, p, F64)[k] = card_pulse(coefficients, conductance, count, x, interval, width)
        return k

    return shared_card


@cache
def spike_width_kernel() -> Any:
    """As :func:`shared_card_kernel`, of a spike whose width (s) is what its synapses see."""

    @kernel
    def shared_width(at: Any, p: int, _source: int, k: int, _l: int, _x: float, width: float) -> int:
        part(at, AT_PENDING_EFFICACY, p, F64)[k] = width
        return k

    return shared_width


@cache
def tsodyks_markram_kernel() -> Any:
    """As :func:`shared_card_kernel`, for utilisation and resources that synapses share."""

    @kernel
    def shared_tsodyks_markram(at: Any, p: int, source: int, k: int, _l: int, interval: float, _y: float) -> int:
        x = row(
            at, AT_DEVICE_STATE, MAX_STATES, row(at, AT_PROJECTION, PROJECTION_COLUMNS, p, I64)[STATE0] + source, F64
        )
        constants = row(at, AT_CONSTANTS, CONSTANTS_COLUMNS, p, F64)
        part(at, AT_PENDING_EFFICACY, p, F64)[k] = tsodyks_markram(
            x, interval, constants[TM_U], constants[TM_FACILITATION], constants[TM_RECOVERY]
        )
        return k

    return shared_tsodyks_markram
