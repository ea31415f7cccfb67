"""What ``ionspike circuit run`` does: one neuron under regular input, measured."""

from __future__ import annotations

import warnings
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ionspike import files
from ionspike.circuit.energy import energy
from ionspike.circuit.neurons import Neuron
from ionspike.circuit.rest import ErasedChannel, rests
from ionspike.circuit.simulate import Run, simulate
from ionspike.circuit.testbench import Bench
from ionspike.cli.circuit_results import setting_of
from ionspike.device import Ecram
from ionspike.spikes import regular
from ionspike.units import quantity, show


def run_neuron(
    topology: str,
    rate: str,
    count: int,
    width: str | None,
    biases: dict[str, str | None],
    cards: dict[str, str | None],
    plot: Path | None,
) -> tuple[dict[str, Any], list[str]]:
    """Run it; the result as a dictionary and as lines for a reader."""
    devices: dict[str, Any] = {place: Ecram.load(card) for place, card in cards.items() if card is not None}
    given: dict[str, Any] = {name: value for name, value in biases.items() if value is not None}
    neuron = Neuron(topology=topology, **given, **devices)
    frequency = quantity(rate, "Hz", "rate")
    pulses = tuple(regular(frequency, count))
    widths: dict[str, Any] = {} if width is None else {"width": quantity(width, "s", "width")}
    bench = Bench(neuron=neuron, pulses=pulses, **widths)
    if plot is not None:
        files.check_folder(plot.parent)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ErasedChannel)  # told below, in words
        run = simulate(bench, pulses[-1] + min(1 / frequency, 1e-3), setting_of())
    result: dict[str, Any] = {
        "inputs": len(run.input_times),
        "spike_times": run.spike_times.tolist(),
        "widths": run.widths.tolist(),
    }
    lines = [f"{len(run.input_times)} input pulses, {len(run.spike_times)} output spikes"]
    if len(run.widths):
        lines.append(f"spike width {show(float(run.widths[0]), 's')} (first)")
    if len(run.reset_ends) > 1:
        spent = energy(run)
        result |= {"rate": spent.rate, "energy_core": spent.core, "energy_total": spent.total(), "blocks": spent.blocks}
        lines.append(f"output rate {show(spent.rate, 'Hz')}")
        lines.append(
            f"energy per output spike {show(spent.core, 'J')}, {show(spent.total(), 'J')} with a bias cell of its own"
        )
    result["rest"] = [asdict(found) | {"erased": found.erased} for found in rests(run)]
    lines += [f"warning: {found}: it is erased between spikes" for found in rests(run) if found.erased]
    if plot is not None:
        _draw(run, plot)
        lines.append(f"figure at {plot}")
    return result, lines


def _draw(run: Run, path: Path) -> None:
    from ionspike import plotting

    made, axes = plotting.figure(2, 1, height=4.0, sharex=True)
    axes[0].plot(run.time * 1e3, run["v(mem)"], label="membrane")
    axes[0].set_ylabel("voltage (V)")
    axes[1].plot(run.time * 1e3, run["v(spk)"], label="output spike")
    axes[1].set(xlabel="time (ms)", ylabel="voltage (V)")
    for axis in axes:
        axis.legend()
    files.write_bytes(path, plotting.png(made))
