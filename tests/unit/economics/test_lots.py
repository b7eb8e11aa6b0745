"""Decoys in the games: who plants them, who knows of them, and what becomes of who doesn't show."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clients.economics.game import Game
from clients.economics.judging import judge
from clients.economics.play import Player, Result
from clients.economics.strategy import HONEST, Deviation, Quality, Vote, build
from clients.economics.turn import Proposed, Turn
from clients.economics.world import World
from clients.protocol.decoys import is_decoy
from clients.types.federation import Event, Schedule
from clients.types.terms import DEFAULT_RULES
from deploy.terms import get_default_terms

SIZE: dict[str, Any] = {"mechanism": "stake_jury", "members": 14, "rounds": 4}


NOTHING: frozenset[Deviation] = frozenset()


def get_player(
    odds: int, chosen: frozenset[Deviation] = NOTHING, seed: int = 1, juror: float = 0.9, **changed: Any
) -> Player:
    """Return a game of stake_jury with a third of colluders and these odds, not yet played."""
    game = Game(**SIZE, share=0.3333, juror=juror)
    terms = {**get_default_terms(game.leaf, DEFAULT_RULES), "decoy_odds": odds, **changed}
    return Player(game, terms, build(chosen), seed)


def play(odds: int, chosen: frozenset[Deviation] = NOTHING, seeds: int = 6) -> list[Result]:
    """Return what games come to in which jurors never err."""
    return [get_player(odds, chosen, seed, juror=1.0).play() for seed in range(seeds)]


def of(place: str, name: str) -> frozenset[Deviation]:
    return frozenset({(place, name)})


def find(player: Player, name: str) -> list[Event]:
    return [event for event in player.world.chain.events() if event.name == name]


@pytest.mark.parametrize("odds", [2, 3, 8])
@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_every_proposer_shows_the_lot_that_secret_and_seed_say(odds: int, seed: int) -> None:
    player = get_player(odds, seed=seed)
    player.play()
    shown, proposed = find(player, "Shown"), find(player, "Proposed")
    assert [(one.args["round"], one.args["proposer"]) for one in shown] == [
        (one.args["round"], one.args["proposer"]) for one in proposed
    ]
    seeds = {one.args["round"]: one.args["seed"] for one in find(player, "Drawn")}
    for one in shown:
        secret, drawn = one.args["secret"], seeds[one.args["round"]]
        assert isinstance(secret, bytes)
        assert isinstance(drawn, bytes)
        assert one.args["decoy"] == is_decoy(odds, secret, drawn)


def test_about_one_lot_in_so_many_is_a_decoy() -> None:
    for odds in (2, 8):
        shown = []
        for seed in range(20):
            player = get_player(odds, seed=seed)
            player.play()
            shown += [event.args["decoy"] for event in find(player, "Shown")]
        assert sum(map(bool, shown)) / len(shown) == pytest.approx(1 / odds, abs=0.07)


@pytest.mark.parametrize("seed", range(4))
def test_a_decoy_is_bad_and_paid_and_in_no_model(seed: int) -> None:
    """With jurors who never err, all proposers are paid alike, and the others make the model."""
    player = get_player(4, seed=seed, juror=1.0)
    found = player.play()
    assert any(event.args["decoy"] for event in find(player, "Shown"))
    assert found.models == SIZE["rounds"]
    models = [event.args["selection"] for event in find(player, "Published")]
    assert models
    docket = player.world.core.docket
    assert not docket.selected.bitmap & docket.decoys
    for event in find(player, "Proposed"):
        assert player.world.get_pay(str(event.args["proposer"])) > 0


def test_no_decoys_no_lots() -> None:
    player = get_player(0)
    player.play()
    assert not find(player, "Anchored")
    assert not find(player, "Shown")


@pytest.mark.parametrize("seed", range(3))
def test_honest_decoys_cost_what_good_updates_cost(seed: int) -> None:
    """So a lot is no luck: planted or not, who is drawn trains."""
    few, many = (get_player(odds, seed=seed) for odds in (10_000, 2))
    few.play()
    many.play()
    drawn = [len(find(player, "Proposed")) for player in (few, many)]
    trained = [
        sum(player.world.spent[account] for account in (*player.world.honest, *player.world.founders))
        for player in (few, many)
    ]
    assert drawn[0] == drawn[1]
    assert abs(trained[0] - trained[1]) < few.world.train // 2, "a decoy that nobody trained would save more"


def test_funding_counts_the_lots_that_are_shown() -> None:
    def fund(odds: int) -> int:
        player = get_player(odds)
        world = player.world
        for account in (*world.honest, *world.founders):
            player._join(account)
        return world.compute_round_cost()

    world = World(Game(**SIZE), get_default_terms("stake_jury", DEFAULT_RULES), 1)
    assert fund(8) - fund(0) == world.transaction * world.terms.proposers


JUDGED = (
    Proposed("ours, a decoy", b"", Quality.BAD, True),
    Proposed("ours, in doubt", b"", Quality.DOUBTFUL, True),
    Proposed("ours", b"", Quality.GOOD, True),
    Proposed("ours, not planted", b"", Quality.GOOD, True),
    Proposed("theirs, a decoy", b"", Quality.BAD, False),
    Proposed("theirs", b"", Quality.GOOD, False),
)
DECOYS = frozenset({"ours, a decoy", "ours, in doubt", "ours, not planted", "theirs, a decoy"})


@pytest.mark.parametrize(
    ("vote", "passing"),
    [
        ("BLIND", {2, 3, 4, 5}),
        ("SEALED", {2, 3, 4, 5}),
        ("REJECT", set()),
        ("OURS", {2, 3}),
        ("DENY", {2, 3}),
    ],
)
def test_a_coalition_knows_its_own_lots_and_no_others(vote: str, passing: set[int]) -> None:
    world = get_player(8).world
    turn = Turn(HONEST.act, False, frozenset(), frozenset(), list(JUDGED), decoys=DECOYS)
    _, marks = judge(world, turn, world.founders[0], Vote[vote])
    assert {number for number, mark in enumerate(marks) if mark == 1.0} == passing


def test_half_of_the_jurors_find_a_doubtful_update_good() -> None:
    world = get_player(8, juror=1.0).world
    turn = Turn(HONEST.act, False, frozenset(), frozenset(), list(JUDGED))
    votes = [judge(world, turn, juror, Vote.HONEST)[1][1] for juror in (*world.honest, *world.ours)]
    assert sum(mark is not None and mark > 0.5 for mark in votes) / len(votes) == pytest.approx(0.5, abs=0.15)


@pytest.mark.parametrize("hidden", ["NONE", "INNOCENT"])
def test_who_does_not_show_harms_itself_alone(hidden: str) -> None:
    """Some of the many lots are decoys; few enough that each round has an update that counts."""
    honest, found = play(6), play(6, of("act.shown", hidden))
    assert sum(one.ours for one in found) < sum(one.ours for one in honest)
    assert sum(one.others for one in found) >= sum(one.others for one in honest)
    assert all(one.models == SIZE["rounds"] for one in found)


def test_untested_approval_loses_by_decoys() -> None:
    def get_gain(odds: int) -> int:
        honest, found = play(odds), play(odds, of("act.vote", "BLIND"))
        return sum(one.ours for one in found) - sum(one.ours for one in honest)

    assert get_gain(3) < 0 < get_gain(0)


def test_a_decoy_is_copied_as_it_is() -> None:
    """Whoever copies an update of this round can't know that it is a decoy; last round's decoys are known."""
    pledge = Schedule(pledge=0, publish=3600)
    for schedule, bad in ((pledge, True), (replace(pledge, pledge=3600), False)):
        player = get_player(2, of("act.quality", "COPY"), schedule=schedule)
        qualities: set[Quality] = set()
        play_round = player._vote

        def note(turn: Turn, jurors: Any, said: set[Quality] = qualities, vote: Any = play_round) -> None:
            said |= {update.quality for update in turn.updates if update.is_ours}
            vote(turn, jurors)

        player._vote = note  # type: ignore[method-assign]
        player.play()
        assert Quality.COPY in qualities
        assert (Quality.BAD in qualities) == bad
