"""The file for Brian2: complete, and, where Brian2 is installed, the law."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from dataclasses import replace

import pytest
from benchmarks.brian2_export import compare

from ionspike.device import Ecram, library
from ionspike.device.export.brian2 import brian2


@pytest.mark.parametrize("name", list(library()))
def test_the_file_is_python_with_every_value_of_the_card(name: str):
    device = Ecram.load(name)
    text = brian2(device)
    tree = ast.parse(text)
    assert not re.search("@[A-Z_]+@", text)  # no place of the template is left open
    given = {
        target.id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    gate = ast.literal_eval(given["GATE"])
    assert gate == {key: getattr(device.gate, key) for key in ("polarity", "V_rest", "V_T", "V_0", "J_lim")}
    assert isinstance(given["STATES"], ast.List) and len(given["STATES"].elts) == len(device.states)


def test_brian2_takes_the_laws_steps():
    # in a process of its own: an installed Brian2 may be one that does not run on this NumPy
    if subprocess.run([sys.executable, "-c", "import brian2"], capture_output=True, check=False).returncode:
        pytest.skip("Brian2 does not run here; python -m benchmarks.brian2_export --python PATH runs this elsewhere")
    reference = Ecram.load("reference")
    cooperative = replace(reference, populations=(replace(reference.populations[0], c=3.0, d=2.0, s=0.5, V_d=0.4),))
    found = compare(cooperative)
    assert found["train"] < 1e-9  # exact steps in double precision
    assert found["waveform"] < 1e-5  # Runge-Kutta of fourth order, 400 steps a pulse
