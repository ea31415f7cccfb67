"""Where a calibrated cell holds: told, once a cell and cause, when it is asked for what its calibration never met."""

from __future__ import annotations

import warnings

from ionspike.network.cell import Cell
from ionspike.units import show

_FEW = 20  # input pulses below which a rate says nothing
_told: set[tuple[str, str, str]] = set()


class OutsideValidity(UserWarning):
    """A cell is used at input rates, or at numbers of pulses per output spike, that its calibration did not cover."""


def tell_outside(cell: Cell, pulses: int, neurons: int, spikes: int, span: float) -> None:
    """Warn where ``neurons`` cells got ``pulses`` input pulses and gave ``spikes`` in ``span`` s outside the cell's range.

    Each cell warns once of its rate and once of its pulses per output spike in a process; the message says the range.
    """
    if pulses < _FEW:
        return
    low, high = cell.origin.rates
    rate = pulses / neurons / span
    if not low <= rate <= high:
        _tell(
            cell,
            "rate",
            f"input at {show(rate, 'Hz')} a neuron; it was calibrated at {show(low, 'Hz')} to {show(high, 'Hz')}",
        )
    if spikes:
        least, most = cell.origin.pulses_per_output
        given = pulses / spikes
        if not least <= given <= most:
            _tell(
                cell,
                "pulses",
                f"{given:.3g} input pulses per output spike; its calibration met {least:.3g} to {most:.3g}",
            )


def _tell(cell: Cell, cause: str, what: str) -> None:
    key = (cell.name, cell.origin.date, cause)
    if key not in _told:
        _told.add(key)
        warnings.warn(f"cell {cell.name!r} outside its range of validity: {what}", OutsideValidity, stacklevel=4)
