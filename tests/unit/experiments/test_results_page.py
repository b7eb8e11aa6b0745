"""What the page of stake_vote's results says in short has the numbers of the results."""

import json
import re
from collections.abc import Callable
from statistics import fmean

from clients.experiments import pictures, report, results
from clients.experiments.figure import find
from clients.experiments.results import TABLE, Results
from clients.experiments.strict import Table

FOLDER = report.ROOT / "results" / "stake_vote"
PAGE = report.ROOT / "docs" / "explanation" / "stake-vote-results.md"
ETAS = ("0.1", "0.2", "0.3", "0.4")


def numbers(figure: str, table: str) -> dict[tuple[str, str], float]:
    """Return the means in a saved table, by row and column."""
    text = (FOLDER / figure / report.PRESET / TABLE).read_text("utf-8")
    (found,) = (one for one in json.loads(text)["tables"] if one["name"] == table)
    return {(cell["row"], cell["column"]): cell["mean"] for cell in found["cells"]}


def load(name: str) -> Results:
    (figure,) = find(f"stake_vote/{name}")
    return results.load(FOLDER / name / report.PRESET, figure, report.PRESET)


def page() -> str:
    return " ".join(PAGE.read_text("utf-8").split())


def by_eta(found: Results, value: Callable[[Table], float], **at: str) -> list[float]:
    """Return the mean over the seeds at each η."""
    return [fmean(value(run) for run in found.records({"eta": eta, **at})) for eta in ETAS]


def listing(values: list[float], form: str = ".1f", times: float = 100) -> str:
    """Return `1.0, 2.0, 3.0 and 4.0`."""
    *first, last = (f"{value * times:{form}}" for value in values)
    return f"{', '.join(first)} and {last}"


def rejected(series: str) -> dict[str, str]:
    return {"series": series, "rounds": "some rejected"}


def gas_of(series: str, rounds: str) -> dict[str, float]:
    """Return the gas of a call of each action, the mean over the seeds."""
    calls = [pictures.per_call(run) for run in load("cost").records({"series": series, "rounds": rounds})]
    return {action: fmean(one.get(action, 0.0) for one in calls) for action in calls[0]}


def settle_rejected(series: str) -> float:
    """Return the gas of settling a rejected round: what is left when the accepted ones' is taken off."""
    runs = load("cost").records(rejected(series))
    accepted, refused = (sum(run["outcomes"].count(letter) for run in runs) for letter in "AR")
    gas: int = sum(run["gas"]["settle"] for run in runs)
    return (gas - gas_of(series, "all accepted")["settle"] * accepted) / refused


def test_the_results_page_says_what_costs_what() -> None:
    plain, named = (gas_of(one, "all accepted") for one in ("collective slash", "attribution"))
    plain_too, named_too = (gas_of(one, "some rejected") for one in ("collective slash", "attribution"))
    gas, size = numbers("cost", "gas"), numbers("cost", "bytes")["collective slash", "all accepted"]
    dearer, dearer_too = (
        gas["attribution", one] / gas["collective slash", one] - 1
        for one in ("all accepted", "some rejected")
    )
    verdicts = "".join(run["outcomes"] for run in load("cost").records(rejected("collective slash")))
    settled = {one: settle_rejected(one) / 1000 for one in ("collective slash", "attribution")}
    once = sum(plain[one] for one in ("open", "draw", "settle"))
    judging = numbers("attribution", "judging")
    spans = {
        series: [value for (row, _), value in judging.items() if row == series]
        for series in ("collective slash", "attribution")
    }
    saved = max(v for (row, _), v in numbers("attribution", "honest_out").items() if row != "attribution")
    text = page()
    for said in (
        f"pays {plain['propose'] / 1000:.0f} thousand gas for a digest",
        f"{(plain['commit'] + plain['reveal']) / 1000:.0f} thousand for a commitment and a ballot",
        f"settles the round, {once / 1000:.0f} thousand together",
        f"{gas['collective slash', 'all accepted'] / 1000:.0f} thousand a client and round",
        f"is {size:,.0f} bytes: a proposer puts one into the store",
        f"who judges reads five, {5 * size / 1000:.0f} kB",
        f"a ballot is {named['reveal'] / plain['reveal'] - 1:.0%}".replace("%", " % dearer"),
        f"the whole round {dearer:.0%};".replace("%", " %"),
        f"where {verdicts.count('R')} of {len(verdicts)} are rejected",
        f"{(named_too['reveal'] / plain_too['reveal'] - 1) * 100:.0f} and {dearer_too:.0%},".replace(
            "%", " %"
        ),
        f"{settled['attribution']:.0f} thousand gas in place of {settled['collective slash']:.0f}.",
        f"for {settled['collective slash']:.0f} thousand gas where an accepted one takes "
        f"{plain['settle'] / 1000:.0f}.",
        f"from {min(spans['attribution']):.1f} to {max(spans['attribution']):.1f} times as long as training",
        f"from {min(spans['collective slash']):.1f} to {max(spans['collective slash']):.1f} times without",
        f"up to {saved:.0%}".replace("%", " % of them"),
    ):
        assert said in text, said


