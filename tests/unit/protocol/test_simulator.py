"""The specification as a chain: a Devnet, whose state goes through JSON at any point."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clients.protocol.mechanisms import MECHANISMS
from clients.protocol.simulator import BEACON, TOKEN, SpecChain
from clients.protocol.snapshot import dump_state, load_state
from clients.protocol.stake_vote import STAKE_VOTE
from clients.types.chain import Call, Devnet
from clients.types.errors import ProtocolError, RequestError
from clients.types.federation import ZERO_ADDRESS, Phase, Schedule, StakeVoteTerms, Standing
from tests.spec.worlds import build_world

TERMS = StakeVoteTerms(
    ZERO_ADDRESS, ZERO_ADDRESS, b"\1" * 32, 10, (), (), 0, 3, 2, 1, 2, 5_000, 100, 10, False, Schedule()
)
ACCOUNTS = ["0x" + f"{number:040x}" for number in range(1, 5)]


def build_chain(beacon_value: bytes = b"\7" * 32) -> SpecChain[StakeVoteTerms]:
    return SpecChain(STAKE_VOTE, TERMS, dict.fromkeys(ACCOUNTS, 100), beacon_value=beacon_value)


def join_all(chain: Devnet) -> None:
    receipts = chain.send([Call(account, "join", (20,)) for account in ACCOUNTS])
    assert [receipt.error for receipt in receipts] == [None] * len(ACCOUNTS)


def test_it_has_its_own_token_and_beacon() -> None:
    assert (build_chain().terms.token, build_chain().terms.beacon) == (TOKEN, BEACON)
    assert build_chain(bytes(32)).terms.beacon == ZERO_ADDRESS


def test_one_send_is_one_block() -> None:
    chain = build_chain()
    join_all(chain)
    assert chain.block() == 1
    assert [event.name for event in chain.events()] == ["Joined"] * 4
    assert {event.block for event in chain.events()} == {1}
    assert len({event.transaction for event in chain.events()}) == 4
    assert chain.send([]) == []
    assert chain.block() == 1


def test_a_refused_call_is_a_receipt_and_changes_nothing() -> None:
    chain = build_chain()
    (receipt,) = chain.send([Call(ACCOUNTS[0], "join", (9,))])
    assert receipt.error == ProtocolError("StakeTooLow", 9, 10)
    assert receipt.events == ()
    assert chain.member(ACCOUNTS[0]).record.standing is Standing.STRANGER


def test_an_unknown_action_is_our_fault() -> None:
    with pytest.raises(RequestError, match="Did you mean 'settle'"):
        build_chain().send([Call(ACCOUNTS[0], "setle")])


def test_addresses_have_one_spelling() -> None:
    chain = SpecChain(STAKE_VOTE, TERMS, {"0x" + "ab" * 20: 50})
    chain.send([Call("0x" + "AB" * 20, "join", (20,))])
    assert chain.member("0x" + "ab" * 20).balance == 20
    assert chain.tokens("0x" + "aB" * 20) == 30
    (receipt,) = chain.send([Call("0x" + "cd" * 20, "collect", ("0x" + "ab" * 20,))])
    assert receipt.error is None


def test_the_clock_goes_forward_only() -> None:
    chain = build_chain()
    start = chain.now()
    chain.advance(100, blocks=3)
    assert (chain.block(), chain.now()) == (3, start + 102)
    with pytest.raises(RequestError, match="forward"):
        chain.advance(-1)
    with pytest.raises(RequestError, match="forward"):
        chain.advance(1, blocks=0)


def test_a_lost_seed_voids_the_round() -> None:
    chain = build_chain(bytes(32))
    join_all(chain)
    chain.send([Call(ACCOUNTS[0], "open")])
    chain.advance(blocks=256)
    assert chain.status().phase is Phase.DRAW
    chain.advance()
    assert chain.status().phase is Phase.SETTLE
    (receipt,) = chain.send([Call(ACCOUNTS[0], "settle")])
    assert receipt.error is None
    assert chain.status().phase is Phase.OPEN


def test_events_can_be_had_from_any_block() -> None:
    chain = build_chain()
    join_all(chain)
    chain.send([Call(ACCOUNTS[0], "open")])
    chain.send([Call(ACCOUNTS[0], "draw")])
    assert [event.name for event in chain.events(2)] == ["Opened", "Drawn"]
    assert [event.name for event in chain.events(3)] == ["Drawn"]
    assert chain.events(4) == []


@settings(deadline=None, max_examples=40)
@given(st.sampled_from(tuple(MECHANISMS)), st.integers(0, 10_000), st.integers(0, 60), st.integers(0, 60))
def test_a_restored_chain_goes_on_as_if_nothing_had_been(
    mechanism: str, seed: int, before: int, after: int
) -> None:
    world = build_world(f"resume-{seed}", mechanism)
    terms, funds = world.federation.terms, world.funds

    def build() -> SpecChain[Any]:
        return SpecChain(
            MECHANISMS[mechanism], terms, funds, beacon_value=world.beacon_value, time=world.env.time
        )

    chain = build()
    player = world.player
    player.federation, player.fine = chain.core, False

    def play(steps: int) -> list[tuple[int, int, Call]]:
        moves = []
        for _ in range(steps):
            move = player.play(chain._env())
            if move.blocks:
                chain.advance(move.seconds, move.blocks)
            chain.send([move.call])
            moves.append((move.seconds, move.blocks, move.call))
        return moves

    play(before)
    saved = json.loads(json.dumps(dump_state(chain.core.state)))
    restored = build()
    restored.core.state = load_state(saved, restored.core.mechanism.own_state.kind)
    restored._time, restored._block = chain._time, chain._block
    assert restored.core.state == chain.core.state
    assert dump_state(restored.core.state) == saved
    for seconds, blocks, call in play(after):
        if blocks:
            restored.advance(seconds, blocks)
        restored.send([call])
    assert restored.core.state == chain.core.state
    assert restored.status() == chain.status()


def test_a_copied_state_changes_apart() -> None:
    chain = build_chain()
    join_all(chain)
    kept = chain.core.state.copy()
    chain.send([Call(ACCOUNTS[0], "open"), Call(ACCOUNTS[1], "draw")])
    assert kept != chain.core.state
    assert kept == replace(kept)
    assert len(kept.rounds) == 1
