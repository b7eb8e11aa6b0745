"""Measuring and searching, on games whose worth is known because they are made up."""

import math
from dataclasses import replace

import pytest

from clients.economics.game import Game
from clients.economics.measure import Played, get_interval, get_player, measure
from clients.economics.play import Result
from clients.economics.search import GAIN, GRIEFING, Effort, Search
from clients.economics.strategy import HONEST, Deviation, Strategy, build, get_deviations
from clients.types.errors import RequestError
from clients.types.terms import DEFAULT_RULES, HARDENED, PAPER, RuleSet
from deploy.terms import get_default_terms

GAME = Game(members=10, share=0.5, rounds=10)
"""Five honest accounts, each paid 10 a round, and five others."""


def made_up(worths: dict[frozenset[Deviation], tuple[int, int]]) -> Played:
    """Return games in which choices bring the coalition, and cost the others, what `worths` says; the sum
    of all that are among a strategy's, with some luck of the seed that pairs share."""

    def played(strategy: Strategy, seed: int) -> Result:
        chosen = get_deviations(strategy)
        gained = sum(gain for part, (gain, _) in worths.items() if part <= chosen)
        lost = sum(loss for part, (_, loss) in worths.items() if part <= chosen)
        luck = seed % 7
        return Result(500 + gained + luck, 500 - lost + luck, 500 + luck, 10, 10, 10, 0, 0)

    return played


def of(*choices: Deviation) -> frozenset[Deviation]:
    return frozenset(choices)


BAD, FIRST, ONCE = ("act.quality", "BAD"), ("act.timing", "FIRST"), ("times", "ONCE")


def test_honest_play_gains_and_harms_nothing() -> None:
    worth = measure(GAME, get_player(GAME, get_default_terms(GAME.leaf, DEFAULT_RULES)), HONEST, range(4))
    assert worth.gain == worth.harm == worth.surplus == get_interval([0.0] * 4)
    assert worth.get_griefing() == (0, 0, 0)


@pytest.mark.parametrize(
    ("gained", "lost", "griefing"), [(-100, 50, 0.5), (-50, 100, 2.0), (0, 1, math.inf), (50, -5, 0.0)]
)
def test_griefing_is_what_others_lose_for_each_token_lost(gained: int, lost: int, griefing: float) -> None:
    worth = measure(GAME, made_up({of(BAD): (gained, lost)}), build(of(BAD)), range(20))
    assert worth.get_griefing() == pytest.approx((griefing,) * 3)
    pay = (500 + sum(seed % 7 for seed in range(20)) / 20) / 5 / 10
    assert worth.gain.mean == pytest.approx(gained / 5 / 10 / pay)
    assert worth.harm.mean == pytest.approx(lost / 5 / 10 / pay)


def test_a_game_in_which_nobody_is_paid_measures_nothing() -> None:
    def unpaid(strategy: Strategy, seed: int) -> Result:
        return Result(0, 0, 0, 0, 10, 0, 0, 0)

    with pytest.raises(RequestError, match="isn't paid"):
        measure(GAME, unpaid, HONEST, range(2))


def search(
    worths: dict[frozenset[Deviation], tuple[int, int]], goal: str = GAIN
) -> set[frozenset[Deviation]]:
    effort = Effort(screen=4, confirm=12, population=40, generations=12, restarts=2)
    return {one.choices for one in Search(GAME, made_up(worths), goal, effort).run()}


def test_what_pays_by_itself_is_found_and_nothing_else() -> None:
    assert search({of(BAD): (100, 0), of(FIRST): (-100, 0)}) == {of(BAD)}
    assert search({}) == set()


def test_a_combination_is_found_whose_parts_lose() -> None:
    assert of(BAD, FIRST) in search({of(BAD): (-20, 0), of(FIRST): (-20, 0), of(BAD, FIRST): (200, 0)})


def test_what_only_adds_up_is_no_strategy_of_its_own() -> None:
    assert search({of(BAD): (100, 0), of(ONCE): (100, 0)}) == {of(BAD), of(ONCE)}


def test_griefing_is_found_where_nothing_is_gained() -> None:
    worths = {of(BAD): (-50, 100), of(FIRST): (-100, 50)}
    assert search(worths, GRIEFING) == {of(BAD)}
    assert search(worths, GAIN) == set()


def test_who_saves_its_own_costs_and_harms_nobody_is_no_griefer() -> None:
    assert search({of(BAD): (20, 0), of(FIRST): (-1, 1)}, GRIEFING) == set()


def test_unknown_goals_and_impossible_efforts_are_refused() -> None:
    with pytest.raises(RequestError, match="goal"):
        Search(GAME, made_up({}), "fame", Effort())
    with pytest.raises(RequestError, match="screen = 1"):
        Effort(screen=1)


@pytest.mark.parametrize(("mechanism", "rules"), [("stake_vote", PAPER), ("blade", HARDENED)])
def test_being_there_now_and_then_is_tried_where_a_seat_is_a_duty(mechanism: str, rules: RuleSet) -> None:
    def find_places(game: Game) -> set[str]:
        tried: set[Deviation] = set()

        def played(strategy: Strategy, seed: int) -> Result:
            tried.update(get_deviations(strategy))
            return made_up({})(strategy, seed)

        list(Search(game, played, GAIN, Effort(screen=2, confirm=2, restarts=0)).run())
        return {place for place, _ in tried}

    assert "presence" in find_places(GAME)
    assert "presence" not in find_places(replace(GAME, mechanism=mechanism, rules=rules))
