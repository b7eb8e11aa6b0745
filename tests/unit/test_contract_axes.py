"""A leaf names a policy for every axis, and no policy knows another axis's: read off the contracts."""

import re
from dataclasses import fields
from functools import cache
from pathlib import Path

import pytest

from clients.protocol.policies import Mechanism
from clients.types.mechanisms import KINDS

ROOT = Path(__file__).parents[2] / "contracts"
AXES = {
    "admission": "admissions",
    "panel": "panels",
    "subject": "subjects",
    "verdict": "verdicts",
    "publication": "publications",
    "payout": "payouts",
    "guard": "guards",
    "task": "tasks",
    "duty": "duties",
}
SHARED = {"", "books", "interfaces", "libraries"}
MOST_STEPS = 4
_HEAD = re.compile(
    r"^(?:abstract contract|contract|interface|library) (\w+)(?:\s+is\s+([^{]+?))?\s*\{", re.MULTILINE
)
_IMPORT = re.compile(r'^import .* from "(\.[^"]+)";$', re.MULTILINE)


@cache
def bases() -> dict[str, tuple[str, tuple[str, ...]]]:
    """Return the folder of each contract, and the bases that it names."""
    found = {}
    for path in ROOT.rglob("*.sol"):
        folder = path.parent.relative_to(ROOT).as_posix().removeprefix(".")
        for name, named in _HEAD.findall(path.read_text("utf-8")):
            found[name] = (folder, tuple(re.findall(r"\w+", named)))
    return found


def steps(name: str) -> int:
    """Return how many contracts, interfaces apart, the longest way up from `name` passes."""
    named = bases()[name][1]
    above = [base for base in named if base in bases() and bases()[base][0] != "interfaces"]
    return max((1 + steps(base) for base in above), default=0)


LEAVES = sorted(name for name, (folder, _) in bases().items() if folder == "federations")


def test_the_specification_has_the_same_axes() -> None:
    own = {"name", "checks", "own_state", "actions", "views"}
    assert {field.name for field in fields(Mechanism)} - own == set(AXES)
    assert len(LEAVES) == len(KINDS)


@pytest.mark.parametrize("leaf", LEAVES)
def test_a_leaf_names_one_policy_for_each_axis_and_is_no_deeper_than_four(leaf: str) -> None:
    named = [bases()[base][0] for base in bases()[leaf][1]]
    assert sorted(named) == sorted(["interfaces", "", "books", *AXES.values()])
    assert "TermsBook" in bases()[leaf][1]
    assert steps(leaf) <= MOST_STEPS


@pytest.mark.parametrize("folder", ["books", *AXES.values()])
def test_a_policy_knows_no_policy_of_another_axis(folder: str) -> None:
    paths = sorted((ROOT / folder).glob("*.sol"))
    assert paths
    for path in paths:
        for other in _IMPORT.findall(path.read_text("utf-8")):
            home = (path.parent / other).resolve().parent.relative_to(ROOT).as_posix().removeprefix(".")
            assert home in SHARED | {folder}, f"{path.relative_to(ROOT)} imports {other}"
            assert (path.parent / other).stem != "Federation" or folder == "federations", path
