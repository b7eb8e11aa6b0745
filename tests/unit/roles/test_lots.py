"""Lots: a participant finds its place in its chains of secrets by its anchor alone, and acts in time."""

import io
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import replace
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clients.node import tell_decoy
from clients.ports.keys import Key, KeyedSalts, SeededSalts
from clients.protocol.hashing import keccak
from clients.roles import lots, member
from clients.roles.keeper import PATIENCE
from clients.roles.lots import CHAINS, LINKS, find_secrets
from clients.roles.round_log import RoundLog
from clients.roles.view import Secrets, Send, View
from clients.types.errors import UnavailableError
from clients.types.federation import ZERO32, Act, Event, Phase, Role, Round, Standing
from clients.types.keys import SaltSource
from tests.unit.roles.test_roles import ACCOUNTS, DIGEST, member_of, view

ROLES = (lots.step, *member.ROLES)
SALTS: list[SaltSource] = [SeededSalts(1, 2), KeyedSalts(Key(b"\7" * 32))]
SECRET, END = b"\5" * 32, b"\6" * 32


def roots(salts: SaltSource) -> Callable[[int], bytes]:
    return partial(salts.root, 31337, ACCOUNTS[0])


def walk(root: bytes, links: int) -> bytes:
    for _ in range(links):
        root = keccak(root)
    return root


@settings(deadline=None, max_examples=40)
@given(st.sampled_from(SALTS), st.integers(0, 4), st.integers(1, LINKS - 1))
def test_from_its_anchor_alone_a_participant_finds_the_secret_before_it(
    salts: SaltSource, number: int, place: int
) -> None:
    root = roots(salts)(number)
    found = find_secrets(roots(salts), walk(root, place))
    assert found == Secrets(walk(root, place - 1), walk(root, LINKS - 1))


@pytest.mark.parametrize("salts", SALTS)
def test_a_chain_is_shown_to_its_root_and_then_the_next_is_anchored(salts: SaltSource) -> None:
    found = find_secrets(roots(salts), ZERO32)
    assert found == Secrets(None, walk(roots(salts)(0), LINKS - 1))
    anchor, shown = found.end, set()
    while (found := find_secrets(roots(salts), anchor)).next is not None:
        assert keccak(found.next) == anchor
        anchor = found.next
        shown.add(anchor)
    assert len(shown) == LINKS - 1
    assert found.end == walk(roots(salts)(1), LINKS - 1)
    last = find_secrets(roots(salts), roots(salts)(CHAINS - 1))
    assert last == Secrets(None, walk(roots(salts)(0), LINKS - 1))


@settings(deadline=None, max_examples=5)
@given(st.binary(min_size=32, max_size=32))
def test_a_strange_anchor_is_followed_by_a_chain_of_one_s_own(anchor: bytes) -> None:
    ends = [walk(SALTS[1].root(31337, ACCOUNTS[0], number), LINKS - 1) for number in range(CHAINS)]
    found = find_secrets(roots(SALTS[1]), anchor)
    assert found.next is None
    assert found.end in ends


def test_chains_are_another_s_nowhere_else() -> None:
    keyed, seeded = KeyedSalts(Key(b"\7" * 32)), SeededSalts(1, 2)
    found = {
        keyed.root(1, ACCOUNTS[0], 0), keyed.root(2, ACCOUNTS[0], 0), keyed.root(1, ACCOUNTS[1], 0),
        keyed.root(1, ACCOUNTS[0], 1), KeyedSalts(Key(b"\x08" * 32)).root(1, ACCOUNTS[0], 0),
        keyed.salt(1, ACCOUNTS[0], 0), seeded.root(1, ACCOUNTS[0], 0), seeded.salt(1, ACCOUNTS[0], 0),
        SeededSalts(1, 3).root(1, ACCOUNTS[0], 0), SeededSalts(2, 2).root(1, ACCOUNTS[0], 0),
    }  # fmt: skip
    assert len(found) == 10
    assert seeded.root(1, ACCOUNTS[0], 5) == seeded.root(9, ACCOUNTS[3], 5), "every chain draws the same lots"


# ------------------------------------------------------------------ what to do about it

SECRETS = st.sampled_from([None, Secrets(None, END), Secrets(SECRET, END), Secrets(SECRET, END, True)])


def seen(phase: Phase, acts: Act, secrets: Secrets | None, **changes: object) -> View:
    me = member_of(ACCOUNTS[0], Role.PROPOSER, acts)
    return replace(view(phase, Role.PROPOSER, member=me, secrets=secrets), **changes)  # type: ignore[arg-type]


