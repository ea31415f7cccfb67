"""Exponentials and counter-based random numbers of the compiled loops, written so that LLVM can vectorise them.

``exp`` follows Cody and Waite, Software Manual for the Elementary Functions, Prentice-Hall 1980, chapter 6 (argument reduction by
two parts of ln 2), with a Taylor polynomial on [-ln2/2, ln2/2] in double and the minimax polynomial of the Cephes library (Moshier,
netlib.org/cephes, expf) in single precision. Random numbers are SplitMix64 (Steele, Lea, Flood, OOPSLA 2014, 10.1145/2660193.2660195):
number ``k`` of stream ``s`` is a hash of ``s`` and ``k``, so that it does not matter who draws it, or when.
"""

# pyright: reportArgumentType=false, reportCallIssue=false

from __future__ import annotations

import math
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, overload
from numpy.polynomial import Polynomial, chebyshev

from ionspike.network.kernels import inlined

_ZERO, _ONE, _HALF = np.float32(0.0), np.float32(1.0), np.float32(5.0000001201e-1)
_LOG2E, _LN2_HIGH, _LN2_LOW = np.float32(math.log2(math.e)), np.float32(0.693359375), np.float32(-2.12194440e-4)
_P5, _P4, _P3 = np.float32(1.9875691500e-4), np.float32(1.3981999507e-3), np.float32(8.3334519073e-3)
_P2, _P1 = np.float32(4.1665795894e-2), np.float32(1.6666665459e-1)
_LEAST = np.float32(-87.0)  # exp of less is no normal single-precision number
_SHIFT32, _BIAS32 = np.int32(23), np.int32(127)
STRIDE = np.uint64(0x9E3779B97F4A7C15)
_MIX1, _MIX2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_COUNT = np.uint64(1)
_S30, _S27, _S31, _S11 = np.uint64(30), np.uint64(27), np.uint64(31), np.uint64(11)
# the bits of sqrt(1/2) in single precision: what is above another number's, shifted, is its exponent, with mantissas from there to sqrt(2)
_ROOT_HALF = np.int32(np.float32(math.sqrt(0.5)).view(np.int32))


