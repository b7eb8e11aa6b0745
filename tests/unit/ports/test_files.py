"""A file is replaced whole or not at all."""

import errno
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.ports.files import write_whole
from clients.types.errors import UnavailableError


@given(data=st.one_of(st.binary(), st.text(st.characters(exclude_categories=["Cs"]))))
def test_what_is_written_is_there_alone_with_the_rights_asked_for(
    data: bytes | str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("whole")
    path = folder / "new" / "file"
    path.parent.mkdir()
    path.write_text("old")

    write_whole(path, data, mode=0o600)

    assert path.read_bytes() == (data.encode() if isinstance(data, str) else data)
    assert path.stat().st_mode & 0o777 == 0o600
    assert os.listdir(path.parent) == ["file"]


def test_a_missing_folder_is_made(tmp_path: Path) -> None:
    write_whole(tmp_path / "a" / "b" / "file", "text")

    assert (tmp_path / "a" / "b" / "file").read_text() == "text"
    assert (tmp_path / "a" / "b" / "file").stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("broken", ["fsync", "replace"])
def test_a_full_disk_leaves_the_old_file_and_nothing_else(
    broken: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    path.write_text("old")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, broken, full)
    with pytest.raises(
        UnavailableError, match=f"{path} can't be written: No space left.*Nothing was changed"
    ):
        write_whole(path, "new")

    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["file"]


def test_ctrl_c_leaves_the_old_file_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    path.write_text("old")

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_whole(path, "new")

    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["file"]


def test_where_not_even_a_temporary_file_can_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file, not a folder")

    with pytest.raises(UnavailableError, match=r"taken/file can't be written: .*try again"):
        write_whole(tmp_path / "taken" / "file", "new")
