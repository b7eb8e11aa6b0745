"""A lying voter's return in played rounds is that of eq. (4) of the stake_vote paper."""

from math import sqrt
from statistics import fmean, pstdev

import pytest

from clients.experiments.runs_of_votes import STAKE, VoteGame, compute_expected_return, play


@pytest.mark.parametrize("liars", [2, 6, 8, 9])
def test_what_liars_gain_is_what_the_paper_says(liars: int) -> None:
    game = VoteGame(clients=20, voters=9, liars=liars, rounds=300)
    gains = [gain / STAKE for gain in play(game, lambda rounds: None)]
    expected = compute_expected_return(game.clients, game.voters, game.liars)
    # Liars of one round share its fate, so the rounds, not the liars, count as independent draws.
    spread = pstdev(gains) / sqrt(game.rounds)
    assert expected < 0
    assert fmean(gains) == pytest.approx(expected, abs=5 * spread + 1e-9)
