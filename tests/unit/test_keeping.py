"""How long models are kept: nothing that is needed is let go of, and everything else is in the end."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.types.errors import RequestError
from clients.types.keeping import HISTORY_MAX, SPARE, check_history, compute_needed, may_be_gone

GENESIS = "genesis"


@dataclass(frozen=True)
class Played:
    """A settled round: the files that it used, and the model that it accepted, if any."""

    files: frozenset[str]
    accepted: str | None


# Few names, so that some files are of several rounds, and a model comes back or is the genesis.
names = st.sampled_from([GENESIS, *"abcdefgh"])
rounds = st.builds(Played, st.frozensets(names, max_size=4), st.none() | names)
histories = st.integers(0, 6)


@given(st.lists(rounds, max_size=25), histories)
def test_what_may_still_be_asked_for_stays_and_the_rest_goes(played: list[Played], history: int) -> None:
    uses: dict[str, int] = {}
    head, held = GENESIS, {GENESIS}
    for number, one in enumerate(played, 1):
        used = one.files | {head} | ({one.accepted} if one.accepted else set())
        held |= used
        uses |= dict.fromkeys(used, number)
        head = one.accepted or head
        # While a round is in progress, and once it is settled
        for settled in (number - 1, number):
            needed = compute_needed(uses, genesis=GENESIS, heads={head}, settled=settled, history=history)
            owed = {
                file
                for before, earlier in enumerate(played[:number], 1)
                if not may_be_gone(before, settled, history)
                for file in earlier.files | ({earlier.accepted} if earlier.accepted else set())
            }
            assert {GENESIS, head} | owed <= needed <= held
        uses = {file: last for file, last in uses.items() if file in needed}
        held &= needed
    settled = len(played) + history + SPARE
    assert compute_needed(uses, genesis=GENESIS, heads={head}, settled=settled, history=history) == {
        GENESIS,
        head,
    }


@given(st.integers(1, 10**9), st.integers(0, 10**9), st.integers(0, HISTORY_MAX))
def test_a_round_may_be_gone_once_as_many_more_are_settled(number: int, more: int, history: int) -> None:
    assert may_be_gone(number, number + more, history) == (more >= history)
    assert not may_be_gone(number, number - 1, history)  # in progress


@given(st.integers() | st.booleans() | st.floats() | st.text() | st.none())
def test_a_history_is_a_whole_number_of_rounds(value: object) -> None:
    if type(value) is int and 0 <= value <= HISTORY_MAX:
        assert check_history(value) == value
    else:
        with pytest.raises(RequestError, match="a whole number of rounds"):
            check_history(value)
