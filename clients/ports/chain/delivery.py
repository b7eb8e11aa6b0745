"""Hands signed transactions to the node, and applies its answers to their flights."""

from collections.abc import Callable, Sequence
from typing import Any

from clients.ports.chain.answers import Said
from clients.ports.chain.flights import Air, Fate, Flight, Step, Version
from clients.ports.chain.head import Head
from clients.ports.chain.rpc import Rpc, RpcError
from clients.types.errors import UnavailableError

_AGAIN = 3.0  # seconds until the same bytes are sent again
_TRIES = 3
_PAUSE = 0.5


class Delivery:
    """Sends the newest version of flights, and handles the answers."""

    def __init__(
        self, rpc: Rpc, head: Head, air: Air, clock: Callable[[], float], sleep: Callable[[float], None]
    ) -> None:
        self._rpc = rpc
        self._head = head
        self._air = air
        self._clock = clock
        self._sleep = sleep

    def hand_over(self, flights: Sequence[Flight], forgotten: Sequence[Flight] = ()) -> list[Flight]:
        """Send versions that no node has taken, or that the node has `forgotten`; return the flights that
        need another nonce.

        Raises UnavailableError if an act was refused for good, or the node can't be reached.
        """
        due = [
            (flight, flight.newest)
            for flight in flights
            if flight.newest is not None
            and flight.newest.raw is not None
            and (flight.newest.fate is Fate.SIGNED or flight in forgotten)
            and self._clock() - flight.sent_at >= _AGAIN
        ]
        before = [newest.fate for _, newest in due]
        replies, sure = self._deliver([newest for _, newest in due], [flight for flight, _ in due])
        refused = []
        for (flight, newest), fate, reply in zip(due, before, replies, strict=True):
            if isinstance(reply, RpcError) and reply.said is not Said.KNOWN:
                newest.fate = fate if sure else newest.fate
                refused.append((flight, newest, reply))
        # Only after all answers are recorded: handling a refusal may raise.
        return [flight for flight, newest, reply in refused if self._heed(flight, newest, reply)]

    def repeat(self, flights: Sequence[Flight]) -> None:
        """Send again what an earlier process signed, ignoring the node's answers."""
        pairs = [(flight, flight.newest) for flight in flights if flight.newest is not None]
        self._deliver([newest for _, newest in pairs], [flight for flight, _ in pairs])

    def _deliver(self, versions: Sequence[Version], flights: Sequence[Flight]) -> tuple[list[Any], bool]:
        """Return the answers, and whether it is certain that nothing else arrived.

        If the connection broke, the same bytes are sent again, so nothing can take effect twice.
        """
        asked = [("eth_sendRawTransaction", (version.raw,)) for version in versions]
        for flight, version in zip(flights, versions, strict=True):
            flight.sent_at, version.fate = self._clock(), Fate.SENT
        for attempt in range(_TRIES if asked else 0):
            try:
                return self._rpc.batch(asked), attempt == 0
            except UnavailableError as error:
                if attempt + 1 == _TRIES:
                    raise UnavailableError(
                        f"{error} What was sent may have arrived: look for its receipt before you act again."
                    ) from None
                self._sleep(_PAUSE * 2**attempt)
        return [], True

    def _heed(self, flight: Flight, newest: Version, reply: RpcError) -> bool:
        """Handle a refusal; return whether the act needs another nonce."""
        alone, said, who = not flight.sent, reply.said, flight.step.sender
        match said:
            case Said.NONCE_TOO_LOW if alone:
                self._air.land(flight)
                return True
            case Said.NONCE_TOO_HIGH if alone:
                # If other flights of ours come first, the node takes this one after them. Else the chain was
                # reset.
                first = self._air.of(who)[0] is flight
                if first:
                    self._air.forget_used(who)
                return first
            case Said.OUTBID | Said.FEE_TOO_LOW:
                flight.underpriced = True
                # The node's pool may hold somebody else's transaction at a nonce that seemed free.
                return said is Said.OUTBID and alone and len(flight.versions) == 1
            case Said.NO_FUNDS | Said.FEE_TOO_HIGH if self._lower_ceiling(flight, newest, said):
                return False
        if alone and said is not Said.FULL:
            # It may be mined despite the answer: Hardhat reports a revert for a transaction that it has
            # mined.
            [flight.mined] = self._head.receipts([newest.transaction])
            if flight.mined is None:
                raise self._refused(flight.step, said, reply.message)
        return False

    def _lower_ceiling(self, flight: Flight, newest: Version, said: Said) -> bool:
        """Record that the account or the node allows less than was offered; return whether less may do."""
        if newest.offer is None:
            return False
        newest.fate = Fate.TOO_DEAR
        flight.ceiling = newest.offer.most * 7 // 8
        if said is Said.NO_FUNDS:
            left = max(0, self._head.balance(flight.step.sender) - flight.step.value)
            flight.ceiling = min(left // max(1, flight.step.gas_limit), newest.offer.most - 1)
        least = newest.offer.most if self._head.base is None else self._head.base
        flight.underpriced = flight.sent or flight.ceiling > least
        return flight.underpriced

    def _refused(self, step: Step, said: Said, message: str) -> UnavailableError:
        hints = {
            Said.NO_FUNDS: " Give that account some ether for gas.",
            Said.FEE_TOO_HIGH: " Let the node take higher fees (geth: --rpc.txfeecap).",
        }
        what = f"chain at {self._rpc.where}: {step.label} of {step.sender} was not taken: {message}."
        return UnavailableError(what + hints.get(said, ""))
