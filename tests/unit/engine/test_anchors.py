"""Anchors as a chain has them: which secrets others may know, and when that is looked for."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from clients.engine.anchors import AnchorReader
from clients.ports.keys import SeededSalts
from clients.protocol.hashing import keccak
from clients.types.federation import ZERO32, Act, MemberView, Phase, Role, Status
from tests.unit.roles.test_roles import ACCOUNTS, member_of, view

ME = ACCOUNTS[0]
RULES: Any = SimpleNamespace(conduct=SimpleNamespace(draws_lots=lambda terms: True), terms=None)
DONE = Act.PROPOSED | Act.SHOWN


class Chain:
    """A chain on which one member has an anchor."""

    chain_id, federation = 31337, ACCOUNTS[4]

    def __init__(self) -> None:
        self.anchor = ZERO32
        self.reads = 0

    def view(self, method: str, account: str) -> tuple[bytes]:
        assert (method, account) == ("anchorOf", ME)
        self.reads += 1
        return (self.anchor,)


def read(chain: Any) -> AnchorReader:
    participant: Any = SimpleNamespace(salts=SeededSalts(1, 2))
    return AnchorReader(chain, {ME: participant}, RULES)


def at(phase: Phase, number: int) -> Status:
    return replace(view(phase).status, round=number)


def acted(acts: Act, number: int) -> list[MemberView]:
    return [member_of(ME, Role.PROPOSER, acts, number)]


def anchored() -> tuple[Chain, AnchorReader]:
    chain = Chain()
    reader = read(chain)
    chain.anchor = reader.look(at(Phase.OPEN, 0), acted(Act.NONE, 0))[ME].end
    return chain, reader


@given(st.integers(0, 63).map(Act), st.integers(0, 4))
def test_a_secret_is_exposed_until_the_anchor_moves_however_many_rounds_pass(acts: Act, later: int) -> None:
    chain, reader = anchored()
    for number in range(1, later + 2):
        for phase in (Phase.REVEAL, Phase.OPEN):
            secrets = reader.look(at(phase, number), acted(acts, 1))[ME]
            unshown = Act.PROPOSED in acts and Act.SHOWN not in acts
            assert secrets.is_exposed == (phase is Phase.OPEN and unshown)
            assert reader.is_wanting(at(phase, number), acted(acts, 1)) == secrets.is_exposed
    assert secrets.next is not None
    assert keccak(secrets.next) == chain.anchor
    chain.anchor = secrets.next
    for number in (later + 1, later + 2, later + 3):
        assert not reader.look(at(Phase.OPEN, number), acted(acts, 1))[ME].is_exposed


def test_who_shows_again_may_be_exposed_again() -> None:
    chain, reader = anchored()
    reader.look(at(Phase.OPEN, 1), acted(Act.PROPOSED, 1))
    chain.anchor = reader.look(at(Phase.OPEN, 1), acted(Act.PROPOSED, 1))[ME].next or ZERO32
    assert not reader.look(at(Phase.OPEN, 2), acted(DONE, 2))[ME].is_exposed
    assert reader.look(at(Phase.OPEN, 3), acted(Act.PROPOSED, 3))[ME].is_exposed


def test_an_anchor_is_read_once_a_stage_unless_it_is_about_to_move() -> None:
    chain, reader = anchored()
    for acts, reads in ((DONE, 1), (Act.PROPOSED, 5)):
        chain.reads = 0
        for _ in range(5):
            reader.look(at(Phase.OPEN, int(acts)), acted(acts, int(acts)))
        assert chain.reads == reads
