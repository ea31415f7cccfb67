"""Nothing is half-written: a file is replaced whole or stays as it was."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from ionspike import files
from ionspike.errors import InputError


def test_a_file_is_written_with_its_folders(tmp_path: Path):
    assert files.write_text(tmp_path / "a" / "b.txt", "ö").read_text() == "ö"


@pytest.mark.parametrize("where", ["fdopen", "replace"])
def test_a_full_disk_leaves_the_earlier_file_and_no_rest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str):
    target = files.write_text(tmp_path / "card.toml", "earlier")

    def full(*_: object, **__: object):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(files.os, where, full)
    with pytest.raises(InputError, match="No space left"):
        files.write_text(target, "later")
    assert target.read_text() == "earlier"
    assert [p.name for p in tmp_path.iterdir()] == ["card.toml"]


def test_a_folder_that_is_a_file_is_named(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="file"):
        files.write_text(tmp_path / "file" / "x", "")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"x = " + b"[" * 5_000 + b"]" * 5_000, "without end"),
        (b"x = ", "not a TOML file"),
        (b"x = '\xe9'", "not a TOML file"),
        (b"x = 1" + b" " * 100_000, "a card has at most 20000"),
    ],
)
def test_a_toml_file_that_is_none_is_told_in_one_sentence(content: bytes, told: str, tmp_path: Path):
    path = tmp_path / "card.toml"
    path.write_bytes(content)
    with pytest.raises(InputError, match=rf"card\.toml.*{told}"):
        files.read_toml(path, 20_000, "a card")


def test_a_pipe_that_never_ends_is_not_read(tmp_path: Path):
    os.mkfifo(tmp_path / "pipe.toml")
    with pytest.raises(InputError, match="no plain file"):
        files.read_toml(tmp_path / "pipe.toml", 20_000, "a card")


def test_a_toml_file_is_read(tmp_path: Path):
    (tmp_path / "a.toml").write_text("x = [1, 2]")
    assert files.read_toml(tmp_path / "a.toml", 100, "a card") == {"x": [1, 2]}


def test_a_folder_that_cannot_be_written_is_told_before_anything_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    files.check_folder(tmp_path / "new" / "er")
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="file is no folder"):
        files.check_folder(tmp_path / "file" / "x")
    monkeypatch.setattr(files.os, "access", lambda *_: False)
    with pytest.raises(InputError, match="may not be written"):
        files.check_folder(tmp_path / "new")
    assert [p.name for p in tmp_path.iterdir()] == ["file"]