@intrinsic
def _single(context: Any, bits: Any) -> Any:
    """The float32 with these bits."""

    def generate(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        return builder.bitcast(args[0], ir.FloatType())

    return types.float32(types.int32), generate


@intrinsic
def _double(context: Any, bits: Any) -> Any:
    """The float64 with these bits."""

    def generate(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        return builder.bitcast(args[0], ir.DoubleType())

    return types.float64(types.int64), generate


@intrinsic
def _bits(context: Any, x: Any) -> Any:
    """The bits of a float32."""

    def generate(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        return builder.bitcast(args[0], ir.IntType(32))

    return types.int32(types.float32), generate


@inlined
def _exp_single(x: Any) -> Any:
    x = max(x, _LEAST)
    k = np.rint(x * _LOG2E)
    r = (x - k * _LN2_HIGH) - k * _LN2_LOW
    p = ((((_P5 * r + _P4) * r + _P3) * r + _P2) * r + _P1) * r + _HALF
    p = p * r * r + r + _ONE
    return p * _single((np.int32(k) + _BIAS32) << _SHIFT32)


@inlined
def _exp_double(x: Any) -> Any:
    x = max(x, -708.0)
    k = np.rint(x * 1.4426950408889634)
    r = (x - k * 6.93147180369123816490e-01) - k * 1.90821492927058770002e-10
    # Taylor to r^13: the rest is below 4e-18 at r = ln2/2
    p = 1.0 / 6227020800.0
    p = p * r + 1.0 / 479001600.0
    p = p * r + 1.0 / 39916800.0
    p = p * r + 1.0 / 3628800.0
    p = p * r + 1.0 / 362880.0
    p = p * r + 1.0 / 40320.0
    p = p * r + 1.0 / 5040.0
    p = p * r + 1.0 / 720.0
    p = p * r + 1.0 / 120.0
    p = p * r + 1.0 / 24.0
    p = p * r + 1.0 / 6.0
    p = p * r + 0.5
    p = (p * r + 1.0) * r + 1.0
    return p * _double((np.int64(k) + 1023) << 52)


def exp(x):  # type: ignore[no-untyped-def]  # numba wants the signature of the overload below
    """``e^x`` for x from -708 (single precision: -87) to 0; less gives the value there, which nothing in a net can tell from 0."""
    return np.exp(np.maximum(x, -87.0 if np.asarray(x).dtype == np.float32 else -708.0))


@overload(exp, inline="always")
def _compiled_exp(x):  # type: ignore[no-untyped-def]
    if x == types.float32:
        return lambda x: _exp_single(x)
    return lambda x: _exp_double(x)


VECTOR = 8  # values that :func:`exp_row` takes at once


@intrinsic
def _exp_eight(context: Any, out: Any, i: Any, rates: Any, j: Any, t: Any) -> Any:
    """:func:`_exp_single` of eight neighbours, ``t rates[j..]``, into ``out[i..]``: a row is too short for the compiler to do so by itself."""
    vector = ir.VectorType(ir.FloatType(), VECTOR)
    whole = ir.VectorType(ir.IntType(32), VECTOR)

    def splat(value: Any, kind: Any = vector) -> Any:
        return ir.Constant(kind, [value.item()] * VECTOR)

    def generate(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        def times(a: Any, b: Any) -> Any:
            return builder.fmul(a, b, flags=("contract",))

        def plus(a: Any, b: Any) -> Any:
            return builder.fadd(a, b, flags=("contract",))

        def pointer(array: Any, k: Any) -> Any:
            return builder.bitcast(builder.gep(array, [k]), vector.as_pointer())

        one = builder.insert_element(ir.Constant(vector, ir.Undefined), args[4], ir.IntType(32)(0))
        each = builder.shuffle_vector(one, ir.Constant(vector, ir.Undefined), ir.Constant(whole, [0] * VECTOR))
        x = times(each, builder.load(pointer(args[2], args[3]), align=4))
        x = builder.select(builder.fcmp_ordered(">", x, splat(_LEAST)), x, splat(_LEAST))
        rint = cgutils.get_or_insert_function(
            builder.module, ir.FunctionType(vector, [vector]), f"llvm.rint.v{VECTOR}f32"
        )
        k = builder.call(rint, [times(x, splat(_LOG2E))])
        r = plus(plus(x, times(k, splat(-_LN2_HIGH))), times(k, splat(-_LN2_LOW)))
        p = splat(_P5)
        for coefficient in (_P4, _P3, _P2, _P1, _HALF):
            p = plus(times(p, r), splat(coefficient))
        p = plus(plus(times(times(p, r), r), r), splat(_ONE))
        power = builder.add(builder.fptosi(k, whole), splat(_BIAS32, whole))
        scale = builder.bitcast(builder.shl(power, splat(_SHIFT32, whole)), vector)
        builder.store(times(p, scale), pointer(args[0], args[1]), align=4)
        return ir.Constant(ir.IntType(64), 0)

    return types.int64(out, types.int64, rates, types.int64, types.float32), generate


def exp_row(out, i, rates, j, n, t):  # type: ignore[no-untyped-def]  # numba wants the signature of the overload below
    """``out[i + k] = exp(t rates[j + k])`` for k < n; up to VECTOR - 1 more may be read and written."""
    out[i : i + n] = exp(t * rates[j : j + n])


@overload(exp_row)
def _compiled_exp_row(out, i, rates, j, n, t):  # type: ignore[no-untyped-def]
    if t == types.float32:

        def single(out, i, rates, j, n, t):  # type: ignore[no-untyped-def]
            for k in range(0, n, VECTOR):
                _exp_eight(out, i + k, rates, j + k, t)

        return single

    def double(out, i, rates, j, n, t):  # type: ignore[no-untyped-def]
        for k in range(n):
            out[i + k] = exp(t * rates[j + k])

    return double


@inlined
def decay(x: float) -> float:
    """``e^x`` for x from -0.125 to 0, by Taylor to x^10: the rest is below 3e-18. Windows are kept short enough for it."""
    y = x * x
    even = 1.0 + y * (0.5 + y * (1.0 / 24.0 + y * (1.0 / 720.0 + y * (1.0 / 40320.0 + y * (1.0 / 3628800.0)))))
    odd = 1.0 + y * (1.0 / 6.0 + y * (1.0 / 120.0 + y * (1.0 / 5040.0 + y * (1.0 / 362880.0))))
    return even + x * odd


@inlined
def mix(z: Any) -> Any:
    """The finaliser of SplitMix64: a bijection of 64 bits."""
    z = (z ^ (z >> _S30)) * _MIX1
    z = (z ^ (z >> _S27)) * _MIX2
    return z ^ (z >> _S31)


@inlined
def place_of(stream: Any, k: Any) -> Any:
    """What :func:`mix` turns into number ``k`` of a stream (both uint64); number ``k + 1`` is ``STRIDE`` further."""
    return stream + (k + _COUNT) * STRIDE


@inlined
def to_unit(bits: Any) -> float:
    """A number in (0, 1) from 64 bits."""
    return (np.float64(np.int64(bits >> _S11)) + 0.5) * 1.1102230246251565e-16


def _log_polynomial(degree: int) -> tuple[np.float32, ...]:
    """Coefficients of ``(ln(1 + y) - y)/y^2`` for ``1 + y`` from sqrt(1/2) to sqrt(2), by interpolation at Chebyshev's points."""
    low, high = math.sqrt(0.5) - 1.0, math.sqrt(2.0) - 1.0
    y = low + (high - low) * (chebyshev.chebpts1(degree + 1) + 1.0) / 2.0
    made = chebyshev.Chebyshev.fit(y, (np.log1p(y) - y) / (y * y), degree, domain=[low, high])
    return tuple(np.float32(made.convert(kind=Polynomial).coef))


_L0, _L1, _L2, _L3, _L4, _L5, _L6, _L7 = _log_polynomial(7)
_LN2, _DRAWS = np.float32(math.log(2.0)), np.float32(31.0)


@inlined
def exponential(number: Any) -> Any:
    """An exponential variate of mean 1 from a whole number of 31 bits, plus 1/2 (float32): ``-ln(number/2^31)``, to single precision.

    Its grid is 6e-8 at small values, and it ends at 22.2: one in four thousand million draws would be larger."""
    bits = _bits(number)
    power = np.int32(np.int32(bits - _ROOT_HALF) >> _SHIFT32)
    y = _single(np.int32(bits - np.int32(power << _SHIFT32))) - _ONE
    z = y * y
    p = (_L0 + _L1 * y) + (_L2 + _L3 * y) * z + ((_L4 + _L5 * y) + (_L6 + _L7 * y) * z) * (z * z)
    return -(((np.float32(power) - _DRAWS) * _LN2 + y) + z * p)


def streams(seed: int, name: str, size: int) -> np.ndarray:
    """One stream a neuron, from the seed of the net and the name of the population (uint64, shape (size,))."""
    key = np.random.SeedSequence([seed, *name.encode()]).generate_state(1, np.uint64)[0]
    with np.errstate(over="ignore"):
        return mix_array(key + np.arange(size, dtype=np.uint64) * np.uint64(0xD1342543DE82EF95))


def mix_array(z: np.ndarray) -> np.ndarray:
    """:func:`mix` of an array, without compiling."""
    with np.errstate(over="ignore"):
        z = (z ^ (z >> _S30)) * _MIX1
        z = (z ^ (z >> _S27)) * _MIX2
    return z ^ (z >> _S31)
