"""Games: whatever a coalition does, honest actions are accepted, and no token appears or vanishes."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clients.economics.game import Game
from clients.economics.handbook import HANDBOOKS
from clients.economics.judging import judge
from clients.economics.judging import look as look_at
from clients.economics.library import LIBRARY
from clients.economics.play import Player, Result, play
from clients.economics.strategy import GENES, HONEST, Deviation, Quality, Vote, build
from clients.economics.turn import Proposed, Turn
from clients.economics.world import World
from clients.protocol.mechanisms import MECHANISMS
from clients.roles.judging import get_bitmap
from clients.types.errors import RequestError
from clients.types.mechanisms import get_leaf, kind_of
from clients.types.terms import HARDENED, PAPER, RULES
from deploy.terms import get_default_terms

TERMS = {mechanism: get_default_terms(mechanism, PAPER) for mechanism in HANDBOOKS}
BY_RULES = {
    (mechanism, rules): get_default_terms(get_leaf(mechanism, rules), rules)
    for mechanism in HANDBOOKS
    for rules in RULES
}
PLEDGING = {
    mechanism: {**terms, "schedule": replace(kind_of(mechanism).schedule, pledge=3600)}
    for mechanism, terms in TERMS.items()
}
SIZES = {"stake_vote": 9, "stake_jury": 14, "vbfl": 18, "bflc": 14, "blade": 14}


def game(mechanism: str, **settings: Any) -> Game:
    """Return a game by the papers' rules, if nothing else is said."""
    return Game(
        **{"mechanism": mechanism, "rules": PAPER, "members": SIZES[mechanism], "rounds": 3, **settings}
    )


choices = st.frozensets(
    st.sampled_from([(place, gene.name) for place, kind in GENES.items() for gene in kind]), max_size=8
).filter(lambda chosen: len({place for place, _ in chosen}) == len(chosen))


@pytest.mark.parametrize(("mechanism", "rules"), BY_RULES)
@settings(max_examples=25, deadline=None)
@given(chosen=choices, share=st.sampled_from((0.0, 0.3, 0.6, 0.9)), seed=st.integers(0, 10**6))
def test_any_strategy_can_be_played_and_tokens_are_conserved(
    mechanism: str, rules: str, chosen: frozenset[Deviation], share: float, seed: int
) -> None:
    newcomers = 0 if HANDBOOKS[mechanism].bids else 5
    terms = BY_RULES[mechanism, rules]
    player = Player(
        game(mechanism, rules=rules, share=share, newcomers=newcomers), terms, build(chosen), seed
    )
    before = sum(player.world.core.state.token.balances.values())
    player.play()
    balances = player.world.core.state.token.balances
    assert sum(balances.values()) == before
    owed = sum(player.world.chain.member(account).balance for account in player.world.spent)
    assert owed + player.world.core.state.pool <= balances[player.world.chain.federation]


def test_the_hardened_bflc_is_a_setting_of_stake_jury() -> None:
    hardened = game("bflc", rules=HARDENED)
    world = World(hardened, BY_RULES["bflc", HARDENED], 1)
    assert world.core.mechanism is MECHANISMS["stake_jury"]
    assert world.terms.managers
    assert world.terms.proposer_stake == 0 < world.terms.voter_stake
    assert World(game("bflc"), TERMS["bflc"], 1).core.mechanism is MECHANISMS["bflc"]


@settings(max_examples=40, deadline=None)
@given(
    chosen=choices, fee=st.sampled_from((0, 7)), share=st.sampled_from((0.3, 0.6)), seed=st.integers(0, 99)
)
def test_the_hardened_bflc_takes_the_fee_and_little_of_a_stake(
    chosen: frozenset[Deviation], fee: int, share: float, seed: int
) -> None:
    terms = {**BY_RULES["bflc", HARDENED], "fee": fee}
    player = Player(game("bflc", rules=HARDENED, share=share, newcomers=3), terms, build(chosen), seed)
    found, world = player.play(), player.world
    for account in world.purses.keys() - {world.sponsor}:
        assert world.get_pay(account) >= -fee - player.game.rounds * world.terms.voter_stake
    assert not found.out


