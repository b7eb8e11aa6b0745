"""The replay: repeats each action of the chain on the specification, and compares the results."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from clients.auditing.deeds import Deed, read_deeds
from clients.auditing.findings import Findings, Tokens
from clients.auditing.following import follow, follow_eviction
from clients.auditing.purse import Flows, Purse
from clients.auditing.source import STRANGE
from clients.auditing.words import ARGUMENTS, WHOLE, describe_refusal, get_refusal
from clients.protocol.council import Council
from clients.protocol.docket import BLANK, Docket, Publication
from clients.protocol.federation import Federation
from clients.protocol.mechanisms import MECHANISMS
from clients.protocol.state import Env
from clients.types.chain import Call
from clients.types.errors import ProtocolError, RequestError
from clients.types.federation import Address, Event, Outcome, Round

_MONEY = frozenset({"stake", "amount", "delta", "pool", "proposerReward", "voterReward"})
"""The arguments of events that are amounts."""
_WHO = ("account", "proposer", "voter", "publisher", "accuser", "manager", "winner")


@dataclass(frozen=True, slots=True)
class Published:
    """A publication on the chain: its publisher, digest and transaction."""

    account: Address
    publication: Publication
    transaction: str
    block: int


@dataclass(frozen=True, slots=True)
class ReplayedRound:
    """A round as the rules settle it, and the transactions of its acts."""

    round_number: int
    record: Round
    docket: Docket
    head: bytes
    """The head after the round."""
    winner: Address
    transaction: str
    block: int
    proposals: tuple[tuple[str, int], ...]
    """Transaction and block of each proposal, by its number."""
    publications: tuple[Published, ...]


@dataclass(slots=True)
class Acts:
    """The transactions of the current round's acts."""

    proposals: list[tuple[str, int]] = field(default_factory=list)
    publications: list[Published] = field(default_factory=list)


def _as(kind: type, value: object) -> object:
    """Return `value` as an `Outcome` if `kind` is one and the number has a member; else return it
    unchanged."""
    if issubclass(kind, Outcome) and isinstance(value, int) and value in set(Outcome):
        return Outcome(value)
    return value


