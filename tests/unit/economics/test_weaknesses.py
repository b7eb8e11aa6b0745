"""Each weakness: its strategy pays under the terms that it names, and less once they are mended."""

import re
from argparse import ArgumentParser
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import lru_cache
from statistics import fmean
from typing import Any

import pytest

from clients.economics.game import Game
from clients.economics.library import LIBRARY
from clients.economics.measure import Interval, Worth, get_interval, get_player, measure
from clients.economics.play import Result, play
from clients.economics.strategy import HONEST, Strategy
from clients.economics.weaknesses import JURY_LEAST, WEAKNESSES, Weakness, find_weaknesses
from clients.types.federation import ZERO_ADDRESS, StakeVoteTerms
from clients.types.mechanisms import KINDS, Terms, kind_of
from clients.types.terms import DEFAULT_RULES, HARDENED, PAPER, RuleSet
from deploy.options import add_terms
from deploy.terms import get_default_terms

PAYS = 0.05
FEW, MORE, MANY_PAIRS = 6, 40, 250
"""Pairs of games."""
ACCOUNTS = tuple(f"0x{number:040x}" for number in range(1, 4))
A_THIRD = {"members": 20, "share": 0.3333, "rounds": 8}
STRANGERS = {"members": 10, "share": 0.0, "newcomers": 20, "rounds": 8}
MANY = 2**20
FOR_TEN = {"proposers": 2, "validators": 5, "miners": 3}
"""A panel for which ten members are enough."""
ODD_PANEL = {"proposers": 5, "validators": 13, "miners": 2}


@dataclass(frozen=True)
class Case:
    """A weakness's game, what its terms are changed to there, and what they are in the game that is mended.

    `leaf`: the mechanism that mends it, where no term does.
    """

    mechanism: str
    strategy: str
    weak: Mapping[str, Any] = field(default_factory=dict)
    mended: Mapping[str, Any] = field(default_factory=dict)
    rules: RuleSet = HARDENED
    leaf: str = ""
    game: Mapping[str, Any] = field(default_factory=lambda: A_THIRD)
    pairs: int = FEW


JURY = "stake_jury"
CASES = (
    Case("stake_vote", "untested approval", rules=PAPER, leaf=JURY),
    Case("stake_vote", "the head again", rules=PAPER, leaf=JURY),
    Case("stake_vote", "sabotage of one's own round", {"attribution": False}, {"attribution": True},
         rules=PAPER, pairs=MORE),
    Case("stake_vote", "copies in front", {"pledge": 0}, {"pledge": 3600}, rules=PAPER),
    Case("stake_vote", "flood and open at once", {"newcomers": 0}, {"newcomers": 1}, rules=PAPER,
         game=STRANGERS),
    Case(JURY, "untested approval", {"decoy_odds": 0}, {"decoy_odds": 9}),
    Case(JURY, "untested approval", {"decoy_odds": 32}, {"decoy_odds": 9}, pairs=MORE),
    Case(JURY, "decoys untrained", {"decoy_odds": 2}, {"decoy_odds": 9}),
    Case(JURY, "decoys untrained", {"decoy_odds": 6}, {"decoy_odds": 9}, pairs=MANY_PAIRS),
    Case(JURY, "votes for their own", {"voters": 1, "min_voters": 1}, {"voters": 7}),
    Case(JURY, "votes for their own", {"voters": 2, "min_voters": 2}, {"voters": 7}, pairs=MORE),
    Case(JURY, "no votes", {"voters": 4}, {"voters": 7}),
    Case(JURY, "no votes", {"voters": 6}, {"voters": 7}, pairs=MORE),
    Case(JURY, "no updates", {"profit_bps": 0}, {"profit_bps": 1000}),
    Case(JURY, "no updates", {"update_shares": 2, "seat_shares": 2}, {"update_shares": 5}, pairs=MORE),
    # with decoys, whoever copies this round's updates copies some, and the last round's are known
    Case(JURY, "copies in front", {"pledge": 0, "decoy_odds": 0}, {"pledge": 3600, "decoy_odds": 0}),
    Case(JURY, "flood and open at once", {"newcomers": 0}, {"newcomers": 1}, game=STRANGERS),
    Case("vbfl", "the most claimed", {"update_units": 0, "max_samples": MANY, "max_epochs": 4095},
         {"update_units": 50, "max_samples": MANY, "max_epochs": 4095}, rules=PAPER),
    Case("vbfl", "the head again", rules=PAPER, leaf=JURY),
    Case("vbfl", "untested rejection", rules=PAPER, leaf=JURY, pairs=MORE),
    Case("vbfl", "no updates", {"unit_reward": 0}, {"unit_reward": 6 * 10**16}, rules=PAPER),
    Case("vbfl", "no votes", {"validators": 4, "miners": 2}, ODD_PANEL, rules=PAPER),
    Case("vbfl", "no votes", {"validators": 3, "miners": 3}, ODD_PANEL, rules=PAPER, pairs=MORE),
    Case("vbfl", "copies in front", {"pledge": 0}, {"pledge": 3600}, rules=PAPER),
    Case("vbfl", "flood and open at once", {"newcomers": 0, **FOR_TEN}, {"newcomers": 1, **FOR_TEN},
         rules=PAPER, game=STRANGERS, pairs=MORE),
    Case("bflc", "first in the phase", rules=PAPER, leaf=JURY),
    Case("bflc", "votes for their own", rules=PAPER, leaf=JURY),
    Case("bflc", "the head again", rules=PAPER, leaf=JURY),
    Case("bflc", "no votes", {"committee": 4}, {"committee": 7, "updates": 7}, rules=PAPER),
    Case("bflc", "no updates", {"profit_bps": 0}, {"profit_bps": 1000}, rules=PAPER),
    Case("bflc", "copies in front", {"pledge": 0}, {"pledge": 3600}, rules=PAPER),
    Case("blade", "the cheapest bids"),
    Case("blade", "votes for their own", pairs=MORE),
    Case("blade", "highest bids, then garbage", {"max_samples": MANY}, {"max_samples": 1}),
    Case("blade", "the most claimed", {"max_samples": MANY}, {"max_samples": 1}),
    Case("blade", "buying the block", {"block_bps": 1000}, {"block_bps": 0}, pairs=MORE),
    Case("blade", "no updates", {"bounty": 0}, {"bounty": 1000 * 10**18}),
    Case("blade", "copies in front", {"pledge": 0}, {"pledge": 3600}),
)  # fmt: skip


