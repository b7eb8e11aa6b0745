"""`needs` skips on a user's machine, fails in CI, and says at the end what to get."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from clients.ports.binaries import ROOT

SAMPLE = """
import pytest

from clients.ports import binaries

binaries.find = lambda name: None

def test_needs_nothing(): pass

@pytest.mark.needs("chromium")
def test_needs_one(): pass

@pytest.mark.needs("chromium", "geth")
def test_needs_two(): pass
"""


@pytest.mark.parametrize(
    ("ci", "status", "told"),
    [("", 0, "1 passed, 2 skipped"), ("true", 1, "1 passed, 2 errors")],
)
def test_a_missing_program(tmp_path: Path, ci: str, status: int, told: str) -> None:
    (tmp_path / "test_sample.py").write_text(SAMPLE)
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-p", "tests.conftest", "-p", "no:cacheprovider"),
            *("-c", str(ROOT / "pyproject.toml"), "--rootdir", str(tmp_path), str(tmp_path)),
        ],
        cwd=ROOT,
        env={**os.environ, "CI": ci},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == status, done.stdout + done.stderr
    assert told in done.stdout
    done_to_them = "failed" if ci else "skipped"
    assert f"chromium: 2 {done_to_them}; to run them: make chromium" in done.stdout
