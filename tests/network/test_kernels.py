"""Kernels are kept on disk under a name that says what all their sources hold, those of the device law included."""

from __future__ import annotations

from pathlib import Path

import ionspike.network.kernels as module
from ionspike.device.compiled import SOURCES, digest
from ionspike.network.kernels import kernel


def test_kernels_are_kept_under_a_name_that_changes_with_any_of_their_sources():
    def first(at: int, _i: int, _j: int, _k: int, _l: int, _x: float, _y: float) -> int:
        return at

    kernel(first)
    assert first.__qualname__.endswith("." + digest([*sorted(Path(module.__file__).parent.glob("*.py")), *SOURCES]))
