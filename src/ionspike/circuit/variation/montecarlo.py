"""Monte Carlo: chips with the foundry's process spread and mismatch, and ECRAMs with a spread of their own; one seed a chip.

Transistors: section ``mc`` of the process, every draw from ngspice's generator, its seed made from the study's seed and the number of
the chip. Membrane: the foundry's spread of a MIM capacitor. ECRAM: the spread of its card; what a card does not say is assumed.
Chip k is the same whatever else is drawn, and with any number of workers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ionspike.circuit.neurons import Neuron
from ionspike.circuit.provenance import conditions
from ionspike.circuit.simulate import Setting
from ionspike.circuit.variation.corners import nominal_attributes
from ionspike.circuit.variation.measure import measure_nominal
from ionspike.circuit.variation.steps import Steps
from ionspike.circuit.variation.trim import trim_of
from ionspike.device.spread import Spread
from ionspike.errors import InputError
from ionspike.spice.engine import LARGEST_SEED

if TYPE_CHECKING:
    import xarray as xr

# relative standard deviation from device to device, as in the aihwkit preset of Tang et al. 2018 (10.1109/IEDM.2018.8614551)
ASSUMED_SPREAD: Mapping[str, float] = {"population1.g": 0.1, "population1.tau": 0.1, "weight.G_min": 0.1}
MIM_SPREAD = (
    0.027  # relative, process: sw_cap_mim_ca of the foundry's statistics; mismatch is below 0.02 % at a picofarad
)
SECTION = "mc"
_BATCH = 20


@dataclass(frozen=True)
class Chip:
    """One chip: its number, the seed of its transistors, and the neuron with the membrane and the ECRAMs it got."""

    number: int
    seed: int
    neuron: Neuron


def chips(neuron: Neuron, count: int, seed: int, first: int = 0) -> list[Chip]:
    """Chips ``first`` to ``first + count - 1`` of a study. An ECRAM whose card has no spread gets :data:`ASSUMED_SPREAD`."""
    if count < 1 or seed < 0 or first < 0:
        raise InputError(
            f"{count} chips from number {first} with seed {seed}; expected at least one, and seeds from 0 up"
        )
    drawn = {}
    for k, (place, device) in enumerate(neuron.devices):
        spread = device if device.spread.names else replace(device, spread=Spread(device=ASSUMED_SPREAD))
        drawn[place] = spread.sample(count, seed + 7919 * (k + 1), first)
    found = []
    for k in range(count):
        number = first + k
        sequence = np.random.SeedSequence([seed, number])
        engine_seed = int(sequence.generate_state(1)[0]) % LARGEST_SEED + 1
        membrane = neuron.membrane * (1 + MIM_SPREAD * np.random.default_rng(sequence.spawn(1)[0]).standard_normal())
        changes = {
            place: replace(devices[k], name=dict(neuron.devices)[place].name) for place, devices in drawn.items()
        }
        found.append(Chip(number, engine_seed, neuron.with_(membrane=float(membrane), **changes)))
    return found


def monte_carlo(
    neuron: Neuron,
    setting: Setting,
    samples: int = 100,
    seed: int = 1,
    trim: bool = True,
    workers: int | None = None,
    progress: Callable[[str], None] = lambda _line: None,
) -> xr.Dataset:
    """``samples`` chips of ``neuron``, untrimmed and, with ``trim`` and where there is one, after one trim step of each chip's own.

    Finished runs lie in the run cache, so that a study that was stopped goes on where it was.

    Returns:
        A dataset over trim and sample: the values of ``METRICS``, ``works``, ``finished``, ``failure``, the chip's seed, delay current
        (A), membrane (F). The nominal values, those of corner tt, are attributes.

    Raises:
        InputError: no samples. RunError: the neuron does not work at corner tt.
    """
    import xarray as xr

    nominal = measure_nominal(neuron, replace(setting, corner="tt"), workers)
    step = trim_of(neuron, replace(setting, corner="tt"), nominal, workers) if trim else None
    steps, all_chips = Steps(step), chips(neuron, samples, seed)
    for start in range(0, samples, _BATCH):
        batch = all_chips[start : start + _BATCH]
        there = [(replace(setting, corner=SECTION, seed=chip.seed), setting.process.supply) for chip in batch]
        steps.add([chip.neuron for chip in batch], there, workers)
        progress(f"{start + len(batch)} of {samples} chips; {steps.said(start + len(batch))}")
    data = steps.variables((len(steps.names), samples), ("trim", "sample"))
    data["membrane"] = ("sample", [chip.neuron.membrane for chip in all_chips], {"units": "F"})
    data["chip_seed"] = ("sample", [chip.seed for chip in all_chips])
    told = conditions(neuron, replace(setting, corner=SECTION)) | {"seed": seed} | nominal_attributes(nominal)
    told |= {} if step is None else step.attributes
    told["ecram_spread"] = _spread_text(neuron)
    return xr.Dataset(data, {"trim": list(steps.names), "sample": np.arange(samples)}, told)


def _spread_text(neuron: Neuron) -> str:
    said = [
        ", ".join(f"{name} {sd:g}" for name, sd in device.spread.pairs)
        if device.spread.names
        else "assumed: " + ", ".join(f"{name} {sd:g}" for name, sd in ASSUMED_SPREAD.items())
        for _, device in neuron.devices
    ]
    return "; ".join(said) or "none"
