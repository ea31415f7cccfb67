"""A net as a TOML file.

seed = 1
duration = "10 s"
[[input]]
name = "drive"
size = 1000
kind = "poisson"               # poisson, modulated-poisson, inhomogeneous-poisson, regular, recorded
rate = "1 kHz"
[[population]]
name = "neurons"
size = 1000
kind = "lif"                   # lif, or cell with cell = a file or a library name
tau = "20 ms"
threshold = "15 mV"
[[projection]]
source = "drive"
target = "neurons"
weight = "0.5 mV"              # or { uniform = [..] }, { normal = [mean, sd] }, { log-normal = [median, sigma] }
delay = "1 ms"
connectivity = { rule = "one-to-one" }     # all-to-all, fixed-in-degree, pairwise-probability, pairs
synapse = { kind = "tsodyks-markram", U = 0.2, tau_facilitation = "300 ms" }   # static, device, cell
[record]
spikes = ["neurons"]
membranes = { neurons = [0, 1] }
times = [0.1, 0.2]
"""

from __future__ import annotations

from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import Any

from ionspike import files
from ionspike.errors import InputError
from ionspike.network.cell import Cell
from ionspike.network.connectivity import AllToAll, FixedInDegree, OneToOne, Pairs, PairwiseProbability
from ionspike.network.distributions import LogNormal, Normal, Uniform
from ionspike.network.inputs import InhomogeneousPoisson, ModulatedPoisson, Poisson, Recorded, Regular
from ionspike.network.network import Network
from ionspike.network.neurons import LIF
from ionspike.network.recording import Record
from ionspike.network.synapses import CellSynapse, DeviceSynapse, Static, TsodyksMarkram
from ionspike.units import quantity

_INPUTS = {
    "poisson": Poisson,
    "modulated-poisson": ModulatedPoisson,
    "inhomogeneous-poisson": InhomogeneousPoisson,
    "regular": Regular,
    "recorded": Recorded,
}
_SYNAPSES = {"static": Static, "tsodyks-markram": TsodyksMarkram, "device": DeviceSynapse, "cell": CellSynapse}
_RULES = {
    "all-to-all": AllToAll,
    "one-to-one": OneToOne,
    "fixed-in-degree": FixedInDegree,
    "pairwise-probability": PairwiseProbability,
    "pairs": Pairs,
}
_SPREADS = {"uniform": Uniform, "normal": Normal, "log-normal": LogNormal}
_TOP = {"seed", "duration", "threads", "precision", "input", "population", "projection", "record"}
_MAX_BYTES = 50_000_000


@dataclass(frozen=True)
class Plan:
    """A net and how it is to be run."""

    network: Network
    duration: float
    threads: int
    precision: str
    record: Record


def load(path: str | Path) -> Plan:
    """Read a net from a file.

    Raises:
        InputError: no such file, not TOML, an unknown or missing key, a value that does not fit; names file and key.
    """
    path = Path(path)
    tree = files.read_toml(path, _MAX_BYTES, "a net (long lists are given in Python)")
    try:
        return parse(tree, path.parent)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error


def parse(tree: dict[str, Any], folder: Path = Path()) -> Plan:
    """Build the net from a parsed file; cards and cells given as files are looked for in ``folder``."""
    _known(tree, _TOP, "the file")
    net = Network(tree.get("seed", 0))
    for k, table in enumerate(_tables(tree, "input")):
        where = f"input[{k}]"
        kind = _kind(table, "kind", _INPUTS, where)
        name, size = _take(table, "name", where), table.pop("size", None)
        net.add_input(name, _build(kind, table, where), size)
    for k, table in enumerate(_tables(tree, "population")):
        where = f"population[{k}]"
        name, size = _take(table, "name", where), table.pop("size", 1)
        net.add_population(name, _neuron(table, where, folder), size)
    for k, table in enumerate(_tables(tree, "projection")):
        _projection(net, table, f"projection[{k}]", folder)
    record = _build(Record, dict(_table(tree, "record")), "record")
    duration = quantity(_take(tree, "duration", "the file"), "s", "duration")
    return Plan(net, duration, tree.get("threads", 1), tree.get("precision", "single"), record)


