"""The engine against a plain event loop, spike for spike, on random nets: ``python -m benchmarks.exactness --nets 200``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "network"))


def main() -> int:
    """0 if every net agrees."""
    from random_nets import random_net
    from test_engine import TIME_ERROR, assert_spike_for_spike  # the check of the test suite, on more nets

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nets", type=int, default=200)
    given = parser.parse_args()
    spikes, wrong = 0, []
    for seed in range(given.nets):
        try:
            spikes += assert_spike_for_spike(random_net(seed), 0.1, TIME_ERROR)
        except AssertionError as error:
            wrong.append(seed)
            print(f"net {seed}: {' '.join(str(error).split())[:200]}", file=sys.stderr)
    print(f"{given.nets - len(wrong)} of {given.nets} nets agree spike for spike; {spikes} spikes")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
