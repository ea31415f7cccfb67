"""The battery: every subject of one topology into one dataset, with its conditions, and the points that gave nothing."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING

from ionspike.circuit.characterize import (
    delay_bias,
    input_current,
    input_rate,
    membrane,
    plasticity,
    rheobase,
    supply,
    tolerance,
)
from ionspike.circuit.characterize.subject import Study
from ionspike.circuit.provenance import conditions
from ionspike.circuit.rest import ErasedChannel
from ionspike.circuit.simulate import Setting
from ionspike.device import Ecram

if TYPE_CHECKING:
    import xarray as xr

SUBJECTS = (
    input_rate.SUBJECT,
    tolerance.SEARCH,
    input_current.SUBJECT,
    rheobase.SEARCH,
    membrane.SUBJECT,
    delay_bias.SUBJECT,
    supply.SUBJECT,
    supply.SILENCE,
    plasticity.FACILITATION,
    plasticity.EXCITABILITY,
)


def characterize(
    topology: str,
    card: Ecram,
    setting: Setting,
    quick: bool = False,
    workers: int | None = None,
    progress: Callable[[str], None] = lambda _line: None,
) -> xr.Dataset:
    """Measure ``topology`` (a name in ``TOPOLOGIES`` or the path of a netlist) in the bench it is sized for.

    Args:
        card: the ECRAM of the plasticity subjects.
        setting: engine, process, corner, temperature; use reltol 1e-5 for figures.
        quick: every subject, on fewer points.
        workers: runs at the same time.
        progress: told what was finished.

    Returns:
        A dataset with a dimension for each thing that is swept, units in the attributes of every variable, and the conditions in its
        own; ``failed`` there names every run that gave nothing, with its reason.

    Raises:
        InputError: an unknown topology. RunError: it does not fire at all in its own bench.
    """
    import xarray as xr

    study = Study.of(topology, card, setting, quick, workers)
    data = xr.Dataset(attrs=conditions(study.neuron, setting) | {"ecram": study.device.name, "quick": int(quick)})
    failed: list[str] = []
    for subject in SUBJECTS:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ErasedChannel)  # a supply that is out of range may do so; the index says it
            found, told = subject.measure(study, data, workers)
        data, failed = data.assign(found), failed + told
        progress(f"{topology}: {subject.name}" + (f", {len(told)} without a result" if told else ""))
    names = [name for name in data.dims if name in data.variables]
    return data.set_coords(names).assign_attrs(failed="; ".join(failed) or "none")
