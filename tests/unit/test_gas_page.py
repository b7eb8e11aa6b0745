"""The page about gas says what is measured, and its sums are right."""

import json
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/explanation/gas.md"
FIGURES = json.loads((ROOT / "tests/contracts/gas.json").read_text())
DRIFT = 0.02
ROW = re.compile(r"^\| (\w+) ((?:\| \d+ )+)\|$", re.MULTILINE)


def rows() -> dict[str, list[int]]:
    found = {
        name: [int(n) for n in re.findall(r"\d+", cells)] for name, cells in ROW.findall(PAGE.read_text())
    }
    assert found
    return found


def test_measured_figures_are_those_under_version_control() -> None:
    for name, (measured, *_) in rows().items():
        kept = FIGURES[f"{name}_10"]
        assert abs(measured - kept) <= DRIFT * kept, f"{name}: the page says {measured}, gas.json {kept}"


def test_a_floor_is_the_sum_of_its_parts_and_below_what_is_measured() -> None:
    for name, (measured, floor, *parts) in rows().items():
        assert floor == sum(parts), name
        assert floor < measured, name
