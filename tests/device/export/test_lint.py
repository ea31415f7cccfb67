"""The lint of Verilog-A: every rule finds what it is for, in the right line, and nothing that only looks like it."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import pytest

from ionspike.device import Ecram, library
from ionspike.device.export.lint import lint, lint_file
from ionspike.device.export.verilog_a import verilog_a
from ionspike.errors import InputError

SAFE = """`include "disciplines.vams"
// no idt, no @(initial_step), no $bound_step: this is a comment
/* idt(V(a)); @(cross(V(a))) $bound_step(1) */
module safe(a, b);
    inout a, b;
    electrical a, b;
    electrical x;
    branch (a, b) path;
    (* desc = "idt of the @ $bound_step", units = "m" *) parameter real width = 1.0, slewing = 2.0;
    real idt_like, both, zip;
    integer k;
    analog function real square;
        input v; real v;
        square = v * v;
    endfunction
    analog begin : body
        real local;
        idt_like = width * $temperature;
        local = square(idt_like);
        if (V(a, b) > 0.0) both = 1.0; else both = -1.0;
        case (1)
            0: zip = 1.0;
            default: zip = 2.0;
        endcase
        for (k = 0; k < 3; k = k + 1) zip = zip + k;
        I(x) <+ 1e-6 * ddt(V(x));
        if (analysis("static")) I(x) <+ 1e-6 * V(x); else I(x) <+ 1e-6 * (V(x) - both);
        I(path) <+ V(x) * V(path) * zip * local + 1e-15 * ddt(V(path));
        $strobe("idt @ $bound_step");
    end
endmodule
"""


def _with(line: str, where: str = "        $strobe") -> str:
    """The safe module with one line more."""
    return SAFE.replace(where, f"{line}\n{where}", 1)


def test_a_safe_module_passes_whatever_its_comments_strings_and_names_hold():
    assert lint(SAFE) == []


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ("zip = idt(V(a, b), 0.0);", "idt"),
        ("zip = idtmod(V(a, b), 0.0, 1.0);", "idt"),
        ("@(initial_step) zip = 0.0;", "event"),
        ("@(cross(V(a) - 1.0, 1)) zip = 0.0;", "event"),
        ("$bound_step(1e-9);", "bound-step"),
        ("I(a) <+ transition(zip, 0, 1e-9);", "hidden-state"),
        ("I(a) <+ laplace_nd(V(a), {1}, {1, 1});", "hidden-state"),
        ("zip = ddt(V(a));", "ddt"),
        ("if (V(a) > 0.0) I(a) <+ ddt(V(a));", "ddt"),
        ("I(a) <+ $mfactor * V(a);", "multiplicity"),
    ],
)
def test_what_is_not_safe_is_found_in_its_line(line: str, rule: str):
    text = _with(line)
    number = text[: text.index(line)].count("\n") + 1
    assert (number, rule) in [(finding.line, finding.rule) for finding in lint(text)]


@pytest.mark.parametrize(
    "line",
    [
        "zip = held; held = 1.0;",
        "if (V(a) > 0.0) held = 1.0;\n        zip = held;",
        "held = held + 1.0;",
        "case (1)\n 0: held = 1.0;\n endcase\n zip = held;",
        "while (zip < 0.0) held = 1.0;\n I(a) <+ held;",
    ],
)
def test_a_variable_that_may_hold_an_earlier_value_is_hidden_state(line: str):
    text = _with(line).replace("real idt_like,", "real held, idt_like,")
    assert {finding.rule for finding in lint(text)} == {"hidden-state"}
    assert "held" in lint(text)[0].message


def test_a_node_with_only_ddt_has_no_resting_solution():
    text = SAFE.replace("        if (analysis", "        //").replace("V(x) * V(path)", "V(path)")
    assert [finding.rule for finding in lint(text)] == ["dc"]


def test_states_without_temperature_a_parameter_m_and_capitals_are_found():
    text = SAFE.replace("$temperature", "300.0").replace("slewing", "m").replace("width", "Width")
    assert {finding.rule for finding in lint(text)} == {"temperature", "multiplicity", "lower-case"}


def test_what_the_package_writes_and_brings_passes():
    for name in library():
        assert lint(verilog_a(Ecram.load(name))) == []
    assert lint((resources.files("ionspike.spice") / "probes.va").read_text()) == []


@pytest.mark.parametrize("cut", range(0, len(SAFE), 37))
def test_a_file_cut_anywhere_is_read_to_its_end_or_refused(cut: int):
    try:
        lint(SAFE[:cut])
    except InputError as error:
        assert "no module" in str(error)


def test_a_file_that_is_none_is_refused(tmp_path: Path):
    (tmp_path / "x.va").write_bytes(b"\xff\xfe\x00")
    for name, told in (("x.va", "not Verilog-A"), ("none.va", "cannot be read")):
        with pytest.raises(InputError, match=told):
            lint_file(tmp_path / name)
