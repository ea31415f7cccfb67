"""The numbers of a card as the compiled chain takes them: a fit tries thousands of cards and need not build each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ionspike.device.ecram import Ecram
from ionspike.device.moebius import table

Array = NDArray[np.float64]

# columns of gate and rows, in the order of moebius.table
GATE = {"V_T": 0, "V_0": 1, "J_lim": 2}
ROW = {"a": 1, "tau": 2, "V_d": 3, "c": 4, "d": 5, "s": 6}


@dataclass
class LawArrays:
    """``gate`` (V_T, V_0, J_lim); ``rows`` and amplitudes ``g`` (S) of the states that move, populations first; ``rest`` (V) and
    ``polarity`` of the gate; ``g_min`` (S). In units of ``g_min``: ``still``, the conductance at empty populations that no state
    moves, ``reach`` of a weight that does move, and ``g_off``. ``w`` is where the weight starts."""

    gate: Array
    rows: Array
    g: Array
    rest: float
    polarity: float
    g_min: float
    still: float
    reach: float
    g_off: float
    w: float

    @classmethod
    def of(cls, ecram: Ecram) -> Self:
        """From a card."""
        gate, rows = table(ecram)
        weight, own = ecram.weight, ecram.gate
        reach = weight.G_max / weight.G_min - 1
        moving = reach > 0 and (weight.a > 0 or bool(np.isfinite(weight.tau)))
        still = 1.0 if moving else 1.0 + reach * weight.w
        g = np.array([p.g for p in ecram.populations])
        return cls(
            gate, rows if moving else rows[:-1], g, own.V_rest, own.polarity,
            weight.G_min, still, reach if moving else 0.0, weight.G_off / weight.G_min, weight.w,
        )  # fmt: skip

    def put(self, path: tuple[str, int, str], value: float) -> None:
        """Set one parameter: section, index of the population, name."""
        section, k, name = path
        if section == "population":
            if name == "g":
                self.g[k] = value
            else:
                self.rows[k, ROW[name]] = value
        elif name == "V_rest":
            self.rest = value
        elif name == "G_min":
            self.g_min = value
        else:
            self.gate[GATE[name]] = value

    def copy(self) -> LawArrays:
        """One that may be changed."""
        values = {**self.__dict__, "gate": self.gate.copy(), "rows": self.rows.copy(), "g": self.g.copy()}
        return LawArrays(**values)

    def overpotential(self, volt: ArrayLike) -> Array:
        """``eta`` (V) at gate voltage ``volt`` over a grounded channel."""
        return self.polarity * (np.asarray(volt, float) - self.rest)

    @property
    def amplitudes(self) -> Array:
        """Conductance (S) of every state that moves, at y = 1."""
        return np.append(self.g, self.reach * self.g_min) if len(self.rows) > len(self.g) else self.g

    def conductance(self, states: Array) -> tuple[Array, Array]:
        """``G`` (S) and ``dG/du`` at states (n, moving)."""
        u = self.still * self.g_min + states @ self.amplitudes
        off = self.g_off * self.g_min
        root = np.sqrt(u * u + 4 * off * off)
        g = np.where(u >= 0, (u + root) / 2, 2 * off * off / (root - np.minimum(u, 0)))
        return g, g / root
