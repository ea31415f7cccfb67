"""What reaches a netlist: an allow-list decides, line by line."""

from __future__ import annotations

import pytest

from ionspike.errors import InputError
from ionspike.spice import check_netlist

GOOD = "* comment 'quoted'\nr1 a 0 1k\nc1 a 0 {2*c}\n+ ic=0\n.param c=1p\n.ic v(a)=1\nb1 b 0 v = tanh(v(a)/(2*0.05))\n"


def test_plain_elements_pass():
    check_netlist(GOOD)


@pytest.mark.parametrize(
    "line",
    [
        ".control",
        ".include /etc/passwd",
        ".lib x tt",
        ".option scale=1",
        ".csparam a=1",
        ".tran 1n 1u",
        ".save all",
        ".write x",
        "a1 [a] [b] model",
        "v1 a 0 pwl file=/etc/passwd",
        'r1 a 0 "1k"',
        "r1 a 0 1k ; shell rm",
        "r1 a 0 $x",
        "r1 a 0 `ls`",
        "r1 a 0 1k \\",
        ".model m filesource(file=x)",
        "+ continued",
    ],
)
def test_anything_else_is_refused_with_its_line(line: str):
    first = "" if line.startswith("+") else "r0 a 0 1k\n"
    with pytest.raises(InputError, match=f"line {2 if first else 1}") as raised:
        check_netlist(first + line + "\n")
    assert "netlist line" in str(raised.value)
