"""The security page names tests that are there, where it says they are."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CONTRACTS = ROOT / "tests" / "contracts"
LEAVES = ("StakeVote", "StakeJury", "Vbfl", "Bflc", "Blade")
SHARED = ("NamedAttacks.sol", "BallotAttacks.sol")
GROUPS = {
    "managed": "ManagedAttacks.t.sol",
    "core": "Attacks.t.sol",
    "decoys": "DecoyAttacks.t.sol",
    "duty": "Duty.t.sol",
}


def functions_in(*files: str) -> set[str]:
    text = "".join((CONTRACTS / file).read_text("utf-8") for file in files)
    return set(re.findall(r"function (test\w+)\(", text))


def files_of(where: str) -> list[tuple[str, ...]]:
    """Return the files that each must have a test: `every leaf`, those of `GROUPS`, leaves, a leaf's own."""
    if where == "every leaf":
        return [SHARED]
    if where in GROUPS:
        return [(GROUPS[where],)]
    leaf, own, _ = where.partition("'s own")
    if own:
        return [tuple(path.name for path in CONTRACTS.glob(f"{leaf}*.t.sol"))]
    return [(f"NamedAttacks{leaf}.t.sol",) for leaf in where.split(", ")]


def named() -> Iterator[tuple[str, str]]:
    text = (ROOT / "docs" / "explanation" / "security.md").read_text("utf-8")
    table = text.split("## What attacks cost")[1].split("\n## ")[0]
    for row in table.splitlines():
        cells = row.strip("|").split(" | ")
        for part in cells[-1].split("; ") if "`test_" in row else ():
            where = part.split(":")[0].strip()
            for name in re.findall(r"`(test\w+)`", part):
                yield where, name


@pytest.mark.parametrize(("where", "name"), sorted(set(named())))
def test_attack_is_tested_where_the_page_says(where: str, name: str) -> None:
    for files in files_of(where):
        assert name in functions_in(*files), files


def test_page_names_every_attack() -> None:
    told = {name for _, name in named()}
    files = [*SHARED, GROUPS["decoys"], *(f"NamedAttacks{leaf}.t.sol" for leaf in LEAVES)]
    # a variant of one that is named
    assert functions_in(*files) - told <= {"test_slash_of_every_proposer"}


@pytest.mark.parametrize("leaf", LEAVES)
def test_every_leaf_runs_the_shared_attacks(leaf: str) -> None:
    text = (CONTRACTS / f"NamedAttacks{leaf}.t.sol").read_text("utf-8")
    assert re.search(r"^contract \w+ is .*\bNamedAttacks\b", text, re.MULTILINE)
