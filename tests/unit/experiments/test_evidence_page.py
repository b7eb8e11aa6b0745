"""What the page of the jurors' trials says in short has the numbers of the results."""

import json

import pytest

from clients.experiments import report
from clients.experiments.results import TABLE

PAGE = report.ROOT / "docs" / "explanation" / "evidence-results.md"
SERIES = ("stake_vote_evidence", "stake_vote_paper", "vbfl_evidence", "vbfl_paper")
FIGURES = {"digits": "digits", "femnist": "femnist", "lending": "lending_club"}
Numbers = dict[tuple[str, str], float]


def load_tables(figure: str) -> dict[str, Numbers]:
    text = (report.ROOT / "results" / "evidence" / figure / report.PRESET / TABLE).read_text("utf-8")
    return {
        table["name"]: {(cell["row"], cell["column"]): cell["mean"] for cell in table["cells"]}
        for table in json.loads(text)["tables"]
    }


def find_lost(found: dict[str, Numbers], series: str, attack: str, malicious: str) -> float:
    """Return the points of accuracy lost against FedAvg with honest members alone."""
    (honest,) = found["fedavg"].values()
    return 100 * (honest - found[f"accuracy_{series}"][attack, malicious])


@pytest.mark.parametrize("figure", FIGURES)
def test_the_page_says_what_each_attack_costs(figure: str) -> None:
    found, text = load_tables(figure), PAGE.read_text("utf-8")
    first, rows = FIGURES[figure], []
    for attack in dict.fromkeys(attack for attack, _ in found["accuracy_vbfl_paper"]):
        cells = []
        for series in SERIES:
            lost = f"{find_lost(found, series, attack, '30 %'):z.1f}".replace("-", "−")
            out = 100 * found[f"honest_out_{series}"][attack, "30 %"]
            cells.append(lost + (f" ({out:.0f} %)" if out else ""))
        rows.append(" ".join(f"| {first} | {attack} | {' | '.join(cells)} |".split()))
        first = ""
    assert "\n".join(rows) in text
    (honest,) = found["fedavg"].values()
    assert f"{FIGURES[figure]} {honest * 100:.1f} %" in " ".join(text.split())
    assert not any(any(found[f"honest_out_{series}"].values()) for series in SERIES[2:])


def test_the_page_says_where_vbfl_misses_the_aim() -> None:
    text = " ".join(PAGE.read_text("utf-8").split())
    found = {figure: load_tables(figure) for figure in FIGURES}

    def find_above(series: str, malicious: str, limit: float) -> dict[tuple[str, str], float]:
        return {
            (figure, attack): lost
            for figure, tables in found.items()
            for attack in dict.fromkeys(attack for attack, _ in tables["accuracy_vbfl_paper"])
            if (lost := find_lost(tables, series, attack, malicious)) > limit
        }

    assert find_above("vbfl_evidence", "30 %", 3).keys() == {("femnist", "ALIE")}
    assert find_above("vbfl_paper", "30 %", 3).keys() == {
        ("femnist", "ALIE"), ("lending", "noise"),
        *((figure, attack) for figure in ("digits", "femnist") for attack in ("sign flip", "inner product")),
    }  # fmt: skip
    lies = [(figure, "label flip and lies") for figure in FIGURES]
    mine = find_above("vbfl_evidence", "40 %", 5)
    papers = find_above("vbfl_paper", "40 %", 5)
    assert mine.keys() == {*lies, ("femnist", "inner product")}
    first, second, third = (f"{mine[one]:.0f}" for one in lies)
    others = "{:.0f}, {:.0f} and {:.0f}".format(*(papers[one] for one in lies))
    assert f"({first}, {second} and {third} points; by the paper's rule {others})" in text
    product = ("femnist", "inner product")
    assert f"on femnist, {mine[product]:.0f} points (by the paper's rule {papers[product]:.0f})" in text
    mild = find_lost(found["digits"], "vbfl_evidence", "inner product", "40 %")
    assert (
        f"loses {papers['digits', 'inner product']:.0f} points to inner products, and evidence {mild:.0f}."
        in text
    )
