"""Sends transactions: nonces are counted here, many are in flight, each is tended until mined, no act happens
twice.

States of a flight (`clients.ports.chain.flights`), and who moves it on:

- *unsigned*: the flight has a nonce. The sender signs it as soon as gas costs no more than the ceiling.
- *signed*: the sender journals it, then sends it (`clients.ports.chain.pen`). The node's answer decides what
  follows, by the one table in `clients.ports.chain.answers`.
- *in the air*: if the node forgot it, the sender sends the same bytes again. If the base fee has passed its
  offer, or it waits for longer than its share of the time left, the sender signs it again, with the same
  nonce and both fees raised (`clients.ports.chain.fees`).
- *mined*: one of its versions has a receipt. If somebody else's transaction used the nonce, which a block
  must show, no version can be mined any more: the sender gives the act another nonce, and logs it.

A flight that `send` doesn't see mined stays in the air. The next `send` of the same act continues with its
nonce; the account's next different act takes the nonce over. So nothing queues behind a stuck transaction,
and the chain takes one of all transactions signed for a nonce.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress

from clients.ports.chain.delivery import Delivery
from clients.ports.chain.fees import Fees, Market, get_patience, gwei, is_priced_out, raised
from clients.ports.chain.flights import Air, Fate, Flight, JournalEntry, Mined, Step, Version, board
from clients.ports.chain.head import LATEST, Head, count_requests
from clients.ports.chain.pen import Pen
from clients.ports.chain.rpc import Rpc
from clients.types.errors import UnavailableError, UnminedError
from clients.types.federation import Address
from clients.types.keys import Signer

log = logging.getLogger(__name__)

_POLL_FIRST, _POLL_LAST = 0.01, 0.5
_TEND = 2.0  # seconds between two looks at the flights in the air
_GAP = 10.0  # seconds for which nonces before ours may be missing: a provider's nodes lag
_RENEWALS = 3


class Sender:
    """Signs for the accounts of `keys` and sends.

    `seal` mines pending transactions, on a chain of our own. `timeout`: the seconds for which `send` waits by
    default.
    """

    def __init__(
        self,
        rpc: Rpc,
        chain_id: int,
        keys: Iterable[Signer] = (),
        *,
        fees: Fees | None = None,
        seal: Callable[[], None] | None = None,
        journal: Callable[[JournalEntry], None] | None = None,
        timeout: float = 120.0,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._rpc = rpc
        self._pen = Pen(chain_id, keys, fees or Fees(), journal)
        self._seal = seal
        self._timeout = timeout
        self._clock = clock
        self._sleep = sleep
        self._head = Head(rpc, clock)
        self._air = Air()
        self._delivery = Delivery(rpc, self._head, self._air, clock, sleep)
        self._lock = threading.RLock()

    @property
    def journal(self) -> Callable[[JournalEntry], None] | None:
        """Called with every version before it is sent; if it raises, nothing is sent."""
        return self._pen.journal

    @journal.setter
    def journal(self, journal: Callable[[JournalEntry], None] | None) -> None:
        self._pen.journal = journal

    def add(self, keys: Iterable[Signer]) -> None:
        """Sign for these accounts as well."""
        self._pen.add(keys)

    def send(self, steps: Sequence[Step], *, wait: float | None = None) -> list[Mined]:
        """Sign and send all of `steps`, and wait until all are mined, at most `wait` seconds; return results
        in order.

        Raises UnminedError if one isn't mined within the timeout or before its time is over. It may still be
        mined later, and sending the same step again continues with the same nonce. Raises UnavailableError if
        the chain is out of reach or refuses a transaction for good.
        """
        if not steps:
            return []
        with self._lock:
            for step in steps:
                self._pen.check(step.sender)
            flights = self._board(steps)
            try:
                self._fly(flights, self._timeout if wait is None else wait)
            except BaseException:
                for flight in flights:
                    if not flight.sent:
                        self._air.remove(flight)
                if self._seal is not None:
                    self._air.forget_used()  # the next batch asks our chain for each account's nonce
                raise
            for flight in flights:
                self._air.land(flight)
            return [flight.mined for flight in flights if flight.mined]

    def find(self, transaction: str) -> Mined | None:
        """Return the transaction with this hash if it is mined."""
        return self._head.receipts([transaction])[0]

    def is_flying(self, step: Step) -> bool:
        """Return whether this act is in the air, so that only its receipt can tell its result."""
        return self._air.find(step) is not None

    def is_busy(self, account: Address) -> bool:
        """Return whether the account has a transaction in the air."""
        return bool(self._air.of(account))

    def adopt(self, entries: Iterable[JournalEntry]) -> list[JournalEntry]:
        """Take over what an earlier process signed and the chain hasn't passed; return those entries.

        They are sent again, unless their time is over, as they may never have been sent. The next `send`
        decides which of them continue.
        """
        with self._lock:
            entries = list(entries)
            ours = dict.fromkeys(one.sender for one in entries if self._pen.holds(one.sender))
            counts = self._head.count(ours)
            kept = [one for one in entries if one.sender not in counts or one.nonce >= counts[one.sender][0]]
            flights: dict[tuple[Address, int], Flight] = {}
            for one in (one for one in kept if one.sender in counts):
                step = one.step or Step(one.sender, None, b"", one.label, 0)
                flight = flights.setdefault((one.sender, one.nonce), Flight(step, one.nonce))
                flight.step = step
                flight.versions.append(Version(one.transaction, one.step, one.offer, None, Fate.SENT))
            if flights:
                self._head.look()
            again = []
            for _, flight in sorted(flights.items()):
                self._air.add(flight)
                flight.signed_at, flight.block = self._clock(), self._head.number
                if self._pen.sign_again(flight) and not self._head.is_over(flight.step.until):
                    again.append(flight)
            with suppress(UnavailableError):  # the next `send` tries again
                self._delivery.repeat(again)
            return kept

    # ------------------------------------------------------------------ from steps to flights

    def _board(self, steps: Sequence[Step]) -> list[Flight]:
        senders = dict.fromkeys(step.sender for step in steps)
        # Nobody else acts on a chain of our own.
        known = [one for one in senders if self._seal is not None and self._air.knows(one)]
        counts = self._head.count(one for one in senders if one not in known)
        counts |= {one: (self._air.used(one), self._air.used(one)) for one in known}
        return board(steps, self._air, counts)

    def _fly(self, flights: Sequence[Flight], wait: float) -> None:
        fresh = [flight for flight in flights if flight.newest is None]
        if self._seal is None or self._pen.fees.fixed is None:
            self._head.look()
        self._launch(fresh, flights)
        if self._seal is not None:
            self._seal()
        self._await(flights, wait, tend_in=0.0 if len(fresh) < len(flights) else _TEND)

    def _launch(
        self, unsigned: Sequence[Flight], flights: Sequence[Flight], forgotten: Sequence[Flight] = ()
    ) -> None:
        """Sign the next version of `unsigned`, and send those of `flights` that the node lacks."""
        ready = [flight for flight in unsigned if not self._head.is_over(flight.step.until)]
        market = self._head.market() if ready and self._pen.fees.fixed is None else None
        self._pen.sign(ready, market, self._clock(), self._head.number)
        homeless = self._delivery.hand_over(flights, forgotten)
        for flight in homeless:
            self._renew(flight)
        if homeless:
            self._launch(homeless, homeless)

    def _renew(self, flight: Flight) -> None:
        """Give the act the next free nonce: transactions with the old one can't be mined any more."""
        who, old = flight.step.sender, flight.nonce
        flight.renewals += 1
        where = f"chain at {self._rpc.where}"
        if flight.renewals > _RENEWALS:
            raise UnavailableError(
                f"{where}: nonce {old} of {who} is taken again and again. Is another client using the same "
                "key?"
            )
        self._air.move(flight, *self._head.count([who])[who])
        flight.since = self._head.number
        log.warning(
            "%s: nonce %d of %s can't be had, so %s gets nonce %d. Is another client using the same key?",
            where, old, who, flight.step.label, flight.nonce,
        )  # fmt: skip

    # ------------------------------------------------------------------ waiting

    def _await(self, flights: Sequence[Flight], wait: float, *, tend_in: float) -> None:
        begin = self._clock()
        tend_at = begin + tend_in
        pause = _POLL_FIRST
        while True:
            self._collect(flights)
            waiting = [flight for flight in flights if flight.mined is None]
            if not waiting:
                return
            if self._seal is None and self._clock() >= tend_at:
                self._tend(waiting)
                tend_at = self._clock() + _TEND
            over = all(self._head.is_over(flight.step.until) for flight in waiting)
            if over or self._clock() - begin >= wait:
                raise self._overdue(waiting, self._clock() - begin)
            self._sleep(pause)
            pause = min(pause * 1.5, _POLL_LAST)

    def _collect(self, flights: Sequence[Flight]) -> None:
        """Look for the receipts of all versions of the flights, and of the accounts' flights before them."""
        crowd = self._air.with_earlier(flight for flight in flights if flight.mined is None)
        pairs = [(flight, version) for flight in crowd for version in flight.versions]
        receipts = self._head.receipts([version.transaction for _, version in pairs])
        for (flight, version), mined in zip(pairs, receipts, strict=True):
            if mined is None:
                continue
            if flight not in flights:
                self._air.land(flight)
            elif flight.step.is_same(version.step):
                flight.mined = mined
            else:
                # The nonce's former act was mined after all.
                self._air.land(flight)
                self._air.move(flight, *self._head.count([flight.step.sender])[flight.step.sender])

    def _tend(self, waiting: Sequence[Flight]) -> None:
        """Tend the flights in the air: send them again, raise their fees, give them another nonce."""
        crowd = self._air.with_earlier(waiting)
        senders = list(dict.fromkeys(flight.step.sender for flight in crowd))
        shown = [flight for flight in crowd if flight.versions]
        asked = [LATEST, *count_requests(senders)]
        asked += [("eth_getTransactionByHash", (flight.versions[-1].transaction,)) for flight in shown]
        answers = self._rpc.batch(asked)
        self._head.read(answers[0])
        counts = self._head.read_counts(senders, answers[1 : 1 + 2 * len(senders)])
        forgotten = [
            one for one, known in zip(shown, answers[1 + 2 * len(senders) :], strict=True) if known is None
        ]
        due = []
        for flight in crowd:
            latest, held = counts[flight.step.sender]
            if latest > flight.nonce:
                if not self._is_taken(flight):
                    continue
                self._air.land(flight)
                if flight not in waiting:
                    continue
                self._renew(flight)
            self._check_gap(flight, held)
            if self._is_due(flight, wanted=flight in waiting):
                due.append(flight)
        alive = [flight for flight in crowd if not self._head.is_over(flight.step.until)]
        self._launch(due, alive, forgotten)

    def _is_taken(self, flight: Flight) -> bool:
        """Return whether the chain shows somebody else's transaction with the flight's nonce."""
        taker = self._head.find_taker(flight.step.sender, flight.nonce, flight.since)
        return taker is not None and all(taker != version.transaction for version in flight.versions)

    def _check_gap(self, flight: Flight, held: int) -> None:
        """Raise UnavailableError if nonces before the flight's stay missing: the chain went back."""
        missing = set(range(held, flight.nonce)) - {one.nonce for one in self._air.of(flight.step.sender)}
        if not missing:
            flight.gap_since = None
            return
        now = self._clock()
        flight.gap_since = now if flight.gap_since is None else flight.gap_since
        if now - flight.gap_since >= _GAP:
            who = flight.step.sender
            self._air.forget_used(who)
            raise UnavailableError(
                f"chain at {self._rpc.where}: nonce {min(missing)} of {who} was used and is free again: the "
                "chain went back. Look again what it has."
            )

    def _is_due(self, flight: Flight, *, wanted: bool) -> bool:
        """Return whether the flight needs another version now."""
        newest, head = flight.newest, self._head
        if newest is None:
            return wanted
        best = flight.best
        if best is not None and raised(best, Market(head.base, 0), self._pen.get_ceiling(flight)) is None:
            return False
        if flight.underpriced or (best is not None and is_priced_out(best, Market(head.base, 0))):
            return True
        waited = self._clock() - flight.signed_at
        return head.number > flight.block and waited >= get_patience(head.get_left(flight.step.until))

    def _overdue(self, waiting: Sequence[Flight], waited: float) -> UnminedError:
        flight = waiting[0]
        step, ceiling = flight.step, self._pen.get_ceiling(flight)
        latest = 0
        with suppress(UnavailableError):
            [(latest, _)] = self._head.count([step.sender]).values()
        if latest > flight.nonce:
            fate = "another transaction took its nonce: is another client using the same key?"
        elif self._head.is_over(step.until):
            fate = "its time is over, and the account's next transaction takes the nonce."
        elif (self._head.base or 0) > ceiling:
            fate = (
                f"gas costs {gwei(self._head.base or 0)} gwei, above the ceiling of {gwei(ceiling)}. "
                "Wait, or raise the ceiling."
            )
        else:
            fate = "it may still be. Sent again, it goes on with the same nonce."
        name = flight.versions[-1].transaction if flight.versions else "not sent"
        return UnminedError(
            f"chain at {self._rpc.where}: {len(waiting)} transactions not mined within {waited:.3g} s. "
            f"The first: {step.label} of {step.sender}, nonce {flight.nonce}, {name}: {fate}"
        )
