"""Short-term plasticity costs no transistor and a few per cent of a spike's energy: the spike that is there drives the gates."""

from __future__ import annotations

from dataclasses import replace

import xarray as xr

from ionspike import plotting
from ionspike.circuit.energy import BLOCKS, energy
from ionspike.circuit.simulate import Run, simulate_all
from ionspike.circuit.testbench import Bench
from ionspike.device import Ecram
from ionspike.report.claim import Check, Claim, Context, Outcome, Picture, circuit_conditions
from ionspike.report.claims.trimmed import spike_width, trimmed
from ionspike.spikes import regular

_PLACES = ("synapse", "input")


def measure(context: Context) -> Outcome:
    """The same neuron and drive with the gate of its ECRAM on the spike or on ground."""
    neuron, width = trimmed(context), spike_width(context)
    count = 12 if context.quick else 24
    benches = {}
    for place in _PLACES:
        # the volatile conductance is off in both, so that the same pulses make the same spikes; gate charge and ions stay
        bare = neuron.with_(**{place: _without_conductance(context.reference)})
        made = Bench(neuron=bare, pulses=tuple(regular(2e3, count)), width=width)
        benches[place] = (made, count / 2e3)
        benches[f"{place}-grounded"] = (made.with_(gate_connected=False), count / 2e3)
    runs = dict(zip(benches, simulate_all(list(benches.values()), context.spice, context.workers), strict=True))
    overhead = {place: energy(runs[place]).core / energy(runs[f"{place}-grounded"]).core - 1 for place in _PLACES}
    synapse = (energy(runs["synapse"]), energy(runs["synapse-grounded"]))
    extra = (synapse[0].core - synapse[1].core) / synapse[0].inputs
    added = max(_transistors(runs[place]) - _transistors(runs[f"{place}-grounded"]) for place in _PLACES)
    checks = (
        Check("overhead", 100 * overhead["input"], "%", None, 5.0, "predicted"),
        Check("added-transistors", float(added), "", 0.0, 0.0, "predicted"),
    )
    notes = (
        "overhead: energy per output spike on all rails but the bias cell's, with the gate of the ECRAM in the input path on the "
        "neuron's own spike against on ground. A synapse gated by the input pulses takes its share from whoever makes those: "
        f"{extra * 1e15:.0f} fJ an input pulse. The same number of input pulses per output spike in both arms (volatile conductance off; gate capacitance and ions "
        f"at work); output rate {energy(runs['synapse']).rate:.4g} Hz. {_transistors(runs['synapse'])} transistors in neuron, "
        "bias cell, driver and read switch, with or without plasticity.",
    )
    table = xr.Dataset(
        {
            block: ("arm", [energy(run).blocks[block] / energy(run).spikes for run in runs.values()], {"units": "J"})
            for block in BLOCKS
        },
        {"arm": list(runs)},
    )
    pictures = (
        Picture("stp-overhead", "Energy per output spike with the gate grounded and on the spike.", _figure(runs)),
    )
    return Outcome(checks, (), circuit_conditions(context), pictures, notes, datasets={"energy": table})


def _without_conductance(card: Ecram) -> Ecram:
    return replace(card, populations=tuple(replace(p, g=0.0) for p in card.populations))


def _transistors(run: Run) -> int:
    """Transistors in the bench: instances of the two drawn transistors, with every subcircuit counted where it is used."""
    netlist = run.bench.netlist({})
    inside: dict[str, int] = {}
    name, total = "", 0
    for line in netlist.splitlines():
        words = line.split()
        if not words or words[0].startswith(("*", "+")):
            continue
        if words[0] == ".subckt":
            name = words[1]
            inside[name] = 0
        elif words[0] == ".ends":
            name = ""
        elif words[0].startswith("x"):
            model = next(w for w in reversed(words) if "=" not in w)
            used = 1 if model in ("nf", "pf") else inside.get(model, 0)
            if name:
                inside[name] += used
            else:
                total += used
    return total


def _figure(runs: dict[str, Run]):
    made, axis = plotting.figure(width=5.6, height=3.0)
    labels = [name.replace("-", "\n") if "-" in name else f"{name}\non the spike" for name in runs]
    bottom = [0.0] * len(runs)
    for k, block in enumerate(b for b in BLOCKS if b != "bias"):
        values = [1e12 * energy(run).blocks[block] / energy(run).spikes for run in runs.values()]
        hatch = ("", "//", "..", "xx")[k]
        axis.bar(labels, values, bottom=bottom, label=block, hatch=hatch, color=plotting.COLOURS[k], edgecolor="white")
        bottom = [a + b for a, b in zip(bottom, values, strict=True)]
    axis.set(ylabel="energy per output spike (pJ)", ylim=(0, 1.35 * max(bottom)))
    axis.legend(ncols=2)
    return made


CLAIM = Claim(
    id="stp-overhead",
    statement="Short-term plasticity adds no transistor and at most 5 % to the energy of a spike.",
    paper="Negligible circuit overhead.",
    measure=measure,
)
