"""Numbers from a run's record: values of every round, and single numbers.

A federation comes to a halt when too few members are left to open a round. It keeps its head and its members,
so the last round's values also stand for the rounds that were planned and not played (`carry_on`). Final
values and survival are then those at the end of the plan, as in complete runs. Counts of rounds (the share
rejected, gas per round) cover only the rounds played.
"""

import math
import statistics
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType

from clients.economics.measure import SURE, get_quantile
from clients.experiments.strict import Table
from clients.types.errors import unknown_name

CELLS = 300
"""For how many cells together the upper end of a gain is sure: no table of games has more."""

PerRound = Callable[[Table], Sequence[float]]
Single = Callable[[Table, int], float]


@dataclass(frozen=True, slots=True)
class Measure:
    """A value of each round: the fields of a record that it needs, and its label on an axis."""

    fields: tuple[str, ...]
    get: PerRound
    label: str


@dataclass(frozen=True, slots=True)
class Metric:
    """A single number: `get(record, last)`, where a final value is the mean over the `last` planned
    rounds."""

    fields: tuple[str, ...]
    get: Single
    label: str


def count_planned(record: Table) -> int:
    """Return how many rounds a run had planned; it played `record["rounds"]` of them."""
    return int(record["settings"]["rounds"])


def carry_on(record: Table, values: Sequence[float]) -> list[float]:
    """Return the values of all planned rounds; if the federation came to a halt, the last value is
    repeated."""
    return [*values, *[values[-1]] * (count_planned(record) - len(values))]


def _plain(field: str) -> PerRound:
    return lambda record: record[field]


def _alive(group: str) -> PerRound:
    """Return the share of `group` that is still a member after each round."""

    def get(record: Table) -> list[float]:
        out, members = record[f"{group}_out"], max(record[group], 1)
        return [1 - sum(one <= number for one in out) / members for number in range(1, record["rounds"] + 1)]

    return get


def _cumulated(letters: str) -> PerRound:
    def get(record: Table) -> list[float]:
        total, found = 0, []
        for outcome in record["outcomes"]:
            total += outcome in letters
            found.append(float(total))
        return found

    return get


MEASURES: Mapping[str, Measure] = MappingProxyType(
    {
        "accuracy": Measure(("accuracy",), _plain("accuracy"), "test accuracy"),
        "auroc": Measure(("auroc",), _plain("auroc"), "mean AUROC"),
        "backdoor": Measure(("backdoor",), _plain("backdoor"), "triggered samples that go over"),
        "honest_tokens": Measure(("honest_tokens",), _plain("honest_tokens"), "honest: mean tokens"),
        "malicious_tokens": Measure(
            ("malicious_tokens",), _plain("malicious_tokens"), "malicious: mean tokens"
        ),
        "honest_alive": Measure(("honest", "honest_out"), _alive("honest"), "honest still in"),
        "malicious_alive": Measure(("malicious", "malicious_out"), _alive("malicious"), "malicious still in"),
        "accepted": Measure(("outcomes",), _cumulated("A"), "award rounds"),
        "rejected": Measure(("outcomes",), _cumulated("R"), "slash rounds"),
    }
)


def _last(field: str) -> Single:
    """Return the mean over the last planned rounds."""
    return lambda record, last: statistics.fmean(carry_on(record, record[field])[-last:])


def _out(group: str) -> Single:
    """Return the share of `group` that was banned."""
    return lambda record, last: len(record[f"{group}_out"]) / max(record[group], 1)


def _survival(group: str) -> Single:
    """Return the mean number of rounds for which members of `group` stay in; without a ban, all planned
    rounds."""

    def get(record: Table, last: int) -> float:
        out, members, rounds = record[f"{group}_out"], record[group], count_planned(record)
        return (sum(out) + rounds * (members - len(out))) / members if members else float(rounds)

    return get


def _share(letter: str) -> Single:
    return lambda record, last: record["outcomes"].count(letter) / max(len(record["outcomes"]), 1)


