"""Exported neurons run in plain ngspice, without Python, and measure what the package measures on the same bench."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import numpy as np
import pytest

from ionspike.circuit.energy import energy
from ionspike.circuit.export import export
from ionspike.circuit.neurons import Neuron
from ionspike.circuit.simulate import Setting, simulate
from ionspike.circuit.topologies import TOPOLOGIES
from ionspike.device import Ecram
from ionspike.errors import InputError

pytestmark = pytest.mark.spice


def _ngspice(path: Path, home: Path) -> dict[str, float]:
    """The four printed figures of a run in an empty environment."""
    home.mkdir()
    done = subprocess.run(
        ["ngspice", "-b", path.name],
        cwd=path.parent,
        env={"PATH": os.environ["PATH"], "HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return {key: float(value) for key, value in re.findall(r"^(\w+) = (\S+)$", done.stdout, re.MULTILINE)}


@pytest.mark.parametrize("name", list(TOPOLOGIES))
def test_an_exported_neuron_measures_itself_as_the_package_does(
    name: str, tmp_path: Path, setting: Setting, reference: Ecram
):
    done = export(Neuron(name, synapse=reference), tmp_path / "run" / f"{name}.cir", setting)
    found = _ngspice(done.files[0], tmp_path / "home")
    assert sorted(p.name for p in (tmp_path / "run").iterdir()) == sorted(p.name for p in done.files)
    run = simulate(done.bench, done.stop, setting)
    # the same netlist at the same tolerance: what is left is the digits printed
    assert found["spikes"] == len(run.spike_times) >= 5
    assert found["width"] == pytest.approx(run.widths[1], rel=1e-3)
    assert found["interval"] == pytest.approx(np.diff(run.spike_times).mean(), rel=1e-4)
    assert found["energy"] == pytest.approx(energy(run).total(), rel=1e-3)


def test_ecrams_in_several_paths_are_exported_together(tmp_path: Path, setting: Setting, reference: Ecram):
    neuron = Neuron(input=reference, delay=reference)
    done = export(neuron, tmp_path / "both.cir", setting)
    assert _ngspice(done.files[0], tmp_path / "home")["spikes"] >= 5
    assert "xinput spk a mem ecram_reference" in done.files[0].read_text()
    assert "xdelay spk da db ecram_reference" in done.files[0].read_text()


@pytest.mark.parametrize("name", ["neuron.spice", "a b.cir", 'a".cir'])
def test_a_file_that_is_no_netlist_is_refused(name: str, tmp_path: Path, setting: Setting):
    with pytest.raises(InputError, match="no name for a netlist"):
        export(Neuron(), tmp_path / name, setting)
    assert not list(tmp_path.iterdir())