def test_what_is_said_of_uneven_data_and_of_x_rays() -> None:
    rays = numbers("fig13", "tab4")
    claims = json.loads((FOLDER / "noniid" / report.PRESET / TABLE).read_text("utf-8"))["claims"]
    first, *_, last = claims[0]["found"]
    text = page()

    def span(series: str) -> str:
        found = [value for (row, _), value in rays.items() if row == series]
        return f"{min(found) * 100:.1f} to {max(found) * 100:.1f} %"

    runs = load("fig14").runs
    poorer = sum(run["malicious_tokens"][-1] < run["honest_tokens"][-1] for run in runs)
    for said in (
        f"{first['mean']:.1%}".replace("%", " points ahead"),
        f"{last['mean']:.1%} on the most uneven, but there with a deviation of {last['sd']:.1%}".replace(
            "%", ""
        ),
        f"from {span('FedAvg w/ block')} with the jury",
        f"from {span('FedAvg w/ mal')} for FedAvg with malicious",
        f"{rays['FedAvg w/o mal', '0.2']:.1%}".replace("%", " % without"),
        f"{rays['Oracle', '0.2']:.1%}".replace("%", " % for the oracle"),
        f"in {poorer} of {len(runs)} runs the malicious end with fewer tokens",
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
    lead = {
        row: accuracies[row, "FedAvg w/ block"] - accuracies[row, "FedAvg w/o mal"] for row, _ in accuracies
    }
    text = page()
    for said in (
        f"from {malicious['8', '0.4']:.0%} to {malicious['32', '0.4']:.0%} of the malicious",
        f"from {honest['8', '0.4']:.0%} to {honest['32', '0.4']:.0%} of the honest",
        f"costs {accuracy['8', '0.4'] - accuracy['32', '0.4']:.1%}points of accuracy",
        f"survival from {liars['', '1']:.0f} rounds to {liars['', '8']:.0f}",
        f"puts out {out['ε = 0.005']:.0%} of the malicious and {lost['ε = 0.005']:.0%} of the honest",
        f"at 0.05 it is {out['ε = 0.05']:.0%} and {lost['ε = 0.05']:.0%}.",
        f"leave {out['100 clients']:.0%} of the malicious put out in place of {out['as chosen']:.0%}.",
        f"between {min(jury):.1%} and {max(jury):.1%} whichever",
        f"by {lead['as chosen'] * -100:.2f} points as chosen, but ahead by "
        f"{lead['ε = 0.005'] * 100:.2f} at ε = 0.005, "
        f"{lead['rate 0.01'] * 100:.2f} at the rate 0.01 and {lead['5 epochs'] * 100:.2f} with 5 epochs",
    ):
        wanted = re.sub(r"(\d)% to", r"\1 to", said).replace("%points", " points").replace("%", " %")
        assert wanted in text, wanted


SPANS = ((1, 5), (11, 20), (21, 30), (31, 50), (151, 200))


def window(first: int, last: int) -> Callable[[Table], float]:
    """Return the accuracy of a run in these rounds, counted from 1, both included."""
    return lambda run: fmean(run["accuracy"][first - 1 : last])


def test_how_early_the_curves_peak() -> None:
    found = load("fig5")
    without, block, attacked, oracle = (
        {span: by_eta(found, window(*span), series=series) for span in SPANS}
        for series in ("FedAvg w/o mal", "FedAvg w/ block", "FedAvg w/ mal", "Oracle")
    )
    behind = [ours - theirs for theirs, ours in zip(block[21, 30], without[21, 30], strict=True)]
    ahead, early = (
        [ours - theirs for ours, theirs in zip(block[span], attacked[span], strict=True)]
        for span in ((21, 30), (1, 5))
    )
    for said in (
        f"the oracle from {oracle[11, 20][0]:.1%} in rounds 11 to 20 to {oracle[151, 200][0]:.1%} in",
        f"from {without[31, 50][0]:.1%} in rounds 31 to 50 to {without[151, 200][0]:.1%}",
        f"the block at η = 0.4 from {block[31, 50][3] * 100:.1f} to {block[151, 200][3]:.1%}",
        f"the block is {listing(behind)} points below",
        f"and {listing(ahead)} points ahead",
    ):
        assert (wanted := said.replace("%", " %")) in page(), wanted
    notes = " ".join(claim.note for claim in found.figure.claims)
    for said in (
        f"{listing(block[1, 5])} % at the four η, {without[1, 5][0]:.1%} without malicious",
        f"the block is {listing(early)} points ahead",
    ):
        assert re.sub(r"(\d)%", r"\1 %", said) in notes, said


def slashed(first: int) -> Callable[[Table], float]:
    """Return the share of slash rounds among 25, from round `first` + 1 on."""
    return lambda run: run["outcomes"][first : first + 25].count("R") / 25


def test_when_rounds_are_slashed() -> None:
    found = load("fig7")
    spans = [by_eta(found, slashed(first)) for first in range(0, 200, 25)]
    few, many = ([span[place] for span in spans] for place in (0, 3))
    assert max(few) == few[5]
    assert max(run["outcomes"].count("U") for run in found.runs) == 4
    for said in (
        f"At η = 0.4 it is {many[0] * 100:.0f} and {many[1]:.0%} in the first two spans of 25 rounds "
        f"and {many[-1]:.0%} in the last",
        f"at η = 0.1 it is {few[0]:.0%} in the first, {few[5]:.0%} at most, in rounds 126 to 150, "
        f"and {few[-1]:.0%} in the last",
    ):
        assert (wanted := said.replace("%", " %")) in page(), wanted


def test_whom_the_stakes_leave_what() -> None:
    tokens = numbers("fig9", "tokens")
    for eta in ETAS[1:]:
        assert tokens["16", eta] > tokens["8", eta] > tokens["32", eta]
    said = (
        f"{tokens['16', '0.4']:.1f} and {tokens['32', '0.4']:.1f} tokens at η = 0.4, "
        f"where 8 leaves {tokens['8', '0.4']:.1f}"
    )
    assert said in page()
    short = {run["rounds"] for run in load("fig10").runs}
    assert short == {145, 200}
    assert [run["rounds"] for run in load("fig10").records({"eta": "0.4", "gamma": "32"})].count(145) == 1


def test_what_lying_votes_return() -> None:
    played, expected = numbers("theorem1", "return"), numbers("theorem1", "expected")
    assert max(abs(played[place] - expected[place]) for place in played) < 0.03
    best = sorted(expected, key=lambda place: -expected[place])[:2]
    assert {row for row, _ in best} == {"0.65", "0.7"}
    assert expected["0.2", ""] == -1
    assert abs(expected["0.5", ""]) < 1e-9


def test_how_federations_die() -> None:
    runs = load("majority").runs
    dead = [run for run in runs if float(run["cells"][0]["eta"]) >= 0.55]
    halted = sorted(run["rounds"] for run in dead)
    out = sorted(len(run["malicious_out"]) for run in dead)
    left = sorted(run["malicious"] - len(run["malicious_out"]) for run in dead)
    assert all(len(run["honest_out"]) == run["honest"] for run in dead)
    later = sum(sum(one > max(run["honest_out"]) for one in run["malicious_out"]) for run in dead) / sum(out)
    assert round(later, 1) == 0.7
    assert [run["rounds"] for run in runs if run not in dead and run["rounds"] < 60] == [49]
    accuracy = numbers("majority", "accuracy")
    low = [mean for (_, eta), mean in accuracy.items() if float(eta) < 0.5]
    for said in (
        f"within {max(max(run['honest_out']) for run in dead)} rounds "
        f"and halts after {halted[0]} to {halted[-1]}",
        f"with {left[0]} to {left[-1]} of the liars left: {out[0]} to {out[-1]} of them are out as well",
        f"does no harm: {min(low) * 100:.1f} to {max(low) * 100:.1f} %",
    ):
        assert said in page(), said


def test_what_attribution_comes_to_in_tokens_and_verdicts() -> None:
    found = load("attribution")
    named, whole = ({"series": one} for one in ("attribution", "collective slash"))
    at_end, rejected, late, early = (
        [by_eta(found, value, **series) for series in (named, whole)]
        for value in (
            lambda run: run["honest_tokens"][-1],
            lambda run: run["outcomes"].count("R") / len(run["outcomes"]),
            lambda run: sum(one <= 150 for one in run["malicious_out"]) / run["malicious"],
            lambda run: sum(one <= 50 for one in run["malicious_out"]) / run["malicious"],
        )
    )
    at_100 = [by_eta(found, lambda run: run["honest_tokens"][99], **series)[3] for series in (named, whole)]
    for said in (
        f"hold {listing(at_end[0], '.0f', 1)} with attribution at the four η",
        f"leaves them {listing(at_end[1], '.0f', 1)}.",
        f"{at_100[0]:.0f} to {at_100[1]:.0f} after 100 rounds at η = 0.4",
        f"{listing(rejected[0])} % at the four η, where it is {listing(rejected[1])} %",
        f"After 50 rounds {listing(early[0][2:], '.0f')} % are out with attribution, "
        f"{listing(early[1][2:], '.0f')} % without",
        f"after 150 it is {listing(late[0][2:], '.0f')} % both ways",
    ):
        assert said in page(), said
    assert late[0][2:] == late[1][2:]


def test_what_is_said_of_attacks() -> None:
    out, accuracy = numbers("attacks", "malicious_out"), numbers("attacks", "accuracy")
    triggers, rejections = numbers("attacks", "backdoor"), numbers("attacks", "rejected")
    clean = accuracy["none", "collective slash"]
    jury, named, bare = (
        {row: mean for (row, of), mean in accuracy.items() if of == series}
        for series in ("collective slash", "attribution", "FedAvg w/ mal")
    )
    found = load("attacks")
    rich = found.records({"attack": "label flip when rich", "series": "collective slash"})
    refused = sorted(run["outcomes"].count("R") for run in rich)
    triggered = found.values({"attack": "trigger, no poison", "series": "collective slash"}, "backdoor")
    pairs = {row: (out[row, "attribution"], out[row, "collective slash"]) for row in named}
    assert all(a < b for a, b in pairs.values() if b > 0)
    assert jury["label flip and lies when rich"] > clean - 0.001
    assert min(mean for (row, _), mean in triggers.items() if row.startswith("backdoor")) > 0.995
    assert rejections["ALIE, z = 1.5", "collective slash"] == rejections["backdoor", "collective slash"] == 0
    for row in ("label flip when rich", "label flip and lies when rich"):
        assert pairs[row] == (0, 0)
    worst = ("noise", "sign flip")
    least = min(named[row] - bare[row] for row in worst)
    refused_alie = rejections["ALIE, z = 4", "collective slash"]
    for said in (
        f"accuracy is {clean:.1%}.",
        f"ends at {jury['noise'] * 100:.1f} and {jury['sign flip']:.1%}, with attribution at "
        f"{named['noise'] * 100:.1f} and {named['sign flip']:.1%}, "
        f"ahead of FedAvg by {least * 100:.1f} points",
        f"without a jury either, {bare['ALIE, z = 1.5']:.1%}. At z = 4 it does, {bare['ALIE, z = 4']:.1%}",
        f"rejects {refused_alie:.1%} of the rounds, ends at {jury['ALIE, z = 4']:.1%}",
        f"{refused[0]} to {refused[-1]} are rejected, which costs "
        f"{(clean - jury['label flip when rich']) * 100:.1f} points of accuracy",
        "{:.0f}% in place of {:.0f} under sign flip".format(*(100 * one for one in pairs["sign flip"])),
        "{:.0f} for {:.0f} under noise".format(*(100 * one for one in pairs["noise"])),
        "{:.0f} for {:.0f} under ALIE at z = 4".format(*(100 * one for one in pairs["ALIE, z = 4"])),
        "{:.0f} for {:.0f} under the scaled backdoor".format(*(100 * one for one in pairs["backdoor ×3"])),
        "{:.0f} for {:.0f} under label flip".format(*(100 * one for one in pairs["label flip"])),
        "{:.0f} in place of {:.0f} under noise".format(*(100 * one for one in pairs["noise"])),
        "{:.0f} in place of {:.0f} under label flip".format(*(100 * one for one in pairs["label flip"])),
        f"accuracy is {named['sign flip']:.1%} where the collective slash has {jury['sign flip'] * 100:.1f}.",
        f"takes {fmean(triggered):.0%} of the triggered samples for the target, "
        f"from {min(triggered) * 100:.0f} to {max(triggered):.0%} by seed",
        f"an unpoisoned one takes {fmean(triggered):.0%}.",
        f"cost the jury {' and '.join(f'{(clean - jury[one]) * 100:.1f}' for one in worst)} points",
    ):
        assert (wanted := said.replace("%", " %")) in page(), wanted
    text = " ".join((report.ROOT / "docs" / "reproduction.md").read_text("utf-8").split())
    outvoted = numbers("attacks", "minority")["none", "collective slash"] / 45
    assert f"{outvoted:.0%}".replace("%", " % of the voters are outvoted by chance") in text
