from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from clients.protocol.tally import EMPTY, compute_tally

BALLOTS = st.lists(st.sampled_from([bytes(32), b"\1" * 32, b"\2" * 32, b"\3" * 32]))


@given(BALLOTS)
def test_it_counts_every_ballot_and_numbers_options_as_first_seen(ballots: list[bytes]) -> None:
    tally = EMPTY
    for ballot in ballots:
        tally, option = compute_tally(tally, ballot)
        assert tally.entries[option - 1] == ballot
    assert list(tally.entries) == list(dict.fromkeys(ballots))
    assert dict(zip(tally.entries, tally.counts, strict=True)) == Counter(ballots)
    assert tally.against == ballots.count(bytes(32))
    assert tally.leading_count == max(tally.counts, default=0)


@given(BALLOTS)
def test_the_leading_option_first_reached_the_highest_count(ballots: list[bytes]) -> None:
    tally, best, digest = EMPTY, 0, bytes(32)
    counts: Counter[bytes] = Counter()
    for ballot in ballots:
        tally, _ = compute_tally(tally, ballot)
        counts[ballot] += 1
        if counts[ballot] > best:
            best, digest = counts[ballot], ballot
        assert tally.candidate == digest
