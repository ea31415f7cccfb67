"""Synapses as numbers: what kind each projection is for the loops, its constants, and what each synapse owns."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ionspike.device import Ecram
from ionspike.errors import InputError
from ionspike.network import arrays as a
from ionspike.network.cell import Cell
from ionspike.network.distributions import values
from ionspike.network.network import Network, Projection
from ionspike.network.synapses import CellSynapse, DeviceSynapse, Static, TsodyksMarkram
from ionspike.units import quantity


@dataclass
class Table:
    """A projection for the loops. ``constants``: columns of ``Plan.constants``, nan where others fill them; ``own``: dose, rate and gain of
    ``count`` synapses; ``states``: where devices start, by card; ``which``: card of each synapse; ``unit``: what a weight of 1 is."""

    kind: int
    constants: np.ndarray = field(default_factory=lambda: np.full(11, np.nan))
    rule: int = a.BY_CARD
    own: Callable[[int, np.random.Generator], dict[str, Any]] = lambda count, rng: {}
    states: np.ndarray | None = None
    cards: list[tuple[np.ndarray, np.ndarray, int]] = field(default_factory=list)
    which: Callable[[int], np.ndarray] = lambda count: np.zeros(count, int)
    rail: float | None = None
    unit: float = 1.0
    signed: bool = True  # arrivals have the sign of the weight

    @property
    def drawn(self) -> bool:
        """Whether a Poisson drive can move it by itself."""
        return self.kind == a.STATIC or (self.kind in (a.OWN_AFTER, a.OWN_MEAN) and not self.own_gain)

    own_gain: bool = False


def table(p: Projection, net: Network) -> Table:
    """The synapses of a projection."""
    synapse = p.synapse
    if isinstance(synapse, Static):
        return Table(a.STATIC)
    if isinstance(synapse, TsodyksMarkram):
        return _tsodyks_markram(synapse, f"projection {p.name!r}")
    if isinstance(synapse, CellSynapse):
        return _cell(synapse, p, net)
    found = _linear(synapse, p.name) if synapse.devices == "own" and synapse.linear else _general(synapse, p.name)
    if synapse.rail is not None:
        device = synapse.card[0]
        idle = float(synapse.v_idle)
        rest = float(device.conductance(device.at_rest(0.0, idle, idle)))
        found.rail = found.constants[a.RAIL] = float(synapse.rail)
        found.unit = rest * float(synapse.width) / float(net.populations[p.target].neuron.capacitance)  # type: ignore[union-attr]
    return found


def _tsodyks_markram(synapse: TsodyksMarkram, where: str) -> Table:
    def checked(count: int, rng: np.random.Generator) -> dict[str, Any]:
        jump = values(synapse.U, count, "", f"U of {where}", rng)
        tau = values(synapse.tau_facilitation, count, "s", f"tau_facilitation of {where}", rng)
        if not (np.min(jump, initial=0.5) > 0 and np.max(jump, initial=0.5) < 1):
            raise InputError(f"U of {where} is not within (0, 1)")
        if np.min(tau, initial=1.0) < 0:
            raise InputError(f"tau_facilitation of {where} is below 0 s")
        # 1e9/s forgets within a nanosecond
        return {"dose": jump, "rate": np.minimum(1 / np.maximum(tau, 1e-300), 1e9)}

    if synapse.devices == "own":
        made = Table(a.OWN_AFTER, own=checked)
        made.constants[a.WIDTH] = 0.0
        made.constants[[a.X_REST, a.X_PULSE, a.BASE, a.GAIN]] = 0.0, 1.0, 0.0, 1.0
        return made
    one = checked(1, np.random.default_rng(0))
    if np.ndim(one["dose"]) or np.ndim(one["rate"]):
        raise InputError(f'U or tau_facilitation of {where} differs from synapse to synapse; expected devices = "own"')
    tau = quantity(synapse.tau_facilitation, "s")
    recovery = float(synapse.tau_recovery)
    made = Table(a.SHARED, rule=a.TSODYKS_MARKRAM, states=np.zeros((1, a.MAX_STATES)))
    made.states[0, 1] = 1.0  # type: ignore[index]
    made.constants[[a.TM_U, a.TM_FACILITATION, a.TM_RECOVERY]] = (
        one["dose"],
        1 / tau if tau else math.inf,
        1 / recovery if recovery else math.inf,
    )
    return made


def maps(device: Ecram, synapse: DeviceSynapse) -> tuple[np.ndarray, np.ndarray, int]:
    """Riccati coefficients at rest and in a pulse (states, 6), conductances as the loops take them, and the number of states."""
    idle = float(synapse.v_idle)
    rest = device.coefficients(device.overpotential(0.0, idle, idle))
    on = device.coefficients(device.overpotential(synapse.v_gate, synapse.v_channel, synapse.v_channel))
    coefficients = np.stack([*rest, *on], axis=-1)
    if not synapse.long_term:
        coefficients[-1] = 0.0
    w = device.weight
    start = float(device.conductance(device.at_rest(0.0, idle, idle)))
    g = [w.G_min, w.G_max - w.G_min, w.G_off, start, *(p.g for p in device.populations)]
    return coefficients, np.array(g), len(device.states)


def _general(synapse: DeviceSynapse, name: str) -> Table:
    cards = [maps(device, synapse) for device in synapse.card]
    states = np.zeros((len(cards), a.MAX_STATES))
    for row, device in zip(states, synapse.card, strict=True):
        row[: len(device.states)] = device.at_rest(0.0, float(synapse.v_idle), float(synapse.v_idle))

    def which(count: int) -> np.ndarray:
        index = np.zeros(count, int) if synapse.which is None else np.asarray(synapse.which)
        if (
            index.shape != (count,)
            or not np.issubdtype(index.dtype, np.integer)
            or (count and not 0 <= index.min() <= index.max() < len(cards))
        ):
            raise InputError(
                f"which of projection {name!r} does not give each of {count} synapses one of {len(cards)} cards"
            )
        return index

    made = Table(a.CARDS if synapse.devices == "own" else a.SHARED, states=states, cards=cards, which=which)
    made.constants[a.WIDTH] = synapse.width
    return made


def _linear(synapse: DeviceSynapse, name: str) -> Table:
    """One population: at rest and in a pulse x relaxes exponentially, at the rate -beta, to -alpha/beta."""
    coefficients, g, _ = maps(synapse.card[0], synapse)
    alpha, beta, _, alpha_on, beta_on, _ = coefficients[0]
    x_rest, x_on = -alpha / beta, -alpha_on / beta_on
    rested = g[3] - g[4] * x_rest
    gain = g[4] / g[3]

    def own(count: int, rng: np.random.Generator) -> dict[str, Any]:
        made = {}
        for key, value in (("dose", -beta_on * synapse.width), ("rate", -beta), ("gain", gain)):
            factor = values(getattr(synapse, key), count, "", f"{key} of projection {name!r}", rng)
            if np.min(factor, initial=1.0) <= 0:
                raise InputError(f"{key} of projection {name!r} is 0 or below; expected a factor above 0")
            made[key] = value * factor
        if np.ndim(made["gain"]) == 0:
            del made["gain"]
        return made

    found = Table(
        a.OWN_MEAN,
        own=own,
        signed=bool(1 + min(gain * (1 - x_rest), 0.0) > 0),
        own_gain=not isinstance(synapse.gain, (int, float)),
    )
    found.constants[a.WIDTH] = synapse.width
    scale = float(synapse.gain) if isinstance(synapse.gain, (int, float)) else 1.0
    found.constants[[a.X_REST, a.X_PULSE, a.BASE, a.GAIN]] = x_rest, x_on, rested / g[3], gain * scale
    return found


def _cell(synapse: CellSynapse, p: Projection, net: Network) -> Table:
    cell = synapse.cell or net.populations[p.target].neuron
    states = np.zeros((1, a.MAX_STATES))
    start = cell.device.at_rest() if cell.plastic else np.array(cell.mean_state)  # type: ignore[union-attr]
    states[0, : len(start)] = start
    made = Table(a.CELL, states=states)
    sender = net.populations[p.source].neuron if p.source in net.populations else None
    if isinstance(sender, Cell) and sender.placed is not None and sender.placed.placement == "delay":
        if not cell.synapse.pulse > 0:  # type: ignore[union-attr]
            raise InputError(
                f"projection {p.name!r}: the spikes of {p.source!r} change their width, and the synapse does not say which width it was "
                "calibrated with; expected synapse.pulse above 0, as a new calibration gives it"
            )
        made.rule, made.constants[a.WIDTH] = a.SPIKE_WIDTH, cell.synapse.pulse  # type: ignore[union-attr]
    return made
