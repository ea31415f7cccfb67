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
from ionspike.circuit.variation.measure import METRICS, Measured, measure_all, measure_nominal, plan
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
    points = list(itertools.product(names, temperatures, supplies))
    measured: dict[str, list[Measured]] = {name: [] for name in trim.names}
    neurons: dict[str, list[Neuron]] = {name: [] for name in trim.names}
    for corner in names:
        mine = [(replace(setting, corner=corner).at(t), v) for c, t, v in points if c == corner]
        turned = [neuron] * len(mine)
        for name in trim.names:
            found = measure_all([plan(n, s, v) for n, (s, v) in zip(turned, mine, strict=True)], workers)
            measured[name] += found
            neurons[name] += turned
            progress(
                f"{neuron.topology}, {corner}, {name}: {sum(one.works for one in found)} of {len(mine)} points work"
            )
            turned = [trim.turned(n, one) for n, one in zip(turned, found, strict=True)]
    dims = ("trim", "corner", "temperature", "supply")
    shape = (len(trim.names), len(names), len(temperatures), len(supplies))
    data = table([one for found in measured.values() for one in found], shape, dims)
    currents = [n.delay_bias for made in neurons.values() for n in made]
    data["delay_bias"] = (dims, np.reshape(currents, shape), {"units": "A"})
    coordinates = {
        "trim": list(trim.names),
        "corner": list(names),
        "temperature": ("temperature", list(temperatures), {"units": "degC"}),
        "supply": ("supply", list(supplies), {"units": "V"}),
    }
    return xr.Dataset(data, coordinates, conditions(neuron, setting) | trim.attributes | nominal_attributes(nominal))


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


def nominal_attributes(nominal: Measured) -> dict[str, float]:
    """The nominal values by the names they have as attributes of a dataset."""
    return {f"nominal_{name.replace('-', '_')}": value for name, value in nominal.values.items()}