def tell(case: Case) -> str:
    return f"{case.mechanism}: {case.strategy}, {dict(case.weak)}"


def get_terms(mechanism: str, rules: RuleSet, changed: Mapping[str, Any]) -> dict[str, Any]:
    """Return a game's terms: the defaults by some rules, with a few changed; phases among them."""
    terms = get_default_terms(mechanism, rules)
    phases = {name: value for name, value in changed.items() if hasattr(terms["schedule"], name)}
    others = {name: value for name, value in changed.items() if name not in phases}
    return {**terms, **others, "schedule": replace(terms["schedule"], **phases)}


def build(mechanism: str, changed: Mapping[str, Any] | None = None, rules: RuleSet = DEFAULT_RULES) -> Terms:
    """Return whole terms: the defaults, with a few changed."""
    given = {"bidding_ends": 1, "deadline": 2, "publisher": ACCOUNTS[0], "max_samples": MANY, "managers": ()}
    kind = kind_of(mechanism)
    names = kind.terms.__dataclass_fields__
    return kind.terms(
        token=ZERO_ADDRESS,
        beacon=ZERO_ADDRESS,
        genesis=bytes(32),
        **{
            **{name: value for name, value in given.items() if name in names},
            **get_terms(mechanism, rules, changed or {}),
        },
    )


@lru_cache
def get_games(game: Game, frozen: tuple[tuple[str, Any], ...]) -> Any:
    """Return a player, which remembers the honest games that cases share."""
    return get_player(game, get_terms(game.mechanism, game.rules, dict(frozen)))


def play_case(case: Case, changed: Mapping[str, Any], leaf: str = "") -> Worth:
    rules = HARDENED if leaf else case.rules
    game = Game(mechanism=leaf or case.mechanism, rules=rules, attribution=False, **case.game)
    if "attribution" in changed:  # a setting of the game
        game = replace(game, attribution=changed["attribution"])
        changed = {}
    defaults = get_terms(game.mechanism, rules, {})
    usual = {**asdict(defaults["schedule"]), **defaults}
    player = get_games(game, tuple(item for item in changed.items() if item not in usual.items()))
    return measure(game, player, LIBRARY[case.strategy].strategy, range(10**6, 10**6 + case.pairs))


def save_training(case: Case) -> Interval:
    """Return what the strategy gains where nobody is paid, in the pay that the mended terms would bring."""
    game = Game(mechanism=case.mechanism, rules=case.rules, **case.game)
    honest = game.members - game.colluders

    def played(changed: Mapping[str, Any], strategy: Strategy) -> list[Result]:
        terms = get_terms(case.mechanism, case.rules, changed)
        return [play(game, terms, strategy, seed) for seed in range(case.pairs)]

    pay = fmean(one.paid for one in played(case.mended, HONEST)) / honest
    fair, foul = played(case.weak, HONEST), played(case.weak, LIBRARY[case.strategy].strategy)
    assert not any(one.paid > 0 for one in fair)  # an honest juror may err, and pay
    gains = [that.ours - this.ours for this, that in zip(fair, foul, strict=True)]
    return get_interval([gain / game.colluders / pay for gain in gains])


