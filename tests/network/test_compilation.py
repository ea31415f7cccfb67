"""Where no net has run before, a second process compiles what the first has not come to."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
from numba.core import config

from ionspike.network.compilation import Making, compile_all, second_process
from ionspike.network.drive import keep_kernel
from ionspike.network.kernels import any_kept
from ionspike.network.synapse_maps import own_kernel


def test_what_makes_a_kernel_is_the_same_after_it_was_told_to_another_process():
    making = Making(own_kernel, (np.float32, True, False))
    assert Making.read(*making.described()) == making
    assert making.described() == ["ionspike.network.synapse_maps", "own_kernel", ["float32", True, False]]


@pytest.fixture
def nothing_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for compiled code, empty, for this process and for those that it starts."""
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(config, "CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(config, "NUMBA_NUM_THREADS", 2)
    return tmp_path


def test_the_second_process_leaves_what_it_compiles_on_disk_and_is_not_asked_again(nothing_kept: Path):
    assert not any_kept()
    with second_process() as helper:
        helper([Making(keep_kernel, (np.float32,))])
        until = time.monotonic() + 60.0
        while not any_kept() and time.monotonic() < until:
            time.sleep(0.05)
    assert [path.name for path in nothing_kept.rglob("*.nbi") if "keep_kernel" in path.name]
    with second_process() as helper:
        started = time.monotonic()
        helper([Making(keep_kernel, (np.float64,))])
    assert time.monotonic() - started < 0.2  # no process was started
    assert len(list(nothing_kept.rglob("*.nbi"))) == 1


def test_a_second_process_that_fails_leaves_the_work_to_the_first(nothing_kept: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("sys.executable", "/bin/false")
    with second_process() as helper:
        time.sleep(0.1)
        compile_all([Making(keep_kernel, (np.float32,))], helper)
    assert keep_kernel(np.float32).address