@given(st.sampled_from(Phase), st.integers(0, 63).map(Act), SECRETS)
def test_anchors_go_out_between_rounds_and_secrets_in_reveal_alone(
    phase: Phase, acts: Act, secrets: Secrets | None
) -> None:
    sent = [one.call for one in lots.step(seen(phase, acts, secrets)) if isinstance(one, Send)]
    expected = []
    if secrets is not None and secrets.next is None and phase is Phase.OPEN:
        expected = [("anchor", (END,))]
    if secrets is not None and secrets.is_exposed and phase is Phase.OPEN:
        expected = [("anchor", (SECRET,))]
    if secrets is not None and secrets.next is not None and phase is Phase.REVEAL:
        expected = [("show", (1, SECRET))] * (Act.PROPOSED in acts and Act.SHOWN not in acts)
    assert [(call.method, call.args) for call in sent] == expected


def test_who_is_no_member_any_more_anchors_nothing() -> None:
    barred = replace(member_of(ACCOUNTS[0], Role.PROPOSER), out=True)
    gone = replace(barred.record, standing=Standing.LEAVING)
    for one in (barred, replace(barred, out=False, record=gone)):
        assert lots.step(seen(Phase.OPEN, Act.NONE, Secrets(None, END), member=one)) == []


def test_a_member_anchors_before_it_opens_a_round() -> None:
    [first] = member.step(seen(Phase.OPEN, Act.NONE, Secrets(None, END), waited=1e9), ROLES)
    [then] = member.step(seen(Phase.OPEN, Act.NONE, Secrets(SECRET, END), waited=1e9), ROLES)
    assert isinstance(first, Send)
    assert isinstance(then, Send)
    assert (first.call.method, then.call.method) == ("anchor", "open")


def test_a_round_is_opened_one_turn_later_while_a_member_has_no_anchor() -> None:
    secrets = Secrets(SECRET, END)
    for waited, unanchored, opens in [
        (1e9, True, True), (9 * PATIENCE, True, True), (9 * PATIENCE, False, True), (0.0, True, False),
    ]:  # fmt: skip
        found = member.step(seen(Phase.OPEN, Act.NONE, secrets, waited=waited, unanchored=unanchored), ROLES)
        assert bool(found) == opens
    turns = [
        min(waited for waited in range(200) if member.step(seen(Phase.OPEN, Act.NONE, secrets, waited=waited,
            unanchored=unanchored), ROLES)) for unanchored in (False, True)
    ]  # fmt: skip
    assert turns[1] - turns[0] == PATIENCE
    waiting = seen(Phase.SETTLE, Act.NONE, secrets, waited=turns[0], unanchored=True)
    assert member.step(waiting, ROLES), "nothing else waits for anchors"


# ------------------------------------------------------------------ what the logs say


def shown(proposer: int, *, decoy: bool, round_number: int = 1) -> Event:
    return Event(
        "Shown", {"round": round_number, "proposer": ACCOUNTS[proposer], "secret": SECRET, "decoy": decoy}
    )


def test_a_round_s_log_tells_what_was_shown_and_what_is_a_decoy() -> None:
    from clients.protocol.mechanisms import MECHANISMS

    proposed = [
        Event("Proposed", {"round": 1, "proposer": ACCOUNTS[one], "updateNumber": number, "digest": DIGEST,
                           "samples": 1, "epochs": 1})
        for number, one in enumerate((2, 0, 1))
    ]  # fmt: skip
    status = replace(view(Phase.PUBLISH).status, record=Round(proposals=3))
    events = [*proposed, shown(0, decoy=True), shown(2, decoy=False)]
    spec = MECHANISMS["stake_jury"]
    for count in (2, None):
        docket = RoundLog(status, events, count).docket(spec, None)
        assert (docket.shown, docket.decoys) == (0b011, 0b010)
    with pytest.raises(UnavailableError, match="2 of the 3 lots"):
        RoundLog(status, events, 3).docket(spec, None)


@given(st.dictionaries(st.tuples(st.integers(0, 3), st.integers(1, 2)), st.booleans()))
def test_a_participant_is_told_of_its_own_decoy_of_that_round(found: dict[tuple[int, int], bool]) -> None:
    events = [shown(who, decoy=decoy, round_number=number) for (who, number), decoy in found.items()]
    for me, account in enumerate(ACCOUNTS[:4]):
        said = io.StringIO()
        with redirect_stdout(said):
            tell_decoy(RoundLog(view(Phase.SETTLE).status, events), account)
        planted = found.get((me, 1), False)
        assert said.getvalue().startswith(f"{account} planted a decoy in round 1: ") == planted
        assert said.getvalue().count("\n") == planted