def find(case: Case) -> Weakness:
    """Return the weakness of a case, which must be found under its terms."""
    found = find_weaknesses(build(case.mechanism, case.weak, case.rules))
    (weakness, *_) = [one for one in found if one.strategy == case.strategy]
    return weakness


@pytest.mark.parametrize("case", [
    pytest.param(case, marks=[pytest.mark.slow] if case.pairs > FEW else []) for case in CASES
], ids=tell)  # fmt: skip
def test_a_strategy_pays_under_the_terms_that_it_is_listed_for(case: Case) -> None:
    weakness = find(case)
    if {"profit_bps", "unit_reward", "bounty"} & set(case.weak):
        gain = save_training(case)
        mended = None
    else:
        worth = play_case(case, case.weak)
        gain = worth.harm if weakness.harms else worth.gain
        mended = play_case(case, case.mended, case.leaf) if case.leaf or case.mended else None
    assert gain.mean - gain.half > PAYS
    if mended is not None:
        assert (mended.harm if weakness.harms else mended.gain).mean < gain.mean
    assert abs(weakness.worth - gain.mean) < max(0.2, 0.3 * weakness.worth)  # it is a round number


@pytest.mark.parametrize(
    ("strategy", "weak"),
    [
        ("bad updates", {"proposer_stake": 0}),
        ("the head again", {"proposer_stake": 0}),
        ("untested rejection", {"voter_stake": 0}),
        ("lying votes", {"voter_stake": 0}),
    ],
)
def test_stakes_of_0_make_no_lie_pay(strategy: str, weak: Mapping[str, Any]) -> None:
    """So they aren't refused: what is rejected isn't paid."""
    gain = play_case(Case(JURY, strategy), weak).gain
    assert gain.mean + gain.half < 0


@pytest.mark.slow
def test_a_jury_that_suits_20_members_is_small_for_100() -> None:
    case = Case(JURY, "no votes", game={"members": 100, "share": 0.3333, "rounds": 10}, pairs=40)
    small, usual = play_case(case, {"voters": JURY_LEAST}), play_case(case, {})
    assert small.harm.mean - small.harm.half > PAYS > usual.harm.mean + usual.harm.half
    assert small.models < 0.85 < 0.9 < usual.models


@pytest.mark.parametrize("case", CASES, ids=tell)
def test_its_remedy_mends_it(case: Case) -> None:
    strategies = {one.strategy for one in find_weaknesses(build(case.mechanism, case.weak, case.rules))}
    assert case.strategy in strategies
    changed = {**case.mended, **({"founders": ACCOUNTS} if "newcomers" in case.mended else {})}
    mended = build(case.leaf or case.mechanism, changed, HARDENED if case.leaf else case.rules)
    still = [one for one in find_weaknesses(mended) if one.strategy == case.strategy]
    assert not still or find(case).remedy == "" == still[0].remedy


def test_every_weakness_is_played() -> None:
    played = {(kind_of(case.mechanism).terms, find(case)) for case in CASES}
    listed = {(terms, one) for terms, several in WEAKNESSES.items() for one in several}
    assert {(terms, one.strategy, one.worth) for terms, one in played} == {
        (terms, one.strategy, one.worth) for terms, one in listed
    }
    assert set(WEAKNESSES) == {kind.terms for kind in KINDS.values()}
    assert {one.strategy for _, one in listed} <= set(LIBRARY)


def test_remedies_name_options_that_there_are() -> None:
    parser = ArgumentParser()
    add_terms(parser, pause=60)
    options = {option for action in parser._actions for option in action.option_strings}
    for terms, several in WEAKNESSES.items():
        for weakness in several:
            named = set(re.findall(r"--[a-z-]+", weakness.told))
            assert named <= options, weakness
            assert bool(named) == bool(weakness.remedy), terms


def test_hardened_terms_with_managers_or_founders_have_none() -> None:
    assert find_weaknesses(build(JURY, {"managers": ACCOUNTS})) == []
    assert find_weaknesses(build(JURY, {"newcomers": 1, "founders": ACCOUNTS})) == []
    assert [one.strategy for one in find_weaknesses(build(JURY, {"newcomers": 1, "founders": ()}))] == [
        "flood and open at once"
    ]


@pytest.mark.parametrize("mechanism", KINDS)
def test_the_papers_terms_have_some(mechanism: str) -> None:
    assert find_weaknesses(build(mechanism, rules=PAPER))


def test_a_weakness_is_told_in_a_line() -> None:
    told = [one.told for one in WEAKNESSES[StakeVoteTerms]]
    assert told[0] == (
        "untested approval: gains 1.0; mend it by --rules hardened, by which a drawn jury judges updates one "
        "by one"
    )
    assert all("\n" not in line for line in told)
