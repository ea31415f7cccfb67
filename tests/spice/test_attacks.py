"""What comes from outside tries to run commands, to read and write files, and to make the simulator hang: nothing of it happens.

Every case goes the whole way: it is refused before anything runs, or real ngspice runs the deck that was made of it and leaves the
folders as they were.
"""

from __future__ import annotations

import subprocess
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from ionspike.circuit.simulate import Setting
from ionspike.circuit.subcircuit import read_subcircuits
from ionspike.device import Ecram, subckt
from ionspike.errors import InputError, RunError
from ionspike.spice import Job, Kit, Limits, Ngspice, Transient, compose
from ionspike.spice.netlist import read_netlist

pytestmark = pytest.mark.spice

PLAIN = "v1 a 0 1\nr1 a 0 1k\n"


@pytest.fixture
def engine() -> Ngspice:
    try:
        return Ngspice.find()
    except RunError as error:
        pytest.skip(str(error))


def outcome(engine: Ngspice, netlist: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """What became of a run: ``refused``, ``failed`` or ``ran``; nothing may lie in ``folder``, nor in a user's home, afterwards."""
    monkeypatch.chdir(folder)
    monkeypatch.setenv("HOME", str(folder))
    before = sorted(folder.rglob("*"))
    started = time.monotonic()
    try:
        engine.run(Job(netlist, Transient(1e-6, 1e-7), ("v(a)",), limits=Limits(seconds=10)))
        result = "ran"
    except InputError:
        result = "refused"
    except RunError as error:
        assert "was stopped after" not in str(error), "it hung"
        result = "failed"
    assert time.monotonic() - started < 60
    assert sorted(folder.rglob("*")) == before
    return result


REFUSED = {
    "control block": ".control\nshell touch pwned\n.endc",
    "control block in capitals": ".CONTROL\nSHELL touch pwned\n.ENDC",
    "indented control block": "   .control\n\tshell touch pwned\n   .endc",
    "control block by continuation": ".con\n+trol\nshell touch pwned\n.endc",
    "exec": ".exec touch pwned",
    "include": ".include /etc/hostname",
    "inc": ".inc /etc/hostname",
    "incl": ".incl '/etc/hostname'",
    "lib": ".lib /etc/hostname tt",
    "own section": ".lib tt\nr2 a 0 1\n.endl",
    "csparam": ".csparam x = 1",
    "options with a file": ".options acct rawfile=pwned",
    "if": ".if (1)\nr2 a 0 1\n.endif",
    "save": ".save all",
    "probe": ".probe alli",
    "measure": ".measure tran x find v(a) at=1n",
    "meas": ".meas tran x param='1'",
    "print": ".print tran v(a)",
    "plot": ".plot tran v(a)",
    "four": ".four 1k v(a)",
    "tran": ".tran 1n 1",
    "end": ".end\n.control\nshell touch pwned\n.endc",
    "title": ".title x",
    "backquotes": "r2 a 0 `touch pwned`",
    "dollar": "r2 a 0 $x",
    "dollar comment": "r2 a 0 1k $ comment",
    "braced variable": "r2 a 0 $&x",
    "semicolon": "r2 a 0 1k ; comment",
    "slashes": "r2 a 0 1k // comment",
    "backslash": "r2 a 0 1k \\",
    "double backslash": "r2 a 0 \\\\\n1k",
    "quotes": "r2 a 0 'system(1)'",
    "xspice element": "a1 [a] [b] f\n.model f filesource(file=/etc/hostname)",
    "osdi element": "n1 a 0 mod",
    "file parameter": "v2 b 0 pwl file=/etc/hostname",
    "file in a model": ".model f r file = x",
    "xspice model": ".model f d_source(input_file=x)",
    "model of another kind": ".model f filesource",
    "NUL": "r2 a 0 1k\x00\n.control",
    "NUL in a name": "r\x002 a 0 1k",
    "form feed": "r2 a 0 1k\x0c.control",
    "lone carriage return": "r2 a 0 1k\r.control\rshell touch pwned\r.endc",
    "line separator": "r2 a 0 1k\u2028.control",
    "next line": "r2 a 0 1k\x85.control",
    "non-ASCII name": "rö a 0 1k",
    "full-width dot": "．control",
    "at sign": "@touch pwned",
    "hash": "# shell touch pwned",
    "long name": "r" + "x" * 5000 + " a 0 1k",
    "long node": "r2 a " + "x" * 5000 + " 1k",
    "long expression": "b2 b 0 v = " + "+".join(["1"] * 20_000),
    "deep brackets": "b2 b 0 v = " + "(" * 10_000 + "1" + ")" * 10_000,
    "deep brackets in a parameter": ".param x = {" + "(" * 500 + "1" + ")" * 500 + "}",
    "braces in braces": ".param x = {{1}}",
    "open brace": "r2 a 0 {1",
    "stray brace": "r2 a 0 1}",
    "recursive subcircuit": ".subckt s a\nx1 a s\n.ends\nx1 a s",
    "mutual subcircuits": ".subckt s a\nx1 a t\n.ends\n.subckt t a\nx1 a s\n.ends\nx1 a s",
    "subcircuit without end": ".subckt s a\nr2 a 0 1",
    "end without subcircuit": "r2 a 0 1\n.ends",
    "subcircuit twice": ".subckt s a\nr2 a 0 1\n.ends\n.subckt s a\nr2 a 0 2\n.ends",
    "ten thousand million elements": "\n".join(
        [f".subckt s{k + 1} a\n" + "\n".join(f"x{n} a s{k}" for n in range(10)) + "\n.ends" for k in range(1, 11)]
        + [".subckt s1 a\nr1 a 0 1\n.ends", "x1 a s11"]
    ),
    "recursive function": ".func f(x) {f(x)+1}\nb2 b 0 v = f(1)",
    "mutual functions": ".func f(x) {g(x)}\n.func g(x) {f(x)}\nb2 b 0 v = f(1)",
    "exploding functions": "\n".join(f".func f{k + 1}(x) {{f{k}(x)+f{k}(x)}}" for k in range(1, 60))
    + "\n.func f1(x) {x}",
    "exploding arguments": ".func f(x) {x+x}\nb2 b 0 v = " + "f(" * 50 + "1" + ")" * 50,
    "functions of functions": ".func f(x) {x*x*x*x}\n.func g(x) {f(f(f(f(f(f(f(f(f(f(x))))))))))}\nb2 b 0 v = g(g(1))",
    "function as a parameter": ".param f(x) = {x}\nb2 b 0 v = {f(1)}",
    "recursive function as a parameter": ".param f(x)={f(x)+1}\nb2 b 0 v={f(1)}",
    "exploding functions as parameters": "\n".join(f".param g{k + 1}(x)={{g{k}(x)+g{k}(x)}}" for k in range(40))
    + "\n.param g0(x)={x}\nb2 b 0 v={g40(1)}",
    "function behind a parameter": ".param p=1 f (x) = {x}",
    "giant parameter list": "\n".join(f".param p{k} = {{p{k + 1}+1}}" for k in range(6_000)) + "\n.param p6000=1",
}


@pytest.mark.parametrize("attack", REFUSED.values(), ids=REFUSED.keys())
def test_it_is_refused_before_anything_runs(attack: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    engine = Ngspice("/nowhere/ngspice")  # if it were started, that would be another error
    assert outcome(engine, PLAIN + attack + "\n", tmp_path, monkeypatch) == "refused"


@pytest.mark.parametrize(
    "line",
    [
        "r2 a 0 " + "file" * 100_000,
        "r2 a 0 " + ("x" * 128 + " ") * 3_000,
        "r2 a 0 " + ("file" * 32 + " ") * 3_000,
        "b2 b 0 v = " + "x" * 400_000,
        "x2 a" + " " * 400_000 + "0 s",
        "x2 a 0 s" + " p=1" * 100_000,
        "v2 b 0 pwl(" + ", " * 200_000 + ")",
        "r2 a 0 1k\n" + "+\n" * 400_000,
    ],
    ids=lambda line: line[:24],
)
def test_a_long_line_takes_no_longer_than_its_length(line: str):
    started = time.monotonic()
    with suppress(InputError):
        read_subcircuits(f".subckt s a b\n{line}\n.ends\n")
    assert time.monotonic() - started < 10


# what our reader takes for a comment, or for one line, and what ngspice might take for something else
HARMLESS = {
    "script mark": "*ng_script\n*#shell touch pwned",
    "comment that ngspice runs in scripts": "*# shell touch pwned",
    "control block in comments": "* .control\n* shell touch pwned\n* .endc",
    "comment with a carriage return": "* x\r.control\rshell touch pwned\r.endc",
    "comment with NUL": "* x\x00\n*\x00.control",
    "comment with a form feed": "* x\x0c.control",
    "comment that seems to go on": "* x \\\\\n* .control",
    "comment between continuations": "r2 a\n* .control\n+ 0 1k",
    "comment in another script": "* ünïcode ．control",
    "blank lines between continuations": "r2 a\n\n   \n+ 0 1k",
    "CR LF": "r2 a 0\r\n+ 1k\r\n",
    "compatibility comment": "*$ shell touch pwned",
    "a name like a command": ".subckt quit a\nrshell a 0 1k\n.ends\nxsource a quit",
    "circular parameters": ".param p={q} q={p}\nr2 a 0 {p}",
    "a long piecewise-linear source": "v2 b 0 pwl("
    + " ".join(f"{k}e-9 {k % 2}" for k in range(20_000))
    + ")\nr2 b 0 1",
    "brackets as deep as they may be": "b2 b 0 v = " + "(" * 59 + "v(a)" + ")" * 59,
    "an expression as long as it may be": "b2 b 0 v = " + "+".join(["v(a)"] * 3_000),
    "names as long as they may be": "r" + "x" * 127 + " a " + "y" * 128 + " 1k\nr2 " + "y" * 128 + " 0 1",
}


@pytest.mark.parametrize("netlist", HARMLESS.values(), ids=HARMLESS.keys())
def test_real_ngspice_runs_it_or_stops_and_touches_nothing(
    netlist: str, engine: Ngspice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    assert outcome(engine, PLAIN + netlist + "\n", tmp_path, monkeypatch) in ("ran", "failed")


def test_ngspice_reads_the_lines_that_our_reader_read(engine: Ngspice, tmp_path: Path):
    netlist = "\n".join([PLAIN, *(text for name, text in HARMLESS.items() if "circular" not in name)])
    lines = [line.text for line in read_netlist(netlist)]
    assert _as_ngspice_reads(engine, lines, tmp_path) == [_squeezed(line) for line in lines]


def test_whatever_our_reader_admits_ngspice_reads_as_the_same_lines(engine: Ngspice, tmp_path: Path):
    # junk between and inside the words of resistors
    random = Random(7)
    junk = [
        *"*+-;$/\\&|!?,.:<>=()[]#@^~%\r\f\v\t",
        "\n+",
        "\n*",
        "\r\n+",
        "\n",
        "//",
        "+ ",
        " +",
        " *",
        "\n.",
        "--",
        "$ ",
    ]
    admitted: list[str] = []
    for k in range(3000):
        text = f"rn{k} a 0 1k"
        for _ in range(random.randint(1, 3)):
            at = random.randrange(len(text) + 1)
            text = text[:at] + random.choice(junk) + text[at:]
        with suppress(InputError):
            admitted += [line.text for line in read_netlist(text + "\n")]
    assert 200 < len(admitted) < 2500
    assert _as_ngspice_reads(engine, admitted, tmp_path) == [_squeezed(line) for line in admitted]


def _as_ngspice_reads(engine: Ngspice, lines: list[str], folder: Path) -> list[str]:
    """The lines of a deck as ngspice's own record of its reading (``set ngdebug``) has them, comments and continuations resolved."""
    job = Job("\n".join(lines) + "\n", Transient(1e-6, 1e-7), ("v(a)",))
    (folder / "deck.cir").write_text(compose(job))
    (folder / "spinit").write_text("set ngdebug\n")
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "SPICE_SCRIPTS": str(folder)}
    command = [engine.path, "-n", "-b", "deck.cir"]
    subprocess.run(command, cwd=folder, env=environment, capture_output=True, timeout=60, check=False)
    record = (folder / "debug-out.txt").read_text()
    first = record.split("** uncommented deck **", 1)[1].split("** complete deck **", 1)[0]
    read = [
        row.split(None, 2)[2] for row in first.splitlines() if len(row.split(None, 2)) == 3 and row.split()[0].isdigit()
    ]
    start = next(k for k, row in enumerate(read) if row.startswith(".temp")) + 1
    end = next(k for k, row in enumerate(read) if row.startswith(".save"))
    return [_squeezed(row) for row in read[start:end]]


def _squeezed(line: str) -> str:
    # ngspice puts braces around parameters that are names
    return line.lower().translate(str.maketrans("", "", " \t{}"))


def test_a_card_cannot_bring_a_line_of_its_own(tmp_path: Path):
    card = tmp_path / "evil.toml"
    device = Ecram.load("reference")
    device.save(card)
    for name in ("x\n.control\nshell touch pwned\n.endc", "x `touch pwned`", "x.include", "é", "x" * 300):
        with pytest.raises(InputError):
            evil = replace(device, name=name)
            read_netlist(subckt(evil))
    card.write_text(card.read_text().replace('name = "reference"', 'name = "x\\n.control"'))
    with pytest.raises(InputError):
        read_netlist(subckt(Ecram.load(card)))


@pytest.mark.parametrize(
    "evil",
    [
        ".control\nshell touch pwned\n.endc",
        "  .CONTROL",
        ".exec touch pwned",
        "a1 [x] [y] f",
        "@x",
        ".csparam x=1",
        '.include "other.lib"',
    ],
)
def test_a_library_with_more_than_models_is_refused(
    evil: str, engine: Ngspice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    library = tmp_path / "kit" / "mine.lib"
    library.parent.mkdir()
    library.write_text(f".lib tt\n.param x=1\n{evil}\n.endl tt\n")
    (tmp_path / "user").mkdir()
    monkeypatch.chdir(tmp_path / "user")
    job = Job(PLAIN, Transient(1e-6, 1e-7), ("v(a)",), Kit("mine", "1", library))
    with pytest.raises(InputError, match=r"mine\.lib row 3|other\.lib"):
        engine.run(job)
    assert list((tmp_path / "user").iterdir()) == []


def test_what_a_library_includes_is_looked_at_too(engine: Ngspice, tmp_path: Path):
    (tmp_path / "mine.lib").write_text('.lib tt\n.include "sub/part.spice"\n.endl tt\n')
    part = tmp_path / "sub" / "part.spice"
    part.parent.mkdir()
    part.write_text("* models\n.param x=1\n")
    job = Job(PLAIN, Transient(1e-6, 1e-7), ("v(a)",), Kit("mine", "1", tmp_path / "mine.lib"))
    assert engine.run(job)["v(a)"][-1] == 1
    part.write_text("* models\n.control\nshell touch pwned\n.endc\n")
    with pytest.raises(InputError, match=r"part\.spice row 2"):
        engine.run(job)


def test_a_path_that_ngspice_would_read_otherwise_is_refused(engine: Ngspice, tmp_path: Path):
    folder = tmp_path / "a`touch pwned`$x"
    folder.mkdir()
    (folder / "mine.lib").write_text(".lib tt\n.endl tt\n")
    with pytest.raises(InputError, match="library path"):
        engine.run(Job(PLAIN, Transient(1e-6, 1e-7), ("v(a)",), Kit("mine", "1", folder / "mine.lib")))


def test_a_transistor_without_drawn_junctions_is_told(setting: Setting):
    netlist = "xn d g 0 0 sky130_fd_pr__nfet_01v8 w=0.42 l=0.15\nvg g 0 1\nvd d 0 1\n"
    with pytest.raises(InputError, match="line 1: transistor xn has no ad, as, pd, ps"):
        compose(Job(netlist, Transient(1e-6, 1e-7), ("v(d)",), setting.process))
