"""``ionspike network``: nets of neurons and devices."""

from __future__ import annotations

import tempfile
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ionspike.cli.common import Json, group, show_result
from ionspike.errors import InputError

if TYPE_CHECKING:
    from ionspike.network.recording import Result
    from ionspike.network.simulation import Simulation

app = group("Nets of neurons and devices: run.")


@app.callback()
def network() -> None:
    """Nets of neurons and devices."""


@app.command("run")
def network_run(
    file: Annotated[Path, typer.Argument(help="The net: a TOML file.")],
    out: Annotated[Path | None, typer.Option(help="Folder for the result, network.zarr, and its checkpoint.")] = None,
    resume: Annotated[Path | None, typer.Option(help="Checkpoint to carry on from.")] = None,
    threads: Annotated[int | None, typer.Option(min=1, help="In place of the file's.")] = None,
    as_json: Json = False,
) -> None:
    """Run a net from its file; Ctrl-C keeps what was run so far."""
    from ionspike.network.simulation import Simulation
    from ionspike.network.toml_file import load

    plan = load(file)
    count = threads or plan.threads
    if resume is None:
        run = Simulation(plan.network, count, plan.precision, plan.record)
    else:
        run = Simulation.load(plan.network, resume, count, plan.record)
    # spikes go to disk as they come, and from there into the result
    with (
        tempfile.TemporaryDirectory(prefix=".spikes-", dir=_folder(out)) if out is not None else nullcontext() as spool
    ):
        done = run.run(plan.duration, progress=not as_json, spool=spool)
        _tell(run, done, out, as_json)


def _folder(out: Path) -> Path:
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{out} cannot be written: {error.strerror or error}") from error
    return out


def _tell(run: Simulation, done: Result, out: Path | None, as_json: bool) -> None:
    result: dict[str, Any] = {
        "start": done.start,
        "stop": done.stop,
        "complete": done.complete,
        "rates": {name: done.rate(name) for name in done.trains},
        "synaptic_events": done.arrivals,
        "seconds": done.wall,
        "setup_seconds": done.setup,
        "energy": {name: dict(part) for name, part in done.energies.items()},
    }
    lines = [str(done)]
    if out is not None:
        result["result"], result["checkpoint"] = str(done.save(out)), str(run.save(out / "checkpoint.npz"))
        lines.append(f"result in {result['result']}; carry on with --resume {result['checkpoint']}")
    show_result(result, lines, as_json)
    raise typer.Exit(0 if done.complete else 130)
