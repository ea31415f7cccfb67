"""A specification as text, and how many chips meet it: ``energy <= 1 pJ, width within 20 %``."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ionspike.circuit.variation.measure import METRICS, Measured
from ionspike.errors import InputError
from ionspike.units import quantity, show

_BOUND = re.compile(r"(?P<name>[a-z-]+)\s*(?P<sign><=|>=|<|>)\s*(?P<value>\S.*)")
_WITHIN = re.compile(
    r"(?P<name>[a-z-]+)\s+within\s+(?P<share>[0-9.]+(?:e[+-]?[0-9]+)?)\s*%(?:\s+of\s+(?P<middle>\S.*))?"
)
_EXAMPLE = "expected clauses such as: energy <= 1 pJ, width within 20 %, step within 10 % of 1.5 kohm"


@dataclass(frozen=True)
class Clause:
    """``low <= name <= high`` in SI; a share of the nominal value where ``share`` is given and no middle was named."""

    text: str
    name: str
    low: float = -math.inf
    high: float = math.inf
    share: float | None = None

    def limits(self, nominal: Mapping[str, float]) -> tuple[float, float]:
        """Low and high in SI.

        Raises:
            InputError: it is relative to a nominal value that there is none of.
        """
        if self.share is None:
            return self.low, self.high
        middle = nominal.get(self.name, math.nan)
        if math.isnan(middle):
            raise InputError(f"{self.text!r}: there is no nominal {self.name}; expected '... % of VALUE'")
        return middle * (1 - self.share), middle * (1 + self.share)


@dataclass(frozen=True)
class Specification:
    """Clauses that all must hold."""

    text: str
    clauses: tuple[Clause, ...]

    @classmethod
    def parse(cls, text: str) -> Specification:
        """Read one from text.

        Raises:
            InputError: a clause that is none, an unknown quantity, or a value without its unit.
        """
        parts = [part.strip() for part in text.split(",") if part.strip()]
        if not parts:
            raise InputError(f"the specification is empty; {_EXAMPLE}")
        return cls(text, tuple(_clause(part) for part in parts))

    def met(self, measured: Measured, nominal: Mapping[str, float]) -> bool:
        """Whether a neuron meets every clause; one that does not work meets none."""
        if not measured.works:
            return False
        return all(low <= measured[c.name] <= high for c in self.clauses for low, high in (c.limits(nominal),))


@dataclass(frozen=True)
class Yield:
    """``passed`` of ``count`` chips, with the interval (Clopper and Pearson 1934, 10.1093/biomet/26.4.404) at ``confidence``."""

    passed: int
    count: int
    low: float
    high: float
    confidence: float = 0.95

    @property
    def share(self) -> float:
        """The share that passed."""
        return self.passed / self.count

    def __str__(self) -> str:
        return (
            f"{100 * self.share:.1f} % ({self.passed} of {self.count}), "
            f"{100 * self.confidence:.0f} % interval {100 * self.low:.1f} to {100 * self.high:.1f} %"
        )


def yield_of(
    specification: Specification,
    measured: Sequence[Measured],
    nominal: Mapping[str, float],
    confidence: float = 0.95,
) -> Yield:
    """How many of ``measured`` meet it. A chip whose run did not finish counts as one that does not.

    Raises:
        InputError: no chips.
    """
    if not measured:
        raise InputError("there are no chips; expected at least one")
    return share_of(sum(specification.met(found, nominal) for found in measured), len(measured), confidence)


def share_of(passed: int, count: int, confidence: float = 0.95) -> Yield:
    """``passed`` of ``count`` with its exact interval."""
    from scipy.stats import binomtest

    interval = binomtest(passed, count).proportion_ci(confidence, method="exact")
    return Yield(passed, count, float(interval.low), float(interval.high), confidence)


def _clause(text: str) -> Clause:
    found = _WITHIN.fullmatch(text)
    if found is not None:
        name, share = _known(found["name"], text), float(found["share"]) / 100
        if found["middle"] is None:
            return Clause(text, name, share=share)
        middle = quantity(found["middle"], METRICS[name][0], name)
        return Clause(text, name, middle * (1 - share), middle * (1 + share))
    found = _BOUND.fullmatch(text)
    if found is None:
        raise InputError(f"{text!r} is no clause of a specification; {_EXAMPLE}")
    name = _known(found["name"], text)
    value = quantity(found["value"], METRICS[name][0], name)
    return Clause(text, name, high=value) if found["sign"].startswith("<") else Clause(text, name, low=value)


def _known(name: str, text: str) -> str:
    if name not in METRICS:
        raise InputError(f"{text!r} names {name!r}; expected one of {', '.join(METRICS)}")
    return name


def describe(specification: Specification, nominal: Mapping[str, float]) -> list[str]:
    """Each clause with its limits as numbers."""
    lines = []
    for clause in specification.clauses:
        unit, (low, high) = METRICS[clause.name][0], clause.limits(nominal)
        ends = [f"from {show(low, unit)}"] if math.isfinite(low) else []
        ends += [f"up to {show(high, unit)}"] if math.isfinite(high) else []
        lines.append(f"{clause.text}: {' '.join(ends)}")
    return lines
