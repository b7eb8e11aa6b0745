"""Publication: the jury puts on record which updates passed, and the digest of the model that they make.

Where there are blocks, publishers compete for the one in which their digest becomes the head.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Protocol, TypeVar

from clients.protocol.docket import Docket, Miner, Publication, Publisher, Selection
from clients.protocol.hashing import compute_hash, get_address_word
from clients.protocol.policies import PublicationPolicy, Terms, check_term
from clients.protocol.tally import compute_tally
from clients.types.errors import ProtocolError
from clients.types.federation import ZERO32, Address, Round

T = TypeVar("T")


def check_publish(terms: Terms) -> None:
    """Raise InvalidTerms where there would be no time to publish in."""
    check_term("publish", terms.schedule.publish, terms.schedule.publish > 0)


Select = Callable[[T, Round, Docket], Selection]
"""Terms, record, docket after the reveals → what passed."""


def compute_checked(
    select: Select[T], terms: T, record: Round, docket: Docket, publication: Publication
) -> tuple[Docket, int]:
    """Return the docket with the publication counted, and its digest's option.

    WrongSelection if other updates passed. DigestMismatch if only one of digest and selection is 0. The first
    publication of a round works the selection out.
    """
    selection = select(terms, record, docket) if docket.selection is None else docket.selection
    if publication.selection != selection.bitmap:
        raise ProtocolError("WrongSelection", publication.selection, selection.bitmap)
    if (publication.digest == ZERO32) != (selection.bitmap == 0):
        raise ProtocolError("DigestMismatch", publication.digest, publication.selection)
    tally, option = compute_tally(docket.tally, publication.digest)
    return replace(docket, tally=tally, selection=selection), option


# --------------------------------------------------------------------- blocks

POW_BITS_MAX = 64


class PowTerms(Protocol):
    """Terms with a proof of work."""

    @property
    def pow_bits(self) -> int:
        """Leading zero bits of a proof of work; 0: the highest stake wins instead."""
        ...


M = TypeVar("M", bound=PowTerms)

MayMine = Callable[[Round, Docket, Publisher], bool]
"""Record, docket with the publication counted, its publisher → whether that may win a block."""


def check_pow(terms: PowTerms) -> None:
    """Raise InvalidTerms if a proof would take more work than anybody could do."""
    check_term("powBits", terms.pow_bits, terms.pow_bits <= POW_BITS_MAX)


def compute_work(seed: bytes, publisher: Address, digest: bytes, nonce: bytes) -> int:
    """Return the number whose leading bits must be 0 for a proof of work."""
    return int.from_bytes(compute_hash(seed, get_address_word(publisher), digest, nonce), "big")


def is_proven(bits: int, seed: bytes, publisher: Address, digest: bytes, nonce: bytes) -> bool:
    """Return whether the first `bits` bits of the work are 0."""
    return compute_work(seed, publisher, digest, nonce) >> (256 - bits) == 0


def get_winner(terms: PowTerms, docket: Docket) -> Address:
    """Return the winner of the leading digest; empty if nobody competes for it.

    With a proof of work the first publisher wins, else the highest stake, the first among equals.
    """
    competitors = [
        miner for miner in docket.miners if miner.competes and miner.option == docket.tally.leading_option
    ]
    if not competitors:
        return ""
    if terms.pow_bits:
        return competitors[0].account
    return max(competitors, key=lambda miner: miner.stake).account


def build_block_winner(select: Select[M], may_mine: MayMine) -> PublicationPolicy[M]:
    """Return the publication of what `select` lets pass; those whom `may_mine` lets compete for the block.
    Other publishers get option 0."""

    def count(
        terms: M, record: Round, docket: Docket, publisher: Publisher, publication: Publication
    ) -> tuple[Docket, int]:
        docket, option = compute_checked(select, terms, record, docket, publication)
        if not may_mine(record, docket, publisher):
            return docket, 0
        competes = is_proven(
            terms.pow_bits, docket.seed, publisher.account, publication.digest, publication.nonce
        )
        miner = Miner(publisher.account, option, publisher.member.stake, competes)
        return replace(docket, miners=(*docket.miners, miner)), option

    return PublicationPolicy(count, get_winner)
