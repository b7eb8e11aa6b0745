"""Offers for a unit of gas: the first offer, how it is raised, and how long to wait before that.

An offer promises at most `most` wei per unit, of which at most `tip` goes to the block's maker. The price
paid is the block's base fee plus the tip. So a high `most` costs nothing while the base fee is low; a high
`tip` does.

Nodes let a transaction replace another of the same nonce if both numbers are raised by a tenth: geth
(`PriceBump` in core/txpool/legacypool), Erigon (`PriceBump` in txpoolcfg.go), Reth (`DEFAULT_PRICE_BUMP` in
the pool's config.rs) and Hardhat (edr mem_pool.rs); Anvil asks for anything more. Besu
(TransactionReplacementByFeeMarketRule.java, by more than a tenth) and Nethermind
(CompareReplacedTxByFee.cs) compare the price that would be paid, base fee included. `raised` raises all three
by an eighth, so that rounding does no harm.
"""

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from clients.types.errors import RequestError

GWEI = 10**9
_CALM, _HASTE = 45.0, 3.0  # seconds
_SHARE = 8


@dataclass(frozen=True, slots=True)
class Fees:
    """What a unit of gas may cost, in wei. `fixed` is for chains of our own, where ether is play money."""

    fixed: tuple[int, int] | None = None  # (most in all, tip)
    ceiling: int = 1000 * GWEI


def add_ceiling(parser: "argparse.ArgumentParser | argparse._ArgumentGroup") -> None:
    """Add the option that says what gas may cost."""
    parser.add_argument(
        "--fee-ceiling",
        default=gwei(Fees().ceiling),
        metavar="GWEI",
        help="the most to offer for a unit of gas, tip included (default: %(default)s)",
    )


def parse_ceiling(text: str) -> Fees:
    """Return the fees for the option's value. RequestError if it is no price."""
    try:
        wei = Decimal(text) * GWEI
    except InvalidOperation:
        wei = Decimal(0)
    if not wei.is_finite() or wei < 1:
        raise RequestError(f"--fee-ceiling {text}: give what a unit of gas may cost, in gwei, as 50 or 0.5.")
    return Fees(ceiling=int(wei))


@dataclass(frozen=True, slots=True)
class Offer:
    """An offer for a unit of gas, in wei. `legacy`: one price, as before London; `tip` equals `most` then."""

    most: int
    tip: int
    legacy: bool = False

    def fields(self) -> Mapping[str, int]:
        """Return the offer as fields of a transaction."""
        if self.legacy:
            return {"gasPrice": self.most}
        return {"type": 2, "maxFeePerGas": self.most, "maxPriorityFeePerGas": self.tip}


@dataclass(frozen=True, slots=True)
class Market:
    """What gas costs, in wei: the latest block's base fee, None before London, and the node's suggestion.

    `suggested` is the tip, or the whole price if there is no base fee.
    """

    base: int | None
    suggested: int

    @property
    def least(self) -> int:
        """Return the lowest total offer that a block with the latest block's base fee would take."""
        return self.suggested if self.base is None else self.base


def first(market: Market, ceiling: int) -> Offer | None:
    """Return the first offer, or None if gas costs more than `ceiling`.

    Twice the base fee is enough for six full blocks, as a base fee rises by at most an eighth per block. If
    that is above the ceiling, the offer is lower.
    """
    if market.least > ceiling:
        return None
    if market.base is None:
        price = _room(market.suggested, market.suggested, ceiling)
        return Offer(price, price, legacy=True)
    tip = _believed(market, ceiling)
    return _offer(market, 2 * market.base + tip, _next(market.base) + tip, tip, ceiling)


def raised(old: Offer, market: Market, ceiling: int, *, hasty: bool = False) -> Offer | None:
    """Return an offer that replaces `old` in any node's pool, or None if the ceiling leaves no room now.

    The tip rises by what nodes ask for or, if `hasty`, by its share of the way to the ceiling on a
    logarithmic scale. The last possible offer below the ceiling gives the tip half of what is left above the
    base fee.
    """
    if _bumped(old.most) > ceiling or market.least > ceiling:
        return None
    base = 0 if old.legacy or market.base is None else market.base
    tip = max(_bumped(old.tip), _bumped(base + old.tip) - base)
    if hasty:
        way = max(1.0, (ceiling - base) / max(1, old.tip))
        tip = max(tip, round(max(1, old.tip) * way ** (1 / _SHARE)))
    if old.legacy:
        price = _room(max(tip, market.least), max(_bumped(old.most), market.least), ceiling)
        return Offer(price, price, legacy=True)
    tip = max(tip, _believed(market, ceiling) if market.base is not None else 0)
    need = max(_next(base) + tip, _bumped(old.most), market.least)
    return _offer(market, 2 * base + tip, need, tip, ceiling)


def is_priced_out(offer: Offer, market: Market) -> bool:
    """Return whether the next block, whose base fee is an eighth higher at most, may not take `offer`."""
    return market.base is not None and offer.most < _next(market.base)


def get_patience(left: float | None) -> float:
    """Return the seconds to wait before raising an offer that isn't taken, with `left` seconds left.

    It is a share of what is left, so there are several raises in any time, and the last ones come fast.
    """
    return _CALM if left is None else min(_CALM, max(_HASTE, left / _SHARE))


def gwei(wei: int) -> str:
    """Return an amount of wei in gwei, for people to read."""
    places = 3 if wei >= GWEI // 100 else 9
    return f"{wei / GWEI:.{places}f}".rstrip("0").rstrip(".")


def _offer(market: Market, want: int, need: int, tip: int, ceiling: int) -> Offer:
    most = _room(max(want, need), need, ceiling)
    if most == ceiling:
        tip = max(tip, (ceiling - (market.base or 0)) // 2)
    return Offer(most, min(tip, most))


def _believed(market: Market, ceiling: int) -> int:
    """Return the tip that the node suggests, within plausible bounds: the node may be wrong, or lie."""
    return min(market.suggested, ceiling // 4)


def _room(want: int, need: int, ceiling: int) -> int:
    """Return `want`, or at least `need` with room for one more raise; the ceiling where there is no room."""
    last = (ceiling - 1) * 8 // 9
    if want <= last:
        return want
    return last if need <= last else ceiling


def _next(base: int) -> int:
    return base + base // 8


def _bumped(price: int) -> int:
    return price + price // 8 + 1
