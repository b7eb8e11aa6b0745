"""What can't be kept is found before anything is run."""

from pathlib import Path

import pytest

from clients.experiments.saving import check_writable
from clients.types.errors import RequestError, UnavailableError


@pytest.mark.parametrize("below", ["", "a", "a/b"])
def test_a_folder_that_can_be_made_is_left_unmade(tmp_path: Path, below: str) -> None:
    check_writable(tmp_path / below, "--out")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("below", ["", "a/b"])
def test_a_file_is_no_folder(tmp_path: Path, below: str) -> None:
    (tmp_path / "file").write_text("kept")
    with pytest.raises(RequestError, match=r"--runs .*file is a file\. Name a folder"):
        check_writable(tmp_path / "file" / below, "--runs")
    assert (tmp_path / "file").read_text() == "kept"


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="no folder that is nobody's to write")
def test_what_isnt_ours_to_write_says_why() -> None:
    with pytest.raises(UnavailableError, match=r"--out /proc/.* nothing can be written there: .+\. Choose"):
        check_writable(Path("/proc/results/fig5"), "--out")
