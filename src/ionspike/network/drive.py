"""Arrivals of Poisson inputs that act through one synapse a neuron: listed, sized by their synapses, summed."""

# pyright: reportArgumentType=false, reportCallIssue=false, reportReturnType=false
# numba compiles this: its integers are numpy's, its intrinsics take one argument less than they are written with

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from ionspike.network.arrays import (
    AT_BATCH_GAP,
    AT_BATCH_NEURON,
    AT_BATCH_SIZE,
    AT_BATCH_TIME,
    AT_BATCH_USED,
    AT_BLOCK,
    AT_CONSTANTS,
    AT_DRAWN,
    AT_DRIVE_AT,
    AT_DRIVE_DOSES,
    AT_DRIVE_GAPS,
    AT_DRIVE_LAST,
    AT_DRIVE_OF,
    AT_DRIVE_SIZE,
    AT_DRIVE_TABLE,
    AT_DRIVE_TIME,
    AT_DRIVE_VALUES,
    AT_EDGES,
    AT_EXCITATION,
    AT_FLAG,
    AT_INHIBITION,
    AT_LEFT,
    AT_LEVEL,
    AT_MEAN,
    AT_NEXT,
    AT_ORDER,
    AT_POPULATION,
    AT_PROJECTION,
    AT_RECORDS,
    AT_SHARE,
    AT_STREAM,
    AT_USE_KERNEL,
    BASE,
    BATCH,
    BLOCK_COLUMNS,
    CHUNK,
    COLUMNS,
    CONSTANTS_COLUMNS,
    D_CHUNK0,
    D_EDGE0,
    D_EDGES,
    D_EVEN,
    D_FIRST,
    D_HIGH,
    D_LOW,
    D_PROJECTION,
    D_SHAPE,
    DELAY,
    DRIVE_COLUMNS,
    DRIVE_HIGH,
    DRIVE_LOW,
    GAIN,
    HIGH,
    POPULATION,
    POPULATION_COLUMNS,
    PROJECTION_COLUMNS,
    R_DOSE,
    R_RATE,
    R_STATE,
    R_WEIGHT,
    RECORD0,
    SHAPE_COLUMNS,
    SIGN,
    TAU,
    WIDTH,
    X_PULSE,
    X_REST,
)  # fmt: skip
from ionspike.network.batches import next_batch
from ionspike.network.elementary import decay, exp
from ionspike.network.kernels import call, inlined, inner, kernel
from ionspike.network.synapse_maps import pulsed
from ionspike.network.views import F32, F64, I32, I64, LINE, U8, U64, part, prefetch, room, row, view
from ionspike.network.window import due

_BATCH = np.uint64(BATCH)


@inner
def draw(at: Any, b: int, d: int, c: int, made: int, stop: float) -> int:
    """List the next arrivals of chunk ``c`` of drive ``d`` at block ``b`` before ``stop`` (s), from ``made`` on, in time: at most a batch. Returns how
    many are listed, or -1 if there is no room."""
    table = row(at, AT_DRIVE_TABLE, DRIVE_COLUMNS, d, I64)
    p, most = table[D_PROJECTION], room(at, AT_DRIVE_AT)
    following, drawn = view(at, AT_NEXT, F64), view(at, AT_DRAWN, U64)
    used, held = view(at, AT_BATCH_USED, I64), view(at, AT_BATCH_SIZE, I64)
    times, neurons = row(at, AT_BATCH_TIME, BATCH, c, F64), row(at, AT_BATCH_NEURON, BATCH, c, I32)
    who, when, of = part(at, AT_DRIVE_AT, b, I32), part(at, AT_DRIVE_TIME, b, F64), part(at, AT_DRIVE_OF, b, I32)
    lag = row(at, AT_CONSTANTS, CONSTANTS_COLUMNS, p, F64)[DELAY]
    while used[c] == held[c] and following[c] + lag < stop:
        low = table[D_LOW] + (c - table[D_CHUNK0]) * CHUNK
        following[c], held[c] = next_batch(
            view(at, AT_STREAM, U64)[c], drawn[c], following[c], view(at, AT_MEAN, F64)[c], table[D_EVEN] != 0,
            view(at, AT_SHARE, F64), table[D_FIRST] + low, low, min(table[D_HIGH] - low, CHUNK), part(at, AT_BATCH_GAP, b, F32), times, neurons, table[D_SHAPE],
            row(at, AT_DRIVE_VALUES, SHAPE_COLUMNS, d, F64), row(at, AT_EDGES, 1, table[D_EDGE0], F64),
            row(at, AT_LEVEL, 1, table[D_EDGE0], F64), table[D_EDGES],
        )  # fmt: skip
        drawn[c] += _BATCH
        used[c] = 0
    first, last = used[c], due(times, used[c], held[c], lag, stop)
    n = last - first
    if made + n > most:
        return np.int64(-1)
    for j in range(n):
        who[made + j] = neurons[first + j]
    for j in range(n):
        when[made + j] = times[first + j] + lag
    for j in range(n):
        of[made + j] = np.int32(p)
    used[c] = last
    return made + n


