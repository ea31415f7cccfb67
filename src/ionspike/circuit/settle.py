"""Where a bench starts: the bias lines and the neuron's inner nodes as the circuit itself leaves them, so that no run begins off balance.

Measured in a run of the neuron and its bias cell alone, once for each neuron, supply and setting. In a statistical section its
transistors are those of the bench: both netlists begin with the same bias cell and neuron, and one seed draws them in that order.
A neuron that comes to no rest, because it fires by itself, starts from bias lines that settled without it: what it does from there is
for the bench to show.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ionspike.circuit.neurons import Neuron
from ionspike.circuit.parts import rest_netlist
from ionspike.circuit.subcircuit import read_subcircuits
from ionspike.circuit.topologies import netlist
from ionspike.spice.batch import run_all
from ionspike.spice.engine import Engine, Failure, Job, Limits, Transient
from ionspike.spice.waveforms import Waveforms

if TYPE_CHECKING:
    from ionspike.circuit.simulate import Setting

_LINES = ("bp", "bn", "bd", "bl", "da", "db")
_KEPT = 1024  # resting states
_OUTPUT = 2**20  # bytes: ten times what coming to rest takes; a neuron that fires by itself would write for minutes

Wanted = tuple[Neuron, float, "Setting"]  # neuron, supply (V), setting
State = tuple[dict[str, float], dict[str, float]]  # voltages (V) of the bias lines, of the neuron's inner nodes

_states: OrderedDict[Wanted, State | Failure] = OrderedDict()


def rest_voltages(neuron: Neuron, tail: str, supply: float, setting: Setting) -> dict[str, float]:
    """Voltages (V) of the bias lines and of the neuron's inner nodes at rest. ``tail`` marks the names of a presynaptic neuron.

    Raises:
        RunError: the bias cell does not settle.
    """
    settle_all([(neuron, supply, setting)], workers=1)
    found = _states[_key(neuron, supply, setting)]
    if isinstance(found, Failure):
        raise found.error()
    lines, nodes = found
    block = "xpre" if tail else "xn"
    named = {name.replace("xb.", f"xb{tail}.") if "." in name else f"{name}{tail}": v for name, v in lines.items()}
    return named | {f"{block}.{name}": v for name, v in nodes.items()}


def settle_all(wanted: Sequence[Wanted], workers: int | None = None) -> None:
    """Measure, beside each other, the resting states among ``wanted`` that are not known yet."""
    missing = dict.fromkeys(_key(neuron, supply, setting) for neuron, supply, setting in wanted)
    for key in list(missing):
        if key in _states:
            _states.move_to_end(key)
            del missing[key]
    by_engine: dict[Engine, list[Wanted]] = {}
    for key in missing:
        by_engine.setdefault(key[2].engine, []).append(key)
    for engine, keys in by_engine.items():
        _settle(engine, keys, _job, workers)
        _settle(engine, [key for key in keys if isinstance(_states[key], Failure)], _job_alone, workers)
    while len(_states) > max(_KEPT, len(wanted)):
        _states.popitem(last=False)


def _key(neuron: Neuron, supply: float, setting: Setting) -> Wanted:
    """The neuron without ECRAMs, which carry no current at rest, and the setting without the limits of the run that follows."""
    return (
        replace(neuron, **{name: None for name, _ in neuron.devices}),
        supply,
        replace(setting, limits=Limits()),
    )


def _lines(neuron: Neuron) -> tuple[str, ...]:
    """Nodes of the bias lines, the bias cell's inner ones among them."""
    cell, *_ = read_subcircuits(netlist(neuron.bias_cell))
    return (*_LINES, *(f"xb.{node}" for node in cell.inner))


def _settle(engine: Engine, keys: Sequence[Wanted], job: Callable[..., Job], workers: int | None) -> None:
    results = run_all(engine, [job(*key) for key in keys], workers) if keys else []
    _states.update({key: _read(key, result) for key, result in zip(keys, results, strict=True)})


def _job(neuron: Neuron, supply: float, setting: Setting) -> Job:
    nodes = tuple(f"v(xn.{node})" for node in neuron.kind.circuit.inner)
    alone = _job_alone(neuron, supply, setting)
    return replace(alone, netlist=rest_netlist(neuron, supply), save=(*alone.save, *nodes))


def _job_alone(neuron: Neuron, supply: float, setting: Setting) -> Job:
    # 4 pF at the delay line and at most a volt or two: more than that over the smallest current is far past any transient of the bias cell
    smallest = min(
        current for current in (neuron.keeper_bias, neuron.delay_bias, neuron.leak_bias) if float(current) > 0
    )
    stop = max(10e-12 / float(smallest), 50e-3)
    return Job(
        netlist=rest_netlist(neuron, supply, alone=True),
        transient=Transient(stop=stop, max_step=stop / 50),
        save=tuple(f"v({line})" for line in _lines(neuron)),
        process=setting.process,
        corner=setting.corner,
        accuracy=setting.accuracy,
        limits=Limits(output=_OUTPUT),
        seed=setting.seed,
    )


def _read(key: Wanted, settled: Waveforms | Failure) -> State | Failure:
    neuron, supply, _ = key
    if isinstance(settled, Failure):
        return Failure(f"the bias cell does not settle: {settled.message}", settled.attempts)

    def last(vector: str, without: float) -> float:
        return float(settled[vector][-1]) if vector.lower() in settled.vectors else without

    biases = {line: last(f"v({line})", 0.0) for line in _lines(neuron)}
    if not all(-0.1 <= value <= supply + 0.1 for value in biases.values()):
        return Failure(f"the bias cell does not settle: {biases}", settled.attempts)
    start, nodes = neuron.kind.start, neuron.kind.circuit.inner
    return biases, {node: last(f"v(xn.{node})", start.get(node, 0.0) * supply) for node in nodes}
