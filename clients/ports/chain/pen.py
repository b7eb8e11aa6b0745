"""Signs the versions of a flight, with fees within the ceiling, and journals them before they are sent."""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence

from clients.ports.chain.fees import Fees, Market, Offer, first, gwei, is_priced_out, raised
from clients.ports.chain.flights import Flight, JournalEntry, Version
from clients.types.errors import RequestError
from clients.types.federation import Address
from clients.types.keys import Signer

log = logging.getLogger(__name__)


class Pen:
    """Signs for the accounts of `keys` on chain `chain_id`. `journal` gets each version before the node
    does."""

    def __init__(
        self,
        chain_id: int,
        keys: Iterable[Signer],
        fees: Fees,
        journal: Callable[[JournalEntry], None] | None,
    ) -> None:
        self._chain_id = chain_id
        self._keys = {key.address: key for key in keys}
        self.fees = fees
        self.journal = journal

    def add(self, keys: Iterable[Signer]) -> None:
        """Sign for these accounts as well."""
        self._keys |= {key.address: key for key in keys}

    def holds(self, account: Address) -> bool:
        """Return whether there is a key for `account`."""
        return account in self._keys

    def check(self, account: Address) -> None:
        """Raise RequestError unless there is a key for `account`."""
        if account not in self._keys:
            known = ", ".join(self._keys) or "nobody"
            raise RequestError(f"no key for {account}: this client signs for {known}.")

    def get_ceiling(self, flight: Flight) -> int:
        """Return the most that a unit of gas may be offered for the flight, in wei."""
        return self.fees.ceiling if flight.ceiling is None else min(flight.ceiling, self.fees.ceiling)

    def get_offer(self, flight: Flight, market: Market | None) -> Offer | None:
        """Return the offer of the flight's next version; None if the ceiling leaves no room for one.

        `market` None: fees are fixed, and there is one version.
        """
        if market is None:
            return Offer(*self.fees.fixed) if self.fees.fixed and flight.newest is None else None
        ceiling, best = self.get_ceiling(flight), flight.best
        if best is None:
            return first(market, ceiling)
        ends = flight.step.until is not None and not is_priced_out(best, market)
        offer = raised(best, market, ceiling, hasty=flight.underpriced or ends)
        if offer is None and flight.newest is None and market.least <= ceiling:
            # The act that had this nonce offers the most allowed. A node that forgot it accepts the same
            # again.
            return Offer(min(best.most, ceiling), min(best.tip, ceiling), best.legacy)
        return offer

    def sign(self, flights: Sequence[Flight], market: Market | None, now: float, block: int) -> None:
        """Sign each flight's next version and journal it; skip flights for which there is no offer."""
        for flight in flights:
            offer = self.get_offer(flight, market)
            if offer is None:
                continue
            step = flight.step
            if flight.newest is not None:
                log.info(
                    "%s of %s is not mined yet: signed again, with the same nonce %d, for %s gwei at most, "
                    "a tip of %s gwei among them",
                    step.label,
                    step.sender,
                    flight.nonce,
                    gwei(offer.most),
                    gwei(offer.tip),
                )
            signed = self._keys[step.sender].sign(self._transaction(flight, offer))
            if self.journal is not None:
                self.journal(JournalEntry(step.sender, flight.nonce, signed.hash, step.label, step, offer))
            flight.versions.append(Version(signed.hash, step, offer, signed.raw))
            flight.signed_at, flight.block, flight.underpriced = now, block, False
            flight.sent_at = float("-inf")

    def sign_again(self, flight: Flight) -> bool:
        """Sign a journal's newest version again; return whether that gave the same bytes."""
        newest = flight.newest
        if newest is None or newest.offer is None:
            return False
        signed = self._keys[flight.step.sender].sign(self._transaction(flight, newest.offer))
        if signed.hash == newest.transaction:
            newest.raw = signed.raw
        return newest.raw is not None

    def _transaction(self, flight: Flight, offer: Offer) -> Mapping[str, object]:
        step = flight.step
        return {
            "chainId": self._chain_id,
            "nonce": flight.nonce,
            "gas": step.gas_limit,
            "to": step.to or b"",
            "value": step.value,
            "data": step.data,
            **offer.fields(),
        }