@inlined
def falls(at: Any, b: int, first: int, last: int, stop: float, fall: float) -> Any:
    """What is left at ``stop`` of the listed arrivals ``first`` to ``last``; ``fall``: -1/tau (1/s)."""
    when, left = part(at, AT_DRIVE_TIME, b, F64), part(at, AT_LEFT, b, F64)
    for q in range(last - first):
        left[q] = decay((stop - when[first + q]) * fall)
    return left


@inlined
def add(excitation: Any, inhibition: Any, i: int, value: float, sign: int) -> None:
    """An arrival to the sums of neuron ``i``; ``sign``: 1 if none inhibits."""
    if sign > 0:
        excitation[i] += value
    else:
        excitation[i] += max(value, 0.0)
        inhibition[i] += min(value, 0.0)


@cache
def weigh_kernel(real: type) -> Any:
    """``(at, b, d, first, last, stop, fall)``: sizes of the listed arrivals ``first`` to ``last`` of drive ``d``: weights; and their sums, decayed to
    ``stop`` at the rate ``fall``."""
    one = real(1.0)

    @kernel
    def weigh(at: Any, b: int, d: int, first: int, last: int, stop: float, fall: float) -> int:
        p = row(at, AT_DRIVE_TABLE, DRIVE_COLUMNS, d, I64)[D_PROJECTION]
        projection = row(at, AT_PROJECTION, PROJECTION_COLUMNS, p, I64)
        columns, sign, left = projection[COLUMNS], projection[SIGN], falls(at, b, first, last, stop, fall)
        who, size, records = part(at, AT_DRIVE_AT, b, I32), part(at, AT_DRIVE_SIZE, b, one), view(at, AT_RECORDS, one)
        excitation, inhibition = view(at, AT_EXCITATION, F64), view(at, AT_INHIBITION, F64)
        for q in range(first, last):
            i = np.int64(who[q])
            weight = records[projection[RECORD0] + columns * i + R_WEIGHT]
            size[q] = weight
            add(excitation, inhibition, i, weight * left[q - first], sign)
        return last

    return weigh


@cache
def use_kernel(real: type, mean: bool) -> Any:
    """As :func:`weigh_kernel`, for devices of their own; ``mean``: see :mod:`ionspike.network.synapse_maps`. Two arrivals may be of one neuron, so
    states move one by one; the exponentials between them do not depend on each other."""
    one = real(1.0)

    @kernel
    def use(at: Any, b: int, d: int, first: int, last: int, stop: float, fall: float) -> int:
        table = row(at, AT_DRIVE_TABLE, DRIVE_COLUMNS, d, I64)
        p, mine = table[D_PROJECTION], table[D_FIRST]
        projection, constants = (
            row(at, AT_PROJECTION, PROJECTION_COLUMNS, p, I64),
            row(at, AT_CONSTANTS, CONSTANTS_COLUMNS, p, F64),
        )
        columns, sign, left = projection[COLUMNS], projection[SIGN], falls(at, b, first, last, stop, fall)
        width = constants[WIDTH]
        rest, full, base, gain = (
            real(constants[X_REST]), real(constants[X_PULSE]), real(constants[BASE]), real(constants[GAIN]),
        )  # fmt: skip
        who, when, before = part(at, AT_DRIVE_AT, b, I32), part(at, AT_DRIVE_TIME, b, F64), view(at, AT_DRIVE_LAST, F64)
        size, records, record0 = part(at, AT_DRIVE_SIZE, b, one), view(at, AT_RECORDS, one), projection[RECORD0]
        kept, used = part(at, AT_DRIVE_GAPS, b, one), part(at, AT_DRIVE_DOSES, b, one)
        excitation, inhibition = view(at, AT_EXCITATION, F64), view(at, AT_INHIBITION, F64)
        for q in range(first, last):
            i, time = np.int64(who[q]), when[q]
            record = record0 + columns * i
            # the rest between two pulses is shorter than their interval
            kept[q - first] = real(-max(time - before[mine + i] - width, 0.0)) * records[record + R_RATE]
            before[mine + i] = time
            if mean:
                used[q - first] = records[record + R_DOSE]
        for q in range(last - first):
            kept[q] = exp(kept[q])
            if mean:
                used[q] = one - exp(-used[q])
        for q in range(first, last):
            i = np.int64(who[q])
            record = record0 + columns * i
            dose = records[record + R_DOSE]
            taken = used[q - first] if mean else dose
            records[record + R_STATE], seen = pulsed(
                records[record + R_STATE], kept[q - first], taken, dose, rest, full, mean
            )
            value = records[record + R_WEIGHT] * (base + gain * seen)
            size[q] = value
            add(excitation, inhibition, i, value * left[q - first], sign)
        return last

    return use


