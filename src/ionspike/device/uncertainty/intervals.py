"""How sure a fit is: intervals that allow for correlated noise and for pulses that vary, and a plain word where the data do not tell.

The residuals decide what noise there is (:mod:`ionspike.device.uncertainty.noise`); the fit is repeated in that noise, by generalised least
squares; intervals come from profiles of its likelihood, as far out as an average over the noise that the residuals leave possible
asks for (:mod:`ionspike.device.uncertainty.noise_average`).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ionspike.device.ecram import Ecram
from ionspike.device.uncertainty.noise import KINDS, Noise, Products, choose_noise
from ionspike.device.uncertainty.noise_average import PossibleNoise, possible_noise, reach
from ionspike.device.uncertainty.problem import Problem, Scale
from ionspike.device.uncertainty.profile import BetterOptimum, Profile, profile
from ionspike.device.uncertainty.whitened import Whitened
from ionspike.errors import InputError
from ionspike.units import show

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Array = NDArray[np.float64]

# What is wider than this is called not identified, whichever way its interval was found: so far out a likelihood is no parabola and its
# bounds come into play, and how often intervals hold the truth (benchmarks.coverage) was measured within these limits.
WIDEST = 3.0  # ratio of the ends of a logarithmic parameter
WIDEST_SHARE = 0.1  # of the range between the bounds, for the others
_ROUNDS = 1
_OPTIMA = 4


@dataclass(frozen=True)
class Interval:
    """``estimate``, ``low`` and ``high`` of ``name`` in ``unit``; an open side is 0 or infinite. ``deviation``: standard deviation on the
    fitted scale (relative, where that is logarithmic); ``reach``: how many of them lie between the estimate and an end, were the
    likelihood a parabola: 1.96 at 95 % where the noise is well known; ``why``: what makes it unidentified, empty if nothing."""

    name: str
    unit: str
    estimate: float
    low: float
    high: float
    deviation: float
    reach: float
    scale: Scale
    why: str = ""
    profile: Profile | None = None

    @property
    def identifiable(self) -> bool:
        """Whether the data fix it."""
        return not self.why

    @property
    def width(self) -> float:
        """Of the interval, on the fitted scale: the logarithm of the ratio of its ends, or their distance."""
        if not self.scale.logarithmic:
            return self.high - self.low
        ends = sorted((abs(self.low), abs(self.high)))
        return math.log(ends[1] / ends[0]) if ends[0] > 0 and math.isfinite(ends[1]) else math.inf

    def covers(self, value: float) -> bool:
        """Whether ``value`` lies in it."""
        return self.low <= value <= self.high

    def __str__(self) -> str:
        ends = f"{_ends(self.low, self.unit)} to {_ends(self.high, self.unit)}"
        return f"{self.name:<26} {_show(self.estimate, self.unit):>12}   {ends:<28} {self.why and 'not identified: ' + self.why}".rstrip()


@dataclass(frozen=True)
class Intervals:
    """Intervals of ``level`` for every parameter (``rows``) and for the products of amplitude and rate (``products``); iterates over the
    rows, and ``intervals["population1.tau"]`` is one of them. ``theta``: the fit in its ``noise``; ``device``: the card there;
    ``covariance`` of theta."""

    rows: tuple[Interval, ...]
    products: tuple[Interval, ...]
    noise: Noise
    method: str
    level: float
    theta: Array
    covariance: Array
    device: Ecram

    def __iter__(self) -> Iterator[Interval]:
        return iter(self.rows)

    def __getitem__(self, name: str) -> Interval:
        for row in (*self.rows, *self.products):
            if row.name == name:
                return row
        raise InputError(
            f"no interval of {name!r}; there are {', '.join(r.name for r in (*self.rows, *self.products))}"
        )

    @property
    def widest(self) -> Interval:
        """The parameter that is known least."""
        return max(self.rows, key=lambda row: (row.width, row.deviation))

    def __str__(self) -> str:
        head = f"{100 * self.level:g} % intervals by {self.method}; {self.noise}"
        shown = [p for p in self.products if not self._factors_known(p)]
        return "\n".join([head, *(f"  {row}" for row in (*self.rows, *shown))])

    def _factors_known(self, product: Interval) -> bool:
        return all(self[name].identifiable for name in product.name.split(" x "))

    def plot(self) -> Figure:
        """The profile of every parameter with its interval; a flat one is a parameter that the data do not fix."""
        from ionspike.device.uncertainty.intervals_plot import profile_figure

        return profile_figure(self)

    def _repr_png_(self) -> bytes:
        from ionspike.plotting import png

        return png(self.plot())


def intervals(
    problem: Problem,
    theta: Array | None = None,
    method: str = "profile",
    level: float = 0.95,
    kinds: tuple[str, ...] = KINDS,
) -> Intervals:
    """Intervals of every parameter of a fit.

    Args:
        problem: what was fitted.
        theta: the fit, or a point near it; ``problem.start`` if left out.
        method: ``profile``, or ``covariance``, the quick one, which takes the likelihood for a parabola and reads identifiability off it.
        level: how often an interval should hold the truth.
        kinds: of noise to choose from: ``white``, ``autocorrelated``, ``pulses``, ``both``.

    Raises:
        InputError: no such method or kind of noise, a level outside 0 to 1, or fewer samples than parameters.
    """
    _check(problem, method, level, kinds)
    kinds = tuple(kind for kind in KINDS if kind in kinds)

    at = np.array(problem.start if theta is None else theta, float)
    forms, names = linear_forms(problem)
    for _ in range(_OPTIMA):
        at, products, noise, possible, white = fit_in_noise(problem, at, kinds)
        covariance = products.covariance(noise.rho, (noise.spread / noise.sigma) ** 2, noise.sigma**2)
        reaches = _reaches(products, noise, possible, forms, covariance, level)
        if method == "covariance":
            found: list[Profile | None] = [None] * len(forms)
            break
        cost = white.cost(at)
        try:
            found = [
                profile(white, at, cost, form, covariance, float(q) ** 2)
                for form, q in zip(forms, reaches, strict=True)
            ]
            break
        except BetterOptimum as better:
            at = better.theta
    else:
        raise InputError("the fit did not settle: every profile found a better optimum; start it from more points")
    made = [
        _interval(problem, name, form, at, covariance, float(q), p)
        for name, form, q, p in zip(names, forms, reaches, found, strict=True)
    ]
    count = len(problem.names)
    return Intervals(tuple(made[:count]), tuple(made[count:]), noise, method, level, at, covariance, problem.device(at))


def fit_in_noise(
    problem: Problem, theta: Array, kinds: tuple[str, ...] = KINDS
) -> tuple[Array, Products, Noise, PossibleNoise, Whitened]:
    """The fit near ``theta`` by generalised least squares in the noise that its own residuals show, the mean of what they leave possible."""
    for _ in range(_ROUNDS):
        theta, *_ = _refit(problem, theta, kinds[-1:])
    return _refit(problem, theta, kinds)


def _refit(
    problem: Problem, theta: Array, kinds: tuple[str, ...]
) -> tuple[Array, Products, Noise, PossibleNoise, Whitened]:
    products = Products(problem, theta)
    likely = choose_noise(products, kinds)
    possible = possible_noise(products, likely)
    noise = possible.mean(likely)
    white = Whitened(problem, noise, products.sensitivities, products.shifts)
    return white.solve(theta)[0], products, noise, possible, white


def _check(problem: Problem, method: str, level: float, kinds: tuple[str, ...]) -> None:
    if method not in ("profile", "covariance"):
        raise InputError(f"method is {method!r}; expected 'profile' or 'covariance'")
    if not 0 < level < 1:
        raise InputError(f"level is {level:g}; expected a share between 0 and 1, such as 0.95")
    if not kinds or set(kinds) - set(KINDS):
        raise InputError(f"kinds of noise are {', '.join(kinds) or 'none'}; expected some of {', '.join(KINDS)}")
    if len(problem.data) <= len(problem.names) + 1:
        raise InputError(f"{len(problem.data)} samples for {len(problem.names)} parameters; expected more")


def linear_forms(problem: Problem) -> tuple[Array, list[str]]:
    """One linear form a row: the parameters, then the sums of logarithms that are products."""
    unit = np.eye(len(problem.names))
    place = {name: unit[k] for k, name in enumerate(problem.names)}
    rows = [*unit, *(place[a] + place[b] for a, b in problem.products)]
    return np.array(rows), [*problem.names, *(f"{a} x {b}" for a, b in problem.products)]


def _reaches(
    products: Products, noise: Noise, possible: PossibleNoise, forms: Array, covariance: Array, level: float
) -> Array:
    """How many deviations an interval reaches; those of white noise where the samples see nothing."""
    from scipy.special import stdtrit

    out = np.full(len(forms), float(stdtrit(products.samples - products.rank, 0.5 + level / 2)))
    seen = np.isfinite(np.diag(covariance))
    known = ~(forms[:, ~seen] != 0).any(axis=1)
    if known.any():
        out[known] = reach(products, noise, possible, forms[known], level)
    return out


def _interval(
    problem: Problem,
    name: str,
    form: Array,
    theta: Array,
    covariance: Array,
    reaches: float,
    found: Profile | None,
) -> Interval:
    members = np.flatnonzero(form)
    scale = combined_scale([problem.scales[k] for k in members])
    centre = float(form @ theta)
    deviation = float(np.sqrt(form[members] @ covariance[np.ix_(members, members)] @ form[members]))
    if not math.isfinite(deviation):
        deviation = math.inf
    bounds = float(form @ problem.low), float(form @ problem.high)
    if found is not None:
        low, high = found.low, found.high
    else:
        low, high = centre - reaches * deviation, centre + reaches * deviation
        low, high = (-math.inf if low <= bounds[0] else low), (math.inf if high >= bounds[1] else high)
    why = why_unidentified(low, high, scale, bounds)
    ends = sorted((scale.value(low), scale.value(high))) if scale.logarithmic else (low, high)
    return Interval(name, scale.unit, scale.value(centre), ends[0], ends[1], deviation, reaches, scale, why, found)


def combined_scale(scales: list[Scale]) -> Scale:
    """That of one parameter, or of a product of logarithmic ones."""
    if len(scales) == 1:
        return scales[0]
    return Scale(" ".join(s.unit for s in scales if s.unit), True, math.prod(s.sign for s in scales))


def why_unidentified(low: float, high: float, scale: Scale, bounds: tuple[float, float]) -> str:
    """What leaves a number with these ends, on the fitted scale, unidentified; empty if nothing."""
    if low == -math.inf and high == math.inf:
        return "open on both sides"
    if low == -math.inf or high == math.inf:
        return f"open {'below' if low == -math.inf else 'above'}"
    if scale.logarithmic and high - low > math.log(WIDEST):
        return f"its ends are a factor of {math.exp(min(high - low, 700)):.2g} apart"
    if not scale.logarithmic and high - low > WIDEST_SHARE * (bounds[1] - bounds[0]):
        return f"wider than {WIDEST_SHARE:g} of its range"
    return ""


def _ends(value: float, unit: str) -> str:
    return "open" if value == 0 or not math.isfinite(value) else _show(value, unit)


def _show(value: float, unit: str) -> str:
    return show(value, unit) if unit else f"{value:.4g}"
