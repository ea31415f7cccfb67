"""``ionspike device export | validate | lint``: the device written out for simulators, held against the law, and Verilog-A looked over."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ionspike.cli.common import Card, Json, show_result
from ionspike.errors import InputError

if TYPE_CHECKING:
    from ionspike.device.export.validate import Validation

_FORMATS = ("spice", "verilog-a", "brian2")
_ENGINES = {"ngspice": "ngspice", "vacask": "VACASK"}


def device_export(
    card: Card,
    format: Annotated[str, typer.Option(help=f"What to write: {', '.join(_FORMATS)}.")] = "spice",
    out: Annotated[Path | None, typer.Option(help="File to write; printed if left out.")] = None,
) -> None:
    """The device as a SPICE .subckt, a Verilog-A module or a Brian2 file."""
    from ionspike import files
    from ionspike.device import Ecram
    from ionspike.device.export.brian2 import brian2
    from ionspike.device.export.subckt import subckt
    from ionspike.device.export.verilog_a import verilog_a

    writers = dict(zip(_FORMATS, (subckt, verilog_a, brian2), strict=True))
    if format not in writers:
        raise InputError(f"there is no format {format[:40]!r}; expected one of {', '.join(_FORMATS)}")
    text = writers[format](Ecram.load(card))
    if out is None:
        typer.echo(text, nl=False)
    else:
        typer.echo(f"written to {files.write_text(out, text)}")


def device_validate(
    card: Card,
    without: Annotated[
        list[str] | None, typer.Option(help=f"Leave a simulator out: {', '.join(_ENGINES)}. May be repeated.")
    ] = None,
    plot: Annotated[Path | None, typer.Option(help="Figure of the law and the simulators (PNG).")] = None,
    as_json: Json = False,
) -> None:
    """Hold the exports of a card against the law, on ngspice and on VACASK; exit status 1 if one differs by more than its limit."""
    from ionspike.device import Ecram
    from ionspike.device.export.validate import validate

    for name in without or ():
        if name not in _ENGINES:
            raise InputError(f"there is no simulator {name[:40]!r} to leave out; expected {' or '.join(_ENGINES)}")
    engines = [name for key, name in _ENGINES.items() if key not in (without or ())]
    if not engines:
        raise InputError("both simulators are left out; expected at least one to hold the law against")
    found = validate(Ecram.load(card), engines)
    lines = _table(found)
    if plot is not None:
        from ionspike import files, plotting
        from ionspike.device.export.validation_figure import validation_figure

        files.write_bytes(plot, plotting.png(validation_figure(found)))
        lines.append(f"figure at {plot}")
    show_result(_tree(found), lines, as_json)
    raise typer.Exit(0 if found.passed else 1)


def _table(found: Validation) -> list[str]:
    """One line a bench: conductance and charge of every simulator."""
    from ionspike.device.export.validate import LIMITS

    heads = [f"{name} {version} (at most {LIMITS[name]:g})" for name, version in found.versions.items()]
    lines = [f"{found.device}: largest difference from the law, % of the change of G, % of the gate charge"]
    lines.append("".join(["  " + "bench".ljust(18), *(head.ljust(30) for head in heads)]).rstrip())
    for bench in dict.fromkeys(item.bench for item in found.differences):
        cells = []
        for item in (d for d in found.differences if d.bench == bench):
            numbers = f"{item.conductance:.4f}  {item.charge:.4f}{'' if item.passed else '  too far'}"
            cells.append((item.reason or numbers).ljust(30))
        lines.append(f"  {bench.ljust(18)}{''.join(cells)}".rstrip())
    lines += [f"not run: {why}" for why in found.missing.values()]
    return [*lines, f"{found.device}: {'passed' if found.passed else 'failed'}"]


def _tree(found: Validation) -> dict[str, Any]:
    from ionspike.device.export.validate import LIMITS

    return {
        "name": found.device,
        "passed": found.passed,
        "limits": LIMITS,
        "engines": found.versions,
        "missing": found.missing,
        "benches": [
            {
                "bench": item.bench,
                "engine": item.engine,
                "conductance": None if item.reason else item.conductance,
                "charge": None if item.reason else item.charge,
                "passed": item.passed,
                "reason": item.reason,
            }
            for item in found.differences
        ],
    }


def device_lint(
    file: Annotated[Path, typer.Argument(help="A Verilog-A file.")],
    as_json: Json = False,
) -> None:
    """Is a Verilog-A file safe for simulators of compiled models? Exit status 1 if not, with file, line and rule."""
    from ionspike.device.export.lint import lint_file

    found = lint_file(file)
    result = {"findings": [{"file": str(file), "line": f.line, "rule": f.rule, "message": f.message} for f in found]}
    lines = [f"{file}:{f.line}: {f.rule}: {f.message}" for f in found] or [f"{file}: nothing found"]
    show_result(result, lines, as_json)
    raise typer.Exit(1 if found else 0)
