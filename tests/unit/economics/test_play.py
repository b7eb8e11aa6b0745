"""Games: whatever a coalition does, honest actions are accepted, and no token appears or vanishes."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clients.economics.game import Game
from clients.economics.handbook import HANDBOOKS
from clients.economics.play import Player, Result, play
from clients.economics.strategy import GENES, HONEST, Choice, build
from clients.experiments.runs_of_games import get_default_terms
from clients.types.errors import RequestError

TERMS = {mechanism: get_default_terms(mechanism) for mechanism in HANDBOOKS}
SIZES = {"stake_vote": 9, "vbfl": 12, "bflc": 14, "blade": 14}


def game(mechanism: str, **settings: Any) -> Game:
    return Game(**{"mechanism": mechanism, "members": SIZES[mechanism], "rounds": 3, **settings})


choices = st.frozensets(
    st.sampled_from([(place, gene.name) for place, kind in GENES.items() for gene in kind]), max_size=8
).filter(lambda chosen: len({place for place, _ in chosen}) == len(chosen))


@pytest.mark.parametrize("mechanism", HANDBOOKS)
@settings(max_examples=25, deadline=None)
@given(chosen=choices, share=st.sampled_from((0.0, 0.3, 0.6, 1.0)), seed=st.integers(0, 10**6))
def test_any_strategy_can_be_played_and_tokens_are_conserved(
    mechanism: str, chosen: frozenset[Choice], share: float, seed: int
) -> None:
    newcomers = 0 if HANDBOOKS[mechanism].bids else 5
    player = Player(game(mechanism, share=share, newcomers=newcomers), TERMS[mechanism], build(chosen), seed)
    before = sum(player.world.core.state.token.balances.values())
    player.play()
    balances = player.world.core.state.token.balances
    assert sum(balances.values()) == before
    owed = sum(player.world.chain.member(account).balance for account in player.world.spent)
    assert owed + player.world.core.state.pool <= balances[player.world.chain.federation]


@pytest.mark.parametrize("mechanism", HANDBOOKS)
def test_a_seed_fixes_a_game(mechanism: str) -> None:
    def again(seed: int) -> Result:
        return play(game(mechanism), TERMS[mechanism], HONEST, seed)

    assert again(1) == again(1)
    assert len({again(seed) for seed in range(8)}) > 1


@pytest.mark.parametrize("mechanism", HANDBOOKS)
def test_honest_work_pays_and_makes_models(mechanism: str) -> None:
    found = play(game(mechanism, rounds=6, juror=1.0), TERMS[mechanism], HONEST, 3)
    assert found.models == found.rounds == 6
    assert found.others > 0
    assert found.ours > 0
    assert not found.out


def test_an_honest_coalition_earns_what_others_do() -> None:
    """The strategy makes the difference, and not the name of a coalition."""
    found = [play(game("vbfl", share=share, juror=1.0), TERMS["vbfl"], HONEST, 5) for share in (0.0, 0.5)]
    assert found[0].ours == 0
    assert found[0].others == sum((found[1].ours, found[1].others))


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"mechanism": "dfl"}, "mechanism"),
        ({"share": 1.5}, "share = 1.5"),
        ({"rounds": 0}, "rounds = 0"),
        ({"train": "much"}, "train = 'much'"),
    ],
)
def test_impossible_games_are_refused(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(RequestError, match=words):
        Game(**settings)
