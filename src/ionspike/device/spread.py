"""What differs from device to device, from pulse to pulse and from read to read.

Device to device, a parameter is its card value, the median, times ``exp(sigma z)`` with z standard normal and ``sigma^2 = ln(1 + sd^2)``
for a relative standard deviation ``sd`` (log-normal: Limpert et al., BioScience 51, 341 (2001), 10.1641/0006-3568(2001)051); parameters
that live in [0, 1] (``s`` and ``w``) have their odds y/(1 - y) multiplied instead. A pulse has a factor of its own, log-normal with
median 1, on the ion flux while it lasts. A read of G is off by a Gaussian share of G.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ionspike.device.parameters import Section, parameter
from ionspike.errors import InputError

if TYPE_CHECKING:
    from ionspike.device.ecram import Ecram

Array = NDArray[np.float64]

_BOUNDED = ("s", "w")
_FIXED = ("polarity", "T_ref")


@dataclass(frozen=True)
class Spread(Section):
    """Relative standard deviations; all zero by default.

    ``device``: by parameter name, such as ``{"population1.tau": 0.1, "gate.V_T": 0.02}`` (kept as pairs, in that order).
    ``correlation``: of the logarithms, one number for every pair or a matrix in the order of ``device``.
    ``pulse``: of the flux of one pulse. ``read``: of one read of G.

    Raises:
        InputError: a deviation below 0, or a matrix that is not one of correlations.
    """

    device: Mapping[str, float] | tuple[tuple[str, float], ...] = ()
    correlation: float | tuple[tuple[float, ...], ...] = 0.0
    pulse: float = parameter("", 0.0, low=0.0)
    read: float = parameter("", 0.0, low=0.0)

    def __post_init__(self) -> None:
        super().__post_init__()
        pairs = self.device.items() if isinstance(self.device, Mapping) else self.device
        object.__setattr__(self, "device", tuple((str(name), float(sd)) for name, sd in pairs))
        for name, sd in self.pairs:
            if not 0 <= sd < math.inf:
                raise InputError(f"spread.device: {name} is {sd:g}; expected a relative standard deviation from 0 up")
        if isinstance(self.correlation, (list, tuple, np.ndarray)):
            rows = np.atleast_2d(np.asarray(self.correlation, float))
            object.__setattr__(self, "correlation", tuple(tuple(map(float, row)) for row in rows))
        elif isinstance(self.correlation, bool) or not isinstance(self.correlation, (int, float)):
            raise InputError(f"spread.correlation is {self.correlation!r}; expected a number or rows of numbers")
        self._check_matrix()

    @property
    def pairs(self) -> tuple[tuple[str, float], ...]:
        """Names and relative standard deviations, in the order of ``device``."""
        return tuple(self.device)  # type: ignore[arg-type]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the parameters that differ between devices."""
        return tuple(name for name, _ in self.pairs)

    @property
    def sigmas(self) -> Array:
        """Standard deviation of the logarithm of every parameter in ``names``."""
        return np.sqrt(np.log1p(np.square([sd for _, sd in self.pairs])))

    @property
    def matrix(self) -> Array:
        """Correlation of the logarithms, shape (names, names)."""
        if isinstance(self.correlation, tuple):
            return np.array(self.correlation)
        count = len(self.pairs)
        return np.full((count, count), float(self.correlation)) + (1 - float(self.correlation)) * np.eye(count)

    def _check_matrix(self) -> None:
        m, count = self.matrix, len(self.pairs)
        if isinstance(self.correlation, tuple) and m.shape != (count, count):
            raise InputError(
                f"spread.correlation has shape {m.shape}; expected {(count, count)}, as device has {count}"
            )
        if count and not (np.allclose(m, m.T) and np.allclose(np.diag(m), 1.0) and np.linalg.eigvalsh(m)[0] > -1e-9):
            raise InputError(
                "spread.correlation is no correlation matrix; expected 1 on its diagonal, |r| <= 1, r_ij = r_ji"
            )

    def factors(self, count: int, seed: int, first: int = 0) -> Array:
        """Factors of ``count`` devices from number ``first``, shape (count, names): device k is the same whatever else is drawn."""
        from scipy.special import ndtri

        width = max(4, -(-len(self.pairs) // 4) * 4)  # Philox counts in blocks of four
        stream = np.random.Philox(seed)
        stream.advance(first * width // 4)
        uniform = np.random.Generator(stream).random((count, width))[:, : len(self.pairs)]
        values, vectors = np.linalg.eigh(self.matrix) if self.pairs else (np.zeros(0), np.zeros((0, 0)))
        normal = ndtri(np.maximum(uniform, 2.0**-54))  # 0 would be minus infinity
        return np.exp(normal @ (vectors * np.sqrt(np.maximum(values, 0.0))).T * self.sigmas)

    def pulse_factors(self, shape: int | tuple[int, ...], seed: int) -> Array:
        """Random factors on the flux of pulses, median 1."""
        sigma = math.sqrt(math.log1p(self.pulse**2))
        return np.exp(sigma * np.random.default_rng([seed, 1]).standard_normal(shape))

    def read_noise(self, conductance: ArrayLike, seed: int) -> Array:
        """``conductance`` (S) as reads give it."""
        g = np.asarray(conductance, float)
        return g * (1 + self.read * np.random.default_rng([seed, 2]).standard_normal(g.shape))

    @classmethod
    def fit(cls, devices: Sequence[Ecram] | Mapping[str, ArrayLike], pulse: float = 0.0, read: float = 0.0) -> Self:
        """The spread of measured devices: of every parameter that differs between them, with its correlations.

        Args:
            devices: fitted devices, or a table of values by parameter name.
            pulse, read: what other measurements say about these.

        Raises:
            InputError: fewer than three devices, or a parameter that is 0 or changes its sign among them.
        """
        table = devices if isinstance(devices, Mapping) else varying(devices)
        logs = np.array([_log(name, np.asarray(values, float)) for name, values in table.items()])
        if logs.size and logs.shape[1] < 3:
            raise InputError(f"a spread from {logs.shape[1]} devices; expected at least 3")
        sds = np.sqrt(np.expm1(logs.var(axis=1, ddof=1))) if logs.size else []
        matrix = np.atleast_2d(np.corrcoef(logs)) if len(table) > 1 else np.eye(len(table))
        return cls(dict(zip(table, map(float, sds), strict=True)), tuple(map(tuple, matrix.tolist())), pulse, read)


def fit_population(devices: Sequence[Ecram], name: str, pulse: float = 0.0, read: float = 0.0) -> Ecram:
    """The device in the middle of ``devices`` (medians of every parameter's log-normal) with their spread."""
    spread = Spread.fit(devices, pulse, read)
    middle = {key: float(_unlog(key, np.mean(_log(key, v)), v[0])) for key, v in varying(devices).items()}
    return replace(with_values(replace(devices[0], spread=Spread()), middle), name=name, spread=spread)


def varying(devices: Sequence[Ecram]) -> dict[str, Array]:
    """Values of every parameter that is not the same in all ``devices``, by name."""
    shapes = {len(device.populations) for device in devices}
    if len(shapes) != 1:
        raise InputError(f"devices with {sorted(shapes)} populations; expected the same number in all")
    table = {name: np.array([value_of(device, name) for device in devices]) for name in parameter_names(devices[0])}
    return {name: values for name, values in table.items() if np.any(values != values[0])}


def parameter_names(ecram: Ecram) -> list[str]:
    """Every parameter of ``ecram`` that may differ between devices: ``gate.V_T``, ``population1.tau``, ``weight.G_min`` and so on."""
    return [
        f"{section}.{item.name}"
        for section, values in _sections(ecram).items()
        for item in fields(values)
        if "unit" in item.metadata and item.name not in _FIXED
    ]


def value_of(ecram: Ecram, name: str) -> float:
    """The value of the parameter ``name``, such as ``population1.tau``."""
    section, _, key = name.partition(".")
    return float(getattr(_sections(ecram)[section], key))


def with_values(ecram: Ecram, values: Mapping[str, float]) -> Ecram:
    """``ecram`` with other ``values``, by parameter name. A ``G_max`` below ``G_min`` is raised to it."""
    grouped: dict[str, dict[str, float]] = {}
    for name, value in values.items():
        section, _, key = name.partition(".")
        grouped.setdefault(section, {})[key] = float(value)
    weight = grouped.get("weight", {})
    g_min = weight.get("G_min", ecram.weight.G_min)
    if weight.get("G_max", ecram.weight.G_max) < g_min:
        weight["G_max"] = g_min
    made = {section: replace(old, **grouped.get(section, {})) for section, old in _sections(ecram).items()}
    populations = tuple(made[f"population{k}"] for k in range(1, len(ecram.populations) + 1))
    return replace(
        ecram, gate=made["gate"], populations=populations, weight=made["weight"], temperature=made["temperature"]
    )


def spread_values(ecram: Ecram, factors: Array) -> dict[str, Array]:
    """Values by name for every row of ``factors``, shape (devices, names), about those of ``ecram``."""
    return {
        name: _unlog(name, _log(name, np.array(value_of(ecram, name))) + np.log(factors[:, k]), value_of(ecram, name))
        for k, name in enumerate(ecram.spread.names)
    }


def check_names(ecram: Ecram) -> None:
    """Refuse a spread of a parameter that ``ecram`` lacks, or whose value a factor cannot move."""
    known = parameter_names(ecram) if ecram.spread.names else []
    for name in ecram.spread.names:
        if name not in known:
            raise InputError(f"spread.device names {name!r}; expected one of {', '.join(known)}")
        value = value_of(ecram, name)
        if value == 0 or math.isinf(value):
            raise InputError(f"spread.device names {name}, which is {value:g}: a factor does not move it")


def _sections(ecram: Ecram) -> dict[str, Section]:
    populations = {f"population{k}": p for k, p in enumerate(ecram.populations, 1)}
    return {"gate": ecram.gate, **populations, "weight": ecram.weight, "temperature": ecram.temperature}


def _log(name: str, values: Array) -> Array:
    if np.any(values == 0) or not np.all(np.isfinite(values)) or np.any(np.sign(values) != np.sign(values.flat[0])):
        raise InputError(f"{name} is 0, infinite or of both signs among the devices: it has no relative spread")
    if name.rpartition(".")[2] in _BOUNDED:
        from scipy.special import logit

        return logit(values)
    return np.log(np.abs(values))


def _unlog(name: str, logs: ArrayLike, like: float) -> Array:
    if name.rpartition(".")[2] in _BOUNDED:
        from scipy.special import expit

        return expit(logs)
    return math.copysign(1.0, like) * np.exp(logs)
