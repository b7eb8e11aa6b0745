"""What a unit of gas is offered: the first offer, how it is raised, and how long one waits before that.

An offer is a promise of at most `most` wei a unit, of which at most `tip` goes to whoever makes the block;
what is paid is the block's base fee and the tip. So `most` costs nothing while the base fee is low, and
`tip` does.

Nodes let a transaction replace another of the same nonce where both are raised by a tenth: geth
(`PriceBump` in core/txpool/legacypool), Erigon (`PriceBump` in txpoolcfg.go), Reth (`DEFAULT_PRICE_BUMP` in
the pool's config.rs) and Hardhat (edr mem_pool.rs); Anvil asks for anything more. Besu
(TransactionReplacementByFeeMarketRule.java, by more than a tenth) and Nethermind
(CompareReplacedTxByFee.cs) look at what would be paid instead, base fee included. `raised` gives an eighth
on all three, which no rounding spoils.
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
    """What a unit of gas may cost, in wei. `fixed` is for chains of our own, where it's play money."""

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
    """Return the fees that the option's value stands for. RequestError where it is no price."""
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
        """Return the fields of a transaction that say so."""
        if self.legacy:
            return {"gasPrice": self.most}
        return {"type": 2, "maxFeePerGas": self.most, "maxPriorityFeePerGas": self.tip}


@dataclass(frozen=True, slots=True)
class Market:
    """What gas costs, in wei: the latest block's base fee, None before London, and what the node suggests.

    `suggested` is the tip, or the whole price where there is no base fee.
    """

    base: int | None
    suggested: int

    @property
    def least(self) -> int:
        """Return what must be offered in all for the latest block, were it the next."""
        return self.suggested if self.base is None else self.base


def first(market: Market, ceiling: int) -> Offer | None:
    """Return the first offer, or None where gas costs more than `ceiling`.

    Twice the base fee outlasts six full blocks. Where that is above the ceiling, less does: a base fee
    rises by an eighth a block.
    """
    if market.least > ceiling:
        return None
    if market.base is None:
        price = _room(market.suggested, market.suggested, ceiling)
        return Offer(price, price, legacy=True)
    tip = _believed(market, ceiling)
    return _offer(market, 2 * market.base + tip, _next(market.base) + tip, tip, ceiling)


def raised(old: Offer, market: Market, ceiling: int, *, hasty: bool = False) -> Offer | None:
    """Return an offer that replaces `old` in any node's pool, or None where the ceiling leaves no room now.

    The tip rises by what nodes ask for, or, if `hasty`, by its share of the way to the ceiling, in orders
    of magnitude. The last offer before the ceiling, which no other can follow, gives the tip half of what
    is left above the base fee.
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
    """Return the seconds to wait before an offer that isn't taken is raised, `left` seconds before the end.

    A share of what is left: there are several raises in any time, and the last ones come fast.
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
    """Return the tip that the node suggests, or what is believed of it: it may be wrong, or lie."""
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
