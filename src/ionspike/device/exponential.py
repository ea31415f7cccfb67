"""Compiled ``exp(x)`` and ``exp(x) - 1`` that a loop over devices can do four or eight at a time, and sums free of cancellation.

``x = n ln 2 + r`` with ``|r| <= ln(2)/2`` (Cody and Waite, Software Manual for the Elementary Functions, Prentice Hall 1980, chapter 6);
a Taylor polynomial of degree 13 for ``exp(r) - 1``, whose remainder is below 5e-18, and the factor ``2^n`` written into the exponent's
bits. No branch and no call, so that LLVM vectorises the loop around it; a call to libm's exp would not be.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

_PER_LN2 = 1.4426950408889634
_LN2_HIGH = 6.93145751953125e-1  # ln 2 in two parts; n times the first is exact
_LN2_LOW = 1.42860682030941723212e-6
_SHIFT = 1.5 * 2.0**52  # adding it rounds to an integer, which then stands in the lowest bits
_C2, _C3, _C4, _C5, _C6, _C7, _C8, _C9, _C10, _C11, _C12, _C13 = (1 / math.factorial(k) for k in range(2, 14))


def _bits_of(_context: Any, _number: Any) -> Any:
    """The 64 bits of a float as an integer."""

    def code(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        return builder.bitcast(args[0], ir.IntType(64))

    return types.int64(types.float64), code


def _float_of(_context: Any, _integer: Any) -> Any:
    """The float that 64 bits are."""

    def code(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        return builder.bitcast(args[0], ir.DoubleType())

    return types.float64(types.int64), code


def _fma(_context: Any, _a: Any, _b: Any, _c: Any) -> Any:
    """``a b + c``, rounded once."""

    def code(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        double = ir.DoubleType()
        kind = ir.FunctionType(double, [double] * 3)
        function = builder.module.declare_intrinsic("llvm.fma", [double], kind)
        return builder.call(function, args)

    return types.float64(types.float64, types.float64, types.float64), code


_bits: Any = intrinsic(_bits_of)
_float: Any = intrinsic(_float_of)
fma: Any = intrinsic(_fma)


@njit(forceinline=True, error_model="numpy")
def exponential(x: float) -> tuple[float, float]:
    """``exp(x)`` and ``exp(x) - 1``, each to about one unit in its last place, for x from -708 to 709 (beyond: those values)."""
    x = min(max(x, -708.0), 709.0)
    shifted = fma(x, _PER_LN2, _SHIFT)
    n = shifted - _SHIFT
    r = fma(-n, _LN2_LOW, fma(-n, _LN2_HIGH, x))
    r2 = r * r
    r4 = r2 * r2
    low = fma(r, _C3, _C2) + r2 * fma(r, _C5, _C4)
    high = fma(r, _C7, _C6) + r2 * fma(r, _C9, _C8) + r4 * (fma(r, _C11, _C10) + r2 * fma(r, _C13, _C12))
    less = fma(r2, fma(r4, high, low), r)  # exp(r) - 1
    scale = _float((_bits(shifted) + 1023) << np.int64(52))
    return fma(scale, less, scale), fma(scale, less, scale - 1.0)


@njit(forceinline=True, error_model="numpy")
def logistic(u: float) -> float:
    """``1/(1 + exp(-u))`` without overflow."""
    small, _ = exponential(-abs(u))
    return (1.0 if u >= 0.0 else small) / (1.0 + small)


@njit(forceinline=True, error_model="numpy")
def difference_of_products(a: float, b: float, c: float, d: float) -> float:
    """``a b - c d`` with the rounding errors of both products taken off (Kahan; see Jeannerod et al., Math. Comput. 82, 2245 (2013),
    10.1090/S0025-5718-2013-02679-8)."""
    product = c * d
    return fma(a, b, -product) - fma(c, d, -product)


@njit(forceinline=True, error_model="numpy")
def quadratic(y: float, alpha: float, beta: float, gamma: float) -> float:
    """``alpha + beta y + gamma y^2`` as if in twice the digits (compensated Horner scheme: Graillat, Langlois and Louvet 2005)."""
    first = gamma * y
    first_error = fma(gamma, y, -first)
    slope = first + beta
    carried = slope - first
    slope_error = (first - (slope - carried)) + (beta - carried)
    second = slope * y
    second_error = fma(slope, y, -second)
    total = second + alpha
    carried = total - second
    total_error = (second - (total - carried)) + (alpha - carried)
    return total + (total_error + second_error + (first_error + slope_error) * y)
