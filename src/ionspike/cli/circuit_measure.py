"""``ionspike circuit characterize | corners | montecarlo | jitter``: the commands that measure a neuron on many points."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ionspike.cli.circuit import app
from ionspike.cli.common import Json, show_result

Topology = Annotated[str, typer.Argument(help="A neuron of `circuit list`, or the path of a netlist.")]
AnyTopology = Annotated[
    str | None, typer.Argument(help="A neuron of `circuit list`, or the path of a netlist; all six if left out.")
]
Out = Annotated[Path, typer.Option(help="Folder for the data (zarr, csv) and the figure.")]
Workers = Annotated[int | None, typer.Option(min=1, help="Parallel runs; default: the cores there are.")]
InputCard = Annotated[str, typer.Option(help="ECRAM in the input path, or `none`.")]
SPECIFICATION = "energy <= 1 pJ, width within 20 %"


@app.command("characterize")
def circuit_characterize(
    topology: AnyTopology = None,
    card: Annotated[str, typer.Option(help="ECRAM of the plasticity subjects.")] = "reference",
    corner: Annotated[str, typer.Option(help="Corner of the process.")] = "tt",
    temperature: Annotated[float, typer.Option(help="In degrees C.")] = 27.0,
    quick: Annotated[bool, typer.Option("--quick", help="Every subject, on fewer points.")] = False,
    out: Out = Path("ionspike-characterize"),
    workers: Workers = None,
    as_json: Json = False,
) -> None:
    """Rates, thresholds, retention, widths, energy, plasticity and supply range: one table, one page of figures, the data.

    A command that was stopped goes on from its finished runs, which the cache keeps.
    """
    from ionspike.cli.circuit_characterize import run_characterize

    result, lines = run_characterize(topology, card, corner, temperature, quick, out, workers, as_json)
    show_result(result, lines, as_json)


@app.command("corners")
def circuit_corners(
    topology: AnyTopology = None,
    card: InputCard = "reference",
    quick: Annotated[bool, typer.Option("--quick", help="Every corner, at 27 C and 1.8 V only.")] = False,
    out: Out = Path("ionspike-corners"),
    workers: Workers = None,
    as_json: Json = False,
) -> None:
    """A neuron at tt, ss, ff, sf, fs by -40, 27, 85 C by 1.62, 1.8, 1.98 V, untrimmed and with one trim step.

    A point works where the neuron fires full spikes under input and none without.
    """
    from ionspike.cli.circuit_variation import run_corners

    result, lines = run_corners(topology, card, quick, out, workers, as_json)
    show_result(result, lines, as_json)


@app.command("montecarlo")
def circuit_monte_carlo(
    topology: Topology = "delay-feedback-lif",
    card: InputCard = "reference",
    samples: Annotated[int, typer.Option(min=1, max=100_000, help="Number of chips.")] = 100,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the study; chip k has one made from it and k.")] = 1,
    specification: Annotated[
        str, typer.Option("--spec", help="What a chip must meet, such as 'step within 10 % of 1.5 kohm'.")
    ] = SPECIFICATION,
    trim: Annotated[bool, typer.Option("--trim/--no-trim", help="Also after one trim step of each chip.")] = True,
    out: Out = Path("ionspike-montecarlo"),
    workers: Workers = None,
    as_json: Json = False,
) -> None:
    """Chips with the foundry's process spread and mismatch, and ECRAMs with their own; the yield against a specification."""
    from ionspike.cli.circuit_variation import run_monte_carlo

    result, lines = run_monte_carlo(topology, card, samples, seed, specification, trim, out, workers, as_json)
    show_result(result, lines, as_json)


@app.command("jitter")
def circuit_jitter(
    topology: Topology = "delay-feedback-lif",
    current: Annotated[list[str] | None, typer.Option(help="Constant input current; may be repeated.")] = None,
    intervals: Annotated[int, typer.Option(min=5, max=100_000, help="Intervals of the run with noise.")] = 60,
    seed: Annotated[int, typer.Option(min=1, help="Seed of the noise.")] = 1,
    as_json: Json = False,
) -> None:
    """Spike-time jitter from kT/C and the noise of the threshold stage over their slopes, and a run with noise as a check."""
    from ionspike.cli.circuit_jitter import run_jitter

    result, lines = run_jitter(topology, current or ["10 nA"], intervals, seed)
    show_result(result, lines, as_json)
