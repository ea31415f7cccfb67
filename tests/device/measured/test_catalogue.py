"""Public records by name: from a folder, from a server, from the cache, and never another file than the pinned one."""

from __future__ import annotations

import hashlib
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from ionspike.device.measured import catalogue as public
from ionspike.device.measured.catalogue import RecordEntry, RecordFile, fetch, known_file, public_records
from ionspike.errors import InputError, RunError

CONTENT = b"t (s),V_G (V),G (S)\n" + b"".join(b"%d,%d,%d\n" % (k, k % 2, k % 2) for k in range(20))
FILE = RecordFile("sub folder/a.csv", hashlib.sha256(CONTENT).hexdigest())
ENTRY = RecordEntry("tiny", "made here", "synthetic", "someone/somewhere", "c0ffee", "MIT", "nobody", "tiny", (FILE,))


class _Server(http.server.ThreadingHTTPServer):
    """Serves one file; ``answer`` changes what it sends."""

    answer = "whole"
    asked: list[str]


class _Handler(http.server.BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        if self.server.answer == "none":
            self.send_error(404)
            return
        body = CONTENT if self.server.answer != "other" else CONTENT.replace(b"1", b"2")
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if self.server.answer == "half" else body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[_Server]:
    monkeypatch.setattr(public, "public_records", lambda: {"tiny": ENTRY})
    monkeypatch.delenv("IONSPIKE_DATA", raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    made = _Server(("127.0.0.1", 0), _Handler)
    made.asked = []
    thread = threading.Thread(target=made.serve_forever, daemon=True)
    thread.start()
    yield made
    made.shutdown()
    made.server_close()


def _address(server: _Server) -> str:
    return f"http://127.0.0.1:{server.server_address[1]}"


def _kept(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_a_record_is_fetched_once_and_then_comes_from_the_cache(server: _Server, tmp_path: Path):
    found = fetch("tiny", cache_folder=tmp_path, server=_address(server))
    assert found.paths[0].read_bytes() == CONTENT
    assert server.asked == ["/someone/somewhere/c0ffee/sub%20folder/a.csv"]
    server.answer = "none"
    again = fetch("tiny", cache_folder=tmp_path, server=_address(server))
    assert again.paths == found.paths and len(server.asked) == 1
    assert len(found.read().time) == 20


@pytest.mark.parametrize("answer", ["other", "half", "none"])
def test_what_is_not_the_pinned_file_is_refused_and_not_kept(server: _Server, tmp_path: Path, answer: str):
    server.answer = answer
    with pytest.raises(RunError, match=r"a\.csv") as raised:
        fetch("tiny", cache_folder=tmp_path, server=_address(server))
    assert "\n" not in str(raised.value)
    assert not _kept(tmp_path)


def test_a_server_that_is_down_is_one_clear_line(server: _Server, tmp_path: Path):
    address = _address(server)
    server.shutdown()
    server.server_close()
    with pytest.raises(RunError, match=r"did not come .*--data DIR or IONSPIKE_DATA") as raised:
        fetch("tiny", cache_folder=tmp_path, server=address)
    assert "\n" not in str(raised.value) and not _kept(tmp_path)


def test_a_damaged_file_in_the_cache_is_fetched_again(server: _Server, tmp_path: Path):
    found = fetch("tiny", cache_folder=tmp_path, server=_address(server))
    found.paths[0].write_bytes(b"damaged")
    assert fetch("tiny", cache_folder=tmp_path, server=_address(server)).paths[0].read_bytes() == CONTENT


def test_a_folder_that_is_there_is_looked_in_first_and_its_file_checked(
    server: _Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    copy = tmp_path / "data" / "tiny" / "a.csv"
    copy.parent.mkdir(parents=True)
    copy.write_bytes(CONTENT)
    assert fetch("tiny", data=tmp_path / "data", server=_address(server)).paths == (copy,)
    monkeypatch.setenv("IONSPIKE_DATA", str(tmp_path / "data"))
    assert fetch("tiny", server=_address(server)).paths == (copy,)
    assert not server.asked
    copy.write_bytes(b"another")
    with pytest.raises(InputError, match="is not the file of record 'tiny': its SHA-256"):
        fetch("tiny", server=_address(server))
    copy.unlink()  # what the folder lacks is fetched
    assert fetch("tiny", cache_folder=tmp_path / "cache", server=_address(server)).paths[0].read_bytes() == CONTENT


def test_an_unknown_name_or_folder_is_refused(tmp_path: Path):
    with pytest.raises(InputError, match="there is no record 'nothing'; expected one of oect-1khz"):
        fetch("nothing")
    with pytest.raises(InputError, match="there is no folder"):
        fetch("oect-1khz", data=tmp_path / "none")


def test_every_record_has_a_pinned_address_licence_and_citation():
    for entry in public_records().values():
        assert entry.licence and entry.citation and entry.about and len(entry.commit) == 40
        assert entry.data in ("measured", "apparently measured", "synthetic")
        for file in entry.files:
            assert entry.url(file).startswith(f"https://raw.githubusercontent.com/{entry.repository}/{entry.commit}/")
            assert len(file.sha256) == 64 and (not file.told or file.why)


def test_the_copies_at_hand_are_the_pinned_files(data: Path):
    for name, entry in public_records().items():
        for path in fetch(name, data=data).paths:
            known = known_file(path)
            assert known is not None and known[1].name == path.name and known[0].folder == entry.folder
