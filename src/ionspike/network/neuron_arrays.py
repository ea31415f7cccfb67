"""What the neurons of a net are to the compiled loops: tables by population, and what a calibrated cell carries."""

from __future__ import annotations

import math

import numpy as np

from ionspike.network import arrays as a
from ionspike.network.cell import Cell, Soma, leak_grid
from ionspike.network.dynamics import pack, resting
from ionspike.network.network import Network


def population_table(net: Network) -> np.ndarray:
    """Threshold, reset, time constant, refractory time, resting level and dead time of every population, a row each."""
    rows = np.zeros((len(net.populations), 6))
    for row, p in zip(rows, net.populations.values(), strict=True):
        n = p.neuron
        if isinstance(n, Cell):
            row[:] = math.inf, 0.0, 1.0, 0.0, 0.0, n.soma.dead
        else:
            row[:] = n.threshold, n.reset, n.tau, n.refractory, n.rest + n.drive, 0.0  # type: ignore[operator]
    return rows


def own_spikes(net: Network) -> float:
    """Most spikes a second that a neuron fires without an arrival."""
    most = 0.0
    for p in net.populations.values():
        n = p.neuron
        if isinstance(n, Cell):
            most = max(most, self_fired(n.soma))
        elif n.rest + n.drive > n.threshold:  # type: ignore[operator]
            v_inf = n.rest + n.drive  # type: ignore[operator]
            most = max(most, 1 / (n.tau * math.log((v_inf - n.reset) / (v_inf - n.threshold)) + n.refractory))  # type: ignore[operator]
    return most


def self_fired(soma: Soma) -> float:
    """Upper bound of the spikes a second of a cell that gets no input: what feeds its membrane must bring it from reset to threshold."""
    reset = soma.residue + soma.residue_slope * soma.threshold
    if reset >= soma.threshold:
        return 1 / soma.dead
    leak, width = leak_grid(soma)
    voltage = np.arange(len(leak)) * width
    way = leak[(voltage >= max(reset, 0.0)) & (voltage < soma.threshold)]
    if len(way) == 0 or way.max() >= 0.0:  # somewhere on the way nothing feeds it
        return 0.0
    return float(-way.min() / (soma.capacitance * (soma.threshold - reset)))


def cell_arrays(net: Network) -> dict[str, np.ndarray]:
    """Somas by population, synapses and what their pulses cost by projection; zeros where there is no calibrated cell."""
    n, populations = len(net.projections), len(net.populations)
    synapse, gate, rows = np.zeros((n, a.CELL_PARAMETERS)), np.zeros((n, 3)), np.zeros((n, a.MAX_STATES, 7))
    g, count, costs = np.zeros((n, a.MAX_STATES)), np.ones(n, np.int64), np.zeros((n, a.PULSE_COLUMNS))
    soma, leak = np.zeros((populations, a.CELL_PARAMETERS)), np.zeros((populations, a.LEAK_POINTS))
    for k, p in enumerate(net.populations.values()):
        if isinstance(p.neuron, Cell):
            soma[k], leak[k] = pack(p.neuron)[:2]
    for k, p in enumerate(net.projections.values()):
        neuron = net.populations[p.target].neuron
        if isinstance(neuron, Cell):
            cell: Cell = getattr(p.synapse, "cell", None) or neuron
            synapse[k], _, gate[k], own_rows, own_g = pack(cell)
            rows[k, : len(own_rows)], g[k, : len(own_g)], count[k] = own_rows, own_g, len(own_rows)
            s = cell.synapse
            costs[k] = s.ion_time, s.pulse_energy, s.read_factor * s.read_rail, neuron.soma.capacitance
    return {
        "cell_synapse": synapse, "cell_gate": gate, "cell_rows": rows, "cell_g": g, "cell_count": count, "cell_pulse": costs,
        "soma": soma, "leak": leak,
    }  # fmt: skip


def inner_states(net: Network) -> np.ndarray:
    """Drop, rise and adaptation (V) of every neuron before any input, and until when (s) a spike holds its membrane at ground."""
    states = np.zeros((sum(p.size for p in net.populations.values()), a.INNER))
    first = 0
    for p in net.populations.values():
        if isinstance(p.neuron, Cell):
            states[first : first + p.size, :-1] = resting(pack(p.neuron)[0])
        first += p.size
    return states
