"""Kernels on disk go when something that they were compiled with has changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from ionspike.network import compiled_cache


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shared = tmp_path / "arrays.py"
    shared.write_text("AT_V = 1\n")
    monkeypatch.setattr(compiled_cache, "_SHARED", (shared,))
    compiled_cache.forget_stale(tmp_path)
    for name in ("walk.1.nbc", "walk.nbi", "walk.pyc"):
        (tmp_path / name).write_bytes(b"")
    return tmp_path


def test_kernels_stay_while_nothing_has_changed(folder: Path):
    compiled_cache.forget_stale(folder)
    assert (folder / "walk.nbi").exists() and (folder / "walk.1.nbc").exists()


def test_kernels_go_when_a_shared_file_has_changed(folder: Path):
    (folder / "arrays.py").write_text("AT_V = 2\n")
    compiled_cache.forget_stale(folder)
    assert not list(folder.glob("*.nb?")) and (folder / "walk.pyc").exists()
    (folder / "walk.nbi").write_bytes(b"")
    compiled_cache.forget_stale(folder)
    assert (folder / "walk.nbi").exists()
