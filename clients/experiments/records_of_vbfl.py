"""The parts of a run's record that only `vbfl` has: validators' votes, blocks, stakes."""

from collections.abc import Sequence

from clients.experiments.strict import Table
from clients.types.federation import TOKEN


def read_vbfl(lines: Sequence[Table], malicious: set[str]) -> Table:
    """Return of each round what validators measured of honest and malicious updates, how they judged them,
    which updates passed, whose block won, and everybody's stake.
    """
    return {
        "vad": {
            "honest": [_vad(line, malicious, False) for line in lines],
            "malicious": [_vad(line, malicious, True) for line in lines],
        },
        "judged": [_judge(line, malicious) for line in lines],
        "passed": [_pass(line, malicious) for line in lines],
        "winners": "".join(_winner(line["publisher"], malicious) for line in lines),
        "stakes": {
            "honest": _stakes(lines, malicious, False),
            "malicious": _stakes(lines, malicious, True),
        },
    }


def _columns(line: Table, malicious: set[str], wanted: bool) -> list[int]:
    """Return the numbers of the updates whose proposers are malicious, or honest if not `wanted`."""
    return [number for number, who in enumerate(line["proposers"]) if (who in malicious) == wanted]


def _vad(line: Table, malicious: set[str], wanted: bool) -> list[int | None]:
    """Return every validator's vad of these updates, in thousandths; None for an unusable model."""
    columns = _columns(line, malicious, wanted)
    return [
        None if row[column] is None else round(1000 * row[column])
        for row in line["vad"].values()
        for column in columns
    ]


def _judge(line: Table, malicious: set[str]) -> list[int]:
    """Return how many votes are negative, and how many there are, on malicious and on honest updates.

    These are the votes before liars invert them.
    """
    counts: list[int] = []
    for wanted in (True, False):
        columns = _columns(line, malicious, wanted)
        votes = [
            row[column] is None or row[column] > line["thresholds"][who]
            for who, row in line["vad"].items()
            for column in columns
        ]
        counts += [sum(votes), len(votes)]
    return counts


def _pass(line: Table, malicious: set[str]) -> list[int]:
    """Return how many updates failed and how many there were, from malicious and from honest workers."""
    counts: list[int] = []
    for wanted in (True, False):
        group = {line["proposers"][number] for number in _columns(line, malicious, wanted)}
        counts += [len(group & set(line["blamed"])), len(group)]
    return counts


def _winner(publisher: str | None, malicious: set[str]) -> str:
    return "-" if publisher is None else "M" if publisher in malicious else "H"


def _stakes(lines: Sequence[Table], malicious: set[str], wanted: bool) -> list[list[float]]:
    """Return each of these accounts' stakes after each round, in tokens."""
    accounts = [who for who in lines[0]["balances"] if (who in malicious) == wanted]
    return [[round(line["balances"][who] / TOKEN, 1) for line in lines] for who in accounts]
