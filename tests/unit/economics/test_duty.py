"""Games play the duty: who is absent is put out, who is there isn't, and an outage costs pay alone."""

from collections import Counter
from collections.abc import Sequence
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clients.economics.game import Game
from clients.economics.library import LIBRARY
from clients.economics.play import Player
from clients.economics.strategy import GENES, HONEST, Deviation, Strategy, build
from clients.economics.turn import Draw
from clients.experiments.runs_of_games import resolve_game, resolve_search
from clients.protocol.jury import get_seats
from clients.protocol.rounds import has_quorum
from clients.types.errors import RequestError
from clients.types.federation import Act
from deploy.terms import get_default_terms

SILENCE = LIBRARY["silence in every role"].strategy
SPARSE = LIBRARY["there just often enough"].strategy
choices = st.frozensets(
    st.sampled_from([(place, gene.name) for place, kind in GENES.items() for gene in kind]), max_size=6
).filter(lambda chosen: len({place for place, _ in chosen}) == len(chosen))


def start(strategy: Strategy, seed: int = 1, *, kind: type[Player] = Player, **changes: Any) -> Player:
    """Return a player of a game of `stake_vote`; `changes` are settings of the game, and terms."""
    game = Game(
        **{"members": 20, "share": 0.3333, "rounds": 12, **{k: v for k, v in changes.items() if k != "terms"}}
    )
    terms = {**get_default_terms(game.leaf, game.rules), **changes.get("terms", {})}
    return kind(game, terms, strategy, seed)


def get_evicted(player: Player) -> dict[str, int]:
    """Return for each account that was put out after how many rounds it first was."""
    rounds, evicted = 0, dict[str, int]()
    for event in player.world.chain.events():
        rounds += event.name == "Settled"
        if event.name == "Evicted":
            evicted.setdefault(str(event.args["account"]), rounds)
    return evicted


@settings(max_examples=25, deadline=None)
@given(chosen=choices, seed=st.integers(0, 10**6))
def test_whatever_a_coalition_does_nobody_who_is_there_is_put_out(
    chosen: frozenset[Deviation], seed: int
) -> None:
    """One missed round is enough here. More are drawn to propose than the coalition has accounts, so every
    juror can have something to judge."""
    player = start(build(chosen), seed, members=14, share=0.3, rounds=4, bonds=50, terms={"absent_after": 1})
    assert player.play().absent == 0


class Slanderer(Player):
    """Reports everybody in every round before the others do."""

    def _report(self, drawn: Draw) -> None:
        world = self.world
        if has_quorum(world.core.record, world.core.wanted.voters):
            everybody = [*world.honest, *world.ours, *world.honest]
            world.must(world.founders[0], "report", world.core.round_number, everybody)
        super()._report(drawn)


@pytest.mark.parametrize("strategy", [HONEST, SILENCE, SPARSE])
def test_false_reports_do_nothing(strategy: Strategy) -> None:
    fair, foul = (start(strategy, 3, kind=kind, outage=0.1) for kind in (Player, Slanderer))
    assert fair.play().absent == foul.play().absent
    assert get_evicted(fair) == get_evicted(foul)


def test_a_silent_third_is_soon_put_out_and_nobody_else() -> None:
    player = start(SILENCE)
    found = player.play()
    evicted = get_evicted(player)
    assert set(evicted) == set(player.world.founders) == player.absent
    # of 20 members 19 are drawn, so hardly a round is skipped
    assert sorted(evicted.values()) == [5, 6, 7, 8, 9, 10, 11], "one a round"
    assert found.absent == 0
    assert found.models == 12


def test_without_the_duty_it_stays() -> None:
    player = start(SILENCE, terms={"absent_after": 0})
    player.play()
    assert not player.absent
    assert not [event for event in player.world.chain.events() if event.name == "Missed"]


def compute_put_out(drawn: float, outage: float, limit: int, rounds: int) -> float:
    """Return how likely a member misses so many drawn rounds in a row, at least once: a Markov chain."""
    in_a_row = [1.0] + [0.0] * limit
    for _ in range(rounds):
        moved = [share * (1 - drawn) for share in in_a_row[:-1]] + [in_a_row[-1]]
        for count, share in enumerate(in_a_row[:-1]):
            moved[count + 1] += share * drawn * outage
            moved[0] += share * drawn * (1 - outage)
        in_a_row = moved
    return in_a_row[-1]


def guess_put_out(drawn: float, outage: float, limit: int, rounds: int) -> float:
    """Return which share of 20 members is put out, the first due one before each round: by many trials, in
    which all rounds have a quorum."""
    rng, trials, gone = Random(1), 2000, 0
    for _ in range(trials):
        in_a_row = [0] * 20
        for _ in range(rounds):
            due = [place for place, count in enumerate(in_a_row) if count >= limit]
            if due:
                del in_a_row[due[0]]
                gone += 1
            for place in range(len(in_a_row)):
                if rng.random() < drawn:
                    in_a_row[place] = in_a_row[place] + 1 if rng.random() < outage else 0
    return gone / trials / 20


@pytest.mark.parametrize(("limit", "outage"), [(2, 0.3), (3, 0.25)])
def test_outages_put_out_as_many_as_chance_says(limit: int, outage: float) -> None:
    players = [
        start(HONEST, seed, share=0.0, outage=outage, terms={"absent_after": limit}) for seed in range(24)
    ]
    share = sum(player.play().absent for player in players) / len(players) / 20
    expected = guess_put_out(19 / 20, outage, limit, 12)
    assert share == pytest.approx(expected, abs=0.06)
    assert expected < compute_put_out(19 / 20, outage, limit, 11), "who waits to be put out may come back"


