"""The same pulse on many devices, again and again, at any intervals: everything that the voltages fix is computed once.

One update is one device, all its states, one pulse and the rest after it. Where c = d = s = 0 a state relaxes as an exponential (the
affine path: a product, a sum and one exponential a state); elsewhere the pulse and the rest are each one Moebius map.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ionspike.device.arrays import DeviceArray
from ionspike.device.compiled import compiled
from ionspike.device.exponential import exponential
from ionspike.device.moebius import moved, riccati, scaled_root
from ionspike.errors import InputError

Array = NDArray[np.float64]

_BLOCK = 256  # devices side by side; their parameters and states stay in the first cache during a train
_AFFINE, _MOEBIUS = 4, 10  # numbers that the two paths need of a state


@dataclass(frozen=True, eq=False)
class PulseUpdate:
    """A pulse of ``width`` (s) and ``v_gate`` (V) over a channel at ``v_channel`` during it and ``v_idle`` after it (V; mean of drain
    and source), on every device of an array. For a two-terminal device ``v_gate`` is the voltage across the channel.

    ``affine`` says which path it takes; ``path`` asks for one of "affine", "moebius" or "auto".

    Raises:
        InputError: a width that is not above 0, or the affine path for devices with c, d or s above 0.
    """

    devices: DeviceArray
    width: float
    v_gate: float = 1.8
    v_channel: float = 0.0
    v_idle: float = 0.0
    path: str = "auto"

    def __post_init__(self) -> None:
        if not 0 < self.width < np.inf:
            raise InputError(f"a pulse of {self.width:g} s; expected a width above 0")
        linear = not np.any(self.devices.rows[:, 4:7])
        if self.path not in ("auto", "affine", "moebius") or (self.path == "affine" and not linear):
            raise InputError(f"path {self.path!r}; expected 'auto' or 'moebius', or 'affine' where c = d = s = 0")
        object.__setattr__(self, "affine", linear and self.path != "moebius")
        channel = self.devices.drive == "channel"
        on, off = (self.v_gate, 0.0) if channel else (self.v_gate - self.v_channel, -self.v_idle)
        states, count = self.devices.rows.shape[0], len(self.devices)
        blocks, lanes = -(-count // _BLOCK), _AFFINE if self.affine else _MOEBIUS
        constants = np.zeros((blocks, states, lanes * _BLOCK))
        prepare = _prepare_affine if self.affine else _prepare_moebius
        prepare(self.devices.gate, self.devices.rows, on, off, self.width, constants)
        object.__setattr__(self, "constants", constants)

    affine: bool = False
    constants: Array = None  # type: ignore[assignment]

    def __call__(self, state: ArrayLike, rest: ArrayLike) -> Array:
        """States, shape (devices, states), after one pulse and a ``rest`` (s), one number or one a device."""
        return self.train(state, np.asarray(rest, float)[None])

    def train(self, state: ArrayLike, rests: ArrayLike) -> Array:
        """States after one pulse for every entry of ``rests`` (s), shape (pulses,) or (pulses, devices).

        Raises:
            InputError: rests below 0, or shapes that do not fit.
        """
        count, states = len(self.devices), self.devices.rows.shape[0]
        t = np.asarray(rests, float)
        t = np.ascontiguousarray(t.reshape(-1, 1) if t.ndim < 2 else t)
        if t.ndim != 2 or t.shape[1] not in (1, count) or np.any(~(t >= 0)):
            raise InputError(f"rests of shape {np.shape(rests)}; expected (pulses,) or (pulses, {count}), from 0 s up")
        y = np.asarray(state, float)
        if y.shape not in ((states,), (count, states)):
            raise InputError(f"a state of shape {y.shape}; expected {(count, states)} or {(states,)}")
        y = np.array(np.broadcast_to(y, (count, states)).T, order="C")
        (_train_affine if self.affine else _train_moebius)(self.constants, t, y)
        return y.T


@compiled(error_model="numpy")
def _constants(eta: float, gate: Array, row: Array, i: int) -> tuple[float, float, float]:
    return riccati(
        row[0, i] * eta,
        gate[0, i],
        gate[1, i],
        gate[2, i],
        row[1, i],
        row[2, i],
        row[3, i],
        row[4, i],
        row[5, i],
        row[6, i],
    )


@compiled(error_model="numpy")
def _prepare_affine(gate: Array, rows: Array, on: float, off: float, width: float, out: Array) -> None:
    for j in range(rows.shape[0]):
        for i in range(gate.shape[1]):
            alpha, beta, _ = _constants(gate[4, i] * (on - gate[3, i]), gate, rows[j], i)
            keep, less = exponential(beta * width)
            added = alpha * width if beta == 0.0 else alpha / beta * less
            alpha, beta, _ = _constants(gate[4, i] * (off - gate[3, i]), gate, rows[j], i)
            end = 0.0 if beta == 0.0 else -alpha / beta
            lane = out[i // _BLOCK, j]
            k = i % _BLOCK
            lane[k], lane[_BLOCK + k], lane[2 * _BLOCK + k], lane[3 * _BLOCK + k] = keep, added - end, beta, end


@compiled(error_model="numpy")
def _prepare_moebius(gate: Array, rows: Array, on: float, off: float, width: float, out: Array) -> None:
    for j in range(rows.shape[0]):
        for i in range(gate.shape[1]):
            lane = out[i // _BLOCK, j]
            k = i % _BLOCK
            alpha, beta, gamma = _constants(gate[4, i] * (on - gate[3, i]), gate, rows[j], i)
            lane[k], lane[_BLOCK + k], lane[2 * _BLOCK + k] = alpha, beta, gamma
            root, decay, s = scaled_root(alpha, beta, gamma, width)
            lane[3 * _BLOCK + k], lane[4 * _BLOCK + k], lane[5 * _BLOCK + k] = root, decay, s
            alpha, beta, gamma = _constants(gate[4, i] * (off - gate[3, i]), gate, rows[j], i)
            lane[6 * _BLOCK + k], lane[7 * _BLOCK + k], lane[8 * _BLOCK + k] = alpha, beta, gamma
            lane[9 * _BLOCK + k], _, _ = scaled_root(alpha, beta, gamma, 0.0)


@compiled(error_model="numpy")
def _row(t: Array, k: int, first: int, size: int, out: Array) -> Array:
    """The rests after pulse ``k`` of the devices of a block."""
    if t.shape[1] == 1:
        out[:size] = t[k, 0]
        return out
    return t[k][first : first + size]


@compiled(error_model="numpy")
def _train_affine(constants: Array, t: Array, y: Array) -> None:
    common = np.empty(_BLOCK)
    for b in range(constants.shape[0]):
        first = b * _BLOCK
        size = min(_BLOCK, y.shape[1] - first)
        for k in range(t.shape[0]):
            rest = _row(t, k, first, size, common)
            for j in range(y.shape[0]):
                _update_affine(constants[b, j], rest, y[j][first : first + size])


@compiled(error_model="numpy")
def _update_affine(lane: Array, rest: Array, y: Array) -> None:
    for i in range(y.shape[0]):
        left, _ = exponential(lane[2 * _BLOCK + i] * rest[i])
        y[i] = lane[3 * _BLOCK + i] + (lane[i] * y[i] + lane[_BLOCK + i]) * left


@compiled(error_model="numpy")
def _train_moebius(constants: Array, t: Array, y: Array) -> None:
    common = np.empty(_BLOCK)
    for b in range(constants.shape[0]):
        first = b * _BLOCK
        size = min(_BLOCK, y.shape[1] - first)
        for k in range(t.shape[0]):
            rest = _row(t, k, first, size, common)
            for j in range(y.shape[0]):
                _update_moebius(constants[b, j], rest, y[j][first : first + size])


@compiled(error_model="numpy")
def _update_moebius(lane: Array, rest: Array, y: Array) -> None:
    for i in range(y.shape[0]):
        after = moved(
            y[i],
            lane[i],
            lane[_BLOCK + i],
            lane[2 * _BLOCK + i],
            lane[3 * _BLOCK + i],
            lane[4 * _BLOCK + i],
            lane[5 * _BLOCK + i],
        )
        root = lane[9 * _BLOCK + i]
        decay, less = exponential(-2.0 * root * rest[i])
        y[i] = moved(
            after,
            lane[6 * _BLOCK + i],
            lane[7 * _BLOCK + i],
            lane[8 * _BLOCK + i],
            root,
            decay,
            -0.5 * less / root,
        )
