"""A neuron with its device and bench as files that ngspice runs by itself: ``ngspice -b FILE.cir`` prints what the run measured.

Three files lie beside each other: ``FILE.cir`` (bench, run, measurements), ``FILE.spice`` (every ``.subckt``: transistors, bias cell,
driver, neuron, ECRAMs) and ``FILE-models.lib`` (the transistor models of one corner).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from ionspike import files
from ionspike.circuit.neurons import Neuron
from ionspike.circuit.simulate import RESET_LEVEL, Setting, job, simulate
from ionspike.circuit.testbench import Bench
from ionspike.errors import InputError, RunError
from ionspike.spikes import regular

RATE = 50e3  # Hz of the input pulses
_SPIKES = 8  # output spikes a run holds
_COUNTS = (24, 96, 384, 1536)  # input pulses tried until they give that many
_PRINT_STEP = 1e-9  # s: sets the first time step; a long one can land a regenerative stage on its other branch


@dataclass(frozen=True)
class Exported:
    """What was written, and the bench in it with its stop time (s)."""

    files: tuple[Path, ...]
    bench: Bench
    stop: float


def export(neuron: Neuron, path: str | Path, setting: Setting) -> Exported:
    """Write ``neuron`` under regular input to ``path``, a ``.cir`` file, and what it includes beside it.

    Raises:
        InputError: a path that does not end in ``.cir`` or cannot be written; a process kit that is not one file a corner.
        RunError: the neuron does not fire eight times in 1,536 input pulses.
    """
    path = Path(path)
    if path.suffix != ".cir" or not path.stem.replace("-", "").replace("_", "").replace(".", "").isalnum():
        raise InputError(f"{path} is no name for a netlist; expected letters, digits, - and _ with .cir at the end")
    models = setting.process.library(setting.corner)
    if models.name != f"{setting.corner}.lib":
        raise InputError(
            f"{models} is a whole library, not the models of one corner; expected: ionspike pdk install sky130"
        )
    bench, stop = export_bench(neuron, setting)
    parts, library = path.with_suffix(".spice"), path.with_name(f"{path.stem}-models.lib")
    files.write_text(library, models.read_text())
    files.write_text(parts, f"* subcircuits of {path.name}\n{bench.subcircuits()}")
    files.write_text(path, deck(bench, stop, setting, parts.name, library.name))
    return Exported((path, parts, library), bench, stop)


def export_bench(neuron: Neuron, setting: Setting) -> tuple[Bench, float]:
    """The bench of an export, and how long it runs (s): input pulses at :data:`RATE` until the neuron has fired eight times."""
    fired = 0
    for count in _COUNTS:
        bench = Bench(neuron=neuron, pulses=tuple(regular(RATE, count)))
        run = simulate(bench, (count + 1) / RATE, setting)
        fired = len(run.reset_ends)
        if fired >= _SPIKES:
            stop = round(float(run.reset_ends[_SPIKES - 1] + 0.5 / RATE), 9)
            return replace(bench, pulses=tuple(t for t in bench.pulses if t < stop - bench.width)), stop
    raise RunError(
        f"{neuron.topology} fires {fired} times in {_COUNTS[-1]} input pulses with these ECRAMs; an export needs {_SPIKES}"
    )


def deck(bench: Bench, stop: float, setting: Setting, parts: str, library: str) -> str:
    """The text of ``FILE.cir``. ``parts`` and ``library``: names of the files it includes, beside it."""
    accuracy, made = setting.accuracy, job(bench, stop, setting)
    devices = ", ".join(f"{device.name} in the {place}" for place, device in bench.neuron.devices) or "none"
    return "\n".join(
        [
            f"* {bench.neuron.topology} with its bench, ECRAM: {devices}. Run: ngspice -b",
            f"* Process {setting.process.name} {setting.process.version}, corner {setting.corner}. spk is the output spike, mem the membrane.",
            f'.lib "{library}" {setting.corner}',
            f'.include "{parts}"',
            f".option scale=1 method={accuracy.method} reltol={accuracy.reltol!r} gmin={accuracy.gmin!r}",
            f".temp {accuracy.temperature!r}",
            bench.elements(_starts(made.netlist)).rstrip(),
            ".save " + " ".join(made.save),
            *_control(bench, stop, made.transient.max_step),
            ".end",
            "",
        ]
    )


def _starts(text: str) -> dict[str, float]:
    """The start voltages in a bench's last line."""
    words = text.strip().splitlines()[-1].removeprefix(".ic ").split()
    return {name[2:-1]: float(value) for name, _, value in (word.partition("=") for word in words)}


def _control(bench: Bench, stop: float, max_step: float) -> list[str]:
    """The run and its measurements. Energy is counted between ends of reset, the width is that of the second spike."""
    half = bench.supply / 2
    end, level = ("rst", RESET_LEVEL * bench.supply) if bench.neuron.kind.has_reset else ("spk", half)
    power = "+".join(f"{volts!r}*{current}" for current, volts in bench.sources())
    return [
        ".control",
        "* one thread: two would wait for each other at every time point",
        "set num_threads=1",
        "set ng_nomodcheck",
        "set numdgt=9",
        f"tran {_PRINT_STEP!r} {stop!r} 0 {max_step!r} uic",
        "* energy drawn from all rails, bias cell and driver included",
        f"let drawn = integ(-({power}))",
        "let last = length(v(spk))-1",
        f"let high = v(spk) gt {half!r}",
        "let spikes = floor(last*mean(high[1,last] gt high[0,last-1])+0.5)",
        f"let busy = v({end}) gt {level!r}",
        "let resets = floor(last*mean(busy[0,last-1] gt busy[1,last])+0.5)",
        f"meas tran m_width trig v(spk) val={half!r} rise=2 targ v(spk) val={half!r} fall=2",
        f"meas tran m_span trig v(spk) val={half!r} rise=1 targ v(spk) val={half!r} rise=last",
        f"meas tran m_start find drawn when v({end})={level!r} fall=1",
        f"meas tran m_stop find drawn when v({end})={level!r} fall=last",
        "let width = m_width",
        "let interval = m_span/(spikes-1)",
        "let energy = (m_stop-m_start)/(resets-1)",
        "print spikes",
        "print width",
        "print interval",
        "print energy",
        "if spikes < 5",
        "quit 1",
        "end",
        "* without a word here ngspice looks for further analyses and ends with status 1",
        "quit 0",
        ".endc",
    ]
