"""The page about gas says what is measured, and its sums are right."""

import json
import re
from pathlib import Path

from clients.types.mechanisms import DEFAULT, KINDS

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/explanation/gas.md"
FIGURES = json.loads((ROOT / "tests/contracts/gas.json").read_text())
DRIFT = 0.02
LEAVES = tuple(name for name in KINDS if name != DEFAULT)
LEAF_ROW = re.compile(r"^\| `(\w+)` \| (\d+) \| (\d+) \| (\d+) \| (\d+) \|$", re.MULTILINE)
JUDGED_ROW = re.compile(r"^\| judged (\d+) \| (\d+) \|$", re.MULTILINE)
NAMED_ROW = re.compile(r"^\| `((?:motion|waiting|decoys|duty)_\w+)` \| (\d+) \|$", re.MULTILINE)
PLEDGE_ROW = re.compile(r"^\| `(pledge|propose)`[^|]* \| (\d+) \|$", re.MULTILINE)
RULES_ROW = re.compile(r"^\| `(\w+)` \| (\d+|–) \| (\d+|–) \| (\d+) \|$", re.MULTILINE)
LARGEST_ROW = re.compile(r"^\| (\d+) \| (\d+) \| (\d+) \|$", re.MULTILINE)
SETTLING_ROW = re.compile(r"^\| `(\w+)`[^|]* \| (\d+) \| (\d+) \|$", re.MULTILINE)
ACCUSING_ROW = re.compile(r"^\| round (\d+) \| (\d+) \|$", re.MULTILINE)
MOST_OF_A_TRANSACTION = 1 << 24
ROW = re.compile(r"^\| ([a-z]+) ((?:\| \d+ )+)\|$", re.MULTILINE)


def rows() -> dict[str, list[int]]:
    found = {
        name: [int(n) for n in re.findall(r"\d+", cells)] for name, cells in ROW.findall(PAGE.read_text())
    }
    assert found
    return found


def assert_kept(told: int, name: str) -> None:
    kept = FIGURES[name]
    assert abs(told - kept) <= DRIFT * kept, f"{name}: the page says {told}, gas.json {kept}"


def test_measured_figures_are_those_under_version_control() -> None:
    for name, (measured, *_) in rows().items():
        assert_kept(measured, f"{name}_10")


def test_every_figure_of_the_other_federations_is_told() -> None:
    told = {
        f"{leaf}_{name}_10": int(cell)
        for name, *cells in LEAF_ROW.findall(PAGE.read_text())
        for leaf, cell in zip(LEAVES, cells, strict=True)
    }
    for name, gas in told.items():
        assert_kept(gas, name)
    kept = {name for name in FIGURES if name.startswith(LEAVES) and name.endswith("_10")}
    assert set(told) == kept


def test_what_motions_waiting_decoys_and_duty_cost() -> None:
    told = {name: int(gas) for name, gas in NAMED_ROW.findall(PAGE.read_text())}
    for name, gas in told.items():
        assert_kept(gas, name)
    assert set(told) == {
        name for name in FIGURES if name.startswith(("motion_", "waiting_", "decoys_", "duty_"))
    }


def test_what_pledges_cost() -> None:
    told = {f"pledged_{name}_10": int(gas) for name, gas in PLEDGE_ROW.findall(PAGE.read_text())}
    for name, gas in told.items():
        assert_kept(gas, name)
    assert set(told) == {name for name in FIGURES if name.startswith("pledged_")}


def test_what_actions_cost_by_the_papers_rules_and_by_the_hardened_ones() -> None:
    told = {
        f"{prefix}{name}_10": cell
        for name, *cells in RULES_ROW.findall(PAGE.read_text())
        for prefix, cell in zip(("", "bflc_", "hardened_"), cells, strict=True)
    }
    for name, gas in told.items():
        if gas == "–":
            assert name not in FIGURES, name
        else:
            assert_kept(int(gas), name)
    kept = {name for name in FIGURES if name.startswith(("hardened_", "bflc_")) and name.endswith("_10")}
    assert set(told) >= kept


def test_the_largest_rounds_fit_a_transaction() -> None:
    told = LARGEST_ROW.findall(PAGE.read_text())
    assert len(told) == 3
    for updates, selected, gas in told:
        assert_kept(int(gas), f"bflc_first_publish_32_{updates}_{selected}")
        assert int(gas) < MOST_OF_A_TRANSACTION


def test_what_settling_costs_by_the_updates() -> None:
    told = {
        f"{'attribution' if leaf == 'stake_vote' else leaf}_settle_{updates}_updates": int(gas)
        for leaf, updates, gas in SETTLING_ROW.findall(PAGE.read_text())
    }
    for name, gas in told.items():
        assert_kept(gas, name)
        assert gas < MOST_OF_A_TRANSACTION
    assert set(told) == {name for name in FIGURES if name.endswith("_updates")}


def test_what_counting_a_jurys_ballots_costs() -> None:
    told = {
        f"stake_jury_first_publish_{n}_judged": int(gas) for n, gas in JUDGED_ROW.findall(PAGE.read_text())
    }
    for name, gas in told.items():
        assert_kept(gas, name)
        assert gas < MOST_OF_A_TRANSACTION
    assert set(told) == {name for name in FIGURES if name.endswith("_judged")}


def test_what_an_accusation_costs_by_the_rounds() -> None:
    told = {f"blade_accuse_{n}_rounds": int(gas) for n, gas in ACCUSING_ROW.findall(PAGE.read_text())}
    for name, gas in told.items():
        assert_kept(gas, name)
        assert gas < MOST_OF_A_TRANSACTION
    assert set(told) == {name for name in FIGURES if name.endswith("_rounds")}


def test_a_floor_is_the_sum_of_its_parts_and_below_what_is_measured() -> None:
    for name, (measured, floor, *parts) in rows().items():
        assert floor == sum(parts), name
        assert floor < measured, name
