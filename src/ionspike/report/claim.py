"""What a claim of the paper is, how it is measured, and when it passes."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from ionspike.circuit.simulate import Setting
from ionspike.device import Ecram

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

Basis = Literal["calibrated", "predicted", "independent"]
Data = Literal["measured", "apparently measured", "synthetic", "none"]
T = TypeVar("T")


@dataclass(frozen=True)
class Control:
    """A number and its limits: the same measurement where the cause is absent."""

    name: str
    value: float
    unit: str
    low: float | None
    high: float | None

    def __post_init__(self) -> None:
        if not math.isfinite(self.value):
            raise ValueError(f"{self.name} is {self.value}; a check holds a finite value")
        if self.low is None and self.high is None:
            raise ValueError(f"{self.name} has no limit")

    @property
    def passed(self) -> bool:
        """Whether the value lies within its limits."""
        return (self.low is None or self.value >= self.low) and (self.high is None or self.value <= self.high)


@dataclass(frozen=True)
class Check(Control):
    """A number, its limits and what it rests on: ``calibrated`` where card or bias was trimmed to give it, ``predicted`` where it
    follows without further trimming, ``independent`` where another tool or a measurement says it."""

    basis: Basis = "predicted"


@dataclass(frozen=True)
class Conditions:
    """Under what a claim was measured. ``engine`` is ngspice, law or network."""

    engine: str
    version: str
    process: str = "none"
    corner: str = "none"
    temperature: str = "27 C"
    supply: str = "none"


@dataclass(frozen=True)
class Picture:
    """A figure with its file name (without ending) and caption."""

    name: str
    caption: str
    figure: Figure


@dataclass(frozen=True)
class Outcome:
    """What measuring a claim gave."""

    checks: tuple[Check, ...]
    control: tuple[Control, ...]
    conditions: Conditions
    pictures: tuple[Picture, ...] = ()
    notes: tuple[str, ...] = ()
    data: Data = "none"
    datasets: Mapping[str, xr.Dataset] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """A claim passes only if every check and every control lies within its limits."""
        return bool(self.checks) and all(item.passed for item in (*self.checks, *self.control))


@dataclass
class Context:
    """What a claim may use. ``setting`` is ``None`` where ngspice or the process kit is missing; ``shared`` keeps what several
    claims need (such as the trimmed neuron), made once."""

    reference: Ecram
    band_pass: Ecram
    quick: bool = False
    data: Path | None = None
    setting: Setting | None = None
    workers: int | None = None
    progress: Callable[[str], None] = lambda _line: None
    _kept: dict[str, Any] = field(default_factory=dict)

    @property
    def spice(self) -> Setting:
        """The setting of circuit runs, where there is one."""
        if self.setting is None:
            raise RuntimeError("a claim that needs transistors was measured without them")
        return self.setting

    @property
    def fine(self) -> Setting:
        """The same at a tenth of the tolerance: for charges and widths that are compared to a few parts in a thousand."""
        return replace(self.spice, accuracy=self.spice.accuracy.tighter())

    def shared(self, key: str, make: Callable[[], T]) -> T:
        """The value kept under ``key``, made by ``make`` when first asked for."""
        if key not in self._kept:
            self._kept[key] = make()
        return self._kept[key]


@dataclass(frozen=True)
class Claim:
    """A claim of the paper: what is stated, what the paper says, how it is measured."""

    id: str
    statement: str
    paper: str
    measure: Callable[[Context], Outcome]
    needs_transistors: bool = True


def circuit_conditions(context: Context) -> Conditions:
    """The conditions of a claim measured in ngspice."""
    setting = context.spice
    return Conditions(
        engine=setting.engine.name,
        version=setting.engine.version,
        process=f"{setting.process.name} {setting.process.version}",
        corner=setting.corner,
        temperature=f"{setting.accuracy.temperature:g} C",
        supply=f"{setting.process.supply:g} V",
    )
