"""Where a calibrated cell holds: told, once a cell and cause, when it is asked for what its calibration never met."""

from __future__ import annotations

import math
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
    if _outside(rate, pulses, low, high):
        told = f"input at {show(rate, 'Hz')} a neuron; it was calibrated at {show(low, 'Hz')} to {show(high, 'Hz')}"
        _tell(cell, "rate", told)
    if spikes:
        least, most = cell.origin.pulses_per_output
        if _outside(pulses / spikes, spikes, least, most):
            told = f"{pulses / spikes:.3g} input pulses per output spike; its calibration met {least:.3g} to {most:.3g}"
            _tell(cell, "pulses", told)


def _outside(value: float, counted: int, low: float, high: float) -> bool:
    """Whether a value known from so many counts is outside by more than three standard errors of theirs."""
    error = 3 / math.sqrt(counted)
    return value * (1 + error) < low or value * (1 - error) > high


def _tell(cell: Cell, cause: str, what: str) -> None:
    key = (cell.name, cell.origin.date, cause)
    if key not in _told:
        _told.add(key)
        warnings.warn(f"cell {cell.name!r} outside its range of validity: {what}", OutsideValidity, stacklevel=4)
