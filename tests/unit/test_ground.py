"""What the locks and the repository's own files have to hold."""

import json
import re

import pytest

from clients.ports.binaries import ROOT


@pytest.mark.parametrize(
    "name", ["requirements.lock", "requirements.bootstrap.lock", "requirements.analysis.lock"]
)
def test_python_lock_pins_by_hash_and_names_no_origin(name: str) -> None:
    text = (ROOT / name).read_text()
    assert "://" not in text
    assert not re.search(r"^--?(i|index-url|extra-index-url|find-links|f)\b", text, re.MULTILINE)
    entries = re.split(r"^(?=[a-z0-9])", text.replace("\\\n", ""), flags=re.MULTILINE)[1:]
    assert entries
    assert not [one.split()[0] for one in entries if "--hash=sha256:" not in one or "==" not in one]


def test_node_lock_pins_by_hash_and_names_no_origin() -> None:
    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    installed = {name: one for name, one in packages.items() if name}
    assert not [name for name, one in installed.items() if "resolved" in one]
    assert not [name for name, one in installed.items() if "integrity" not in one]


def test_node_manifest_pins_exactly() -> None:
    manifest = json.loads((ROOT / "package.json").read_text())
    wanted = {**manifest["devDependencies"], **manifest["optionalDependencies"]}
    assert not {name: one for name, one in wanted.items() if not re.fullmatch(r"\d+\.\d+\.\d+", one)}
    assert (
        json.loads((ROOT / "contracts" / "solc.json").read_text())["version"]
        == manifest["devDependencies"]["solc"]
    )
