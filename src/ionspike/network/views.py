"""Arrays as the compiled loops see them: by their place in a table of addresses.

A net has some seventy arrays. Handed on one by one, or as tuples, they cost minutes of compilation and a count of references at every
call; a table of addresses is one argument, and a view of an array costs two loads. The arrays themselves are kept alive by the
:class:`~ionspike.network.memory_table.Memory` that made the table.
"""

# pyright: reportArgumentType=false, reportCallIssue=false, reportReturnType=false
# numba compiles this: its integers are numpy's, its intrinsics take one argument less than they are written with

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic
from numba.np import arrayobj


def _array(context: Any, builder: Any, kind: Any, address: Any, shape: list[Any]) -> Any:
    """An array of type ``kind`` at an address, owned by nobody."""
    made = arrayobj.make_array(kind)(context, builder)
    element = context.get_data_type(kind.dtype)
    size = context.get_constant(types.intp, context.get_abi_sizeof(element))
    strides = [size]
    for n in reversed(shape[1:]):
        strides.insert(0, builder.mul(strides[0], n))
    arrayobj.populate_array(
        made,
        data=builder.inttoptr(address, element.as_pointer()),
        shape=cgutils.pack_array(builder, shape),
        strides=cgutils.pack_array(builder, strides),
        itemsize=size,
        meminfo=ir.Constant(context.get_value_type(types.MemInfoPointer(types.voidptr)), None),
    )
    return made._getvalue()


@intrinsic
def _view(typing_context: Any, address: Any, length: Any, like: Any) -> Any:
    kind = types.Array(like, 1, "C")

    def generate(context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        return _array(context, builder, kind, args[0], [args[1]])

    return kind(types.int64, types.int64, like), generate


@intrinsic
def _view_2d(typing_context: Any, address: Any, rows: Any, columns: Any, like: Any) -> Any:
    kind = types.Array(like, 2, "C")

    def generate(context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        return _array(context, builder, kind, args[0], [args[1], args[2]])

    return kind(types.int64, types.int64, types.int64, like), generate


@intrinsic
def _bytes(typing_context: Any, like: Any) -> Any:
    """The size of a value."""

    def generate(context: Any, _builder: Any, _signature: Any, _args: Any) -> Any:
        return context.get_constant(types.int64, context.get_abi_sizeof(context.get_data_type(like)))

    return types.int64(like), generate


@njit(cache=True, inline="always")
def view(at: Any, slot: int, like: Any) -> Any:
    """The array in ``slot``, of the type of ``like``."""
    return _view(at[2 * slot], at[2 * slot + 1], like)


@njit(cache=True, inline="always")
def view_2d(at: Any, slot: int, columns: int, like: Any) -> Any:
    """The array in ``slot`` as rows of so many columns."""
    return _view_2d(at[2 * slot], at[2 * slot + 1] // columns, columns, like)


@njit(cache=True, inline="always")
def part(at: Any, slot: int, b: int, blocks: int, like: Any) -> Any:
    """What block ``b`` of ``blocks`` has of the array in ``slot``."""
    room = at[2 * slot + 1] // blocks
    return _view(at[2 * slot] + b * room * _bytes(like), room, like)


F64, I64, I32, U32, U64 = 0.0, np.int64(0), np.int32(0), np.uint32(0), np.uint64(0)
