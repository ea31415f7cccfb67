"""The device law: an ECRAM as ions that a gate overpotential drives in and out of a channel.

Everything the package knows about an ECRAM is :class:`Ecram`. In the order of the law:

overpotential
    ``eta = p (V_gate - (V_drain + V_source)/2 - V_rest)``; for a two-terminal device ``eta = p (V_drain - V_source - V_rest)``.
ion fluxes, the two branches of Butler-Volmer, each limited by transport through the electrolyte
    ``J+ = J_lim s((eta - V_T)/V_0)``, ``J- = J_lim s((-eta - V_T)/V_0)``, with ``s(u) = 1/(1 + exp(-u))``.
states, each ``y`` in [0, 1]: volatile populations x_k and the long-term weight w
    ``dy/dt = a [J+ (1 - y)(1 + c y) - J- y (1 + d (1 - y))] - r y (1 - s y)``, ``r = (2/tau) s(-eta/V_d)``,
    which is the Riccati equation ``dy/dt = alpha + beta y + gamma y^2`` while the voltages are constant.
conductance
    ``u = G_min + (G_max - G_min) w + sum_k g_k x_k``, ``G = (u + sqrt(u^2 + 4 G_off^2))/2``.
gate current
    ``I_G = C_g dV_GC/dt + V_GC/R_g + p sum p_k q_k F_k``, F_k the bracket ``a [J+ ... - J- ...]`` of its state.

Butler-Volmer kinetics: Bard and Faulkner, Electrochemical Methods, 2nd ed., Wiley 2001, section 3.3. The cooperative terms c, d, s
and the bias-held release V_d are what measured transients ask for; see ``docs/device.md``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ionspike.device.aging import Aging
from ionspike.device.parameters import BOLTZMANN_EV, Gate, Origin, Population, Temperature, Weight
from ionspike.device.spread import Spread, check_names, spread_values, with_values
from ionspike.errors import InputError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MAX_POPULATIONS = 4
_NAME = "abcdefghijklmnopqrstuvwxyz0123456789-"

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Ecram:
    """An ECRAM: gate, one to four volatile populations, the long-term weight, how it depends on temperature, how devices differ and
    how they age. Immutable, SI; two are equal if all their values are, wherever these come from.

    State vectors hold the populations in order and the weight last, shape (n + 1,).

    Raises:
        InputError: a value out of range or with the wrong unit, no population or more than four, a name with other characters
            than a-z, 0-9 and ``-``.
    """

    name: str
    gate: Gate
    populations: tuple[Population, ...]
    weight: Weight
    temperature: Temperature = field(default_factory=Temperature)
    spread: Spread = field(default_factory=Spread)
    aging: Aging = field(default_factory=Aging)
    origins: Mapping[str, Origin] = field(default_factory=lambda: MappingProxyType({}), compare=False, repr=False)
    about: str = field(default="", compare=False, repr=False)

    def __post_init__(self) -> None:
        if not self.name or self.name[0] not in _NAME[:26] or set(self.name) - set(_NAME) or len(self.name) > 40:
            raise InputError(
                f"name is {self.name!r:.60}; expected up to 40 of a-z, 0-9 and '-', a letter first, such as 'my-ecram'"
            )
        object.__setattr__(self, "populations", tuple(self.populations))
        if not 1 <= len(self.populations) <= MAX_POPULATIONS:
            raise InputError(f"{self.name} has {len(self.populations)} populations; expected 1 to {MAX_POPULATIONS}")
        check_names(self)

    # --- the law -------------------------------------------------------------------------------------------------------------

    @property
    def states(self) -> tuple[Population | Weight, ...]:
        """The parameters of every state, populations first, the weight last."""
        return (*self.populations, self.weight)

    def overpotential(self, v_gate: ArrayLike, v_drain: ArrayLike = 0.0, v_source: ArrayLike = 0.0) -> Array:
        """``eta`` in V; the gate works against the channel, so a rising source weakens a pulse."""
        vg, vd, vs = (np.asarray(v, float) for v in (v_gate, v_drain, v_source))
        bias = vd - vs if self.gate.drive == "channel" else vg - (vd + vs) / 2
        return self.gate.polarity * (bias - self.gate.V_rest)

    def fluxes(self, eta: ArrayLike) -> tuple[Array, Array]:
        """Insertion and removal flux ``J+, J-`` in 1/s at overpotential ``eta`` (V)."""
        gate, eta = self.gate, np.asarray(eta, float)
        return (
            gate.J_lim * logistic((eta - gate.V_T) / gate.V_0),
            gate.J_lim * logistic((-eta - gate.V_T) / gate.V_0),
        )

    def coefficients(self, eta: ArrayLike) -> tuple[Array, Array, Array]:
        """``alpha, beta, gamma`` (1/s) of ``dy/dt = alpha + beta y + gamma y^2``; shape of ``eta`` + (states,)."""
        rows = [self._riccati(state, np.asarray(eta, float)) for state in self.states]
        alpha, beta, gamma = (np.stack(column, axis=-1) for column in zip(*rows, strict=True))
        return alpha, beta, gamma

    def _riccati(self, state: Population | Weight, eta: Array) -> tuple[Array, Array, Array]:
        seen = state.polarity * eta
        insert, remove = (state.a * flux for flux in self.fluxes(seen))
        release = 2 / state.tau * logistic(-seen / state.V_d)
        alpha = insert
        beta = insert * (state.c - 1) - remove * (1 + state.d) - release
        gamma = -insert * state.c + remove * state.d + release * state.s
        return alpha, beta, gamma

    def conductance(self, state: ArrayLike) -> Array:
        """Channel conductance G (S) of ``state``, shape (..., n + 1); smooth and positive for any state."""
        y = np.asarray(state, float)
        weight = self.weight
        u = weight.G_min + (weight.G_max - weight.G_min) * y[..., -1]
        u = u + y[..., :-1] @ np.array([p.g for p in self.populations])
        return conductance_of(u, weight.G_off)

    def ion_current(self, state: ArrayLike, eta: ArrayLike) -> Array:
        """Current (A) that ions draw into the gate at ``state`` and ``eta``: ``p sum p_k q_k F_k``."""
        y, eta = np.asarray(state, float), np.asarray(eta, float)
        total = np.zeros(np.broadcast_shapes(y.shape[:-1], eta.shape))
        for k, own in enumerate(self.states):
            insert, remove = self.fluxes(own.polarity * eta)
            x = y[..., k]
            flow = own.a * (insert * (1 - x) * (1 + own.c * x) - remove * x * (1 + own.d * (1 - x)))
            total = total + own.polarity * own.q * flow
        return self.gate.polarity * total

    def at_rest(self, v_gate: float = 0.0, v_drain: float = 0.0, v_source: float = 0.0) -> Array:
        """Volatile states at the stable root of their Riccati equation under a constant bias, ``w`` at its card value."""
        alpha, beta, gamma = self.coefficients(self.overpotential(v_gate, v_drain, v_source))
        root = np.sqrt(np.maximum(beta**2 / 4 - alpha * gamma, 0.0))
        state = np.zeros(len(self.states))
        for k in range(len(self.populations)):
            # two forms of the same root; each is free of cancellation on its side of beta = 0
            if beta[k] <= 0:
                state[k] = alpha[k] / (root[k] - beta[k] / 2)
            else:
                state[k] = (beta[k] / 2 + root[k]) / -gamma[k]
        state[-1] = self.weight.w
        return state

    def advance(
        self, state: ArrayLike, v_gate: float, v_drain: float = 0.0, v_source: float = 0.0, duration: float = 0.0
    ) -> Array:
        """The state after ``duration`` (s) at constant voltages (V): exact, no time step."""
        from ionspike.device.moebius import advance_states

        alpha, beta, gamma = self.coefficients(self.overpotential(v_gate, v_drain, v_source))
        return advance_states(np.asarray(state, float), alpha, beta, gamma, float(duration))

    def at_temperature(self, kelvin: float) -> Ecram:
        """The same device at another temperature: V_0 in proportion to T, k0 and every tau Arrhenius about T_ref."""
        if not kelvin > 0:
            raise InputError(f"a temperature of {kelvin:g} K; expected one above 0 K")
        old = self.temperature
        inverse = (1 / kelvin - 1 / old.T_ref) / BOLTZMANN_EV
        v_0 = self.gate.V_0 * kelvin / old.T_ref
        v_t = v_0 * (self.gate.V_T / self.gate.V_0 + old.E_k0 * inverse)
        slower = math.exp(old.E_tau * inverse)
        return replace(
            self,
            gate=replace(self.gate, V_0=v_0, V_T=v_t),
            populations=tuple(replace(p, tau=p.tau * slower) for p in self.populations),
            weight=replace(self.weight, tau=self.weight.tau * slower),
            temperature=replace(old, T_ref=kelvin),
        )

    # --- variants and text ---------------------------------------------------------------------------------------------------

    def without_volatile(self) -> Ecram:
        """The control of every experiment on short-term plasticity: the same device, its volatile populations without conductance
        and without ions that the gate would have to supply."""
        return replace(self, populations=tuple(replace(p, g=0.0, q=0.0) for p in self.populations))

    def with_weight(self, w: float) -> Ecram:
        """The same device at another long-term weight ``w`` in [0, 1]."""
        return replace(self, weight=replace(self.weight, w=w))

    def scaled(self, width: float, name: str | None = None) -> Ecram:
        """The same device with a channel ``width`` times as wide: conductances, charges and capacitance in proportion."""
        return replace(
            self,
            name=name or self.name,
            gate=replace(self.gate, C_g=self.gate.C_g * width, R_g=self.gate.R_g / width),
            populations=tuple(replace(p, g=p.g * width, q=p.q * width) for p in self.populations),
            weight=replace(
                self.weight,
                G_min=self.weight.G_min * width,
                G_max=self.weight.G_max * width,
                G_off=self.weight.G_off * width,
                q=self.weight.q * width,
            ),
        )

    def sample(self, count: int, seed: int, first: int = 0) -> list[Ecram]:
        """Devices ``first`` to ``first + count - 1`` of the population that ``spread`` describes, this one in its middle.

        Device k is the same however many are asked for and in whatever order; ``DeviceArray.sample`` gives the same ones as arrays.
        """
        values = spread_values(self, self.spread.factors(count, seed, first))
        middle = replace(self, spread=Spread(pulse=self.spread.pulse, read=self.spread.read))
        return [with_values(middle, {name: column[k] for name, column in values.items()}) for k in range(count)]

    @classmethod
    def load(cls, card: str | Path) -> Self:
        """Read a card: a TOML file, or the name of a card of the library. See :mod:`ionspike.device.cards`."""
        from ionspike.device.cards import load_card

        return load_card(card)  # type: ignore[return-value]

    def save(self, path: str | Path) -> Path:
        """Write the card as TOML, with the origin of every value."""
        from ionspike.device.cards import save_card

        return save_card(self, path)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "origins": dict(self.origins)}  # a read-only view cannot be pickled

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, origins=MappingProxyType(state["origins"]))

    def __str__(self) -> str:
        from ionspike.device.portrait import describe

        return describe(self)

    def plot(self) -> Figure:
        """G against time after a reference pulse, and the two fluxes against overpotential."""
        from ionspike.device.portrait import portrait

        return portrait(self)

    def _repr_png_(self) -> bytes:
        from ionspike.plotting import png

        return png(self.plot())


def conductance_of(u: ArrayLike, g_off: ArrayLike) -> Array:
    """``G = (u + sqrt(u^2 + 4 G_off^2))/2``, in siemens."""
    u, g_off = np.asarray(u, float), np.asarray(g_off, float)
    root = np.sqrt(u * u + 4 * g_off**2)
    # for u < 0 the textbook sum cancels; its conjugate does not
    return np.where(u >= 0, (u + root) / 2, 2 * g_off**2 / (root - np.minimum(u, 0)))


def logistic(u: ArrayLike) -> Array:
    """``s(u) = (1 + tanh(u/2))/2`` without overflow and without the cancellation of that form at large negative u."""
    u = np.asarray(u, float)
    small = np.exp(-np.abs(u))
    return np.where(u >= 0, 1.0, small) / (1.0 + small)
