"""Compiled code is kept on disk; what was compiled from other sources is not taken for it."""

from __future__ import annotations

from pathlib import Path

from ionspike.network.kernels import digest, kernel


def test_kernels_are_kept_under_a_name_that_changes_with_any_of_their_sources(tmp_path: Path):
    files = [tmp_path / "callee.py", tmp_path / "caller.py"]
    for path in files:
        path.write_text("PLACE = 1\n")
    before = digest(files)
    assert digest(files) == before
    files[0].write_text("PLACE = 2\n")
    assert digest(files) != before

    def first(at: int, _i: int, _j: int, _k: int, _l: int, _x: float, _y: float) -> int:
        return at

    import ionspike.network.kernels as module

    every = [*sorted(Path(module.__file__).parent.glob("*.py")), Path(module.moebius.__file__)]
    kernel(first)
    assert first.__qualname__.endswith(digest(every))
