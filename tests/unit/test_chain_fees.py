"""Offers for gas: every raise is one that nodes take, and none is above the ceiling."""

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from clients.ports.chain.fees import (
    GWEI,
    Fees,
    Market,
    Offer,
    first,
    get_patience,
    is_priced_out,
    parse_ceiling,
    raised,
)
from clients.types.errors import RequestError

PRICES = st.integers(0, 3000 * GWEI)
MARKETS = st.builds(Market, PRICES, PRICES) | st.builds(Market, st.none(), PRICES)
CEILINGS = st.integers(1, 2000 * GWEI)


@given(MARKETS, CEILINGS)
def test_a_first_offer_is_there_whenever_the_ceiling_allows(market: Market, ceiling: int) -> None:
    offer = first(market, ceiling)
    assert (offer is None) == (market.least > ceiling)
    if offer is not None:
        assert market.least <= offer.most <= ceiling
        assert offer.tip <= offer.most
        assert offer.legacy == (market.base is None)
        # A node's lie about what is usual is believed up to a quarter of the ceiling.
        assert offer.legacy or offer.tip <= max(ceiling // 4, (ceiling - market.least) // 2)


@given(MARKETS, MARKETS, CEILINGS, st.booleans())
@example(Market(790 * GWEI, 0), Market(880 * GWEI, 0), 1000 * GWEI, False)
def test_a_raise_is_one_that_nodes_take(market: Market, later: Market, ceiling: int, hasty: bool) -> None:
    old = first(market, ceiling)
    assume(old is not None)
    assert old is not None
    new = raised(old, later, ceiling, hasty=hasty)
    if new is None:
        # Nothing is left to offer, or nothing that may be offered would do.
        assert old.most > (ceiling - 1) * 8 // 9 or later.least > ceiling
        return
    assert new.tip <= new.most <= ceiling
    assert new.most >= min(ceiling, later.least)
    assert new.most * 10 >= old.most * 11
    assert new.most > old.most
    assert new.tip * 10 >= old.tip * 11
    assert new.tip > old.tip
    if later.base is not None and not old.legacy:  # Nethermind's measure: what would be paid
        paid = [min(one.most, later.base + one.tip) for one in (old, new)]
        assert paid[1] * 10 >= paid[0] * 11


@settings(max_examples=30)
@given(MARKETS, CEILINGS, st.booleans())
def test_raises_end_at_the_ceiling_itself(market: Market, ceiling: int, hasty: bool) -> None:
    """A base fee just below the ceiling is reached, however the offers before were spread."""
    offer = first(market, ceiling)
    assume(offer is not None and offer.most > 100)
    for _ in range(400):
        assert offer is not None
        better = raised(offer, market, ceiling, hasty=hasty)
        if better is None:
            break
        offer = better
    assert offer is not None
    assert offer.most == ceiling or ceiling < 1000


@given(st.floats(0, 1e6), st.floats(0, 1e6))
def test_patience_is_a_share_of_the_time_left(one: float, other: float) -> None:
    sooner, later = sorted((one, other))
    assert 0 < get_patience(sooner) <= get_patience(later) <= get_patience(None)
    assert get_patience(later) <= max(3.0, later / 4)


def test_an_offer_that_the_next_block_may_not_take_is_priced_out() -> None:
    offer = Offer(9 * GWEI, GWEI)
    assert not is_priced_out(offer, Market(8 * GWEI, 0))
    assert is_priced_out(offer, Market(8 * GWEI + 8, 0))
    assert not is_priced_out(offer, Market(None, 100 * GWEI))


def test_the_ceiling_is_given_in_gwei() -> None:
    assert parse_ceiling("50") == Fees(ceiling=50 * GWEI)
    assert parse_ceiling("0.5").ceiling == GWEI // 2
    for text in ("", "much", "-1", "0", "nan", "inf", "1e-12"):
        with pytest.raises(RequestError, match="--fee-ceiling"):
            parse_ceiling(text)