@pytest.mark.parametrize("mechanism", HANDBOOKS)
def test_a_seed_fixes_a_game(mechanism: str) -> None:
    def again(seed: int) -> Result:
        return play(game(mechanism), TERMS[mechanism], HONEST, seed)

    assert again(1) == again(1)
    assert len({again(seed) for seed in range(8)}) > 1


@pytest.mark.parametrize(("mechanism", "rules"), BY_RULES)
def test_honest_work_pays_and_makes_models(mechanism: str, rules: str) -> None:
    played = game(mechanism, rules=rules, rounds=6, juror=1.0)
    found = play(played, BY_RULES[mechanism, rules], HONEST, 3)
    assert found.models == found.rounds == 6
    assert found.others > 0
    assert found.ours > 0
    assert not found.out


@pytest.mark.parametrize("mechanism", HANDBOOKS)
def test_an_honest_coalition_earns_what_others_do(mechanism: str) -> None:
    """The strategy makes the difference, and not the name of a coalition."""
    found = [
        play(game(mechanism, share=0.5, juror=1.0), TERMS[mechanism], HONEST, seed) for seed in range(40)
    ]
    ours, others = sum(one.ours for one in found), sum(one.others for one in found)
    members, colluders = SIZES[mechanism], game(mechanism, share=0.5).colluders
    assert ours / colluders == pytest.approx(others / (members - colluders), rel=0.25)


def look(together: float, quality: Quality) -> float:
    """Return how often a juror of `stake_vote` finds updates good, of which one has this quality."""
    player = Player(game("stake_vote", juror=0.8, together=together), TERMS["stake_vote"], HONEST, 1)
    updates = [Proposed(str(number), b"", Quality.GOOD, False) for number in range(3)]
    turn = Turn(HONEST.act, False, frozenset(), frozenset(), [*updates, Proposed("3", b"", quality, True)])
    found = [look_at(player.world, turn, str(juror))[0] for juror in range(400)]
    return sum(found) / len(found)


@pytest.mark.parametrize("together", [0.0, 0.5])
def test_a_juror_s_skill_doesn_t_hang_on_how_many_updates_it_judges_together(together: float) -> None:
    good, bad = look(together, Quality.GOOD), look(together, Quality.BAD)
    # of those who see what all see, all are right, or all are wrong
    assert any(
        good == pytest.approx(together * all_right + (1 - together) * 0.8, abs=0.06) for all_right in (0, 1)
    )
    assert any(
        bad == pytest.approx(together * all_wrong + (1 - together) * 0.2, abs=0.06) for all_wrong in (0, 1)
    )


def test_where_all_err_together_all_find_the_same() -> None:
    assert look(1.0, Quality.GOOD) in (0, 1)


def test_pairs_differ_by_what_is_done_alone() -> None:
    """Jurors of the coalition who approve without looking change nothing for others where all approve."""
    fair, foul = (
        play(game("vbfl", juror=1.0), TERMS["vbfl"], strategy, 4)
        for strategy in (HONEST, build(frozenset({("act.vote", "BLIND")})))
    )
    assert fair.others == foul.others
    assert fair.ours < foul.ours


def test_who_isn_t_served_makes_no_model() -> None:
    all_served, none_served = (
        [
            play(game("vbfl", juror=1.0, rounds=6), TERMS["vbfl"], build(chosen), seed).models
            for seed in range(4)
        ]
        for chosen in (frozenset[Deviation](), frozenset({("act.served", "HALF")}))
    )
    assert all_served == [6] * 4
    assert sum(none_served) < sum(all_served)


def find(chosen: Deviation, seed: int, **settings: Any) -> tuple[Result, Result]:
    """Return what a game of stake_jury, by the rules for which it is made, comes to by honest play, and with
    this choice."""
    honest, found = (
        play(
            game("stake_jury", **{"rules": HARDENED, "juror": 1.0, "rounds": 6, **settings}),
            BY_RULES["stake_jury", HARDENED],
            build(one),
            seed,
        )
        for one in (frozenset[Deviation](), frozenset({chosen}))
    )
    return honest, found


