from pathlib import Path

import pytest

from clients.ports import binaries
from clients.types.errors import RequestError


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with nothing installed, on a machine with an empty PATH."""
    monkeypatch.setattr(binaries, "ROOT", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    return tmp_path


def program(path: Path, *, mode: int = 0o755) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(mode)
    return path


def test_nothing_is_found_where_nothing_is(house: Path) -> None:
    assert [name for name in binaries._PROGRAMS if binaries.find(name)] == []


def test_our_own_come_before_the_machines(house: Path) -> None:
    path = program(house / "path" / "anvil")
    assert binaries.find("anvil") == path
    tools = program(house / ".tools" / "bin" / "anvil")
    assert binaries.find("anvil") == tools
    wrapper = program(house / "node_modules" / ".bin" / "anvil")
    assert binaries.find("anvil") == wrapper
    native = program(house / "node_modules" / "@foundry-rs" / "anvil-linux-amd64" / "bin" / "anvil")
    assert binaries.find("anvil") == native


def test_what_cannot_run_is_passed_over(house: Path) -> None:
    program(house / ".tools" / "bin" / "ipfs", mode=0o644)
    path = program(house / "path" / "ipfs")
    assert binaries.find("kubo") == path


def test_hardhats_node_comes_first(house: Path) -> None:
    node = program(house / "node_modules" / ".bin" / "node")
    assert binaries.node_environment()["PATH"].split(":") == [str(node.parent), str(house / "path")]


@pytest.mark.parametrize("ask", [binaries.find, binaries.hint])
def test_an_unknown_name_is_told_with_the_nearest(ask: object) -> None:
    assert callable(ask)
    with pytest.raises(RequestError, match="Did you mean 'hardhat'"):
        ask("hardhta")


def test_every_program_has_a_hint() -> None:
    assert all(binaries.hint(name) for name in binaries._PROGRAMS)
