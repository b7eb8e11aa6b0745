"""What colluders could do by keeping still, or by serving updates to some, under the hardened rules."""

import pytest

from clients.economics.game import Game
from clients.economics.library import LIBRARY
from clients.economics.measure import Worth, get_player, measure
from clients.economics.strategy import HONEST
from clients.types.amounts import parse_amount
from clients.types.mechanisms import get_leaf
from clients.types.terms import HARDENED
from deploy.terms import get_default_terms

MECHANISMS = ("stake_vote", "bflc", "vbfl")
PAIRS = range(20)


def worth_of(mechanism: str, strategy: str, members: int = 20, **changes: int) -> Worth:
    game = Game(mechanism=mechanism, members=members, share=0.3333, rounds=8)
    terms = {**get_default_terms(get_leaf(mechanism, HARDENED), HARDENED), **changes}
    return measure(game, get_player(game, terms), LIBRARY[strategy].strategy, PAIRS)


@pytest.mark.parametrize("mechanism", MECHANISMS)
@pytest.mark.parametrize("strategy", ["still when the draw is bad", "silence in every role"])
def test_silence_costs_its_pay_and_others_no_more(mechanism: str, strategy: str) -> None:
    """Whoever acts only in the rounds in which the draw favours it loses by the others."""
    worth = worth_of(mechanism, strategy)
    assert worth.gain.mean + worth.gain.half < 0
    assert worth.get_griefing()[0] <= 1


@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_a_silent_third_leaves_nine_of_ten_rounds_with_a_model(mechanism: str) -> None:
    assert worth_of(mechanism, "silence in every role").models > 0.88


@pytest.mark.slow
def test_a_silent_third_of_100_leaves_vbfl_its_models() -> None:
    assert worth_of("vbfl", "silence in every role", members=100).models > 0.85


@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_an_update_served_to_just_over_half_gains_nothing(mechanism: str) -> None:
    """It costs those a seat who couldn't have a decoy, as nobody can tell that from not having looked."""
    worth = worth_of(mechanism, "served to just over half")
    assert worth.gain.mean + worth.gain.half < 0.05
    if mechanism != "vbfl":
        assert worth.harm.mean + worth.harm.half < 0.09
        assert worth.models > 0.9


@pytest.mark.parametrize("strategy", ["untested approval of half", "untested approval of the same half"])
@pytest.mark.parametrize("mechanism", ["stake_vote", "bflc"])
def test_having_had_few_updates_is_no_way_around_decoys(mechanism: str, strategy: str) -> None:
    assert worth_of(mechanism, strategy).gain.mean < 0.04
    assert worth_of(mechanism, strategy, decoy_odds=0).gain.mean > 0.06


@pytest.mark.parametrize("mechanism", ["stake_vote", "bflc"])
def test_a_seat_earns_well_above_what_judging_costs(mechanism: str) -> None:
    """And as the draw gives seats, nobody needs to be elected to be paid."""
    game = Game(mechanism=mechanism)
    terms = get_default_terms(get_leaf(mechanism, HARDENED), HARDENED)
    jurors = min(terms["voters"], game.members - terms["proposers"])
    judging = terms["proposers"] * parse_amount("judge", game.judge)
    cost = terms["proposers"] * parse_amount("train", game.train) + jurors * judging
    parts = terms["proposers"] * terms["update_shares"] + jurors * terms["seat_shares"]
    seat = game.margin * cost * terms["seat_shares"] / parts
    assert seat > 2 * judging
    assert get_player(game, terms)(HONEST, 1).others > 0
