"""What the page of stake_vote's results says in short has the numbers of the results."""

import json
import re

from clients.experiments import pictures, report, results
from clients.experiments.figure import find
from clients.experiments.results import TABLE

FOLDER = report.ROOT / "results" / "stake_vote"
PAGE = report.ROOT / "docs" / "explanation" / "stake-vote-results.md"


def numbers(figure: str, table: str) -> dict[tuple[str, str], float]:
    """Return the means in a saved table, by row and column."""
    text = (FOLDER / figure / report.PRESET / TABLE).read_text("utf-8")
    (found,) = (one for one in json.loads(text)["tables"] if one["name"] == table)
    return {(cell["row"], cell["column"]): cell["mean"] for cell in found["cells"]}


def test_the_results_page_says_what_costs_what() -> None:
    (figure,) = find("stake_vote/cost")
    runs = results.load(FOLDER / "cost" / report.PRESET, figure, report.PRESET)
    plain, named = (
        pictures.per_call(runs.records({"series": one})[0]) for one in ("collective slash", "attribution")
    )
    gas, size = numbers("cost", "gas"), numbers("cost", "bytes")["collective slash", ""]
    once = sum(plain[one] for one in ("open", "draw", "settle"))
    judging = numbers("attribution", "judging")
    spans = {
        series: [value for (row, _), value in judging.items() if row == series]
        for series in ("collective slash", "attribution")
    }
    saved = max(v for (row, _), v in numbers("attribution", "honest_out").items() if row != "attribution")
    text = " ".join(PAGE.read_text("utf-8").split())
    for said in (
        f"pays {plain['propose'] / 1000:.0f} thousand gas for a digest",
        f"{(plain['commit'] + plain['reveal']) / 1000:.0f} thousand for a commitment and a ballot",
        f"settles the round, {once / 1000:.0f} thousand together",
        f"{gas['collective slash', ''] / 1000:.0f} thousand a client and round",
        f"is {size:,.0f} bytes: a proposer puts one into the store",
        f"who judges reads five, {5 * size / 1000:.0f} kB",
        f"a ballot is {named['reveal'] / plain['reveal'] - 1:.0%}".replace("%", " % dearer"),
        f"the whole round {gas['attribution', ''] / gas['collective slash', ''] - 1:.0%}".replace("%", " %"),
        f"from {min(spans['attribution']):.1f} to {max(spans['attribution']):.1f} times as long as training",
        f"from {min(spans['collective slash']):.1f} to {max(spans['collective slash']):.1f} times without",
        f"up to {saved:.0%}".replace("%", " % of them"),
    ):
        assert said in text, said


def test_what_is_said_of_uneven_data_and_of_x_rays() -> None:
    rays = numbers("fig13", "tab4")
    claims = json.loads((FOLDER / "noniid" / report.PRESET / TABLE).read_text("utf-8"))["claims"]
    first, *_, last = claims[0]["found"]
    text = " ".join(PAGE.read_text("utf-8").split())
    for said in (
        f"{first['mean']:.1%}".replace("%", " points ahead"),
        f"{last['mean']:.1%} on the most uneven, but there with a deviation of {last['sd']:.1%}".replace(
            "%", ""
        ),
        f"{rays['FedAvg w/ block', '0.2']:.1%}".replace("%", " % with the jury"),
        f"{rays['FedAvg w/ mal', '0.2']:.1%}".replace("%", " % for FedAvg with malicious"),
        f"{rays['FedAvg w/o mal', '0.2']:.1%}".replace("%", " % without"),
        f"{rays['Oracle', '0.2']:.1%}".replace("%", " % for the oracle"),
    ):
        assert said in text, said


def test_what_is_said_of_the_lost_constants() -> None:
    malicious, honest = numbers("fig10", "out"), numbers("fig11", "out")
    accuracy, liars = numbers("fig12", "accuracy"), numbers("fig4", "survival")
    out, lost = (
        {row: mean for (row, _), mean in numbers("sensitivity", f"{who}_out").items()}
        for who in ("malicious", "honest")
    )
    accuracies = numbers("sensitivity", "accuracy")
    jury = [mean for (_, series), mean in accuracies.items() if series == "FedAvg w/ block"]
    text = " ".join(PAGE.read_text("utf-8").split())
    for said in (
        f"from {malicious['8', '0.4']:.0%} to {malicious['32', '0.4']:.0%} of the malicious",
        f"from {honest['8', '0.4']:.0%} to {honest['32', '0.4']:.0%} of the honest",
        f"costs {accuracy['8', '0.4'] - accuracy['32', '0.4']:.1%}points of accuracy",
        f"survival from {liars['', '1']:.0f} rounds to {liars['', '8']:.0f}",
        f"puts out {out['ε = 0.005']:.0%} of the malicious and {lost['ε = 0.005']:.0%} of the honest",
        f"at 0.05 it is {out['ε = 0.05']:.0%} and {lost['ε = 0.05']:.0%}.",
        f"leave {out['100 clients']:.0%} of the malicious put out in place of {out['as chosen']:.0%}.",
        f"between {min(jury):.1%} and {max(jury):.1%} whichever",
    ):
        wanted = re.sub(r"(\d)% to", r"\1 to", said).replace("%points", " points").replace("%", " %")
        assert wanted in text, wanted
