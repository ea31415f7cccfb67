"""Arrays as the compiled loops see them: by their place in a table of addresses.

A net has some eighty arrays. Handed on one by one, or as numba arrays, they cost minutes of compilation and a count of references at every
call; the address of a table is one argument, and a pointer out of it costs one load. The table has three words an array: address, length,
and how much of it each block (or projection) has. The arrays themselves are kept alive by the
:class:`~ionspike.network.memory_table.Memory` that made the table.
"""

# pyright: reportArgumentType=false, reportCallIssue=false, reportReturnType=false
# numba compiles this: its integers are numpy's, its intrinsics take one argument less than they are written with

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numba.np import arrayobj

TABLE_COLUMNS = 3
_ADDRESS, _LENGTH, _ROOM = range(TABLE_COLUMNS)
_WORD = ir.IntType(64)
F64, F32, I64, I32, U64, U8 = 0.0, np.float32(0), np.int64(0), np.int32(0), np.uint64(0), np.uint8(0)
LINE = 64  # bytes that come from memory together


def _entry(builder: Any, at: Any, slot: Any, column: int) -> Any:
    """A word of the table at address ``at``."""
    place = builder.add(builder.mul(slot, _WORD(TABLE_COLUMNS)), _WORD(column))
    return builder.load(builder.gep(builder.inttoptr(at, _WORD.as_pointer()), [place]))


def _moved(context: Any, builder: Any, kind: Any, address: Any, places: Any) -> Any:
    """A pointer to ``kind`` so many places behind an address."""
    start = builder.inttoptr(address, context.get_value_type(kind))
    return builder.gep(start, [places])


@intrinsic
def view(typing_context: Any, at: Any, slot: Any, like: Any) -> Any:
    """The array in ``slot``, of the type of ``like``, as a pointer."""
    kind = types.CPointer(like)

    def generate(context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        return builder.inttoptr(_entry(builder, args[0], args[1], _ADDRESS), context.get_value_type(kind))

    return kind(types.int64, types.int64, like), generate


@intrinsic
def row(typing_context: Any, at: Any, slot: Any, columns: Any, k: Any, like: Any) -> Any:
    """Row ``k`` of the array in ``slot`` taken as rows of so many columns."""
    kind = types.CPointer(like)

    def generate(context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        return _moved(
            context, builder, kind, _entry(builder, args[0], args[1], _ADDRESS), builder.mul(args[2], args[3])
        )

    return kind(types.int64, types.int64, types.int64, types.int64, like), generate


@intrinsic
def part(typing_context: Any, at: Any, slot: Any, b: Any, like: Any) -> Any:
    """What block (or projection) ``b`` has of the array in ``slot``."""
    kind = types.CPointer(like)

    def generate(context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        room_ = _entry(builder, args[0], args[1], _ROOM)
        return _moved(context, builder, kind, _entry(builder, args[0], args[1], _ADDRESS), builder.mul(args[2], room_))

    return kind(types.int64, types.int64, types.int64, like), generate


def _word(column: int) -> Any:
    def read(typing_context: Any, at: Any, slot: Any) -> Any:
        def generate(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
            return _entry(builder, args[0], args[1], column)

        return types.int64(types.int64, types.int64), generate

    return read


length = intrinsic(_word(_LENGTH))  # elements of the array in a slot
room = intrinsic(_word(_ROOM))  # elements that each block (or projection) has of it


@intrinsic
def array(typing_context: Any, at: Any, slot: Any, low: Any, n: Any, like: Any) -> Any:
    """``n`` elements from number ``low`` on as a numba array, for functions that Python calls as well."""
    kind = types.Array(like, 1, "C")

    def generate(context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        data = _moved(context, builder, types.CPointer(like), _entry(builder, args[0], args[1], _ADDRESS), args[2])
        return _array(context, builder, kind, data, [args[3]])

    return kind(types.int64, types.int64, types.int64, types.int64, like), generate


@intrinsic
def array_2d(typing_context: Any, at: Any, slot: Any, low: Any, rows: Any, columns: Any, like: Any) -> Any:
    """The same as rows of so many columns, from row ``low`` on."""
    kind = types.Array(like, 2, "C")

    def generate(context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        start = _entry(builder, args[0], args[1], _ADDRESS)
        data = _moved(context, builder, types.CPointer(like), start, builder.mul(args[2], args[4]))
        return _array(context, builder, kind, data, [args[3], args[4]])

    return kind(types.int64, types.int64, types.int64, types.int64, types.int64, like), generate


def _array(context: Any, builder: Any, kind: Any, data: Any, shape: list[Any]) -> Any:
    """An array of type ``kind``, owned by nobody."""
    made = arrayobj.make_array(kind)(context, builder)
    size = context.get_constant(types.intp, context.get_abi_sizeof(context.get_data_type(kind.dtype)))
    strides = [size]
    for n in reversed(shape[1:]):
        strides.insert(0, builder.mul(strides[0], n))
    arrayobj.populate_array(
        made,
        data=data,
        shape=cgutils.pack_array(builder, shape),
        strides=cgutils.pack_array(builder, strides),
        itemsize=size,
        meminfo=ir.Constant(context.get_value_type(types.MemInfoPointer(types.voidptr)), None),
    )
    return made._getvalue()


@intrinsic
def whole(typing_context: Any, like: Any) -> Any:
    """A whole number as wide as the real ``like``."""
    kind = types.uint32 if like == types.float32 else types.uint64

    def generate(context: Any, _builder: Any, _signature: Any, _args: Any) -> Any:
        return context.get_constant(kind, 0)

    return kind(like), generate


@intrinsic
def prefetch(typing_context: Any, pointer: Any, k: Any) -> Any:
    """Ask for element ``k`` to be brought nearer."""

    def generate(context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        byte = ir.IntType(8).as_pointer()
        flag = ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [byte, flag, flag, flag])
        asked = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
        element = builder.bitcast(builder.gep(args[0], [args[1]]), byte)
        builder.call(asked, [element, flag(0), flag(3), flag(1)])  # to read, to the nearest cache, data
        return context.get_dummy_value()

    return types.none(pointer, types.int64), generate


@intrinsic
def eight(typing_context: Any, pointer: Any, k: Any) -> Any:
    """Eight bytes from number ``k`` on as one integer."""

    def generate(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        start = builder.bitcast(builder.gep(args[0], [args[1]]), _WORD.as_pointer())
        return builder.load(start, align=1)

    return types.int64(pointer, types.int64), generate
