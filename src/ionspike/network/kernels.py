"""Kernels: compiled one by one, called by address.

Numba compiles what a function calls anew into each of its callers. A kernel that is called by its address is compiled once, whoever calls
it, and only if a net has a use for it. All have the same signature: the address of the table, four integers, two floats; those that size
the arrivals at a row of synapses take six integers.
"""

# pyright: reportArgumentType=false, reportCallIssue=false, reportReturnType=false
# numba compiles this: its integers are numpy's, its intrinsics take one argument less than they are written with

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from llvmlite import ir
from numba import cfunc, njit, types
from numba.core.caching import FunctionCache
from numba.extending import intrinsic

from ionspike.device import compiled as compiling
from ionspike.device.compiled import SOURCES, digest

FAST = {"contract"}  # fused multiply-add; no other liberty with rounding
_INTS, _SIZE_INTS, _FLOATS = 5, 7, 2
_SIGNATURE = types.int64(*[types.int64] * _INTS, *[types.float64] * _FLOATS)
_SIZE_SIGNATURE = types.int64(*[types.int64] * _SIZE_INTS, *[types.float64] * _FLOATS)


# all that is compiled into kernels
_STAMP = digest([*sorted(Path(__file__).parent.glob("*.py")), *SOURCES])


def any_kept() -> bool:
    """Whether kernels of these sources were compiled before, or can't be kept at all."""
    try:
        folder = Path(FunctionCache(kernel).cache_path)
    except RuntimeError:  # nowhere to write
        return True
    return any(folder.glob(f"*_kernel.*.{_STAMP}-*"))


def stamped(function: Callable[..., Any]) -> Any:
    """As :func:`ionspike.device.compiled.stamped`, of this layer's sources. A kernel compiled for another layout of the arrays would read anywhere
    in memory."""
    return compiling.stamped(function, _STAMP)


def compiled(**options: Any) -> Callable[[Callable[..., Any]], Any]:
    """As ``numba.njit(cache=True, **options)``, for functions that Python calls as well."""
    return lambda function: njit(cache=True, **options)(stamped(function))


def kernel(function: Callable[..., int]) -> Any:
    """Compile a kernel ``(at, i, j, k, l, x, y) -> int``, or load it; ``.address`` is what :func:`call` takes."""
    return cfunc(_SIGNATURE, cache=True, fastmath=FAST, error_model="numpy")(stamped(function))


def size_kernel(function: Callable[..., int]) -> Any:
    """The same for ``(at, p, number, record, stride, n, first, x, y) -> int``, for :func:`call_size`."""
    return cfunc(_SIZE_SIGNATURE, cache=True, fastmath=FAST, error_model="numpy")(stamped(function))


def kernel_of_threads(function: Callable[..., int]) -> Any:
    """A kernel whose ``prange`` loops run side by side."""
    return cfunc(_SIGNATURE, cache=True, error_model="numpy", parallel=True)(stamped(function))


def inner(function: Callable[..., Any]) -> Any:
    """A function that only kernels call."""
    return njit(fastmath=FAST, error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True)(function)


def inlined(function: Callable[..., Any]) -> Any:
    """The same for the body of a loop, where a call would cost as much as what it does."""
    return njit(fastmath=FAST, error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True, forceinline=True)(
        function
    )


@intrinsic
def call(
    typing_context: Any, address: Any, at: Any, i: Any, j: Any, k: Any, l: Any, x: Any, y: Any
) -> Any:  # fmt: skip
    """Call the kernel at an address."""

    return types.int64(types.int64, *_SIGNATURE.args), _calling(_INTS)


@intrinsic
def call_size(
    typing_context: Any, address: Any, at: Any, p: Any, number: Any, record: Any, stride: Any, n: Any, first: Any, x: Any, y: Any
) -> Any:  # fmt: skip
    """Call the kernel of sizes at an address."""
    return types.int64(types.int64, *_SIZE_SIGNATURE.args), _calling(_SIZE_INTS)


def _calling(ints: int) -> Callable[..., Any]:
    def generate(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        word, real = ir.IntType(64), ir.DoubleType()
        kind = ir.FunctionType(word, [word] * ints + [real] * _FLOATS)
        return builder.call(builder.inttoptr(args[0], kind.as_pointer()), args[1:])

    return generate
