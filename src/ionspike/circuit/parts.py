"""Pieces of a netlist that a bench and a net of neurons both write: rails, bias cell, a neuron with its load, a source of pulses,
and which `.subckt` each needs once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ionspike.circuit.neurons import Neuron
from ionspike.circuit.topologies import netlist
from ionspike.device import Ecram, subckt_name
from ionspike.errors import InputError

RAILS = ("vdd", "vth", "vdl", "vdb")  # of neuron and bias cell


def bias_lines(neuron: Neuron, tail: str) -> list[str]:
    """The bias cell of a neuron; ``tail`` marks the nodes of a presynaptic one."""
    currents = f"ikeep={neuron.keeper_bias!r} idelay={neuron.delay_bias!r} ileak={neuron.leak_bias!r}"
    lines = [f"xb{tail} bp{tail} bn{tail} bd{tail} bl{tail} vdb{tail} {neuron.bias_cell.replace('-', '_')} {currents}"]
    if neuron.leak_bias == 0:
        # a mirror without current would take seconds to bring its line down: the leak is switched off, not starved
        lines.append(f"rbl{tail} bl{tail} 0 1")
    return lines


def rail_lines(supply: float) -> list[str]:
    """The rails of neuron and bias cell; threshold and delay stage hang on one of them and are metered apart."""
    return [f"vdd vdd 0 {supply!r}", "vth vdd vth 0", "vdl vdd vdl 0", f"vdb vdb 0 {supply!r}"]


def neuron_lines(
    neuron: Neuron,
    name: str,
    tail: str,
    load: float,
    gate_connected: bool,
    output: str = "spk",
    rails: str = "vth vdl",
    bias: str = "",
    event: str = "0",
) -> list[str]:
    """The neuron ``x`` + ``name``, its delay element and its load. ``tail`` marks its nodes, ``bias`` the lines of its bias cell,
    ``event`` is the input pulse for a netlist that watches it."""
    sizes = "".join(f" {key}={float(value)!r}" for key, value in neuron.parameters.items())
    lines = [
        f"x{name} mem{tail} {output} rst{tail} {rails} bp{bias} bn{bias} bd{bias} bl{bias} da{tail} db{tail} "
        f"{event + ' ' if neuron.kind.watches_input else ''}{neuron.kind.subckt}{sizes}",
        f"cload{tail} {output} 0 {load!r}",
    ]
    if neuron.delay is not None:
        lines.append(f"xdelay{tail} {output if gate_connected else '0'} da{tail} db{tail} {subckt_name(neuron.delay)}")
    else:
        lines.append(f"rjoin{tail} da{tail} db{tail} 1")
    return lines


def start_voltages(tail: str, output: str = "spk") -> dict[str, float]:
    """Where the outer nodes of a neuron start (V): all at ground."""
    return dict.fromkeys((f"mem{tail}", output, f"rst{tail}", f"da{tail}", f"db{tail}"), 0.0)


def rest_netlist(neuron: Neuron, supply: float, alone: bool = False) -> str:
    """A neuron with its bias cell and nothing at its input, started near its resting state; ``alone``: the bias cell without it."""
    lines = [netlist("transistors").rstrip(), netlist(neuron.bias_cell).rstrip(), neuron.kind.text.rstrip()]
    lines += rail_lines(supply) + bias_lines(neuron, "")
    start: dict[str, float] = {}
    if not alone:
        lines += neuron_lines(neuron, "n", "", 10e-15, False)
        start = start_voltages("") | {f"xn.{node}": share * supply for node, share in neuron.kind.start.items()}
    start |= {"bp": 0.7 * supply, "bn": 0.25, "bd": 0.4, "bl": 0.2 if neuron.leak_bias > 0 else 0.0}
    start |= dict.fromkeys(RAILS, supply)
    lines.append(".ic " + " ".join(f"v({node})={value!r}" for node, value in start.items()))
    return "\n".join(lines) + "\n"


def source(
    pulses: Sequence[float], width: float, edge: float, supply: float, name: str = "in", node: str = "preb"
) -> str:
    """A piecewise-linear source, high at rest (the driver inverts), as wide as asked for at half height."""
    points: list[tuple[float, float]] = [(0.0, supply)]
    for start in pulses:
        low, high = start + edge, start + width
        points += [(start, supply), (low, 0.0), *([(high, 0.0)] if high > low else []), (high + edge, supply)]
    if points[1:] and points[1][0] == 0.0:
        points = points[1:]
    words = [f"{t!r} {v!r}" for t, v in points]
    rows = [" ".join(words[i : i + 8]) for i in range(0, len(words), 8)]
    return f"v{name} {node} 0 pwl(" + "\n+ ".join(rows) + ")"


def distinct_topologies(neurons: Sequence[Neuron]) -> list[str]:
    """The netlists of the neurons' topologies, each once."""
    named: dict[str, Neuron] = {}
    for neuron in neurons:
        if named.setdefault(neuron.kind.subckt, neuron).kind.text != neuron.kind.text:
            raise InputError(
                f"{neuron.topology} and {named[neuron.kind.subckt].topology} both define .subckt {neuron.kind.subckt}; expected a name each"
            )
    return [neuron.kind.text.rstrip() for neuron in named.values()]


def distinct_devices(devices: Iterable[Ecram]) -> list[Ecram]:
    """Devices by name; two different devices of one name in a bench would silently share one ``.subckt``."""
    named: dict[str, Ecram] = {}
    for device in devices:
        if named.setdefault(device.name, device) != device:
            raise InputError(f"two different devices are called {device.name!r} in one bench; expected a name each")
    return list(named.values())
