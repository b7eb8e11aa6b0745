"""A node gets in as its mechanism says: with the calls of its own, at their price, when they are possible."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest

from clients import node
from clients.engine.config import build
from clients.engine.launch import get_terms
from clients.mechanisms import CONDUCTS
from clients.mechanisms.base import Conduct, Entry
from clients.ports.keys import derive_keys
from clients.protocol.simulator import SpecChain
from clients.types.chain import Call, Receipt
from clients.types.errors import RequestError, UnavailableError
from clients.types.federation import TOKEN, Outcome, Round, Standing
from clients.types.mechanisms import KINDS
from clients.types.terms import DEFAULT_RULES, HARDENED, PAPER
from tests.integration.stand_ins import BFLC_CONDUCT, BLADE_CONDUCT

KEYS = derive_keys(1, 4)
ACCOUNTS = [key.address for key in KEYS]
ME = KEYS[3]
STAKE = 64 * TOKEN


class Elsewhere(SpecChain[Any]):
    """The specification's chain behind what a node asks of any other."""

    link = token = None

    def view(self, method: str, account: str) -> tuple[bool]:
        access = self.core.state.access
        return (account in {"isAllowed": access.allowed, "isExpelled": access.barred_from}[method],)

    def send(self, calls: Sequence[Call], *, wait: float | None = None) -> list[Receipt]:
        self.sent = [*getattr(self, "sent", ()), *calls]
        return super().send(calls)


class Approved:
    """A token that notes what the federation may take."""

    amounts: ClassVar[list[int]] = []

    def __init__(self, link: object, contract: object) -> None: ...

    def check_decimals(self) -> None: ...

    def balance(self, account: str) -> int:
        return STAKE + TOKEN

    def approve(self, owners: Sequence[str], spender: str, amount: int) -> None:
        self.amounts[:] = [amount]


@pytest.fixture(autouse=True)
def token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(node, "Token", Approved)


def terms_for(conduct: Conduct[Any, Any]) -> Any:
    run = SimpleNamespace(
        rules=DEFAULT_RULES, clients=4, accounts=ACCOUNTS, malicious=0, local_epochs=1, stake=STAKE
    )
    return conduct.get_terms(conduct.settings(), run, b"\1" * 32, 100)


def found(conduct: Conduct[Any, Any], **changes: Any) -> Elsewhere:
    terms = replace(terms_for(conduct), **changes)
    return Elsewhere(conduct.spec, terms, dict.fromkeys(ACCOUNTS, 2 * STAKE))


