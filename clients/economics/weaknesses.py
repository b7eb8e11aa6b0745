"""Terms under which known strategies of cheating pay, as far as other terms or another mechanism mend that.

For each mechanism: the strategy's name (`library`), the terms under which it pays, what it is worth there,
and which option of `python -m deploy` mends it. The worths are those of games of 8 rounds in which a third of
20 members cheat, and in a flood 20 strangers who come to 10 members. tests/unit/economics/test_weaknesses.py
plays them, by these terms and by those that mend them.

What pays under all terms of every mechanism, such as copies of the last round's updates, isn't listed:
refusing it would refuse every federation.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from clients.types.federation import BflcTerms, BladeTerms, StakeJuryTerms, StakeVoteTerms, VbflTerms
from clients.types.mechanisms import Terms

JURY_LEAST = 7
"""Jurors of whom a silent third seldom denies the others a majority: of 20 members, in one round of seven."""


@dataclass(frozen=True, slots=True)
class Weakness:
    """A strategy that pays under some terms.

    `worth`: what it gains the coalition, for each of its accounts and each round, in one round's honest pay.
    If it `harms`, it gains nothing, and `worth` is what each of the others loses. `remedy`: what mends it;
    empty where nothing does yet. `pays`: whether it pays under given terms of the mechanism.
    """

    strategy: str
    worth: float
    remedy: str
    pays: Callable[[Any], bool] = lambda terms: True
    harms: bool = False

    @property
    def told(self) -> str:
        """Return the strategy, its worth and its remedy in one line."""
        effect = "costs each of the others" if self.harms else "gains"
        remedy = self.remedy or "no option mends it: the auction has to be redesigned"
        return f"{self.strategy}: {effect} {self.worth:.1f} times a round's honest pay; {remedy}"


def _anybody_joins(terms: Any) -> bool:
    """Return whether anybody gets in, and at once: no managers admit members, and newcomers don't wait."""
    return not terms.managers and not (terms.newcomers and terms.founders)


def _flood(worth: float) -> Weakness:
    remedy = "--managers to admit members; or --newcomers 1, and the first members as --founders"
    return Weakness("flood and open at once", worth, remedy, _anybody_joins)


def _copies(worth: float) -> Weakness:
    return Weakness(
        "copies in front", worth, "--pledge-seconds 3600", lambda terms: terms.schedule.pledge == 0
    )


def _unpaid(worth: float, remedy: str, pays: Callable[[Any], bool]) -> Weakness:
    """Return what pays where nobody is paid: to save the training. It is worth so many rounds' pay by the
    mechanism's defaults."""
    return Weakness("no updates", worth, remedy, pays)


def _silence(worth: float, remedy: str, pays: Callable[[Any], bool]) -> Weakness:
    return Weakness("no votes", worth, remedy, pays, harms=True)


def _pays_shares_alike(terms: StakeJuryTerms) -> bool:
    """Return whether an update, which has to be trained, earns no more than a juror's seat."""
    return terms.update_shares <= terms.seat_shares


_ONE_BY_ONE = "--mechanism stake_jury, which judges updates one by one"

WEAKNESSES: Mapping[type[Terms], tuple[Weakness, ...]] = MappingProxyType(
    {
        StakeVoteTerms: (
            Weakness("untested approval", 1.0, _ONE_BY_ONE),
            Weakness("the head again", 0.3, _ONE_BY_ONE),
            Weakness(
                "sabotage of one's own round", 0.8, "--attribution", lambda terms: not terms.attribution
            ),
            _copies(0.3),
            _flood(5.5),
        ),
        StakeJuryTerms: (
            Weakness(
                "votes for their own",
                0.4,
                f"--voters {JURY_LEAST} or more",
                lambda terms: 0 < terms.voters < 3,
            ),
            _silence(0.3, f"--voters {JURY_LEAST} or more", lambda terms: 0 < terms.voters < JURY_LEAST),
            _unpaid(0.4, "--profit-bps 1000", lambda terms: terms.profit_bps == 0),
            Weakness("no updates", 0.1, "--update-shares 6 and --seat-shares 1", _pays_shares_alike),
            _copies(0.3),
            _flood(0.3),
        ),
        VbflTerms: (
            Weakness(
                "the most claimed",
                8.6,
                "--update-units 24",
                lambda terms: terms.update_units == 0 and terms.max_samples * terms.max_epochs > 1,
            ),
            _unpaid(0.2, "--unit-reward 0.1", lambda terms: terms.unit_reward == 0),
            _silence(
                0.4,
                "--validators 7 and --miners 4",
                lambda terms: terms.validators + terms.miners < JURY_LEAST,
            ),
            _copies(0.2),
            _flood(0.3),
        ),
        BflcTerms: (
            Weakness("first in the phase", 1.0, _ONE_BY_ONE),
            Weakness("votes for their own", 0.6, _ONE_BY_ONE),
            Weakness("the head again", 0.4, _ONE_BY_ONE),
            _silence(0.4, f"--committee {JURY_LEAST}", lambda terms: terms.committee < JURY_LEAST),
            _unpaid(0.5, "--profit-bps 1000", lambda terms: terms.profit_bps == 0),
            _copies(1.4),
        ),
        BladeTerms: (
            Weakness("the cheapest bids", 0.8, ""),
            Weakness("votes for their own", 0.4, ""),
            Weakness(
                "highest bids, then garbage", 2.0, "--max-samples 1", lambda terms: terms.max_samples > 1
            ),
            Weakness("the most claimed", 0.2, "--max-samples 1", lambda terms: terms.max_samples > 1),
            Weakness(
                "buying the block",
                0.2,
                "--block-bps 0",
                lambda terms: terms.block_bps > 0 and terms.pow_bits == 0,
            ),
            _unpaid(0.1, "--bounty 1000", lambda terms: terms.bounty == 0),
            _copies(0.1),
        ),
    }
)
"""What pays under some terms, by the class of the terms: first what pays under all of its terms."""


def find_weaknesses(terms: Terms) -> list[Weakness]:
    """Return what pays under these terms."""
    return [weakness for weakness in WEAKNESSES[type(terms)] if weakness.pays(terms)]
