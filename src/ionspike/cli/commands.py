"""All commands. What a command needs is imported when it runs, so that ``--help`` is quick."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from ionspike.cli import circuit_measure, data, device, network, pdk
from ionspike.cli.doctor import doctor
from ionspike.cli.fit import fit
from ionspike.cli.reproduce import reproduce

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.callback()
def common(
    no_cache: Annotated[
        bool, typer.Option("--no-cache", help="Make every circuit run again, and keep none (as IONSPIKE_CACHE=off).")
    ] = False,
) -> None:
    """From the pulse response of an ECRAM to spiking networks."""
    if no_cache:
        os.environ["IONSPIKE_CACHE"] = "off"


app.add_typer(device.app, name="device")
app.add_typer(circuit_measure.app, name="circuit")
app.add_typer(data.app, name="data")
app.add_typer(network.app, name="network")
app.add_typer(pdk.app, name="pdk")
for command in (reproduce, fit, doctor):
    app.command()(command)
