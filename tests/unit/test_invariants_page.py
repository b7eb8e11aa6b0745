"""The page on invariants names those that the Solidity tests hold, all of them and no others."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCES = [
    ROOT / "tests" / "contracts" / name
    for name in ("Watch.sol", "Handler.sol", "ManagedHandler.sol", "UpdateHandler.sol", "Invariants.sol")
]
SOURCES += (ROOT / "tests" / "contracts").glob("Invariants*.t.sol")


def test_page_and_sources_name_the_same_invariants() -> None:
    text = (ROOT / "docs" / "explanation" / "invariants.md").read_text("utf-8")
    told = set(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE))
    held = {
        name for path in SOURCES for name in re.findall(r'"([a-z]+(?:_[a-z]+)+|solvency)"', path.read_text())
    }
    assert told == held
    assert len(held) > 40


def test_campaigns_call_whatever_a_handler_offers() -> None:
    text = "".join(path.read_text("utf-8") for path in SOURCES)
    offered = re.findall(r"^    function (\w+)\([^)]*\) external \{", text, re.MULTILINE)
    assert sorted(offered) == sorted(re.findall(r"Handler\.(\w+)\.selector", text))
    assert len(offered) > 20
