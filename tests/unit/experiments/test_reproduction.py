"""The committed results are whole, and the pages that speak of them have their numbers."""

import json
from pathlib import Path

import pytest

from clients.experiments import claims, report, results
from clients.experiments.figure import Figure, papers
from clients.experiments.over import OVER
from clients.experiments.plan import make
from clients.experiments.results import META, RUNS, TABLE
from clients.experiments.tables import compute_table

SAVED = [figure for paper in papers() for figure in report.saved(paper)]
FOLDER = report.ROOT / "results"


def folder(figure: Figure) -> Path:
    return FOLDER / figure.paper / figure.name / report.PRESET


def test_there_are_committed_results() -> None:
    assert {"stake_vote/fig5", "vbfl/fig5"} <= {figure.full_name for figure in SAVED}


@pytest.mark.parametrize("figure", SAVED, ids=lambda figure: figure.full_name)
def test_committed_results_are_of_the_figure_as_it_is(figure: Figure) -> None:
    """Tables and claims follow from the committed lines, each picture is there, and nothing is large."""
    found = results.load(folder(figure), figure, report.PRESET)
    saved = json.loads((folder(figure) / TABLE).read_text("utf-8"))
    assert saved["tables"] == [compute_table(found, table) for table in figure.tables]
    assert saved["claims"] == claims.check_all(found)
    assert {picture.name for picture in figure.pictures} <= {
        path.stem for path in folder(figure).glob("*.svg")
    }
    assert all(path.stat().st_size < 600_000 for path in folder(figure).iterdir())
    meta = json.loads((folder(figure) / META).read_text("utf-8"))["versions"]
    # Runs on data that come with scikit-learn say its version as well.
    versions = [run["versions"] | {"scikit-learn": ""} for run in found.runs]
    assert all(one == meta | {"scikit-learn": ""} for one in versions)


@pytest.mark.parametrize("figure", SAVED, ids=lambda figure: figure.full_name)
def test_what_went_over_a_chain_is_a_run_of_the_figure(figure: Figure) -> None:
    path = folder(figure) / OVER
    if path.exists():
        assert json.loads(path.read_text("utf-8"))["run"] in make(figure, report.PRESET).requests


@pytest.mark.parametrize("page", report.pages(), ids=lambda page: page.name)
def test_pages_have_the_numbers_of_the_results(page: Path) -> None:
    renewed = report.renew(page)
    assert page.read_text("utf-8") == renewed, "write it anew: python -m clients.experiments.report"


def test_the_table_has_every_claim() -> None:
    """The papers' on one page, those about our own rules on pages of their own."""
    for figure in SAVED:
        ours = figure.paper in ("evidence", "economics")
        page = Path("explanation", f"{figure.paper}-results.md") if ours else Path("reproduction.md")
        text = (report.ROOT / "docs" / page).read_text("utf-8")
        for claim in figure.claims:
            assert claim.text in text
        assert (folder(figure) / RUNS).exists()


def test_the_page_says_how_removal_hangs_on_the_rounds() -> None:
    (figure,) = (one for one in SAVED if one.full_name == "stake_vote/fig6")
    found = results.load(folder(figure), figure, report.PRESET)
    out = []
    for eta in ("0.1", "0.2", "0.3", "0.4"):
        runs = found.records({"eta": eta})
        out.append(
            sum(sum(one <= 100 for one in run["malicious_out"]) / run["malicious"] for run in runs)
            / len(runs)
        )
    first, second, third, fourth = (f"{share:.0%}".rstrip("%") for share in out)
    text = " ".join((report.ROOT / "docs" / "reproduction.md").read_text("utf-8").split())
    assert f"after 100 rounds {first}, {second}, {third} and {fourth} % of the malicious" in text
