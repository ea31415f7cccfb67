"""``ionspike network``: nets of neurons and devices."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ionspike.cli.common import Json, group, show_result

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
    done = run.run(plan.duration, progress=not as_json)
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