def _converged(record: Table, last: int) -> float:
    """Return the first round whose accuracy is within a point of the final one."""
    final = _last("accuracy")(record, last)
    return float(next(n for n, one in enumerate(record["accuracy"], 1) if one >= final - 0.01))


def _judging(record: Table, last: int) -> float:
    """Return judging's time as a multiple of training's, which a busy machine changes less than seconds."""
    seconds = record["seconds"]
    return float((seconds["judge"] + seconds["aggregate"]) / seconds["train"])


def _single(field: str) -> Single:
    return lambda record, last: float(record[field])


def _first(field: str) -> Single:
    """Return the mean of an interval, which a record holds as mean and half width."""
    return lambda record, last: float(record[field][0])


def _most(field: str) -> Single:
    """Return the upper end of an interval that is sure for `CELLS` cells together (Bonferroni), from the
    record's mean and half width of the 95 % interval."""

    def get(record: Table, last: int) -> float:
        (mean, half), pairs = record[field], record["settings"]["pairs"]
        wider = get_quantile(1 - (1 - SURE) / CELLS, pairs) / get_quantile((1 + SURE) / 2, pairs)
        return float(mean + half * wider)

    return get


def _count(field: str) -> Single:
    return lambda record, last: float(len(record[field]))


def _negative(field: str, place: int) -> Single:
    """Return the share of negatives in a run; `field` counts pairs of negatives and all, from `place` on."""

    def get(record: Table, last: int) -> float:
        negative, total = (sum(one[place + turn] for one in record[field]) for turn in (0, 1))
        return negative / total if total else 0.0

    return get


