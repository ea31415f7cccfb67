"""``python -m benchmarks.device_exports``: the exports of every card of the library against the law, as the table of ``docs/validation.md``."""

from __future__ import annotations

import sys
import time

from ionspike.device import Ecram, library
from ionspike.device.export.validate import LIMITS, validate


def main() -> None:
    """Print one line a card: the largest difference of conductance and of gate charge on each simulator."""
    print("| card | " + " | ".join(f"{name}: G | gate charge" for name in LIMITS) + " | benches | s |")
    print("|---|" + "---|" * (2 * len(LIMITS) + 2))
    failed = False
    for name in sys.argv[1:] or library():
        begin = time.perf_counter()
        found = validate(Ecram.load(name))
        spent = time.perf_counter() - begin
        cells = [f"{value:.4f}" for engine in found.versions for value in found.worst(engine)]
        benches = len({item.bench for item in found.differences if not item.reason})
        print(f"| {name} | " + " | ".join(cells) + f" | {benches} | {spent:.1f} |", flush=True)
        failed |= not found.passed
        for why in found.missing.values():
            print(f"not run: {why}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
