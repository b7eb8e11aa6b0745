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
from clients.types.settings import to_flag
from clients.types.terms import get_terms

JURY_LEAST = 7
"""Jurors of whom a silent third seldom denies the others a majority: of 20 members, in one round of seven."""

ODDS_MOST, ODDS_LEAST = 16, 7
"""One update in so many: with fewer decoys approval pays untested, with more it pays not to train them."""

NO_REMEDY = "no option mends it: the auction has to be redesigned"
WORTH = "in one round's honest pay, for each account and round"
"""The unit of a worth."""


@dataclass(frozen=True, slots=True)
class When:
    """A condition on the terms of a mechanism, and the same in words."""

    told: str
    holds: Callable[[Any], bool]


@dataclass(frozen=True, slots=True)
class Weakness:
    """A strategy that pays under some terms.

    `worth`: what it gains the coalition, for each of its accounts and each round, in one round's honest pay.
    If it `harms`, it gains nothing, and `worth` is what each of the others loses. `remedy`: what mends it;
    empty where nothing does yet. `when`: the terms of the mechanism under which it pays.
    """

    strategy: str
    worth: float
    when: When
    remedy: str
    harms: bool = False

    @property
    def effect(self) -> str:
        """Return in words what it is worth, by the pay of a round."""
        return f"{'costs each of the others' if self.harms else 'gains'} {self.worth:.1f}"

    @property
    def told(self) -> str:
        """Return the strategy, its worth and its remedy in one line."""
        remedy = f"mend it by {self.remedy}" if self.remedy else NO_REMEDY
        return f"{self.strategy}: {self.effect}; {remedy}"


ALWAYS = When("all", lambda terms: True)
ANYBODY_JOINS = When(
    "no `managers`, and `newcomers` 0 or no `founders`",
    lambda terms: not terms.managers and not (terms.newcomers and terms.founders),
)
UNSEALED = When("`schedule.pledge` 0", lambda terms: terms.schedule.pledge == 0)
NO_PROFIT = When("`profit_bps` 0", lambda terms: terms.profit_bps == 0)
SAMPLES_PAY = When("`max_samples` above 1", lambda terms: terms.max_samples > 1)
TINY_JURY = When("`voters` 1 or 2", lambda terms: 0 < terms.voters < 3)
SMALL_JURY = When(f"`voters` from 1 to {JURY_LEAST - 1}", lambda terms: 0 < terms.voters < JURY_LEAST)
SMALL_PANEL = When(
    f"`validators` and `miners` below {JURY_LEAST} together",
    lambda terms: terms.validators + terms.miners < JURY_LEAST,
)
SMALL_COMMITTEE = When(f"`committee` below {JURY_LEAST}", lambda terms: terms.committee < JURY_LEAST)
CLAIMS_PAY = When(
    "`update_units` 0, and `max_samples` or `max_epochs` above 1",
    lambda terms: terms.update_units == 0 and terms.max_samples * terms.max_epochs > 1,
)
WORK_PAYS_LITTLE = When(
    "`update_shares` not above `seat_shares`", lambda terms: terms.update_shares <= terms.seat_shares
)
FEW_DECOYS = When(
    f"`decoy_odds` 0 or above {ODDS_MOST}",
    lambda terms: terms.decoy_odds == 0 or terms.decoy_odds > ODDS_MOST,
)
MANY_DECOYS = When(
    f"`decoy_odds` from 2 to {ODDS_LEAST - 1}", lambda terms: 1 < terms.decoy_odds < ODDS_LEAST
)


def _flood(worth: float) -> Weakness:
    remedy = "--managers who admit members; or by --newcomers 1, with the first members as --founders"
    return Weakness("flood and open at once", worth, ANYBODY_JOINS, remedy)


def _copies(worth: float) -> Weakness:
    return Weakness("copies in front", worth, UNSEALED, "--pledge-seconds 3600")


def _unpaid(worth: float, when: When, remedy: str) -> Weakness:
    """Return what pays where nobody is paid: to save the training. It is worth so many rounds' pay by the
    mechanism's defaults."""
    return Weakness("no updates", worth, when, remedy)


