"""Publishers and miners: nobody publishes out of turn, proofs are proofs, and all see the same docket."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clients.protocol.publication import compute_work, is_proven
from clients.protocol.vbfl import VBFL, select_approved
from clients.roles import member, publisher
from clients.roles.judging import get_bitmap
from clients.roles.miner import find_proofs
from clients.roles.round_log import RoundLog
from clients.roles.view import Assemble, Knowledge, Send
from clients.types.errors import UnavailableError
from clients.types.federation import ZERO32, Act, Event, Phase, Role, Round, Schedule, VbflTerms
from tests.unit.roles.test_roles import ACCOUNTS, DIGEST, HEAD, KNOWING, SALT, member_of, view

TERMS = VbflTerms(
    ACCOUNTS[0], ACCOUNTS[0], b"\1" * 32, 9, (), (), 0, 1, 0, 8, 3, 2, 99, 9, 6, 0, Schedule(publish=60)
)  # fmt: skip


def test_a_publisher_works_its_publication_out_then_sends_it() -> None:
    assert member.step(view(Phase.PUBLISH, Role.PUBLISHER)) == [Assemble()]
    [action] = member.step(view(Phase.PUBLISH, Role.PUBLISHER, knowledge=KNOWING))
    assert isinstance(action, Send)
    assert (action.call.method, action.call.args) == ("publish", (1, DIGEST, 5, SALT))


def test_who_can_publish_nothing_waits() -> None:
    knowing = Knowledge(frozenset({Assemble}))
    assert publisher.step(view(Phase.PUBLISH, Role.PUBLISHER, knowledge=knowing)) == []


@pytest.mark.parametrize("phase", [phase for phase in Phase if phase != Phase.PUBLISH])
def test_nobody_publishes_out_of_turn(phase: Phase) -> None:
    assert publisher.step(view(phase, Role.PUBLISHER, knowledge=KNOWING)) == []


@pytest.mark.parametrize("roles", [Role.NONE, Role.PROPOSER, Role.VOTER, Role.PROPOSER | Role.VOTER])
def test_nobody_else_publishes(roles: Role) -> None:
    assert publisher.step(view(Phase.PUBLISH, roles)) == []


def test_nobody_publishes_twice_and_who_is_out_not_at_all() -> None:
    published = member_of(ACCOUNTS[0], Role.PUBLISHER, Act.PUBLISHED)
    assert publisher.step(view(Phase.PUBLISH, member=published)) == []
    assert publisher.step(view(Phase.PUBLISH, member=member_of(ACCOUNTS[0], Role.PUBLISHER, out=True))) == []


# ------------------------------------------------------------------ proofs of work


@settings(deadline=None, max_examples=30)
@given(
    bits=st.integers(1, 7),
    seed=st.binary(min_size=32, max_size=32),
    digests=st.lists(st.sampled_from([DIGEST, HEAD]), min_size=1, max_size=5),
)
def test_one_proof_a_digest_by_who_needed_the_fewest_tries(
    bits: int, seed: bytes, digests: list[bytes]
) -> None:
    miners = dict(zip(ACCOUNTS, digests, strict=False))
    found = find_proofs(bits, seed, miners, 0, 2**12)
    assert {miners[who] for who in found} == set(digests)
    assert len(found) == len(set(digests))
    for who, nonce in found.items():
        assert compute_work(seed, who, miners[who], nonce).bit_length() <= 256 - bits
        for other in miners:
            if miners[other] == miners[who]:
                tries = int.from_bytes(nonce, "big")
                assert not any(
                    is_proven(bits, seed, other, miners[other], n.to_bytes(32, "big")) for n in range(tries)
                )


def test_a_search_goes_on_where_it_stopped() -> None:
    whole = find_proofs(9, SALT, {ACCOUNTS[0]: DIGEST}, 0, 2**14)
    [nonce] = whole.values()
    at = int.from_bytes(nonce, "big")
    assert find_proofs(9, SALT, {ACCOUNTS[0]: DIGEST}, 0, at) == {}
    assert find_proofs(9, SALT, {ACCOUNTS[0]: DIGEST}, at, 1) == whole


# ------------------------------------------------------------------ what passed


def revealed(ballots: list[set[int]], updates: int) -> list[Event]:
    proposed = [
        Event(
            "Proposed",
            {
                "round": 1,
                "proposer": ACCOUNTS[0],
                "updateNumber": number,
                "digest": DIGEST,
                "samples": 10 + number,
                "epochs": 2,
            },
        )
        for number in range(updates)
    ]
    return proposed + [
        Event("Revealed", {"round": 1, "voter": who, "ballot": get_bitmap(ballot), "salt": ZERO32})
        for who, ballot in zip(ACCOUNTS, ballots, strict=False)
    ]


@given(data=st.data(), updates=st.integers(1, 8))
def test_an_update_passes_with_as_many_positives_as_negatives(data: st.DataObject, updates: int) -> None:
    numbers = st.sets(st.integers(0, updates - 1))
    ballots = data.draw(st.lists(numbers, min_size=1, max_size=5))
    record = Round(drawn_at=1, members=13, proposals=updates, reveals=len(ballots))
    status = replace(view(Phase.PUBLISH).status, record=record)
    docket = RoundLog(status, revealed(ballots, updates)).docket(VBFL, TERMS)
    selection = select_approved(TERMS, record, docket)
    for number in range(updates):
        positives = sum(number in ballot for ballot in ballots)
        assert (number in selection.numbers) == (positives >= len(ballots) - positives)
        assert selection.weights[number] == (10 + number) * 2


@pytest.mark.parametrize("lost", ["Proposed", "Revealed"])
def test_logs_that_lack_something_are_not_judged_by(lost: str) -> None:
    events = revealed([{0}, {1}], 2)
    record = Round(drawn_at=1, members=13, proposals=2, reveals=2)
    status = replace(view(Phase.PUBLISH).status, record=record)
    place = next(place for place, event in enumerate(events) if event.name == lost)
    with pytest.raises(UnavailableError, match="1 of the 2"):
        RoundLog(status, events[:place] + events[place + 1 :]).docket(VBFL, TERMS)
