"""Which neuron is joined to which: rules, arrays, sparse matrices. Every draw comes from the seed of the net."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ionspike.errors import InputError

Indices = NDArray[np.int32]


@dataclass(frozen=True)
class AllToAll:
    """Every source to every target; ``to_itself``: a neuron to itself, too, within one population."""

    to_itself: bool = False


@dataclass(frozen=True)
class OneToOne:
    """Source k to target k of two populations of one size."""


@dataclass(frozen=True)
class FixedInDegree:
    """``count`` random sources to every target; ``repeated``: the same source may come twice; ``to_itself`` as above."""

    count: int
    repeated: bool = True
    to_itself: bool = False


@dataclass(frozen=True)
class PairwiseProbability:
    """Every pair with ``probability``, independently; ``to_itself`` as above."""

    probability: float
    to_itself: bool = False


@dataclass(frozen=True, eq=False)
class Pairs:
    """Given pairs: synapse k joins ``source[k]`` to ``target[k]``."""

    source: ArrayLike
    target: ArrayLike


@dataclass(frozen=True, eq=False)
class Matrix:
    """The entries of a scipy sparse matrix or array of shape (sources, targets), in row order; their values are the weights unless the
    projection gives others."""

    matrix: Any


Connectivity = AllToAll | OneToOne | FixedInDegree | PairwiseProbability | Pairs | Matrix


def pairs(
    rule: Connectivity, sources: int, targets: int, same: bool, where: str, rng: np.random.Generator
) -> tuple[Indices, Indices]:
    """Source and target of every synapse; ``same``: both are one population.

    Raises:
        InputError: sizes or indices that do not fit the rule.
    """
    if isinstance(rule, OneToOne):
        if sources != targets:
            raise InputError(
                f"{where} is one-to-one from {sources} to {targets} neurons; expected populations of one size"
            )
        return np.arange(sources, dtype=np.int32), np.arange(sources, dtype=np.int32)
    if isinstance(rule, AllToAll):
        source = np.repeat(np.arange(sources, dtype=np.int32), targets)
        target = np.tile(np.arange(targets, dtype=np.int32), sources)
        return _without_self(source, target, same and not rule.to_itself)
    if isinstance(rule, FixedInDegree):
        return _fixed_in_degree(rule, sources, targets, same, where, rng)
    if isinstance(rule, PairwiseProbability):
        return _pairwise(rule, sources, targets, same, where, rng)
    if isinstance(rule, Matrix):
        return _entries(rule, sources, targets, where)
    return _given(rule, sources, targets, where)


def expected_count(rule: Connectivity, sources: int, targets: int) -> int:
    """How many synapses a rule makes, without making them."""
    if isinstance(rule, OneToOne):
        return sources
    if isinstance(rule, AllToAll):
        return sources * targets
    if isinstance(rule, FixedInDegree):
        return int(rule.count) * targets
    if isinstance(rule, PairwiseProbability):
        return int(rule.probability * sources * targets)
    return int(rule.matrix.nnz) if isinstance(rule, Matrix) else int(np.size(rule.source))


def _without_self(source: Indices, target: Indices, wanted: bool) -> tuple[Indices, Indices]:
    if not wanted:
        return source, target
    kept = source != target
    return source[kept], target[kept]


def _fixed_in_degree(
    rule: FixedInDegree, sources: int, targets: int, same: bool, where: str, rng: np.random.Generator
) -> tuple[Indices, Indices]:
    other = same and not rule.to_itself
    choice = sources - 1 if other else sources
    if isinstance(rule.count, bool) or int(rule.count) != rule.count or rule.count < 0:
        raise InputError(f"in-degree of {where} is {rule.count!r}; expected a whole number from 0 up")
    count = int(rule.count)
    if (not rule.repeated and count > choice) or (count and not choice):
        raise InputError(f"in-degree of {where} is {count}, but there are only {choice} sources to choose from")
    target = np.repeat(np.arange(targets, dtype=np.int32), count)
    if rule.repeated:
        source = rng.integers(0, choice, count * targets, dtype=np.int32)
    else:
        source = np.concatenate(
            [rng.choice(choice, count, replace=False).astype(np.int32) for _ in range(targets)]
            or [np.empty(0, np.int32)]
        )
    if other:
        source += source >= target  # numbers from the target's own on stand for the neuron after
    return source, target


def _pairwise(
    rule: PairwiseProbability, sources: int, targets: int, same: bool, where: str, rng: np.random.Generator
) -> tuple[Indices, Indices]:
    if not 0 <= rule.probability <= 1:
        raise InputError(f"probability of {where} is {rule.probability:g}; expected 0 to 1")
    if rule.probability == 0:
        return np.empty(0, np.int32), np.empty(0, np.int32)
    rows = [np.flatnonzero(rng.random(targets) < rule.probability).astype(np.int32) for _ in range(sources)]
    source = np.repeat(np.arange(sources, dtype=np.int32), [len(row) for row in rows])
    return _without_self(source, np.concatenate(rows), same and not rule.to_itself)


def _entries(rule: Matrix, sources: int, targets: int, where: str) -> tuple[Indices, Indices]:
    if not hasattr(rule.matrix, "tocsr"):
        raise InputError(f"the matrix of {where} is a {type(rule.matrix).__name__}; expected a scipy sparse matrix")
    if rule.matrix.shape != (sources, targets):
        raise InputError(f"the matrix of {where} has shape {rule.matrix.shape}; expected ({sources}, {targets})")
    found = rule.matrix.tocsr().tocoo()
    return found.row.astype(np.int32), found.col.astype(np.int32)


def matrix_weights(rule: Matrix) -> NDArray[np.float64]:
    """The values of the entries, in the order :func:`pairs` gives them."""
    return np.asarray(rule.matrix.tocsr().tocoo().data, float)


def _given(rule: Pairs, sources: int, targets: int, where: str) -> tuple[Indices, Indices]:
    source, target = np.asarray(rule.source), np.asarray(rule.target)
    if source.ndim != 1 or source.shape != target.shape:
        raise InputError(
            f"the pairs of {where} have shapes {source.shape} and {target.shape}; expected two lists of one length"
        )
    for name, index, size in (("source", source, sources), ("target", target, targets)):
        if len(index) and not np.issubdtype(index.dtype, np.integer):
            raise InputError(f"{name} of {where} has entries that are no whole numbers; expected indices of neurons")
        wrong = np.flatnonzero((index < 0) | (index >= size))
        if len(wrong):
            raise InputError(f"{name}[{wrong[0]}] of {where} is {index[wrong[0]]}; expected 0 to {size - 1}")
    return source.astype(np.int32), target.astype(np.int32)
