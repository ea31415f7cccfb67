"""Nothing remains: no simulator and no temporary file, when a run ends, is interrupted, or its process is killed."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ionspike.errors import RunError
from ionspike.spice import Job, Limits, Ngspice, Transient, scratch

SLEEPER = "#!/bin/sh\necho $$ >> {pids}\nexec sleep 300\n"
PARENT = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell starts what it puts in the background deaf to Ctrl-C
from ionspike.spice import Job, Ngspice, Transient, run_all
jobs = [Job("r1 a 0 1\\n", Transient(1e-6, 1e-7), ("v(a)",)) for _ in range(4)]
run_all(Ngspice(sys.argv[1]), jobs, workers=2)
"""


@pytest.fixture
def sleeper(tmp_path: Path) -> Path:
    """A simulator that only sleeps, and notes the number of its process."""
    (tmp_path / "temporary").mkdir()
    program = tmp_path / "ngspice"
    program.write_text(SLEEPER.format(pids=tmp_path / "pids"))
    program.chmod(program.stat().st_mode | stat.S_IEXEC)
    return program


def start(sleeper: Path) -> subprocess.Popen[bytes]:
    """A process that runs four jobs, two at a time; returns when both run."""
    environment = {**os.environ, "TMPDIR": str(sleeper.parent / "temporary"), "IONSPIKE_CACHE": "off"}
    parent = subprocess.Popen([sys.executable, "-c", PARENT, str(sleeper)], env=environment, stderr=subprocess.DEVNULL)
    until(lambda: len(pids(sleeper)) == 2, "two runs begin", 60)
    return parent


def pids(sleeper: Path) -> list[int]:
    noted = sleeper.parent / "pids"
    return [int(word) for word in noted.read_text().split()] if noted.exists() else []


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split(")")[1].split()[0] != "Z"
    except OSError:
        return False


def until(true, what: str, seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f"not within {seconds} s: {what}"
        time.sleep(0.02)


def nothing_remains(sleeper: Path) -> None:
    until(lambda: not any(alive(pid) for pid in pids(sleeper)), "simulators end")
    until(lambda: not list((sleeper.parent / "temporary").iterdir()), "the temporary folder is empty")
    assert len(pids(sleeper)) == 2, "no further run was begun"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="a kernel that ends a child with its parent")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_nothing_remains_of_a_process_that_is_killed(sleeper: Path, how: signal.Signals):
    parent = start(sleeper)
    parent.send_signal(how)
    parent.wait(10)
    nothing_remains(sleeper)


def test_a_folder_whose_remover_was_killed_too_goes_with_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    script = (
        "import os, signal\n"
        "from ionspike.spice import scratch\n"
        "print(scratch.session(), flush=True)\n"
        "os.kill(scratch._own.remover.pid, signal.SIGKILL)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    left = Path(done.stdout.strip())
    assert left.is_dir() and left.parent == tmp_path
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    mine = scratch.session()
    assert not left.exists() and mine.is_dir()


def test_the_folder_of_a_process_that_lives_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    script = "from ionspike.spice import scratch\nprint(scratch.session(), flush=True)\ninput()\n"
    other = subprocess.Popen(
        [sys.executable, "-c", script],
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert other.stdout is not None
    theirs = Path(other.stdout.readline().strip())
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    scratch.session()
    assert theirs.is_dir()
    other.communicate("\n", timeout=20)
    until(lambda: not theirs.exists(), "a process that ends removes its folder")


def program(tmp_path: Path, body: str) -> Ngspice:
    path = tmp_path / "ngspice"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(path.stat().st_mode | stat.S_IEXEC)
    return Ngspice(str(path))


JOB = "r1 a 0 1\n"


def test_a_program_that_takes_too_much_memory_is_stopped(tmp_path: Path):
    greedy = f"exec {sys.executable} -c 'x = bytearray(600 * 2**20); print(len(x))'"
    with pytest.raises(RunError, match="no waveforms"):
        program(tmp_path, greedy).run(Job(JOB, Transient(1e-6, 1e-7), ("v(a)",), limits=Limits(20, memory=500 * 2**20)))


def test_what_a_program_has_started_is_stopped_with_it(tmp_path: Path):
    body = f"sleep 300 & echo $! > {tmp_path / 'pids'}\nwait"
    with pytest.raises(RunError, match=r"stopped after 0\.5 s"):
        program(tmp_path, body).run(Job(JOB, Transient(1e-6, 1e-7), ("v(a)",), limits=Limits(0.5)))
    until(lambda: not alive(int((tmp_path / "pids").read_text())), "its child ends")
