"""Corners of the process, temperatures and supplies: the same neuron, its biases mirrored, untrimmed and with one trim step."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ionspike.circuit.neurons import Neuron
from ionspike.circuit.provenance import conditions
from ionspike.circuit.simulate import Setting
from ionspike.circuit.variation.measure import Measured, measure_nominal
from ionspike.circuit.variation.steps import Steps
from ionspike.circuit.variation.trim import trim_of
from ionspike.spice.process import CORNERS

if TYPE_CHECKING:
    import xarray as xr

TEMPERATURES = (-40.0, 27.0, 85.0)  # degrees C
SUPPLIES = (1.62, 1.8, 1.98)  # V


def corners(
    neuron: Neuron,
    setting: Setting,
    names: Sequence[str] = CORNERS,
    temperatures: Sequence[float] = TEMPERATURES,
    supplies: Sequence[float] = SUPPLIES,
    workers: int | None = None,
    progress: Callable[[str], None] = lambda _line: None,
) -> xr.Dataset:
    """``neuron`` at every corner, temperature (degrees C) and supply (V).

    Reference currents are ideal and the same everywhere; what they become in the neuron is the mirrors'. The trim step turns the delay
    current at each point once, by the step (ohm) or width found there over that of ``setting`` (:mod:`ionspike.circuit.variation.trim`).

    Returns:
        A dataset over trim, corner, temperature and supply, units in the attributes: the values of ``METRICS``, ``works``, ``finished``,
        ``failure`` (why not), and the delay current (A). Where the delay current sets neither, there is no trim step, and the attribute
        ``trim_missing`` says why.

    Raises:
        RunError: the neuron does not work in ``setting``, so there is no aim.
    """
    import xarray as xr

    nominal = measure_nominal(neuron, setting, workers)
    trim = trim_of(neuron, setting, nominal, workers)
    steps = Steps(trim)
    for corner in names:
        there = [(replace(setting, corner=corner).at(t), v) for t, v in itertools.product(temperatures, supplies)]
        steps.add([neuron] * len(there), there, workers)
        progress(f"{neuron.topology}, {corner}: {steps.said(len(there))}")
    dims = ("trim", "corner", "temperature", "supply")
    data = steps.variables((len(steps.names), len(names), len(temperatures), len(supplies)), dims)
    coordinates = {
        "trim": list(steps.names),
        "corner": list(names),
        "temperature": ("temperature", list(temperatures), {"units": "degC"}),
        "supply": ("supply", list(supplies), {"units": "V"}),
    }
    return xr.Dataset(data, coordinates, conditions(neuron, setting) | trim.attributes | nominal_attributes(nominal))


def nominal_attributes(nominal: Measured) -> dict[str, float]:
    """The nominal values by the names they have as attributes of a dataset."""
    return {f"nominal_{name.replace('-', '_')}": value for name, value in nominal.values.items()}
