"""A figure of docs/device.md: the law of the card oect-slow on its record, cycles 8 to 10 held out.

python examples/fit_figure.py DATA --out docs
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

import ionspike as isp
from ionspike.device.fitting import Shape
from ionspike.device.fitting.page import trace_figure
from ionspike.device.fitting.simpler_laws import simpler_laws
from ionspike.files import write_bytes
from ionspike.plotting import png

FITTED = 7  # cycles


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, help="folder of public records (ionspike data list)")
    parser.add_argument("--out", type=Path, default=Path("docs"))
    options = parser.parse_args()
    record = isp.device.fetch("oect-slow", options.data).read()
    begins = np.flatnonzero(np.diff((np.abs(record.gate) > 0.1).astype(int)) > 0) + 1
    fitted = np.arange(len(record.time)) < begins[FITTED]
    shape = Shape(populations=2, cooperative=False, insertion=True, aging=True)
    fit = isp.device.fit(record, shape=shape, fitted=fitted, name="oect-slow")
    print(
        f"{100 * fit.error:.3g} % of the swing over the fitted samples, {100 * fit.residual(~fitted):.3g} % over the others"
    )
    write_bytes(options.out / "fit-slow.png", png(trace_figure(fit, simpler_laws(fit))))


if __name__ == "__main__":
    main()