@pytest.mark.parametrize("seed", range(4))
def test_where_jurors_hand_on_what_they_had_it_is_enough_to_serve_one_of_them(seed: int) -> None:
    _, found = find(("act.served", "HALF"), seed)
    assert found.models == 6


@pytest.mark.parametrize("seed", range(4))
def test_where_jurors_say_what_they_had_a_withheld_update_harms_only_its_maker(seed: int) -> None:
    honest, found = find(("act.served", "NONE"), seed)
    assert found.models == 6
    assert found.ours < honest.ours
    assert found.others >= honest.others


@pytest.mark.parametrize("seed", range(4))
def test_the_head_is_found_out_where_it_is_looked_for(seed: int) -> None:
    honest, found = find(("act.quality", "HEAD"), seed)
    assert found.ours < honest.ours
    assert found.others >= honest.others


@pytest.mark.parametrize("vote", ["DENY", "OURS"])
def test_who_denies_says_nothing_of_others_updates(vote: str) -> None:
    player = Player(game("stake_jury"), TERMS["stake_jury"], HONEST, 1)
    updates = [Proposed(str(number), b"", Quality.GOOD, number < 2) for number in range(4)]
    turn = Turn(HONEST.act, False, frozenset(), frozenset(), updates)
    _, marks = judge(player.world, turn, "juror", Vote[vote])
    ballot = player.world.handbook.fill(player.world.terms, marks, b"")
    assert ballot == get_bitmap({0, 1}) + get_bitmap({0, 1} if vote == "DENY" else range(4))


def get_copied(mechanism: str, terms: Any, title: str) -> list[tuple[int, int]]:
    """Return of each copy proposed by the coalition its round, and the round whose update it copies."""
    player = Player(game(mechanism, share=0.3, rounds=6), terms[mechanism], LIBRARY[title].strategy, 5)
    player.play()
    shown = {}
    copies = []
    for event in player.world.chain.events():
        if event.name == "Proposed":
            number, digest = event.args["round"], event.args["digest"]
            if player.world.is_ours(str(event.args["proposer"])):
                copies.append((number, digest))
            else:
                shown[digest] = number
    return [(number, shown[digest]) for number, digest in copies]


@pytest.mark.parametrize("title", ["copies in front", "copies afterwards"])
@pytest.mark.parametrize("mechanism", ["stake_vote", "vbfl"])
def test_where_updates_are_pledged_only_earlier_ones_can_be_copied(mechanism: str, title: str) -> None:
    without, pledging = (get_copied(mechanism, terms, title) for terms in (TERMS, PLEDGING))
    assert without
    assert pledging
    assert all(copied == number for number, copied in without)
    assert all(copied == number - 1 for number, copied in pledging)


@pytest.mark.parametrize("mechanism", ["stake_vote", "stake_jury", "vbfl", "bflc"])
def test_a_broken_pledge_costs_its_maker(mechanism: str) -> None:
    breaks = LIBRARY["pledged and not proposed"].strategy
    honest, broken = (
        [play(game(mechanism, juror=1.0), PLEDGING[mechanism], strategy, seed) for seed in range(6)]
        for strategy in (HONEST, breaks)
    )
    assert sum(one.ours for one in broken) < sum(one.ours for one in honest)
    without = {**TERMS[mechanism], "schedule": replace(kind_of(mechanism).schedule, pledge=0)}
    same = [play(game(mechanism), without, strategy, 3) for strategy in (HONEST, breaks)]
    assert replace(same[0], acted=0) == replace(same[1], acted=0), "without pledges there is nothing to break"


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"mechanism": "dfl"}, "mechanism"),
        ({"share": 1.5}, "share = 1.5"),
        ({"share": 1.0}, "none would be honest"),
        ({"mechanism": "blade", "newcomers": 2}, "newcomers = 2"),
        ({"mechanism": "vbfl", "attribution": True}, "attribution"),
        ({"rounds": 0}, "rounds = 0"),
        ({"train": "much"}, "train = 'much'"),
    ],
)
def test_impossible_games_are_refused(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(RequestError, match=words):
        Game(**settings)
