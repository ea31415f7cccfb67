"""Many devices at once, each with parameters of its own, and exact propagation through any piecewise-constant waveform.

Parameters and states lie parameter by parameter, devices next to each other, so that one instruction serves four or eight of them.
State arrays have shape (devices, states), populations first and the weight last, as :class:`~ionspike.device.ecram.Ecram` has it; in
memory they are the transpose of that, and a state from here goes in again without a copy.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ionspike.device.compiled import compiled
from ionspike.device.ecram import Ecram, conductance_of
from ionspike.device.moebius import exact_step, riccati, table
from ionspike.device.spread import spread_values
from ionspike.errors import InputError

Array = NDArray[np.float64]

_GATE = ("V_T", "V_0", "J_lim", "V_rest", "polarity")
_ROW = ("polarity", "a", "tau", "V_d", "c", "d", "s")
_WEIGHT = ("G_min", "G_max", "G_off", "w")
_BLOCK = 512  # devices whose parameters and states stay in the first cache while a waveform runs over them


@dataclass(frozen=True, eq=False)
class DeviceArray:
    """Devices of one card or of several with the same number of populations.

    Attributes:
        name: of the card, or of the first.
        drive: "gate" or "channel", the same for all.
        gate: V_T, V_0 (V), J_lim (1/s), V_rest (V) and polarity, shape (5, devices).
        rows: polarity, a, tau (s), V_d (V), c, d, s of every state, shape (states, 7, devices).
        g: conductance of every population at y = 1 (S), shape (populations, devices).
        weight: G_min, G_max, G_off (S) and w, shape (4, devices).
    """

    name: str
    drive: str
    gate: Array
    rows: Array
    g: Array
    weight: Array = field(repr=False)

    @classmethod
    def of(cls, devices: Sequence[Ecram]) -> DeviceArray:
        """The devices one by one.

        Raises:
            InputError: none, or devices that differ in their number of populations or in their drive.
        """
        if not devices:
            raise InputError("an array of no devices; expected at least one")
        shapes = {(len(d.populations), d.gate.drive) for d in devices}
        if len(shapes) > 1:
            raise InputError(f"devices with {sorted(shapes)} populations and drives; expected the same in all")
        tables = [table(d) for d in devices]
        gate = [[*t[0], d.gate.V_rest, d.gate.polarity] for t, d in zip(tables, devices, strict=True)]
        weight = [[d.weight.G_min, d.weight.G_max, d.weight.G_off, d.weight.w] for d in devices]
        return cls(
            devices[0].name,
            devices[0].gate.drive,
            np.array(gate).T.copy(),
            np.stack([t[1] for t in tables], axis=-1).copy(),
            np.array([[p.g for p in d.populations] for d in devices]).T.copy(),
            np.array(weight).T.copy(),
        )

    @classmethod
    def sample(cls, ecram: Ecram, count: int, seed: int, first: int = 0) -> DeviceArray:
        """Devices ``first`` to ``first + count - 1`` of the population that ``ecram.spread`` describes; see ``Ecram.sample``."""
        if count < 1:
            raise InputError(f"a sample of {count} devices; expected at least one")
        values = spread_values(ecram, ecram.spread.factors(count, seed, first))
        one = cls.of([ecram])
        made = cls(ecram.name, one.drive, *(_repeat(part, count) for part in (one.gate, one.rows, one.g, one.weight)))
        for name, column in values.items():
            made._place(name)[:] = column
        np.maximum(made.weight[1], made.weight[0], out=made.weight[1])
        return made

    def _place(self, name: str) -> Array:
        """Where the parameter ``name`` stands; elsewhere for one that no state and no conductance depends on."""
        section, _, key = name.partition(".")
        nowhere = np.empty(len(self))
        if section == "gate":
            return self.gate[_GATE.index(key)] if key in _GATE else nowhere
        k = len(self.rows) - 1 if section == "weight" else int(section.removeprefix("population") or 0) - 1
        if key in _ROW:
            return self.rows[k, _ROW.index(key)]
        if section == "weight":
            return self.weight[_WEIGHT.index(key)] if key in _WEIGHT else nowhere
        return self.g[k] if key == "g" else nowhere

    def __len__(self) -> int:
        return self.gate.shape[-1]

    def at_rest(self, v_gate: float = 0.0, v_drain: float = 0.0, v_source: float = 0.0) -> Array:
        """Volatile states at the stable root under a constant bias, the weight at its card value; shape (devices, states)."""
        bias = self.bias(v_gate, v_drain, v_source)
        out = np.empty((len(self.rows), len(self)))
        _rest(float(bias), self.gate, self.rows, out)
        out[-1] = self.weight[3]
        return out.T

    def advance(
        self,
        state: ArrayLike,
        v_gate: ArrayLike,
        v_drain: ArrayLike = 0.0,
        v_source: ArrayLike = 0.0,
        duration: ArrayLike = 0.0,
        flux: ArrayLike = 1.0,
    ) -> Array:
        """The states after ``duration`` (s) at constant voltages (V), each one number or one a device; ``flux`` as in :func:`propagate`."""
        span, gate, drain, source, factor = (
            np.asarray(v, float)[None] for v in (duration, v_gate, v_drain, v_source, flux)
        )
        return propagate(self, span, gate, drain, source, state, factor)[0]

    def conductance(self, state: ArrayLike) -> Array:
        """Channel conductance (S) of states of shape (..., devices, states)."""
        y = np.asarray(state, float)
        g_min, g_max, g_off, _ = self.weight
        return conductance_of(g_min + (g_max - g_min) * y[..., -1] + (y[..., :-1] * self.g.T).sum(-1), g_off)

    def bias(self, v_gate: ArrayLike, v_drain: ArrayLike, v_source: ArrayLike) -> Array:
        """What drives the ions before polarity and resting bias, in V: gate against channel, or drain against source."""
        vg, vd, vs = (np.asarray(v, float) for v in (v_gate, v_drain, v_source))
        return vd - vs if self.drive == "channel" else vg - (vd + vs) / 2


def propagate(
    devices: Ecram | DeviceArray,
    durations: ArrayLike,
    v_gate: ArrayLike = 0.0,
    v_drain: ArrayLike = 0.0,
    v_source: ArrayLike = 0.0,
    state: ArrayLike | None = None,
    flux: ArrayLike = 1.0,
) -> Array:
    """States at the end of every segment of a piecewise-constant waveform: exact, one Moebius map a segment.

    Args:
        devices: one device or an array of them.
        durations: of the segments (s), shape (segments,), or (segments, devices) where every device has its own.
        v_gate, v_drain, v_source: voltages (V), one number, (segments,) or (segments, devices).
        state: where it starts, (states,) or (devices, states); at rest at zero bias if left out.
        flux: factor on the ion flux, such as ``Spread.pulse_factors`` gives, shaped as the voltages.

    Returns:
        (segments, states) for one device, (segments, devices, states) for an array.

    Raises:
        InputError: a duration below 0, or shapes that do not fit.
    """
    array = DeviceArray.of([devices]) if isinstance(devices, Ecram) else devices
    count, states = len(array), len(array.rows)
    segments = len(np.atleast_1d(np.asarray(durations)))
    times = _columns(durations, segments, count, "durations")
    if np.any(~(times >= 0)):
        raise InputError(f"a duration of {times[~(times >= 0)][0]:g} s; expected durations from 0 up")
    bias = array.bias(*(_columns(v, segments, count, "voltages") for v in (v_gate, v_drain, v_source)))
    factor = _columns(flux, segments, count, "flux")
    start = array.at_rest() if state is None else np.asarray(state, float)
    if start.shape not in ((states,), (count, states)):
        raise InputError(f"a state of shape {start.shape}; expected {(count, states)} or {(states,)}")
    y = np.array(np.broadcast_to(start, (count, states)).T, order="C")
    out = np.empty((segments, states, count))
    _propagate(times, np.ascontiguousarray(bias), factor, array.gate, array.rows, y, out)
    return out[:, :, 0] if isinstance(devices, Ecram) else out.transpose(0, 2, 1)


def _columns(values: ArrayLike, segments: int, count: int, what: str) -> Array:
    """Values as (segments or 1, devices or 1)."""
    v = np.asarray(values, float)
    v = v.reshape(-1, 1) if v.ndim < 2 else v
    if v.ndim != 2 or v.shape[0] not in (1, segments) or v.shape[1] not in (1, count):
        raise InputError(
            f"{what} have shape {np.shape(values)}; expected one number, {(segments,)} or {(segments, count)}"
        )
    return np.ascontiguousarray(v)


def _repeat(part: Array, count: int) -> Array:
    return np.ascontiguousarray(np.repeat(part, count, axis=-1))


@compiled(error_model="numpy")
def _propagate(times: Array, bias: Array, factor: Array, gate: Array, rows: Array, y: Array, out: Array) -> None:
    # One flat array holds all that a loop touches, in lanes of _BLOCK: constant distances within one array are what LLVM needs to see
    # that no write meets a read. Lanes: state, eta, time, flux, V_T, V_0, J_lim, then the seven of a state.
    work = np.empty(14 * _BLOCK)
    for first in range(0, y.shape[1], _BLOCK):
        size = min(_BLOCK, y.shape[1] - first)
        for p in range(3):
            work[(4 + p) * _BLOCK : (4 + p) * _BLOCK + size] = gate[p, first : first + size]
        for j in range(y.shape[0]):
            work[:size] = y[j, first : first + size]
            for p in range(7):
                work[(7 + p) * _BLOCK : (7 + p) * _BLOCK + size] = rows[j, p, first : first + size]
            for k in range(out.shape[0]):
                _fill(work, 1, bias, k, first, size)
                _fill(work, 2, times, k, first, size)
                _fill(work, 3, factor, k, first, size)
                for i in range(size):
                    work[_BLOCK + i] = gate[4, first + i] * (work[_BLOCK + i] - gate[3, first + i])
                _segment(work, size)
                out[k, j, first : first + size] = work[:size]


@compiled(error_model="numpy")
def _fill(work: Array, lane: int, values: Array, k: int, first: int, size: int) -> None:
    """Row ``k`` of what :func:`_columns` made, for the devices of a block."""
    row = values[min(k, values.shape[0] - 1)]
    if row.shape[0] == 1:
        work[lane * _BLOCK : lane * _BLOCK + size] = row[0]
    else:
        work[lane * _BLOCK : lane * _BLOCK + size] = row[first : first + size]


@compiled(error_model="numpy")
def _segment(work: Array, size: int) -> None:
    for i in range(size):
        alpha, beta, gamma = riccati(
            work[7 * _BLOCK + i] * work[_BLOCK + i],
            work[4 * _BLOCK + i],
            work[5 * _BLOCK + i],
            work[6 * _BLOCK + i],
            work[3 * _BLOCK + i] * work[8 * _BLOCK + i],
            work[9 * _BLOCK + i],
            work[10 * _BLOCK + i],
            work[11 * _BLOCK + i],
            work[12 * _BLOCK + i],
            work[13 * _BLOCK + i],
        )
        work[i] = exact_step(work[i], alpha, beta, gamma, work[2 * _BLOCK + i])


@compiled(error_model="numpy")
def _rest(bias: float, gate: Array, rows: Array, out: Array) -> None:
    for j in range(rows.shape[0]):
        for i in range(gate.shape[1]):
            row, eta = rows[j, :, i], gate[4, i] * (bias - gate[3, i])
            alpha, beta, gamma = riccati(
                row[0] * eta, gate[0, i], gate[1, i], gate[2, i], row[1], row[2], row[3], row[4], row[5], row[6]
            )
            # from anywhere in [0, 1] the state tends to the stable root
            out[j, i] = exact_step(0.5, alpha, beta, gamma, np.inf)
