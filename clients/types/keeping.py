"""How long models are kept: what the members of a federation agree on, and auditors go by.

A deployment's record says for how many rounds: its `history`. The files of a round are its updates and the
model that it accepted. They are to be had until `history` more rounds are settled, whatever those come to;
after that they may be gone. Two models are never let go of: the genesis, which shows what an update must look
like, and the head, from which the next round begins, however long no other model is accepted.

Whoever keeps files goes by the same rule, and lets go a little later: `compute_needed`.
"""

from collections.abc import Hashable, Mapping
from typing import TypeVar

from clients.types.errors import RequestError

HISTORY = 20
"""Rounds for which models are kept, where nobody says otherwise."""
HISTORY_MAX = 1_000_000
SPARE = 1
"""Rounds for which files stay beyond the agreement: an auditor's node may be some blocks behind a member's,
and a reorganisation may take a settlement back."""

File = TypeVar("File", bound=Hashable)


def may_be_gone(round_number: int, settled: int, history: int) -> bool:
    """Return whether files of round `round_number` may be gone once `settled` rounds are settled.

    It doesn't hold for the genesis and the head, which never may.
    """
    return settled - round_number >= history


def compute_needed(
    uses: Mapping[File, int], *, genesis: File, head: File, settled: int, history: int
) -> set[File]:
    """Return which files must stay once `settled` rounds are settled: genesis, head, and some of `uses`.

    `uses` has the last round that used each file: that made it, judged it, accepted it or began with it. All
    files of a round in progress stay, as that round is later than `settled`.
    """
    return {genesis, head} | {
        one for one, last in uses.items() if not may_be_gone(last, settled, history + SPARE)
    }


def check_history(value: object, where: str = "history") -> int:
    """Return `value` if it is a number of rounds for which models can be kept; `RequestError` otherwise."""
    if type(value) is not int or not 0 <= value <= HISTORY_MAX:
        raise RequestError(f"{where} = {value!r}: it must be a whole number of rounds, 0 to {HISTORY_MAX}.")
    return value