def _tell_defaults(*terms: str) -> str:
    """Return the options by which terms of `stake_jury` have their defaults."""
    known = get_terms(StakeJuryTerms)
    return " and ".join(f"{to_flag(name)} {known[name].default}" for name in terms)


_ONE_BY_ONE = "--rules hardened, by which a drawn jury judges updates one by one"
_SOME_DECOYS = _tell_defaults("decoy_odds")
_LARGER_JURY = f"--voters {JURY_LEAST} or more"

WEAKNESSES: Mapping[type[Terms], tuple[Weakness, ...]] = MappingProxyType(
    {
        StakeVoteTerms: (
            Weakness("untested approval", 1.0, ALWAYS, _ONE_BY_ONE),
            Weakness("the head again", 0.3, ALWAYS, _ONE_BY_ONE),
            Weakness(
                "sabotage of one's own round",
                0.8,
                When("no `attribution`", lambda terms: not terms.attribution),
                f"{_ONE_BY_ONE}; or by --attribution",
            ),
            _copies(0.3),
            _flood(5.5),
        ),
        StakeJuryTerms: (
            Weakness("untested approval", 0.1, FEW_DECOYS, _SOME_DECOYS),
            Weakness("decoys untrained", 0.1, MANY_DECOYS, _SOME_DECOYS),
            Weakness("votes for their own", 0.4, TINY_JURY, _LARGER_JURY),
            Weakness("no votes", 0.3, SMALL_JURY, _LARGER_JURY, harms=True),
            _unpaid(0.4, NO_PROFIT, "--profit-bps 1000"),
            Weakness("no updates", 0.1, WORK_PAYS_LITTLE, _tell_defaults("update_shares", "seat_shares")),
            _copies(0.2),
            _flood(0.3),
        ),
        VbflTerms: (
            Weakness("the head again", 0.5, ALWAYS, _ONE_BY_ONE),
            Weakness("untested rejection", 0.4, ALWAYS, _ONE_BY_ONE, harms=True),
            Weakness("the most claimed", 10.0, CLAIMS_PAY, "--update-units 50"),
            _unpaid(0.1, When("`unit_reward` 0", lambda terms: terms.unit_reward == 0), "--unit-reward 0.06"),
            Weakness("no votes", 0.4, SMALL_PANEL, "--validators 13 and --miners 2", harms=True),
            _copies(0.5),
            _flood(0.1),
        ),
        BflcTerms: (
            Weakness("first in the phase", 1.0, ALWAYS, _ONE_BY_ONE),
            Weakness("votes for their own", 0.6, ALWAYS, _ONE_BY_ONE),
            Weakness("the head again", 0.4, ALWAYS, _ONE_BY_ONE),
            Weakness("no votes", 0.4, SMALL_COMMITTEE, f"--committee {JURY_LEAST}", harms=True),
            _unpaid(0.5, NO_PROFIT, "--profit-bps 1000"),
            _copies(1.4),
        ),
        BladeTerms: (
            Weakness("the cheapest bids", 0.8, ALWAYS, ""),
            Weakness("votes for their own", 0.4, ALWAYS, ""),
            Weakness("highest bids, then garbage", 2.0, SAMPLES_PAY, "--max-samples 1"),
            Weakness("the most claimed", 0.2, SAMPLES_PAY, "--max-samples 1"),
            Weakness(
                "buying the block",
                0.2,
                When(
                    "`block_bps` above 0 and `pow_bits` 0",
                    lambda terms: terms.block_bps > 0 and terms.pow_bits == 0,
                ),
                "--block-bps 0",
            ),
            _unpaid(0.1, When("`bounty` 0", lambda terms: terms.bounty == 0), "--bounty 1000"),
            _copies(0.1),
        ),
    }
)
"""What pays under some terms, by the class of the terms."""


def find_weaknesses(terms: Terms) -> list[Weakness]:
    """Return what pays under these terms."""
    return [weakness for weakness in WEAKNESSES[type(terms)] if weakness.when.holds(terms)]