class Replay:
    """A federation on the specification, to which the chain's actions are applied.

    When an event differs from the rules, the replay continues by the rules. There are three exceptions. It
    adopts the chain's seed, as nobody's role could be known otherwise. It carries out actions that the
    rules refuse, where that makes sense. And whom the chain evicted is out here too, or every later draw
    would differ.
    """

    def __init__(
        self, mechanism: str, terms: Any, *, address: Address, chain_id: int, findings: Findings
    ) -> None:
        self.purse = Purse()
        self.core: Federation[Any] = Federation(
            MECHANISMS[mechanism], terms, address=address, chain_id=chain_id, token=self.purse
        )
        self.findings = findings
        self.acts = Acts()
        self._doubted = b""
        """If the chain drew another seed than the rules: the one of the two that isn't in use."""
        self.kept: set[int] = set()
        self.seen = 0
        """Rounds before this one are forgotten, except those in `kept`."""
        self._fee = bool(self.core.mechanism.admission.get_fee(terms))

    @property
    def round_number(self) -> int:
        """The current round; 0 before the first."""
        return self.core.round_number

    def play(self, env: Env, events: Sequence[Event], flows: Flows) -> list[ReplayedRound]:
        """Play one transaction's events, which moved the tokens in `flows`; return the rounds that it
        settled."""
        settled = []
        for deed in read_deeds(events, time=env.time, fee=self._fee):
            if (done := self._play_deed(env, deed)) is not None:
                settled.append(done)
        self._compare_flows(env, flows)
        return settled

    def _play_deed(self, env: Env, deed: Deed) -> ReplayedRound | None:
        main = deed.main
        if deed.call is None:
            name = "a log of no known kind" if main.name == STRANGE else f"the event {main.name}"
            self._find(env, main, "event", f"{name}, which no action emits", "no such event", "one")
            return None
        round_number = self.round_number
        expected = self._apply(env, deed.call, main)
        if expected is None:
            return None
        self._compare(env, expected, deed.events)
        return self._note(env, deed, main, round_number)

    def _apply(self, env: Env, call: Call, main: Event) -> list[Event] | None:
        """Return the events of the call by the rules; None if the call can't be carried out."""
        try:
            return self.core.apply(env, call)
        except RequestError as error:
            self._find(env, main, "event", f"the event {main.name}", "arguments of an action", str(error))
            return None
        except ProtocolError as error:
            if error.name == "WrongRole" and (events := self._apply_doubted(env, call)) is not None:
                return events
            why = describe_refusal(error, env.time)
            self._find(env, main, get_refusal(error), f"the action {call.method}", why, "it went through")
            return follow(self.core, env, call, error)

    def _apply_doubted(self, env: Env, call: Call) -> list[Event] | None:
        """Retry with the alternative seed: the chain may not have used the seed that it announced. None if
        there is no alternative, or the retry fails too."""
        if not self._doubted:
            return None
        self._exchange_seed(self._doubted)
        with suppress(ProtocolError):
            return self.core.apply(env, call)
        self._exchange_seed(self._doubted)
        return None

    def _exchange_seed(self, seed: bytes) -> None:
        """Continue with this seed, and doubt the one used so far."""
        state = self.core.state
        self._doubted, state.dockets[-1] = state.seed, replace(self.core.docket, seed=seed)

    def _note(self, env: Env, deed: Deed, main: Event, round_number: int) -> ReplayedRound | None:
        """Record the transaction of an act, and adopt the chain's seed and evictions; return the round if
        this settled it."""
        where = env.transaction, env.block
        if main.name == "Opened":
            self.acts, self._doubted = Acts(), b""
        elif main.name == "Drawn":
            told = main.args["seed"]
            assert isinstance(told, bytes)
            if told != self.core.state.seed:
                self._exchange_seed(told)
        elif main.name == "Evicted":
            follow_eviction(self.core, main)
        elif main.name == "Proposed":
            self.acts.proposals.append(where)
        elif main.name == "Published":
            assert deed.call is not None
            digest, selection, nonce = deed.call.args[1:]
            assert isinstance(digest, bytes)
            assert isinstance(selection, int)
            assert isinstance(nonce, bytes)
            publication = Publication(digest, selection, nonce)
            self.acts.publications.append(Published(deed.call.sender, publication, *where))
        elif main.name == "Settled":
            core = self.core
            return ReplayedRound(
                round_number, core.record, core.docket, core.state.head, core.docket.winner, *where,
                tuple(self.acts.proposals), tuple(self.acts.publications),
            )  # fmt: skip
        return None

    # ------------------------------------------------------------------ comparing

    def _compare(self, env: Env, expected: Sequence[Event], found: Sequence[Event]) -> None:
        """Compare the events of an action with those of the rules."""
        if [event.name for event in found] == [event.name for event in expected]:
            for mine, theirs in zip(expected, found, strict=True):
                self._compare_arguments(env, mine, theirs)
            return
        # Pair equal events first, then events of the same name; each event is in one pair at most.
        left, odd = list(found), list(expected)
        for event in expected:
            if same := next((one for one in left if one.name == event.name and one.args == event.args), None):
                left.remove(same)
                odd.remove(event)
        for event in odd:
            if alike := next((one for one in left if one.name == event.name), None):
                left.remove(alike)
                self._compare_arguments(env, event, alike)
            else:
                self._find_event(env, event, f"an event {event.name}", "none")
        for event in left:
            self._find_event(env, event, "none", f"an event {event.name}")

    def _compare_arguments(self, env: Env, mine: Event, theirs: Event) -> None:
        for name, value in mine.args.items():
            if (found := theirs.args.get(name)) == value:
                continue
            kind, what = ARGUMENTS.get(
                (mine.name, name), ("event", f"the argument {name} of the event {mine.name}")
            )
            found = _as(type(value), found)
            if name in _MONEY and isinstance(value, int) and isinstance(found, int):
                value, found = Tokens(value), Tokens(found)
            self._find(env, mine, kind, what, value, found)

    def _compare_flows(self, env: Env, found: Flows) -> None:
        """Compare the tokens that moved with those that the rules move. Anybody may send the federation
        more."""
        expected = self.purse.take_flows()
        if found == expected:
            return
        for inwards, account, amount in expected - found:
            what = "the tokens that it pays" if inwards else "the tokens that it is paid"
            self._add(env, "money", what, Tokens(amount), "no such transfer", account)
        for inwards, account, amount in found - expected:
            if not inwards:
                self._add(env, "money", "the tokens that it is paid", "none", Tokens(amount), account)

    def _find_event(self, env: Env, event: Event, expected: str, found: str) -> None:
        kind, what = WHOLE.get(event.name, ("event", f"the event {event.name}"))
        self._find(env, event, kind, what, expected, found)

    def _find(self, env: Env, event: Event, kind: str, what: str, expected: object, found: object) -> None:
        account = next((str(event.args[name]) for name in _WHO if name in event.args), "")
        self._add(env, kind, what, expected, found, account)

    def _add(self, env: Env, kind: str, what: str, expected: object, found: object, account: Address) -> None:
        self.findings.add(
            kind,
            what,
            expected,
            found,
            round=self.round_number,
            account=account,
            transaction=env.transaction,
            block=env.block,
        )

    # ------------------------------------------------------------------ what need not be kept

    def get_needed(self) -> set[int]:
        """Return the rounds whose records are still needed: the current one, and those not booked yet."""
        members = self.core.state.ledger.members.values()
        return {self.round_number, *(member.round for member in members if member.acts)}

    def forget(self) -> None:
        """Forget rounds that no booking needs any more, so that memory doesn't grow with the history."""
        state, needed = self.core.state, self.get_needed()
        for round_number in (self.kept | set(range(self.seen, self.round_number))) - needed:
            state.rounds[round_number], state.dockets[round_number] = Round(), BLANK
        self.kept, self.seen = needed, self.round_number
        if isinstance(state.own, Council):
            last = len(state.own.models) - 1
            models = tuple(b"" if at < last - 1 else one for at, one in enumerate(state.own.models))
            updates = tuple(() if at < last - 1 else one for at, one in enumerate(state.own.updates))
            state.own = replace(state.own, models=models, updates=updates)