@inner
def fetch(at: Any, d: int, low: int, n: int, one: Any, line: int) -> None:
    """Ask for what ``n`` neurons from number ``low`` on own of drive ``d``: arrivals come to them in no order."""
    table = row(at, AT_DRIVE_TABLE, DRIVE_COLUMNS, d, I64)
    projection = row(at, AT_PROJECTION, PROJECTION_COLUMNS, table[D_PROJECTION], I64)
    records, before, columns = view(at, AT_RECORDS, one), view(at, AT_DRIVE_LAST, F64), projection[COLUMNS]
    first = projection[RECORD0] + columns * low + R_WEIGHT
    for k in range(first, first + columns * n, line):
        prefetch(records, k)
    for k in range(table[D_FIRST] + low, table[D_FIRST] + low + n, LINE // 8):
        prefetch(before, k)


@cache
def drive_kernel(real: type) -> Any:
    """``(at, b, low, made, .., stop)``: all arrivals of all drives before ``stop`` at the neurons of one chunk, from number ``low`` on, of block ``b``: listed
    from ``made`` on, and summed, decayed to ``stop``. Returns the end of the list, or -1 if there is no room for them."""

    one, line = real(1.0), LINE // np.dtype(real).itemsize

    @kernel
    def drive(at: Any, b: int, low: int, made: int, _l: int, stop: float, _y: float) -> int:
        block = row(at, AT_BLOCK, BLOCK_COLUMNS, b, I64)
        fall = -1.0 / row(at, AT_POPULATION, POPULATION_COLUMNS, block[POPULATION], F64)[TAU]
        uses = view(at, AT_USE_KERNEL, I64)
        for d in range(block[DRIVE_LOW], block[DRIVE_HIGH]):
            table = row(at, AT_DRIVE_TABLE, DRIVE_COLUMNS, d, I64)
            c = table[D_CHUNK0] + (low - table[D_LOW]) // CHUNK
            fetch(at, d, low, min(CHUNK, block[HIGH] - low), one, line)
            while True:
                first = made
                made = draw(at, b, d, c, first, stop)
                if made <= first:
                    break
                call(uses[d], at, b, d, first, made, stop, fall)
            if made < 0:
                return made
        return made

    return drive


@cache
def keep_kernel(real: type) -> Any:
    """``(at, b, kept, listed)``: of the arrivals listed from ``kept`` to ``listed``, keep those of neurons that are to be walked. Returns where they
    end."""
    one = real(1.0)

    @kernel
    def keep(at: Any, b: int, kept: int, listed: int, _l: int, _x: float, _y: float) -> int:
        flag, who, when = view(at, AT_FLAG, U8), part(at, AT_DRIVE_AT, b, I32), part(at, AT_DRIVE_TIME, b, F64)
        size, of = part(at, AT_DRIVE_SIZE, b, one), part(at, AT_DRIVE_OF, b, I32)
        found, hits = part(at, AT_ORDER, b, I64), np.int64(0)  # not in use yet
        for q in range(kept, listed):  # counted before they are looked at, so that nothing is guessed
            found[hits] = q
            hits += np.int64(flag[who[q]])
        for k in range(hits):
            q = found[k]
            who[kept + k], when[kept + k], size[kept + k], of[kept + k] = who[q], when[q], size[q], of[q]
        kept += hits
        return kept

    return keep
