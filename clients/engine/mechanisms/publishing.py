"""Publications, for every mechanism that has them: what passed, its model, proofs of work, forgeries."""

from collections.abc import Mapping, Sequence, Set

from clients.engine.cohort import Candidate
from clients.engine.mechanisms.base import Assembled, Conduct, Court, T
from clients.engine.participant import Participant
from clients.protocol.docket import Selection
from clients.protocol.mining import is_proven
from clients.roles.docket import get_docket
from clients.roles.miner import find_proofs
from clients.roles.view import Publication, as_bytes32
from clients.types.federation import ZERO32, Address, Role

TRIES = 2**14
"""Nonces that are tried before the chain is looked at again."""

NOTHING = Candidate(None, fault="no update passed")


def assemble(
    conduct: Conduct[T], court: Court[T], who: Sequence[tuple[Participant, Role]]
) -> Assembled | None:
    """Return what these publish. None: they wait for what a peer has not handed out yet.

    Where a selected update can't be had or is none, there is no model of the selection, so they publish
    nothing; where no update passed, they say so.
    """
    selection = get_selection(conduct, court)
    candidate = aggregate(court, selection.bitmap)
    if candidate.missing and court.patient:
        return None
    if selection.bitmap and candidate.digest is None:
        return Assembled({one.account: () for one, _ in who}, candidate)
    honest = Publication(candidate.digest or ZERO32, selection.bitmap)
    turned = ~selection.bitmap & ((1 << len(court.proposals)) - 1)
    forged = aggregate(court, turned) if any(one.forges for one, _ in who) else NOTHING
    forgeries = _get_forgeries(honest, forged.digest or court.status.head, turned)
    publications = {one.account: forgeries if one.forges else (honest,) for one, _ in who}
    works = {one.account: conduct.get_work(court.terms, roles) for one, roles in who}
    mining = {account: publications[account][-1].digest for account, bits in works.items() if bits}
    bits = max(works.values(), default=0)
    sought = set(mining.values()) - _get_won(court, bits)
    proofs = {} if court.hurried else _mine(court, bits, mining, sought)
    sought -= {mining[account] for account in proofs}
    ready = {
        account: [Publication(one.digest, one.selection, proofs.get(account, ZERO32)) for one in all_of_it]
        for account, all_of_it in publications.items()
        if court.hurried or account in proofs or mining.get(account) not in sought
    }
    # Who proved its work comes first: on a chain that keeps the order, as it would by being faster.
    order = sorted(ready, key=lambda account: account not in proofs)
    files = [forged.data] if forged.data else []
    return Assembled({account: ready[account] for account in order}, candidate, files, court.tried + TRIES)


def get_selection(conduct: Conduct[T], court: Court[T]) -> Selection:
    """Return which updates the revealed ballots let pass."""
    assert conduct.select is not None
    docket = get_docket(conduct.spec, court.terms, court.events, court.status)
    return conduct.select(court.terms, court.status.record, docket)


def aggregate(court: Court[T], bitmap: int) -> Candidate:
    """Return the model that the updates in `bitmap` make, weighed by the samples that they claim."""
    chosen = [one for one in court.proposals if bitmap >> one.number & 1]
    return court.cohort.aggregate(chosen) if chosen else NOTHING


def _get_forgeries(honest: Publication, digest: bytes, turned: int) -> tuple[Publication, ...]:
    """Return what a cheat tries: the votes turned round; as these are refused, another model under the right
    ones; the truth, where there is nothing to be had by a lie."""
    false_votes = Publication(digest, turned) if turned else Publication(ZERO32, 0)
    return false_votes, Publication(digest, honest.selection) if honest.selection else honest


def _mine(
    court: Court[T], bits: int, mining: Mapping[Address, bytes], sought: Set[bytes]
) -> dict[Address, bytes]:
    """Return the proofs of work found in one go of tries; who comes late to a digest needs none any more."""
    turn = court.status.round % max(len(mining), 1)  # nobody is always the first to try
    miners = [(account, digest) for account, digest in mining.items() if digest in sought]
    return find_proofs(bits, court.status.seed, dict(miners[turn:] + miners[:turn]), court.tried, TRIES)


def _get_won(court: Court[T], bits: int) -> set[bytes]:
    """Return the digests that somebody has published in this round with a proof of work."""
    return {
        as_bytes32(event.args["digest"])
        for event in court.events
        if event.name == "Published"
        and event.args["round"] == court.status.round
        and is_proven(
            bits,
            court.status.seed,
            str(event.args["publisher"]),
            as_bytes32(event.args["digest"]),
            as_bytes32(event.args["nonce"]),
        )
    }