def _neuron(table: dict[str, Any], where: str, folder: Path) -> LIF | Cell:
    if _kind(table, "kind", {"lif": LIF, "cell": Cell}, where) is LIF:
        return _build(LIF, table, where)
    cell = _take(table, "cell", where)
    _known(table, set(), where)
    return Cell.load(_file(cell, folder))


def _projection(net: Network, table: dict[str, Any], where: str, folder: Path) -> None:
    _known(table, {"name", "source", "target", "synapse", "weight", "delay", "connectivity"}, where)
    given = dict(_table(table, "synapse", where))
    synapse: Any = None
    if given:
        kind = _kind(given, "kind", _SYNAPSES, f"{where}.synapse")
        if kind is DeviceSynapse and "card" in given:
            cards = given["card"]
            given["card"] = [_file(c, folder) for c in cards] if isinstance(cards, list) else _file(cards, folder)
        if kind is CellSynapse and "cell" in given:
            given["cell"] = Cell.load(_file(given["cell"], folder))
        synapse = _build(
            kind, {key: _spread(value, f"{where}.synapse.{key}") for key, value in given.items()}, f"{where}.synapse"
        )
    rule: Any = None
    wanted = dict(_table(table, "connectivity", where))
    if wanted:
        rule = _build(_kind(wanted, "rule", _RULES, f"{where}.connectivity"), wanted, f"{where}.connectivity")
    net.connect(
        _take(table, "source", where), _take(table, "target", where), synapse, weight=_spread(table.get("weight"), f"{where}.weight"),
        delay=_spread(table.get("delay", 1e-3), f"{where}.delay"), connectivity=rule, name=table.get("name"),
    )  # fmt: skip


def _spread(value: Any, where: str) -> Any:
    """A distribution, where a table stands in place of a number."""
    if not isinstance(value, dict):
        return value
    if len(value) != 1 or next(iter(value)) not in _SPREADS:
        raise InputError(
            f"{where} is {value!r}; expected one of {', '.join(_SPREADS)}, such as {{ uniform = ['1 ms', '2 ms'] }}"
        )
    name, parts = next(iter(value.items()))
    kind = _SPREADS[name]
    if not isinstance(parts, list) or not 2 <= len(parts) <= len(fields(kind)):
        raise InputError(f"{where}.{name} is {parts!r}; expected {', '.join(item.name for item in fields(kind))}")
    return kind(*parts)


def _build(kind: type, table: dict[str, Any], where: str) -> Any:
    known = {item.name: item for item in fields(kind)}
    _known(table, set(known), where)
    for name, item in known.items():
        if name not in table and item.default is MISSING and item.default_factory is MISSING:
            raise InputError(f"{where}.{name} is missing")
    try:
        return kind(**table)
    except (TypeError, ValueError) as error:
        raise error if isinstance(error, InputError) else InputError(f"{where}: {error}") from error


def _known(table: dict[str, Any], known: set[str], where: str) -> None:
    unknown = sorted(set(table) - known)
    if unknown:
        expected = f"expected one of {', '.join(sorted(known))}" if known else "expected no further key"
        raise InputError(f"unknown key {unknown[0]!r} in {where}; {expected}")


def _kind(table: dict[str, Any], key: str, kinds: dict[str, Any], where: str) -> Any:
    found = table.pop(key, None)
    if found not in kinds:
        raise InputError(f"{where}.{key} is {found!r}; expected one of {', '.join(kinds)}")
    return kinds[found]


def _take(table: dict[str, Any], key: str, where: str) -> Any:
    if key not in table:
        raise InputError(f"{where} has no {key!r}")
    return table.pop(key) if where != "the file" else table[key]


def _tables(tree: dict[str, Any], key: str) -> list[dict[str, Any]]:
    found = tree.get(key, [])
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        raise InputError(f"{key} is no list of tables; expected [[{key}]]")
    return [dict(item) for item in found]


def _table(tree: dict[str, Any], key: str, where: str = "the file") -> dict[str, Any]:
    found = tree.get(key, {})
    if not isinstance(found, dict):
        raise InputError(f"{key} in {where} is {found!r}; expected a table")
    return found


def _file(name: Any, folder: Path) -> Any:
    """A path relative to the net's file where there is such a file, the name of something in the library otherwise."""
    return folder / name if isinstance(name, str) and (folder / name).is_file() else name
