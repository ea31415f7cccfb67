"""What a network needs of a circuit: a :class:`Cell`, measured by :func:`~ionspike.network.calibration.calibrate`, as numbers that can
be saved, read by a person and used again.

A cell is a soma (membrane, leak, threshold, reset) and a synapse (read switch and ECRAM). Its threshold is no level but a wait: the
inner node of the threshold stage falls by ``u`` under the membrane's current against the keeper's, and the spike comes when ``u``
reaches ``fire``; see ``docs/network.md`` for the equations and what they were held against.
"""

from __future__ import annotations

import re
from dataclasses import MISSING, asdict, dataclass, field, fields, replace
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from ionspike import files
from ionspike.device import Ecram
from ionspike.device.cards import dump_card, parse_card
from ionspike.errors import InputError
from ionspike.network.adaptive import Adaptive
from ionspike.network.placed import PLACES, Placed
from ionspike.network.trigger import Trigger

SCHEMA = 1
_MAX_BYTES = 1_000_000
_STAGES: dict[str, type] = {"adaptive": Adaptive, "trigger": Trigger}  # that a cell may have in place of the soma's own
_OF_PLACED = tuple(item.name for item in fields(Placed) if item.name not in ("device", "moves"))


@dataclass(frozen=True)
class Soma:
    """Membrane, leak, threshold and reset of a neuron. SI units.

    Args:
        capacitance: of the membrane (F).
        leak_voltage, leak_current: what leaves the membrane at rest (A, negative where the read switch feeds it) against its voltage.
        keeper_rate: keeper current over the capacitance of the inner node (V/s).
        threshold: membrane voltage (V) at which its current equals the keeper's, to the first volt of drop.
        slope, curvature: ``ln m = (V - threshold)/slope + curvature (V - threshold)^2``, m the membrane's current over the keeper's.
        keeper_slope: relative rise (1/V) of the keeper current with the drop.
        fire, fire_slope: drop (V) at which the stage regenerates, ``fire + fire_slope ln m``: a fast one overshoots.
        residue, residue_slope: membrane voltage (V) after a reset, ``residue + residue_slope V`` of the voltage at the spike.
        dead: time (s) from the spike to the end of the reset.
        keeper_current: static current (A) of the threshold stage while the membrane waits.
        spike_energy: energy (J) of a spike and its reset; idle_power (W) of a silent neuron with a reset membrane.
        supply: supply voltage (V).
        saturation: ``s`` of ``du/dt = keeper_rate (m - keeper)/(1 + s m)``: 0 where one transistor draws against a keeper, 1 where a
            differential pair shares a tail current between drive and keeper.
        output_rate: hold current over the capacitance of the output node (V/s), where that waits too; 0 where it follows at once. Then
            ``ds/dt = output_rate (exp((u - output_drop)/output_slope + output_curvature (u - output_drop)^2) - hold)``, its ``hold`` with the
            slope ``output_finite`` (1/V); ``output_coupling ds/dt`` is taken off du/dt, and the spike comes at ``s = output_fire`` (V).
        drops, pull: current (A) that the stage sends into the membrane at drops of the inner node (V); empty where there is none.
        drawn_voltage, drawn_current: what a waiting stage draws from the supply (A, beyond the idle cell) against the membrane's voltage;
            empty where it is the keeper's current.
        kick: what the stage's nodes add to the membrane (V) through the capacitors between them, at ``drops``; empty where it is nothing.
    """

    capacitance: float
    leak_voltage: tuple[float, ...]
    leak_current: tuple[float, ...]
    keeper_rate: float
    threshold: float
    slope: float
    curvature: float
    keeper_slope: float
    fire: float
    fire_slope: float
    residue: float
    residue_slope: float
    dead: float
    keeper_current: float
    spike_energy: float
    idle_power: float
    supply: float
    saturation: float = 0.0
    output_rate: float = 0.0
    output_drop: float = 0.0
    output_slope: float = 1.0
    output_curvature: float = 0.0
    output_finite: float = 0.0
    output_coupling: float = 0.0
    output_fire: float = 0.0
    drops: tuple[float, ...] = ()
    pull: tuple[float, ...] = ()
    drawn_voltage: tuple[float, ...] = ()
    drawn_current: tuple[float, ...] = ()
    kick: tuple[float, ...] = ()


