"""A save replaces a file all at once or not at all."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_llmcassette.cassette.files import load, save
from pytest_llmcassette.cassette.go_vcr import writer
from pytest_llmcassette.cassette.model import Interaction, Request, Response
from pytest_llmcassette.errors import CassetteFileError

MADE = [Interaction(request=Request(url="https://api.example.com/v1"), response=Response(body=b"new"))]


def test_folders_are_made_and_what_is_saved_is_loaded(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b[1]" / "ä.yaml"
    save(path, MADE)
    assert load(path) == MADE
    assert os.listdir(path.parent) == ["ä.yaml"]


def test_a_path_may_be_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    save("plain.yaml", MADE)
    assert load("plain.yaml") == MADE


def test_a_new_file_has_the_permissions_that_the_umask_leaves(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        save(tmp_path / "x.yaml", MADE)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "x.yaml").stat().st_mode) == 0o640


def test_an_old_file_keeps_its_permissions(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text("old")
    path.chmod(0o604)
    save(path, MADE)
    assert stat.S_IMODE(path.stat().st_mode) == 0o604
    assert load(path) == MADE


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    link = tmp_path / "link.yaml"
    link.symlink_to(Path("real") / "x.yaml")
    save(link, MADE)
    assert link.is_symlink()
    assert load(tmp_path / "real" / "x.yaml") == MADE
    assert sorted(os.listdir(tmp_path / "real")) == ["x.yaml"]


def fails(number: int) -> Iterator[bytes]:
    yield b"half"
    raise OSError(number, os.strerror(number))


@pytest.mark.parametrize(
    ("number", "remedy"),
    [
        (errno.ENOSPC, "Free some space"),
        (errno.EACCES, "writable"),
        (errno.EROFS, "writable"),
        (errno.EIO, "Check the path"),
    ],
)
def test_a_failed_write_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, remedy: str
) -> None:
    path = tmp_path / "x.yaml"
    path.write_text("old")
    monkeypatch.setattr(writer, "pieces", lambda interactions: fails(number))
    with pytest.raises(CassetteFileError, match=remedy) as failure:
        save(path, MADE)
    assert str(failure.value).startswith(f"{path}: it cannot be written: {os.strerror(number)}")
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["x.yaml"]


def test_ctrl_c_leaves_the_old_file_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*args: object) -> None:
        raise KeyboardInterrupt

    path = tmp_path / "x.yaml"
    path.write_text("old")
    monkeypatch.setattr(os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        save(path, MADE)
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["x.yaml"]


def test_a_file_where_a_folder_is_needed(tmp_path: Path) -> None:
    (tmp_path / "folder").write_text("a file")
    with pytest.raises(CassetteFileError, match="A file stands where a folder is needed"):
        save(tmp_path / "folder" / "x.yaml", MADE)
    assert (tmp_path / "folder").read_text() == "a file"


def test_a_folder_where_the_file_is_to_be(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").mkdir()
    with pytest.raises(CassetteFileError, match="A file stands where a folder is needed, or the other way round"):
        save(tmp_path / "x.yaml", MADE)
    assert os.listdir(tmp_path) == ["x.yaml"]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_is_read_only(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text("old")
    tmp_path.chmod(0o555)
    try:
        with pytest.raises(CassetteFileError, match="writable"):
            save(tmp_path / "x.yaml", MADE)
    finally:
        tmp_path.chmod(0o755)
    assert (tmp_path / "x.yaml").read_text() == "old"
