"""Compiled code is kept on disk; what was compiled from other sources is not taken for it."""

from __future__ import annotations

from pathlib import Path

from ionspike.device import compiled as module
from ionspike.device.compiled import SOURCES, compiled, digest


def test_a_hash_changes_with_any_of_the_sources(tmp_path: Path):
    files = [tmp_path / "callee.py", tmp_path / "caller.py"]
    for path in files:
        path.write_text("PLACE = 1\n")
    before = digest(files)
    assert digest(files) == before
    files[0].write_text("PLACE = 2\n")
    assert digest(files) != before


def test_a_function_is_kept_under_a_name_that_says_what_its_sources_hold():
    def twice(x: float) -> float:
        return 2.0 * x

    assert compiled()(twice)(2.0) == 4.0
    assert twice.__qualname__.endswith("." + digest(sorted(Path(module.__file__).parent.rglob("*.py"))))
    assert {"moebius.py", "exponential.py", "propagate.py"} <= {path.name for path in SOURCES}