OUTPUT = tuple(item.name for item in fields(Soma) if item.name.startswith("output_"))


@dataclass(frozen=True)
class Synapse:
    """A channel that an input pulse opens to a read rail. SI units.

    Over a pulse ``V -> rail + (V - rail) exp(-Q/C) + (charge + charge_1 V + charge_2 V^2)/C``, ``Q = width (1 + width_1 V) G/(1 + G series)``,
    with G the mean conductance over the pulse and V the membrane's voltage before it.

    Args:
        read_rail: voltage (V) the channel reads from.
        width: effective time (s) the switch is open; series: its resistance (ohm).
        charge, charge_1, charge_2: charge (C, C/V, C/V^2) that the switch injects.
        ion_time: effective time (s) of the gate pulse for the ions; ion_shift: what its edges take off the overpotential (V).
        pulse_energy: energy (J) of an input pulse; read_factor: energy drawn from the rail over ``read_rail`` times the charge.
        width_1, ion_1: relative change (1/V) of width and ion_time with the membrane's voltage: the switch opens later under a higher one.
        pulse: width (s) at half height of the pulses that it was calibrated with; 0 where that was not kept.
    """

    read_rail: float
    width: float
    series: float
    charge: float
    charge_1: float
    charge_2: float
    ion_time: float
    ion_shift: float
    pulse_energy: float
    read_factor: float
    width_1: float = 0.0
    ion_1: float = 0.0
    pulse: float = 0.0


@dataclass(frozen=True)
class Origin:
    """How a cell was calibrated and where it holds: ranges of input rate (Hz) and of pulses per output spike that were met.

    ``held_out``: intervals of a run that no fit has seen, and in how many of them the cell found the next spike on the same input
    pulse, and on it or a neighbour; zeros where no such run was made.
    """

    engine: str
    process: str
    corner: str
    temperature: str
    date: str
    rates: tuple[float, float]
    pulses_per_output: tuple[float, float]
    held_out: tuple[float, float, float] = (0.0, 0.0, 0.0)


@dataclass(frozen=True)
class Cell:
    """A calibrated neuron with one synapse. ``mean_state`` is the device's mean state over the calibration run: what a cell without
    short-term plasticity would be calibrated to. ``placed``: a further ECRAM that the neuron's own spikes gate, or ``None``. ``adaptive``,
    ``trigger``: the laws of an adaptive stage or of a Schmitt trigger, which take the place of the soma's own."""

    name: str
    soma: Soma
    synapse: Synapse
    device: Ecram
    mean_state: tuple[float, ...]
    origin: Origin
    plastic: bool = field(default=True)
    placed: Placed | None = None
    adaptive: Adaptive | None = None
    trigger: Trigger | None = None

    def without_plasticity(self) -> Cell:
        """The control: the same cell with the state of every device frozen at its mean over the calibration run."""
        return replace(self.without_excitability(), plastic=False)

    def without_excitability(self) -> Cell:
        """The control of a placed device: the same cell with its state frozen at its mean over the calibration run."""
        return replace(self, placed=None if self.placed is None else replace(self.placed, moves=False))

    def save(self, path: str | Path) -> Path:
        """Write the cell as TOML, the device's card beside its numbers."""
        lines = [f"schema = {SCHEMA}", f'name = "{self.name}"', f"mean_state = {list(self.mean_state)!r}", ""]
        for section in ("origin", "soma", "synapse"):
            lines.append(f"[{section}]")
            lines += [f"{key} = {_toml(value)}" for key, value in asdict(getattr(self, section)).items()]
            lines.append("")
        for section in _STAGES:
            stage = getattr(self, section)
            if stage is not None:
                lines += [f"[{section}]", *(f"{key} = {_toml(value)}" for key, value in asdict(stage).items()), ""]
        lines.append(_card(self.device, "device"))
        if self.placed is not None:
            numbers = [f"{key} = {_toml(getattr(self.placed, key))}" for key in _OF_PLACED]
            lines += ["[placed]", *numbers, ""]
            lines.append(_card(self.placed.device, "placed.device"))
        return files.write_text(path, "\n".join(lines))

    @classmethod
    def load(cls, cell: str | Path) -> Cell:
        """Read a cell: a TOML file, or the name of one that comes with the package.

        Raises:
            InputError: no such cell, not TOML, or a key that is missing or unknown.
        """
        known = library()
        path = known.get(str(cell), Path(cell))
        if not path.is_file():
            raise InputError(f"there is no cell {str(cell)!r}: expected a TOML file or one of {', '.join(known)}")
        tree = files.read_toml(path, _MAX_BYTES, "a cell")
        try:
            return _parse(tree)
        except InputError as error:
            raise InputError(f"{path}: {error}") from error


