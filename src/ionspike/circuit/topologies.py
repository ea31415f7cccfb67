"""The topologies: six neuron netlists of the package, what each takes and offers, and netlists of the user behind the same ports.

Every topology is one ``.spice`` file with one ``.subckt`` behind the ports ``mem spk rst vth vdl bp bn bd bl da db`` (membrane, output
spike, reset, supplies of threshold and delay stage, gate lines of keeper, hold, delay and leak, ends of the delay element). What can be
read from the netlist itself (parameters, inner nodes, whether it drives ``rst`` and has a delay path) is read from it. A netlist may end
its ports with ``pre``, the input pulse: :data:`VARIANTS` holds one whose threshold stage looks only then. It is known by its name like the
six of :data:`TOPOLOGIES`, and not compared with them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from pathlib import Path
from types import MappingProxyType

from ionspike import files
from ionspike.circuit.sizes import DELAY, STAGES, L, Size, W
from ionspike.circuit.subcircuit import Subcircuit, read_subcircuits
from ionspike.errors import InputError

PORTS = ("mem", "spk", "rst", "vth", "vdl", "bp", "bn", "bd", "bl", "da", "db")
EVENT = "pre"  # a further port a netlist may end with: the input pulse, for a threshold that looks only then
PLACEMENTS = ("synapse", "input", "leak", "delay")
_LARGEST = 1_000_000  # bytes of a user's netlist
BIAS_CELLS = ("bias-cell", "long-bias-cell")  # netlists of the package
BENCH_SUBCKTS = ("nf", "pf", *(name.replace("-", "_") for name in BIAS_CELLS), "driver")

Numbers = Mapping[str, float]


def _numbers(**values: float) -> Numbers:
    return MappingProxyType(values)


@dataclass(frozen=True)
class Topology:
    """A neuron netlist.

    Args:
        name: its name, or the path of a user's file.
        text: the text of the file; circuit: its ``.subckt``.
        sizes: parameters of the netlist beside ``cmem``, with unit and range.
        start: inner nodes that rest high, roughly, as shares of the supply: where the search for the resting state begins.
        biases: membrane (F) and reference currents (A) it is sized for.
        drive: read rail (V), width of an input pulse (s) and of the read switch (um) it is sized for.
        about: one line for a reader.
    """

    name: str
    text: str = field(repr=False)
    circuit: Subcircuit = field(repr=False)
    sizes: Mapping[str, Size] = field(hash=False, repr=False)
    start: Numbers = field(hash=False, repr=False)
    biases: Numbers = field(hash=False, repr=False)
    drive: Numbers = field(hash=False, repr=False)
    about: str = ""

    @property
    def subckt(self) -> str:
        """The name of the ``.subckt``."""
        return self.circuit.name

    @property
    def netlist(self) -> str:
        """The text of the ``.spice`` file."""
        return self.text

    @property
    def placements(self) -> tuple[str, ...]:
        """Where an ECRAM may sit: the bench has the other three paths, a delay path only the netlist can have."""
        return PLACEMENTS if self.circuit.drives("da") else PLACEMENTS[:3]

    @property
    def watches_input(self) -> bool:
        """Whether the netlist takes the input pulse itself, at a port of its own behind the others."""
        return self.circuit.ports[len(PORTS) :] == (EVENT,)

    @property
    def has_reset(self) -> bool:
        """Whether the netlist has a reset pulse of its own; otherwise the end of the spike is the end of the reset."""
        return self.circuit.drives("rst")


@cache
def netlist(stem: str) -> str:
    """The text of a netlist of the package, by the name of its file without ``.spice``."""
    return (resources.files("ionspike.circuit") / "netlists" / f"{stem}.spice").read_text()


def _topology(
    name: str, sizes: Mapping[str, Size], start: Numbers, biases: Numbers, drive: Numbers, about: str
) -> Topology:
    text = netlist(name)
    return Topology(name, text, read_subcircuits(text)[0], sizes, start, biases, drive, about)


TOPOLOGIES: Mapping[str, Topology] = MappingProxyType(
    {
        t.name: t
        for t in (
            _topology(
                "delay-feedback-lif",
                sizes=STAGES,
                start=_numbers(n1=1.0, d1=1.0, d3=1.0, dn=0.4),
                biases=_numbers(membrane=2e-12, delay_bias=1.56e-9, keeper_bias=0.05e-9, leak_bias=0.0),
                drive=_numbers(read_rail=0.45, width=9e-9, switch=4.0),
                about="regenerative threshold held by a keeper; the spike opens a starved delay that ends it",
            ),
            _topology(
                "axon-hillock",
                sizes=MappingProxyType(
                    {
                        "cfb": Size("F", 1e-15, 10e-12, "capacitor from the output back to the membrane"),
                        "wreset": Size(*W, "width of the reset path"),
                    }
                ),
                start=_numbers(n1=1.0, p1=1.0),
                biases=_numbers(membrane=1e-12, delay_bias=20e-9, keeper_bias=30e-9, leak_bias=0.0),
                drive=_numbers(read_rail=0.7, width=5e-9, switch=1.0),
                about="two inverters and a capacitor that feeds the output back to the membrane",
            ),
            _topology(
                "schmitt-trigger-lif",
                sizes=MappingProxyType(
                    {
                        "wtrigger": Size(*W, "width of the trigger's input transistor"),
                        "wdegenerate": Size(*W, "width of the diode under it: the upper threshold"),
                        "lrestore": Size(*L, "length of the mirror whose current sets the lower threshold"),
                        "wreset": Size(*W, "width of the reset path"),
                        "ceb": Size("F", 1e-15, 1e-12, "capacitor that delays the falling edge's release"),
                        "lenable": Size(*L, "length of the transistor that closes the falling edge"),
                    }
                ),
                start=_numbers(n1=1.0, eb=1.0, y=1.0, q=1.0),
                biases=_numbers(membrane=2e-12, delay_bias=10e-9, keeper_bias=0.05e-9, leak_bias=0.0),
                drive=_numbers(read_rail=0.6, width=9e-9, switch=4.0),
                about="trigger whose source degeneration the spike shorts: two thresholds, and a starved reset between them",
            ),
            _topology(
                "dpi",
                sizes=MappingProxyType(
                    {
                        "cref": Size("F", 1e-15, 10e-12, "capacitor of the refractory period"),
                        "cahp": Size("F", 1e-15, 10e-12, "capacitor of the adaptation"),
                        "wahp": Size(*W, "width of the adaptation's output transistor"),
                        "wreset": Size(*W, "width of the membrane's reset transistor"),
                        "lahp": Size(*L, "length of the transistor that charges it at a spike"),
                        "lwidth": Size(*L, "length of the transistor that raises rst: the width of the spike"),
                        "lref": Size(*L, "length of the refractory mirror"),
                    }
                ),
                start=_numbers(n1=1.0, sd=1.0, sb=1.0, rb=1.0, f=1.0),
                biases=_numbers(membrane=2e-12, delay_bias=1e-9, keeper_bias=0.05e-9, leak_bias=0.0),
                drive=_numbers(read_rail=0.45, width=9e-9, switch=4.0),
                about="adaptive: membrane current with positive feedback, refractory period, adaptation by a differential pair",
            ),
            _topology(
                "comparator-lif",
                sizes=DELAY,
                start=_numbers(n1=1.0, d1=1.0, d3=1.0, dn=0.4, ref=0.2, m=0.8, s=0.1),
                biases=_numbers(membrane=2e-12, delay_bias=1.56e-9, keeper_bias=0.05e-9, leak_bias=0.0),
                drive=_numbers(read_rail=0.6, width=9e-9, switch=4.0),
                about="transconductance amplifier against a reference level, then the delay of the delay-feedback neuron",
            ),
            _topology(
                "morris-lecar",
                sizes=MappingProxyType(
                    {
                        "cw": Size("F", 1e-15, 10e-12, "capacitor of the recovery variable"),
                        "wk": Size(*W, "width of the potassium transistor"),
                        "lna": Size(*L, "length of the sodium transistor"),
                        "lw": Size(*L, "length of the transistor that charges the recovery variable"),
                        "wdelay": Size(*W, "width of the mirror that discharges it"),
                        "ldelay": Size(*L, "length of the mirror that discharges it"),
                    }
                ),
                start=_numbers(n1=1.0, h=1.0, wb=1.0),
                biases=_numbers(membrane=1e-12, delay_bias=1.56e-9, keeper_bias=0.05e-9, leak_bias=0.0),
                drive=_numbers(read_rail=0.45, width=5e-9, switch=4.0),
                about="a pair of transistors pulls the membrane up and, by a slower recovery variable, down; that variable is the spike",
            ),
        )
    }
)


VARIANTS: Mapping[str, Topology] = MappingProxyType(
    {
        "input-gated-lif": _topology(
            "input-gated-lif",
            sizes=MappingProxyType(
                {
                    **STAGES,
                    "lclose": Size(*L, "length of the mirror that closes the window: how long it is open"),
                }
            ),
            start=TOPOLOGIES["delay-feedback-lif"].start,
            biases=TOPOLOGIES["delay-feedback-lif"].biases,
            drive=TOPOLOGIES["delay-feedback-lif"].drive,
            about="the delay-feedback neuron, whose threshold stage is open only for a while after each input pulse",
        )
    }
)


def find_topology(name: str) -> Topology:
    """A topology by its name in ``TOPOLOGIES``, or a user's by the path of its netlist.

    Raises:
        InputError: neither; or a file that is not a neuron's netlist, with its name and the line.
    """
    for known in (TOPOLOGIES, VARIANTS):
        if name in known:
            return known[name]
    if Path(name).suffix or "/" in name:
        return load_topology(name)
    raise InputError(
        f"there is no topology {name!r}; expected one of {', '.join((*TOPOLOGIES, *VARIANTS))}, or the path of a netlist such as my-neuron.spice"
    )


def load_topology(path: str) -> Topology:
    """A user's neuron: a file with one ``.subckt`` behind the ports of :data:`PORTS`, and what it calls.

    Its parameters are the sizes a :class:`~ionspike.circuit.neurons.Neuron` takes; ``cmem``, if it is there, is the membrane. It rests
    where a run without input leaves it.

    Raises:
        InputError: no such file; a line that is not allowed, other ports, a name the bench uses itself, or a call of a subcircuit that
            is not there; names file and line.
    """
    text = _read(path)
    try:
        circuits = read_subcircuits(text)
        circuit = _neuron_of(circuits)
        _check_names(circuits)
    except InputError as error:
        told = str(error)
        raise InputError(
            told.replace("netlist line", f"{path} line", 1) if "netlist line" in told else f"{path}: {told}"
        ) from None
    given = dict(circuit.parameters)
    sizes = {key: Size("", 0.0, math.inf, "of the user's netlist") for key in given if key != "cmem"}
    biases = {**TOPOLOGIES["delay-feedback-lif"].biases, "membrane": given.get("cmem", 0.0)}
    drive = TOPOLOGIES["delay-feedback-lif"].drive
    return Topology(
        path, text, circuit, MappingProxyType(sizes), _numbers(), MappingProxyType(biases), drive, "of the user"
    )


def _read(path: str) -> str:
    file = Path(path)
    try:
        files.check_plain(path, "the netlist of a neuron")
        if file.stat().st_size > _LARGEST:
            raise InputError(f"{path} has over {_LARGEST // 1000} kB; expected the netlist of one neuron")
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise InputError(f"{path} is not text in UTF-8; expected a SPICE netlist") from None
    except OSError as error:
        raise InputError(
            f"{path} cannot be read: {error.strerror or error}; expected the netlist of a neuron"
        ) from None


def _neuron_of(circuits: tuple[Subcircuit, ...]) -> Subcircuit:
    fitting = [c for c in circuits if c.ports in (PORTS, (*PORTS, EVENT))]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise InputError(
            f"netlist line {fitting[1].line} has a second .subckt with the ports of a neuron; expected one"
        )
    wanted = " ".join(PORTS)
    if not circuits:
        raise InputError(f"no .subckt; expected one with the ports {wanted}")
    found = circuits[0]
    raise InputError(
        f"netlist line {found.line}: .subckt {found.name} has the ports {' '.join(found.ports)}; expected {wanted}"
    )


def _check_names(circuits: tuple[Subcircuit, ...]) -> None:
    own = {c.name for c in circuits}
    for c in circuits:
        if c.name in BENCH_SUBCKTS or c.name.startswith(("ecram_", "sky130_")):
            raise InputError(
                f"netlist line {c.line}: .subckt {c.name} is a name of the bench or the process; expected another"
            )
        for e in c.elements:
            if e.name[0] == "x" and e.kind not in own | {"nf", "pf"} and not e.kind.startswith("sky130_"):
                raise InputError(
                    f"netlist line {e.line} calls {e.kind!r}, which is not there; expected nf, pf or a .subckt of this file"
                )
