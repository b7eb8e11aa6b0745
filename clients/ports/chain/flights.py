"""Flights: one act, one nonce, and every transaction that was signed for it, until one of them is mined.

A flight begins when a step gets a nonce. It may be signed several times, with higher fees each time. Any of
these versions may be mined, but only one can be; then the flight ends. If nobody asks for its act any more,
the flight keeps its nonce, and the account's next act takes it over: its versions then carry two acts, of
which the chain takes one.
"""

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from enum import Enum
from typing import Any, Self

from clients.ports.chain.abi import as_int
from clients.ports.chain.fees import Offer
from clients.types.errors import RequestError
from clients.types.federation import Address


@dataclass(frozen=True, slots=True)
class Step:
    """A transaction to make: `data` to `to` (None: a new contract). `label` is for messages and the journal.

    `until`: the time, in seconds of the chain's clock, from which on the transaction makes no sense.
    """

    sender: Address
    to: Address | None
    data: bytes
    label: str
    gas_limit: int
    value: int = 0
    until: int | None = None

    def is_same(self, other: "Step | None") -> bool:
        """Return whether `other` is the same act."""
        return other is not None and (self.sender, self.to, self.data, self.value) == (
            other.sender,
            other.to,
            other.data,
            other.value,
        )


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """A journal's entry, written before a transaction is sent. Old journals lack the last two fields."""

    sender: Address
    nonce: int
    transaction: str
    label: str
    step: Step | None = None
    offer: Offer | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the entry as a record of plain values."""
        record: dict[str, Any] = {"sender": self.sender, "nonce": self.nonce, "transaction": self.transaction}
        record["label"] = self.label
        if self.step is not None and self.offer is not None:
            record["step"] = {**asdict(self.step), "data": self.step.data.hex()}
            record["offer"] = asdict(self.offer)
        return record

    @classmethod
    def from_json(cls, record: Mapping[str, Any], where: object) -> Self:
        """Return the entry that `to_json` or an earlier version wrote. RequestError for anything else."""
        try:
            step, offer = record.get("step"), record.get("offer")
            return cls(
                sender=str(record["sender"]),
                nonce=as_int(record["nonce"]),
                transaction=str(record["transaction"]).lower(),
                label=str(record.get("label", "a transaction")),
                step=Step(**{**step, "data": bytes.fromhex(step["data"])}) if step else None,
                offer=Offer(**offer) if offer else None,
            )
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise RequestError(
                f"{where} is damaged or of another version: {error!r}. Run the version that wrote it until "
                "what it sent is mined, or remove that file once no transaction of the account is pending."
            ) from None


@dataclass(frozen=True, slots=True)
class Mined:
    """A transaction on the chain, its logs as the node gives them."""

    transaction: str
    block: int
    ok: bool
    gas: int
    created: Address | None
    logs: tuple[Any, ...]


class Fate(Enum):
    """The state of a version."""

    SIGNED = "signed"
    """No node has taken it."""
    SENT = "sent"
    """It may be in a pool, or mined."""
    TOO_DEAR = "too dear"
    """A node refused it because it offers more than the account has or the node accepts."""


@dataclass(slots=True)
class Version:
    """A signed transaction of a flight. Without a `step` or an `offer`, an old version of this client sent
    it.

    `raw` is missing if the journal has the version but signing again gives other bytes.
    """

    transaction: str
    step: Step | None
    offer: Offer | None
    raw: str | None
    fate: Fate = Fate.SIGNED


@dataclass(slots=True, eq=False)
class Flight:
    """An act on its way: `step` is the act, `versions` the transactions signed for its nonce, newest last."""

    step: Step
    nonce: int
    versions: list[Version] = field(default_factory=list)
    mined: Mined | None = None
    ceiling: int | None = None
    """The most that the account or the node lets it offer, in wei; None: only the general ceiling applies."""
    signed_at: float = 0.0
    sent_at: float = float("-inf")
    block: int = 0
    """The latest block when it was last signed."""
    since: int = 0
    """The latest block when it got its nonce; 0: unknown."""
    underpriced: bool = False
    """Whether a node refused the newest version for offering too little."""
    renewals: int = 0
    """How often another transaction took its nonce."""
    gap_since: float | None = None

    @property
    def newest(self) -> Version | None:
        """Return the version that carries the act and was signed last; None before it is signed."""
        last = self.versions[-1] if self.versions else None
        return last if last is not None and self.step.is_same(last.step) else None

    @property
    def sent(self) -> bool:
        """Return whether any version may be in a pool or mined."""
        return any(version.fate is Fate.SENT for version in self.versions)

    @property
    def best(self) -> Offer | None:
        """Return the offer that a replacement must outbid in any pool; None if no offer is known."""
        offers = [one.offer for one in self.versions if one.offer and one.fate is not Fate.TOO_DEAR]
        if not offers:
            return None
        return Offer(max(one.most for one in offers), max(one.tip for one in offers), offers[-1].legacy)

    def version(self, transaction: str) -> Version | None:
        """Return the version with this hash."""
        return next((one for one in self.versions if one.transaction == transaction), None)


class Air:
    """The flights that have not ended, by account and nonce, and each account's lowest unused nonce."""

    def __init__(self) -> None:
        self._flights: dict[Address, dict[int, Flight]] = {}
        # A provider's lagging node must not make us use a nonce twice.
        self._used: dict[Address, int] = {}

    def of(self, account: Address) -> list[Flight]:
        """Return the account's flights by nonce."""
        return [flight for _, flight in sorted(self._flights.get(account, {}).items())]

    def find(self, step: Step, skip: Container[int] = ()) -> Flight | None:
        """Return the first flight of this act whose nonce is not in `skip`."""
        flights = self.of(step.sender)
        return next((one for one in flights if one.nonce not in skip and step.is_same(one.step)), None)

    def add(self, flight: Flight) -> None:
        """Add a flight, in place of any other at its nonce."""
        self._flights.setdefault(flight.step.sender, {})[flight.nonce] = flight

    def remove(self, flight: Flight) -> None:
        """Remove a flight, if it is there."""
        flights = self._flights.get(flight.step.sender, {})
        if flights.get(flight.nonce) is flight:
            del flights[flight.nonce]

    def land(self, flight: Flight) -> None:
        """End a flight whose nonce is used up."""
        self._used[flight.step.sender] = max(self.used(flight.step.sender), flight.nonce + 1)
        self.remove(flight)

    def used(self, account: Address) -> int:
        """Return the account's lowest nonce that we have not seen used."""
        return self._used.get(account, 0)

    def knows(self, account: Address) -> bool:
        """Return whether we have seen a nonce of the account used."""
        return account in self._used

    def forget_used(self, *accounts: Address) -> None:
        """Forget these accounts' used nonces, or all accounts': the chain may have been reset."""
        for account in accounts or tuple(self._used):
            self._used.pop(account, None)

    def with_earlier(self, flights: Iterable[Flight]) -> list[Flight]:
        """Return `flights` and those of their accounts that must be mined before them, by nonce."""
        highest: dict[Address, int] = {}
        for flight in flights:
            highest[flight.step.sender] = max(flight.nonce, highest.get(flight.step.sender, -1))
        return [one for who, nonce in highest.items() for one in self.of(who) if one.nonce <= nonce]

    def move(self, flight: Flight, latest: int, held: int) -> None:
        """Give `flight` the account's next free nonce, with nothing signed for it yet."""
        self.remove(flight)
        own = {one.nonce for one in self.of(flight.step.sender)}
        flight.nonce = max(latest, self.used(flight.step.sender))
        while flight.nonce in own or flight.nonce < held:
            flight.nonce += 1
        flight.versions.clear()
        flight.gap_since = None
        self.add(flight)


