"""The bars of ``benchmarks.several_synapses``, each over all of its conditions, with its controls."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

MANY = 20.0  # pulses an output spike up to which the next spike is to come on the same pulse


def hits(found: NDArray[np.int64], within: int = 0, of_count: float = 0.0) -> int:
    """How many intervals (given, found) have two counts that differ by no more than ``within`` or ``of_count`` of the first."""
    good = (found[:, 1] >= 0) & (np.abs(found[:, 1] - found[:, 0]) <= np.maximum(within, of_count * found[:, 0]))
    return int(good.sum())


def share(found: NDArray[np.int64], within: int = 0, of_count: float = 0.0) -> float:
    """The same in % of all."""
    return 100 * hits(found, within, of_count) / max(len(found), 1)


def print_bars(rows: list[dict[str, Any]]) -> None:
    """One line a bar: its value over all intervals, the worst condition, and how many conditions meet it."""
    few, many = ([row for row in rows if (row["inputs"] > MANY) == above] for above in (False, True))
    _shares(f"same pulse, up to {MANY:g} pulses a spike", few, "same", 95)
    _shares(f"within one, up to {MANY:g}", few, "near", 99)
    _shares(f"same pulse, above {MANY:g}", many, "same", None)
    _shares("within one or 2 %, above", many, "near_2_percent", 99)
    _rates("rate", rows, "rate_error")
    _rates("rate, frozen", rows, "rate_error_frozen")
    errors = np.abs([error for row in rows for error in row["energy_errors"]])
    if len(errors):
        print(
            f"energy: within 5 % in {int((errors <= 5).sum())} of {len(errors)} runs; nine in ten within {np.quantile(errors, 0.9):.1f} %, "
            f"worst {errors.max():.1f} %"
        )


def _shares(told: str, rows: list[dict[str, Any]], name: str, bar: float | None) -> None:
    """A share pooled over conditions, beside its controls."""
    if not rows:
        return
    weights = np.array([row["intervals"] for row in rows], float)
    pooled = {key: _pooled(rows, key, weights) for key in (name, "frozen", "constant", "chance")}
    compared = [row for row in rows if row["itself"] is not None]
    itself = _pooled(compared, "itself", np.array([row["itself_intervals"] for row in compared], float))
    met = (
        ""
        if bar is None
        else f", {sum(row[name] >= bar for row in rows)} of {len(rows)} conditions at {bar:g} % or more"
    )
    print(
        f"{told}: {pooled[name]:.1f} % of {weights.sum():.0f} intervals, worst condition {min(row[name] for row in rows):.1f} %{met}; same pulse: "
        f"frozen {pooled['frozen']:.1f} %, best constant {pooled['constant']:.1f} %, chance {pooled['chance']:.1f} %, ngspice itself "
        f"{itself:.1f} % of {sum(row['itself_intervals'] for row in compared)}"
    )


def _pooled(rows: list[dict[str, Any]], name: str, weights: NDArray[np.float64]) -> float:
    return float(np.average([row[name] for row in rows], weights=weights)) if weights.sum() else float("nan")


def _rates(told: str, rows: list[dict[str, Any]], name: str) -> None:
    errors = np.array([row[name] for row in rows])
    total = sum(row["spikes"] for row in rows)
    mean = sum(row["spikes"] * row[name] for row in rows) / max(total, 1)
    print(
        f"{told}: within 3 % in {int((np.abs(errors) <= 3).sum())} of {len(rows)} conditions, of all {total} spikes {mean:+.2f} %, "
        f"worst {errors[np.argmax(np.abs(errors))]:+.1f} %"
    )