def _pooled(field: str, third: int | None = None) -> Single:
    """Return the mean over all updates of a record's rounds, or of their first, middle or last third."""

    def get(record: Table, last: int) -> float:
        rounds = record[field]
        few = max(len(rounds) // 3, 1)
        parts = (rounds[:few], rounds[few:-few] or rounds, rounds[-few:])
        return statistics.fmean(
            value for line in (rounds if third is None else parts[third]) for value in line
        )

    return get


def _extreme(choose: Callable[[Iterable[float]], float], field: str) -> Single:
    """Return the largest or the smallest value of all updates of a record's rounds."""
    return lambda record, last: choose(value for line in record[field] for value in line)


def _beyond(riders: str, others: str, sign: int) -> Single:
    """Return the share of free riders' values that lie above all others' (`sign` 1) or below them (-1)."""

    def get(record: Table, last: int) -> float:
        bound: float = max(sign * value for line in record[others] for value in line)
        values: list[float] = [sign * value for line in record[riders] for value in line]
        return sum(value > bound for value in values) / len(values)

    return get


def _wins(record: Table, last: int) -> float:
    winners: str = record["winners"]
    return winners.count("M") / len(winners)


def pool_vad(record: Table, group: str, rounds: slice = slice(None)) -> list[float]:
    """Return every vad of `group`'s updates in some rounds, as shares; 1 for an unusable model."""
    return [1.0 if one is None else one / 1000 for values in record["vad"][group][rounds] for one in values]


def _auc(record: Table, last: int) -> float:
    """Return how often a malicious update's vad is above an honest one's: the area under the ROC curve."""
    honest = sorted(pool_vad(record, "honest"))
    malicious = pool_vad(record, "malicious")
    if not honest or not malicious:
        return math.nan
    above = sum(bisect_left(honest, one) + bisect_right(honest, one) for one in malicious)
    return above / (2 * len(honest) * len(malicious))


def _stake_ratio(record: Table, last: int) -> float:
    """Return the mean stake of a malicious participant as a share of an honest one's."""
    return _last("malicious_tokens")(record, last) / _last("honest_tokens")(record, last)


def _refused(method: str) -> Single:
    """Return how many of simulated attackers' calls of `method` the chain refused in the run."""

    def count(record: Table, last: int) -> float:
        return float(sum(line.count(method) for line in record["refused"]))

    return count


def _drop(record: Table, last: int) -> float:
    """Return how much accuracy the global model loses in the first local epoch, from round 2 on."""
    epochs = record["epochs"]
    return statistics.fmean(before[-1] - after[0] for before, after in pairwise(epochs))


def _gas(record: Table, last: int) -> float:
    total: int = sum(record["gas"].values())
    clients: int = record["honest"] + record["malicious"]
    return total / int(record["rounds"]) / clients


def _update_bytes(record: Table, last: int) -> float:
    """Return an update's size.

    Older records don't hold it. There it follows from the bytes read: each update once, and the first model.
    That is right if the run wasn't interrupted, since an interruption reads a round twice.
    """
    if "update_bytes" in record:
        return float(record["update_bytes"])
    return float(record["bytes"]["down"] / (record["proposals"] + 1))


METRICS: Mapping[str, Metric] = MappingProxyType(
    {
        "accuracy": Metric(("accuracy",), _last("accuracy"), "test accuracy"),
        "best": Metric(
            ("accuracy",), lambda record, last: max(record["accuracy"]), "best accuracy of any round"
        ),
        "auroc": Metric(("auroc",), _last("auroc"), "mean AUROC"),
        "backdoor": Metric(("backdoor",), _last("backdoor"), "triggered samples that go over"),
        "converged": Metric(("accuracy",), _converged, "rounds until within a point of the final accuracy"),
        "honest_tokens": Metric(("honest_tokens",), _last("honest_tokens"), "honest: mean tokens"),
        "malicious_tokens": Metric(
            ("malicious_tokens",), _last("malicious_tokens"), "malicious: mean tokens"
        ),
        "honest_out": Metric(("honest", "honest_out"), _out("honest"), "honest put out"),
        "malicious_out": Metric(("malicious", "malicious_out"), _out("malicious"), "malicious put out"),
        "honest_survival": Metric(
            ("honest", "honest_out"), _survival("honest"), "honest: mean survival, rounds"
        ),
        "malicious_survival": Metric(
            ("malicious", "malicious_out"), _survival("malicious"), "malicious: mean survival, rounds"
        ),
        "accepted": Metric(("outcomes",), _share("A"), "rounds accepted"),
        "rejected": Metric(("outcomes",), _share("R"), "rounds rejected"),
        "undecided": Metric(("outcomes",), _share("U"), "rounds undecided"),
        "minority": Metric(
            ("minority",), lambda record, last: statistics.fmean(record["minority"]), "voters in the minority"
        ),
        "caught": Metric(("judged",), _negative("judged", 0), "votes against malicious updates"),
        "flagged": Metric(("judged",), _negative("judged", 2), "votes against honest updates"),
        "malicious_failed": Metric(("passed",), _negative("passed", 0), "malicious updates that failed"),
        "honest_failed": Metric(("passed",), _negative("passed", 2), "honest updates that failed"),
        "stake_ratio": Metric(
            ("honest_tokens", "malicious_tokens"), _stake_ratio, "malicious stake, of an honest one"
        ),
        "auc": Metric(("vad",), _auc, "area under the ROC curve of vad"),
        "malicious_wins": Metric(("winners",), _wins, "blocks won by malicious miners"),
        "refused_blocks": Metric(("refused",), _refused("publish"), "publications refused"),
        "refused_claims": Metric(("refused",), _refused("propose"), "claims refused"),
        "drop": Metric(("epochs",), _drop, "accuracy that the first local epoch takes"),
        "judging": Metric(("seconds",), _judging, "time to judge and aggregate, of training's"),
        "gas": Metric(("gas", "honest", "malicious"), _gas, "gas a client and round"),
        "update_bytes": Metric(("update_bytes", "bytes", "proposals"), _update_bytes, "bytes an update"),
        "gain": Metric(("gain",), _first("gain"), "gain, in honest pays"),
        "gain_most": Metric(("gain",), _most("gain"), "gain at most, in honest pays"),
        "harm": Metric(("harm",), _first("harm"), "others' loss, in honest pays"),
        "surplus": Metric(("surplus",), _first("surplus"), "others' loss beyond the coalition's"),
        "griefing": Metric(("griefing",), _first("griefing"), "griefing factor"),
        "put_out": Metric(("put_out",), _single("put_out"), "honest put out"),
        "absent": Metric(("absent",), _single("absent"), "honest put out for absence"),
        "models": Metric(("models",), _single("models"), "rounds with a model"),
        "rediscovered": Metric(("cases",), _count("cases"), "faults found again"),
        "strategies": Metric(("found",), _count("found"), "strategies found"),
        "tried": Metric(("tried",), _single("tried"), "combinations tried"),
        "jury_rejects": Metric(("jury_rejects",), _single("jury_rejects"), "juries that reject"),
        "juror_rejects": Metric(("juror_rejects",), _single("juror_rejects"), "jurors who reject"),
        "riders_early": Metric(
            ("riders_passed",), _pooled("riders_passed", 0), "free riders' that pass, first third"
        ),
        "riders_middle": Metric(
            ("riders_passed",), _pooled("riders_passed", 1), "free riders' that pass, middle"
        ),
        "riders_late": Metric(
            ("riders_passed",), _pooled("riders_passed", 2), "free riders' that pass, last third"
        ),
        "riders_passed": Metric(("riders_passed",), _pooled("riders_passed"), "free riders' that pass"),
        "others_passed": Metric(("others_passed",), _pooled("others_passed"), "others' that pass"),
        "riders_slashed": Metric(("riders_slashed",), _pooled("riders_slashed"), "free riders' that cost"),
        "others_slashed": Metric(("others_slashed",), _pooled("others_slashed"), "others' that cost"),
        "riders_gained": Metric(("riders_gained",), _pooled("riders_gained"), "accuracy above the head's"),
        "riders_alike": Metric(("riders_alike",), _pooled("riders_alike"), "cosine to an earlier update"),
        "others_alike": Metric(
            ("others_alike",), _extreme(max, "others_alike"), "others' largest cosine to an earlier update"
        ),
        "riders_pull": Metric(("riders_pull",), _pooled("riders_pull"), "cosine to jurors' epochs"),
        "others_pull": Metric(
            ("others_pull",), _extreme(min, "others_pull"), "others' smallest cosine to jurors' epochs"
        ),
        "alike_found": Metric(
            ("riders_alike", "others_alike"),
            _beyond("riders_alike", "others_alike", 1),
            "more alike than any trained",
        ),
        "pull_found": Metric(
            ("riders_pull", "others_pull"),
            _beyond("riders_pull", "others_pull", -1),
            "further off than any trained",
        ),
        "return": Metric(("return",), _single("return"), "mean return of a lying vote, in stakes"),
        "expected": Metric(("expected",), _single("expected"), "equation (4)"),
        "won": Metric(("won",), _single("won"), "lying votes that won"),
    }
)


def measure(name: str) -> Measure:
    """Return the per-round value called `name`."""
    if name not in MEASURES:
        raise unknown_name("per-round value", name, MEASURES)
    return MEASURES[name]


def metric(name: str) -> Metric:
    """Return the metric called `name`."""
    if name not in METRICS:
        raise unknown_name("metric", name, METRICS)
    return METRICS[name]


def spread(values: Sequence[float]) -> tuple[float, float]:
    """Return mean and standard deviation (of the sample; 0 of a single value)."""
    return statistics.fmean(values), statistics.stdev(values) if len(values) > 1 else 0.0


def get_half_interval(deviation: float, runs: int) -> float:
    """Return half the width of the 95 % interval of a mean over `runs` runs, by Student's t; infinite for a
    single run."""
    return get_quantile(0.975, runs) * deviation / math.sqrt(runs) if runs > 1 else math.inf
