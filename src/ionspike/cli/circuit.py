"""``ionspike circuit``: neurons on transistors."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from ionspike.cli.common import Json, group, show_result
from ionspike.errors import InputError

app = group("Neurons on transistors: list, run, characterize, corners, montecarlo, jitter, export, draw.")


@app.command("list")
def circuit_list(as_json: Json = False) -> None:
    """The neurons, where an ECRAM may sit in each, and, with --json, the biases and sizes each takes."""
    from ionspike.circuit.topologies import TOPOLOGIES

    known = TOPOLOGIES.values()
    result = {
        "neurons": [
            {
                "name": t.name,
                "about": t.about,
                "transistors": len(t.circuit.transistors),
                "placements": list(t.placements),
                "biases": dict(t.biases),
                "sizes": {name: asdict(size) for name, size in t.sizes.items()},
            }
            for t in known
        ]
    }
    lines = [
        f"{t.name}: {t.about}; {len(t.circuit.transistors)} transistors, ECRAM in {', '.join(t.placements)}"
        for t in known
    ]
    show_result(result, lines, as_json)


@app.command("run")
def circuit_run(
    topology: Annotated[
        str, typer.Argument(help="A neuron of `circuit list`, or the path of a netlist.")
    ] = "delay-feedback-lif",
    rate: Annotated[str, typer.Option(help="Rate of the input pulses.")] = "1 kHz",
    count: Annotated[int, typer.Option(min=1, max=100_000, help="Number of input pulses.")] = 20,
    width: Annotated[str | None, typer.Option(help="Width of an input pulse.")] = None,
    membrane: Annotated[str | None, typer.Option(help="Membrane capacitance.")] = None,
    delay_bias: Annotated[str | None, typer.Option(help="Reference current of the delay.")] = None,
    keeper_bias: Annotated[str | None, typer.Option(help="Reference current of the keeper.")] = None,
    leak_bias: Annotated[str | None, typer.Option(help="Leak current; 0 grounds the leak's gate.")] = None,
    synapse: Annotated[str | None, typer.Option(help="Card of an ECRAM gated by the input.")] = None,
    input_path: Annotated[str | None, typer.Option("--input", help="Card of an ECRAM in the input path.")] = None,
    leak: Annotated[str | None, typer.Option(help="Card of an ECRAM in the leak path.")] = None,
    delay: Annotated[str | None, typer.Option(help="Card of an ECRAM in the delay path.")] = None,
    bias: Annotated[list[str] | None, typer.Option(help="Further argument of the neuron as NAME=VALUE.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Figure of the waveforms (PNG).")] = None,
    as_json: Json = False,
) -> None:
    """Run a neuron under regular input and measure spikes, widths and energy. What is not given is what the neuron is sized for."""
    from ionspike.cli.circuit_runs import run_neuron

    neuron = {"membrane": membrane, "delay_bias": delay_bias, "keeper_bias": keeper_bias, "leak_bias": leak_bias}
    for item in bias or ():
        name, separator, value = item.partition("=")
        if not separator or name not in neuron:
            raise InputError(f"there is no bias {item!r}; expected NAME=VALUE with one of {', '.join(neuron)}")
        neuron[name] = value
    cards = {"synapse": synapse, "input": input_path, "leak": leak, "delay": delay}
    result, lines = run_neuron(topology, rate, count, width, neuron, cards, plot)
    show_result(result, lines, as_json)


@app.command("export")
def circuit_export(
    topology: Annotated[str, typer.Argument(help="A neuron of `circuit list`, or the path of a netlist.")],
    out: Annotated[Path, typer.Option(help="The netlist to write, FILE.cir; what it includes goes beside it.")],
    synapse: Annotated[str | None, typer.Option(help="Card of an ECRAM gated by the input.")] = None,
    input_path: Annotated[str | None, typer.Option("--input", help="Card of an ECRAM in the input path.")] = None,
    leak: Annotated[str | None, typer.Option(help="Card of an ECRAM in the leak path.")] = None,
    delay: Annotated[str | None, typer.Option(help="Card of an ECRAM in the delay path.")] = None,
    as_json: Json = False,
) -> None:
    """Write a neuron with its device and bench for plain `ngspice -b`; without a card, the reference card is the synapse."""
    from ionspike.cli.circuit_files import export_neuron

    cards = {"synapse": synapse, "input": input_path, "leak": leak, "delay": delay}
    result, lines = export_neuron(topology, cards, out)
    show_result(result, lines, as_json)


@app.command("draw")
def circuit_draw(
    topology: Annotated[str, typer.Argument(help="A neuron of `circuit list`, or the path of a netlist.")],
    out: Annotated[Path, typer.Option(help="The picture to write, FILE.svg or FILE.png.")],
    as_json: Json = False,
) -> None:
    """Draw a neuron's schematic from its netlist."""
    from ionspike.cli.circuit_files import draw_neuron

    result, lines = draw_neuron(topology, out)
    show_result(result, lines, as_json)
