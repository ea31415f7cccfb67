"""Corners of the process, temperatures and supplies: the same neuron, its biases mirrored, untrimmed and with one trim step."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ionspike.circuit.neurons import Neuron
from ionspike.circuit.provenance import conditions
from ionspike.circuit.simulate import Setting
from ionspike.circuit.variation.measure import METRICS, Measured, aim_of, measure_all, measure_nominal, plan, retrimmed
from ionspike.spice.process import CORNERS

if TYPE_CHECKING:
    import xarray as xr

TEMPERATURES = (-40.0, 27.0, 85.0)  # degrees C
SUPPLIES = (1.62, 1.8, 1.98)  # V
TRIMS = ("untrimmed", "one step")


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

    Reference currents are ideal and the same everywhere; what they become in the neuron is the mirrors'. The trim step scales the delay
    current at each point once, by the step (ohm) or width found there over that of ``setting``.

    Returns:
        A dataset over trim, corner, temperature and supply, units in the attributes: the values of ``METRICS``, ``works``, ``finished``,
        ``failure`` (why not), and the delay current (A).

    Raises:
        RunError: the neuron does not work in ``setting``, so there is no aim.
    """
    import xarray as xr

    nominal = measure_nominal(neuron, setting, workers)
    name, aim = aim_of(nominal)
    points = list(itertools.product(names, temperatures, supplies))
    settings = {(corner, t): _at(setting, corner, t) for corner, t, _ in points}
    untrimmed: list[Measured] = []
    trimmed: list[Measured] = []
    neurons: list[Neuron] = []
    for corner in names:
        mine = [point for point in points if point[0] == corner]
        first = measure_all([plan(neuron, settings[c, t], v) for c, t, v in mine], workers)
        turned = [retrimmed(neuron, found, name, aim) for found in first]
        second = measure_all([plan(n, settings[c, t], v) for n, (c, t, v) in zip(turned, mine, strict=True)], workers)
        untrimmed, trimmed, neurons = untrimmed + first, trimmed + second, neurons + turned
        working = sum(found.works for found in first)
        progress(f"{corner}: {working} of {len(mine)} points work, {sum(f.works for f in second)} after one trim step")
    shape = (len(TRIMS), len(names), len(temperatures), len(supplies))
    currents = [neuron.delay_bias] * len(points) + [n.delay_bias for n in neurons]
    data = table(untrimmed + trimmed, shape, ("trim", "corner", "temperature", "supply"))
    data["delay_bias"] = (("trim", "corner", "temperature", "supply"), np.reshape(currents, shape), {"units": "A"})
    coordinates = {
        "trim": list(TRIMS),
        "corner": list(names),
        "temperature": ("temperature", list(temperatures), {"units": "degC"}),
        "supply": ("supply", list(supplies), {"units": "V"}),
    }
    told = conditions(neuron, setting) | {"trim_aim": name, "trim_value": aim} | nominal_attributes(nominal)
    return xr.Dataset(data, coordinates, told)


def table(measured: Sequence[Measured], shape: tuple[int, ...], dims: tuple[str, ...]) -> dict[str, tuple]:
    """The variables of a dataset from measured points in row order."""
    data: dict[str, tuple] = {}
    for name, (unit, about) in METRICS.items():
        values = np.reshape([found[name] for found in measured], shape)
        data[name.replace("-", "_")] = (dims, values, {"units": unit, "long_name": about})
    data["works"] = (dims, np.reshape([found.works for found in measured], shape))
    data["finished"] = (dims, np.reshape([found.finished for found in measured], shape))
    data["failure"] = (dims, np.reshape([found.failure for found in measured], shape))
    return data


def _at(setting: Setting, corner: str, temperature: float) -> Setting:
    return replace(setting, corner=corner).at(temperature)


def nominal_attributes(nominal: Measured) -> dict[str, float]:
    """The nominal values by the names they have as attributes of a dataset."""
    return {f"nominal_{name.replace('-', '_')}": value for name, value in nominal.values.items()}