def board(steps: Sequence[Step], air: Air, counts: Mapping[Address, tuple[int, int]]) -> list[Flight]:
    """Return a flight for each step, in `air` and in order.

    An act that is in the air keeps its flight. Any other takes over the lowest nonce whose act nobody asks
    for now, or else the next free nonce. `counts` is each account's next nonce, as of the latest block and
    including the node's pool: transactions in the pool that aren't ours are left alone.
    """
    lowest = {who: max(latest, air.used(who)) for who, (latest, _) in counts.items()}
    held = {who: count for who, (_, count) in counts.items()}
    for who in counts:
        for flight in air.of(who):
            if flight.nonce < lowest[who] and not any(flight.step.is_same(step) for step in steps):
                air.remove(flight)  # mined, whichever version it was
    flights: dict[int, Flight] = {}
    taken: dict[Address, set[int]] = {who: set() for who in counts}
    for place, step in enumerate(steps):
        found = air.find(step, taken[step.sender])
        if found is not None and _is_reachable(found, air, lowest[step.sender], held[step.sender]):
            found.step, found.ceiling = replace(found.step, until=step.until), None
            taken[step.sender].add(found.nonce)
            flights[place] = found
    last: dict[Address, int] = {}
    for place, step in enumerate(steps):
        who = step.sender
        if place not in flights:
            own = {flight.nonce: flight for flight in air.of(who)}
            nonce = max(lowest[who], last.get(who, -1) + 1)
            while nonce in taken[who] or (nonce < held[who] and nonce not in own):
                nonce += 1
            flights[place] = own.get(nonce) or Flight(step, nonce)
            flights[place].step = step
            air.add(flights[place])
            taken[who].add(nonce)
        last[who] = max(last.get(who, -1), flights[place].nonce)
    return [flights[place] for place in range(len(steps))]


def _is_reachable(flight: Flight, air: Air, first: int, held: int) -> bool:
    """Return whether every nonce before the flight's is mined, ours, or in the node's pool."""
    own = {one.nonce for one in air.of(flight.step.sender)}
    return all(nonce in own or nonce < held for nonce in range(first, flight.nonce))
