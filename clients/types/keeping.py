"""How long models are kept: the rule that members agree on and auditors apply.

A deployment's record says for how many rounds: its `history`. The files of a round are its updates and the
model that it accepted. They must be available until `history` more rounds are settled, with any outcome;
after that they may be gone. Two models must stay for good: the genesis, which defines the form of an update,
and the head, from which the next round begins, however long no other model is accepted.

Participants keep files by the same rule, and release them a little later: `compute_needed`.
"""

from collections.abc import Collection, Hashable, Mapping
from typing import TypeVar

from clients.types.errors import RequestError

HISTORY = 20
"""Rounds for which models are kept by default."""
HISTORY_MAX = 1_000_000
SPARE = 1
"""Further rounds for which participants keep files: an auditor's node may lag, and a reorganisation may undo
a settlement."""

File = TypeVar("File", bound=Hashable)


def may_be_gone(round_number: int, settled: int, history: int) -> bool:
    """Return whether files of round `round_number` may be gone once `settled` rounds are settled.

    It doesn't apply to the genesis and the head, which must stay.
    """
    return settled - round_number >= history


def compute_needed(
    uses: Mapping[File, int], *, genesis: File, heads: Collection[File], settled: int, history: int
) -> set[File]:
    """Return the files that must stay once `settled` rounds are settled: genesis, heads, and some of `uses`.

    A chain has one head. Participants that gossip have one each.

    `uses` has the last round that used each file: made, judged or accepted it, or began with it. All files of
    a round in progress stay, as that round is later than `settled`.
    """
    return {genesis, *heads} | {
        one for one, last in uses.items() if not may_be_gone(last, settled, history + SPARE)
    }


def check_history(value: object, where: str = "history") -> int:
    """Return `value` if it is a number of rounds for which models can be kept; `RequestError` otherwise."""
    if type(value) is not int or not 0 <= value <= HISTORY_MAX:
        raise RequestError(f"{where} = {value!r}: it must be a whole number of rounds, 0 to {HISTORY_MAX}.")
    return value