@settings(max_examples=20, deadline=None)
@given(
    outage=st.floats(0, 1),
    limit=st.integers(1, 3),
    seed=st.integers(0, 10**6),
    strategy=st.sampled_from([HONEST, SILENCE]),
)
def test_however_many_are_away_one_a_round_is_put_out_and_only_after_rounds_with_a_quorum(
    outage: float, limit: int, seed: int, strategy: Strategy
) -> None:
    player = start(strategy, seed, outage=outage, rounds=8, bonds=50, terms={"absent_after": limit})
    player.play()
    evicted, revealed, counted, rounds = Counter[int](), 0, 0, 0
    for event in player.world.chain.events():
        revealed += event.name == "Revealed"
        if event.name == "Settled":
            rounds, revealed = rounds + 1, 0
        if event.name == "Missed":
            drawn = player.world.chain.round(int(str(event.args["round"]))).members
            seats = get_seats(player.world.terms, drawn)
            assert 2 * revealed > seats
            counted = rounds + 1
        if event.name == "Evicted":
            evicted[rounds] += 1
            assert counted >= limit
    assert set(evicted.values()) <= {1}


@pytest.mark.parametrize("mechanism", ["stake_vote", "bflc"])
@pytest.mark.parametrize("members", [20, 100])
def test_by_default_one_outage_in_ten_puts_out_at_most_one_in_a_hundred(mechanism: str, members: int) -> None:
    """In 200 rounds; a shorter patience doesn't."""
    game = Game(mechanism=mechanism, members=members)
    terms = get_default_terms(game.leaf, game.rules)
    made = start(HONEST, mechanism=mechanism, members=members).world.terms
    drawn = (terms["proposers"] + get_seats(made, members)) / members
    assert (
        compute_put_out(drawn, 0.1, terms["absent_after"], 200) < 0.01 < compute_put_out(drawn, 0.1, 3, 200)
    )


def test_who_was_put_out_comes_back_with_its_stake() -> None:
    player = start(HONEST, share=0.0, outage=0.5, rounds=30, bonds=50, terms={"absent_after": 2})
    player.play()
    world = player.world
    again = [one for one in player.absent if world.is_member(one) and one not in world.get_absent()]
    joined = [str(event.args["account"]) for event in world.chain.events() if event.name == "Joined"]
    assert again
    assert all(joined.count(one) > 1 for one in again)


def test_an_outage_costs_pay_and_no_stake() -> None:
    player = start(HONEST, share=0.0, outage=1.0, terms={"absent_after": 5})
    result = player.play()
    assert result.paid == 0
    assert result.models == 0


def get_missed_in_a_row(player: Player) -> int:
    return max(
        (int(str(e.args["missed"])) for e in player.world.chain.events() if e.name == "Missed"), default=0
    )


@pytest.mark.parametrize("limit", [2, 5])
def test_who_is_there_just_often_enough_is_never_put_out(limit: int) -> None:
    player = start(SPARSE, terms={"absent_after": limit})
    honest = start(HONEST, terms={"absent_after": limit})
    assert player.play().ours < honest.play().ours
    assert not player.absent
    assert get_missed_in_a_row(player) == limit - 1


def test_where_nobody_is_put_out_it_needn_t_ever_be_there() -> None:
    player = start(SPARSE, terms={"absent_after": 0})
    player.play()
    assert _get_acts(player, player.world.founders) == {Act.NONE}


def _get_acts(player: Player, accounts: Sequence[str]) -> set[Act]:
    return {player.world.core.state.ledger.get(account).acts for account in accounts}


def test_who_is_excused_from_every_seat_is_there_and_earns_nothing_by_it() -> None:
    fair, excused = (
        start(strategy) for strategy in (HONEST, LIBRARY["excused from every seat, and no updates"].strategy)
    )
    assert excused.play().ours < fair.play().ours
    assert not excused.absent & set(excused.world.ours)
    assert all(excused.world.get_pay(account) == 0 for account in excused.world.founders)


def test_a_fresh_account_comes_for_each_that_is_put_out() -> None:
    player = start(LIBRARY["silence, and fresh accounts for those put out"].strategy, rounds=15)
    player.play()
    fresh = [one for one in player.world.strangers if player.world.is_member(one)]
    stayed = [one for one in player.world.founders if player.world.is_member(one)]
    assert len(stayed) < len(fresh)
    assert len(stayed) + len(fresh) == len(player.world.founders)


@pytest.mark.parametrize("resolve", [resolve_game, resolve_search])
def test_settings_that_came_later_name_a_run_only_where_they_are_used(resolve: Any) -> None:
    usual = resolve({"members": 20})
    assert "outage" not in usual
    assert "terms" not in usual
    assert resolve({"members": 20, "outage": 0.1}) == {**usual, "outage": 0.1}
    assert resolve({"members": 20, "outage": 0.0}) == usual


def test_terms_of_a_trial_are_known_ones() -> None:
    assert resolve_game({"terms": {"absent_after": 3}})["terms"] == {"absent_after": 3}
    # recorded runs have its earlier name
    assert resolve_game({"terms": {"missed": 3}})["terms"] == {"missed": 3}
    with pytest.raises(RequestError, match="absences"):
        resolve_game({"terms": {"absences": 3}})
