"""Short-term plasticity in every topology: what an ECRAM does in each path of a neuron, beside the control without volatile ions.

Synapse: a second neuron of the same topology gates and reads it; facilitation is the charge of the last spike of a train over the first.
Input, leak and delay: the neuron's own spikes gate it; excitability is the change of the interval between output spikes, in the delay
path of their width. The device is the reference card with its flux scaled to the width of the spike, so that in every topology one
spike inserts as many ions; its channel is narrower in input and leak, so that many input pulses make an interval.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ionspike.circuit.excitability import Drive, change, intervals
from ionspike.circuit.facilitation import read_train, train_bench
from ionspike.circuit.neurons import Neuron
from ionspike.circuit.rest import rests
from ionspike.circuit.simulate import Run, Setting, simulate_all
from ionspike.circuit.testbench import Bench
from ionspike.device import Ecram
from ionspike.spikes import regular

CARD_WIDTH = 9e-9  # s, the spike the reference card is made for
HOLD = (
    0.1  # V at which the membrane is held while a synapse's charge is measured: at 0.2 V a DPI neuron fires by itself
)
_SLOW_ADAPTATION = {"dpi": {"cahp": 10e-12}}  # its own adaptation out of the way, so that what is left is the ECRAM's
_INPUT_SCALE = 0.3  # channel width against the card's
# the same of the leak's channel, and the resistance (ohm) that feeds the membrane beside it; a higher threshold needs more of both
_LEAK, _LEAKS = (0.15, 20e3), {"comparator-lif": (0.3, 12e3)}
_DELAY_RATE, _DELAY_COUNT = 100e3, 60


@dataclass(frozen=True)
class Effect:
    """One placement in one topology. ``live`` and ``control`` (volatile part off): facilitation in per cent of the first spike's
    charge, change of interval or width in per cent of the second; ``erasure``: rest bias against relaxation; ``spikes``: how many."""

    topology: str
    placement: str
    live: float
    control: float
    erasure: float
    spikes: int


def card_for(card: Ecram, width: float) -> Ecram:
    """A card made for the spike of the reference neuron, its flux scaled to a spike of ``width`` (s), so that one inserts as many ions."""
    return replace(card, gate=replace(card.gate, J_lim=card.gate.J_lim * CARD_WIDTH / width))


def placement_bench(
    topology: str, placement: str, card: Ecram, width: float, pulses: int
) -> tuple[Bench, float, Drive | None]:
    """The bench of one placement, how long it runs (s), and the drive where intervals are measured.

    Args:
        width: width (s) of the spike that gates the device.
        pulses: input pulses of an interval measurement; spikes of a train of a synapse.
    """
    neuron = Neuron(topology, sizes=_SLOW_ADAPTATION.get(topology, {}))
    device = card_for(card, width)
    if placement == "synapse":
        rate = 10 / device.populations[0].tau
        return (*train_bench(neuron.with_(synapse=device), neuron, rate, pulses, HOLD), None)
    if placement == "delay":
        bench = Bench(
            neuron=neuron.with_(delay=device.with_weight(0.0)), pulses=tuple(regular(_DELAY_RATE, _DELAY_COUNT))
        )
        return bench, (_DELAY_COUNT + 1) / _DELAY_RATE, None
    drive = Drive(4e-6, pulses)
    if placement == "input":
        return (*drive.bench(neuron.with_(input=device.scaled(_INPUT_SCALE)), width=3.5e-9, switch=1.0), drive)
    scale, feed = _LEAKS.get(topology, _LEAK)
    leaky = neuron.with_(leak=device.scaled(scale))
    rail = float(neuron.kind.drive["read_rail"]) + 0.2
    return (*drive.bench(leaky, width=2.2e-9, switch=1.0, read_rail=rail, fixed_read=feed), drive)


def read_effect(run: Run, placement: str, drive: Drive | None) -> float:
    """The effect (%) in a finished run: of the last spike's charge, interval or width against the first (second) one."""
    if placement == "synapse":
        return 100 * float(read_train(run, 0.0).gains[-1] - 1)
    values = run.widths if drive is None else intervals(run, drive)[0]
    return 100 * change(np.asarray(values))


def measure_placements(
    topologies: Sequence[str],
    card: Ecram,
    setting: Setting,
    pulses: int = 240,
    train: int = 10,
    workers: int | None = None,
) -> list[Effect]:
    """Every placement of every topology, with its control; all runs beside each other."""
    widths = spike_widths(topologies, setting, workers)
    plans = [(t, place) for t in topologies for place in Neuron(t).kind.placements]
    made = [placement_bench(t, place, card, widths[t], train if place == "synapse" else pulses) for t, place in plans]
    benches = [(bench, stop) for bench, stop, _ in made] + [(bench.control(), stop) for bench, stop, _ in made]
    runs = simulate_all(benches, setting, workers)
    live, off = runs[: len(made)], runs[len(made) :]
    return [
        Effect(
            topology,
            place,
            read_effect(a, place, drive),
            read_effect(b, place, drive),
            max(found.erasure for found in rests(a)),
            len(a.input_times) if place == "synapse" else len(a.spike_times),
        )
        for (topology, place), (_, _, drive), a, b in zip(plans, made, live, off, strict=True)
    ]


def spike_widths(topologies: Sequence[str], setting: Setting, workers: int | None = None) -> dict[str, float]:
    """Width (s) of the second spike of each topology in the bench it is sized for."""
    benches = [(Bench(neuron=Neuron(t), pulses=tuple(regular(50e3, 24))), 0.5e-3) for t in topologies]
    return {t: float(run.widths[1]) for t, run in zip(topologies, simulate_all(benches, setting, workers), strict=True)}