def enter(
    chain: Elsewhere, entry: Entry[Any], stake: int = STAKE, sleep: Callable[[float], None] | None = None
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(node.time, "sleep", sleep or (lambda seconds: chain.advance()))
        node._be_member(chain, ME, stake, chain.terms, entry, 1.0)  # type: ignore[arg-type]


def is_member(chain: Elsewhere) -> bool:
    return chain.member(ME.address).record.standing == Standing.MEMBER


@pytest.mark.parametrize("mechanism", CONDUCTS)
def test_it_joins_with_its_stake(mechanism: str) -> None:
    conduct = CONDUCTS[mechanism]
    rules = PAPER if KINDS[mechanism].hardened else HARDENED
    config = build({"clients": 20, "mechanism": mechanism, "rules": rules})
    chain = Elsewhere(conduct.spec, get_terms(config, b"\1" * 32), {ME.address: STAKE})
    enter(chain, conduct.entry)
    assert chain.sent == [Call(ME.address, "join", (STAKE,))]
    assert Approved.amounts == [STAKE]
    enter(chain, conduct.entry)  # a member already
    assert len(chain.sent) == 1
    assert is_member(chain)


def test_who_has_left_is_told_when_it_may_come_back_and_comes_back() -> None:
    conduct = CONDUCTS["stake_jury"]
    config = build({"clients": 20, "mechanism": "stake_jury"})
    chain = Elsewhere(conduct.spec, get_terms(config, b"\1" * 32), {ME.address: STAKE})
    enter(chain, conduct.entry)
    chain.send([Call(ME.address, "exit")])
    says = rf"{ME.address} is no member of the federation: it left\. All of its stake, 64 tokens, can be"
    with pytest.raises(RequestError, match=rf"{says} withdrawn from 2023-\d\d-\d\d \d\d:\d\d:\d\d UTC on"):
        enter(chain, conduct.entry)
    chain.advance(chain.terms.schedule.unbonding)
    with pytest.raises(RequestError, match=rf"{says} withdrawn now, by the account's call of withdraw\(\)"):
        enter(chain, conduct.entry)
    chain.send([Call(ME.address, "withdraw")])
    del chain.sent[:]
    enter(chain, conduct.entry)
    assert chain.sent == [Call(ME.address, "join", (STAKE,))]
    assert is_member(chain)


def test_it_bids_where_members_bid() -> None:
    chain = found(BLADE_CONDUCT)
    enter(chain, BLADE_CONDUCT.entry)
    assert [call.method for call in chain.sent] == ["bid"]
    assert is_member(chain)


def test_it_pays_the_price_and_lets_the_managers_make_their_calls() -> None:
    chain, entry = found(BFLC_CONDUCT), BFLC_CONDUCT.entry
    with pytest.raises(UnavailableError, match=r"within 7 days 1 more of them must call allow.*MotionOpen"):
        enter(chain, entry)
    chain.send([Call(one, "allow", (number, (ME.address,))) for number, one in enumerate(ACCOUNTS[:2])])
    del chain.sent[:]
    with pytest.raises(RequestError, match="holds 65 tokens, not 66"):
        enter(chain, entry, stake=STAKE + TOKEN)
    enter(chain, entry)
    assert chain.sent == [Call(ME.address, "join", (STAKE,))]
    assert Approved.amounts == [STAKE + TOKEN]
    assert is_member(chain)


def test_whom_managers_expelled_is_asked_where_there_are_some(monkeypatch: pytest.MonkeyPatch) -> None:
    chain, entry = found(BFLC_CONDUCT), BFLC_CONDUCT.entry
    assert not entry.is_expelled(chain, chain.terms, ME.address)
    chain.send([Call(one, "expel", (number, (ME.address,))) for number, one in enumerate(ACCOUNTS[:2])])
    assert entry.is_expelled(chain, chain.terms, ME.address)
    assert not entry.is_expelled(chain, chain.terms, ACCOUNTS[0])
    chain = found(BLADE_CONDUCT)
    monkeypatch.delattr(Elsewhere, "view")  # nobody could have
    assert not entry.is_expelled(chain, chain.terms, ME.address)
    entry.require_allowed(chain, chain.terms, ME.address)


def test_it_says_whose_calls_are_missing() -> None:
    chain = found(BLADE_CONDUCT)

    def be_vouched_for(terms: Any, accounts: Sequence[str], stake: int) -> list[Call]:
        vouching = Call(ACCOUNTS[0], "vouch", (tuple(accounts), b"\2"))
        return [vouching, *(Call(one, "join", (0,)) for one in accounts)]

    with pytest.raises(UnavailableError) as caught:
        enter(chain, Entry(get_calls=be_vouched_for))
    assert f"{ACCOUNTS[0]} must call vouch([{ME.address}], 0x02)" in str(caught.value)
    assert "join(0) was refused" in str(caught.value)


def test_it_waits_until_its_call_is_possible() -> None:
    chain = found(BLADE_CONDUCT)
    begin = chain.now() + 5
    entry = replace(BLADE_CONDUCT.entry, get_begins=lambda terms, status: {"bid": begin})
    enter(chain, entry)
    assert chain.now() > begin
    assert len(chain.sent) == 1


def test_it_stays_out_of_a_task_that_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    chain = found(BLADE_CONDUCT)
    status = replace(chain.status(), round=3, record=Round(outcome=Outcome.ACCEPTED))
    monkeypatch.setattr(chain, "status", lambda: status)
    monkeypatch.setattr(chain, "round", lambda number: Round(outcome=Outcome.ACCEPTED))
    with pytest.raises(RequestError, match="round 3 was the federation's last"):
        enter(chain, BLADE_CONDUCT.entry)
    assert not is_member(chain)