def library() -> dict[str, Path]:
    """The cells that come with the package, by name."""
    folder = Path(str(resources.files("ionspike.network"))) / "cells"
    return {path.stem: path for path in sorted(folder.glob("*.toml"))}


def _card(device: Ecram, where: str) -> str:
    """A device's card as the table ``where`` of a cell's file."""
    return f"[{where}]\n" + re.sub(r"^(\[\[?)", rf"\1{where}.", dump_card(device), flags=re.MULTILINE)


def _toml(value: Any) -> str:
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, (tuple, list)):
        return "[" + ", ".join(repr(float(v)) for v in value) + "]"
    return repr(float(value))


def _parse(tree: dict[str, Any]) -> Cell:
    if tree.get("schema") != SCHEMA:
        raise InputError(f"schema is {tree.get('schema')!r}; expected schema = {SCHEMA}")
    parts: dict[str, Any] = {}
    for section, kind in (("soma", Soma), ("synapse", Synapse), ("origin", Origin)):
        parts[section] = _section(kind, tree.get(section), section)
    if not isinstance(tree.get("device"), dict):
        raise InputError("there is no [device]; expected the card of the cell's ECRAM")
    mean = tuple(float(v) for v in tree.get("mean_state", ()))
    for section, kind in _STAGES.items():
        parts[section] = _section(kind, tree[section], section) if section in tree else None
    parts["placed"] = _placed(tree["placed"]) if "placed" in tree else None
    return Cell(str(tree.get("name", "cell")), device=parse_card(tree["device"]), mean_state=mean, **parts)


def _placed(table: Any) -> Placed:
    if not isinstance(table, dict) or not isinstance(table.get("device"), dict):
        raise InputError(
            "there is no [placed.device]; expected the card of the ECRAM that the neuron's own spikes gate"
        )
    numbers = {key: value for key, value in table.items() if key != "device"}
    made: Placed = _section(Placed, numbers, "placed", given={"device": parse_card(table["device"]), "moves": True})
    if made.placement not in PLACES:
        raise InputError(f"placed.placement is {made.placement!r}; expected one of {', '.join(PLACES)}")
    return made


def _section(kind: type, table: Any, name: str, given: dict[str, Any] | None = None) -> Any:
    """A table as the dataclass of its numbers, those ``given`` apart."""
    if not isinstance(table, dict):
        raise InputError(f"there is no [{name}]; expected a table of numbers")
    given = given or {}
    known = {item.name for item in fields(kind)} - set(given)
    needed = {item.name for item in fields(kind) if item.default is MISSING} - set(given)
    wrong = sorted((needed - set(table)) | (set(table) - known))
    if wrong:
        raise InputError(f"{name}.{wrong[0]} is {'missing' if wrong[0] in known else 'unknown'}")
    return kind(**given, **{key: tuple(v) if isinstance(v, list) else v for key, v in table.items()})


def leak_grid(soma: Soma) -> tuple[np.ndarray, float]:
    """The leak on an even grid from 0 V, and the grid's step (V); straight beyond the last measured voltage."""
    voltage, current = np.array(soma.leak_voltage), np.array(soma.leak_current)
    step = 2e-3
    grid = np.arange(0.0, 1.0 + step, step)
    slope = (current[-1] - current[-2]) / (voltage[-1] - voltage[-2])
    return np.where(
        grid > voltage[-1], current[-1] + slope * (grid - voltage[-1]), np.interp(grid, voltage, current)
    ), step
