"""Publications, for every mechanism that has them: the selection, its model, forgeries, proofs of work.

`publishing` computes the honest publication, `forging` replaces it for participants that forge, and `mining`
adds proofs of work: `mining(forging(publishing(…)), …)`.
"""

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import replace

from clients.mechanisms.base import Candidate, Desk, Done, Handler, S, T, Who
from clients.protocol.docket import Publication, Selection
from clients.protocol.marks import is_marked
from clients.protocol.policies import Mechanism
from clients.protocol.publication import Select, is_proven
from clients.roles.miner import find_proofs
from clients.roles.publisher import read_call, to_call
from clients.roles.round_log import RoundLog, as_bytes32
from clients.types.chain import Call
from clients.types.errors import raise_trouble
from clients.types.federation import ZERO32, Address, Role

TRIES = 2**14
"""Nonces to try before looking at the chain again."""

NO_MODEL = Candidate(None, fault="no update passed")


def publishing(spec: Mechanism[T], select: Select[T]) -> Handler[S, T]:
    """Return the job of publishing the updates that the revealed ballots let pass.

    If a selected update can't be fetched or used, the selection has no model and nobody publishes. If no
    update passed, publishers say so.
    """

    def do(desk: Desk[S, T], who: Who) -> Done | None:
        selection = _get_selection(desk, spec, select)
        candidate = _aggregate(desk, selection.bitmap)
        if candidate.missing and desk.patient:
            return None
        if selection.bitmap and candidate.digest is None:
            return Done(candidate=candidate)
        publication = Publication(candidate.digest or ZERO32, selection.bitmap)
        calls = {one.account: (to_call(one.account, desk.status.round, publication),) for one in who}
        return Done(calls=calls, candidate=candidate)

    return do


def forging(assemble: Handler[S, T]) -> Handler[S, T]:
    """Return `assemble`, with participants that forge publishing something that the ballots don't say.

    They first publish inverted votes. When the chain refuses that, they publish another model under the right
    votes, or the truth if a lie gains nothing.
    """

    def do(desk: Desk[S, T], who: Who) -> Done | None:
        done = assemble(desk, who)
        forgers = [one.account for one in who if one.forges]
        if done is None or not done.calls or not forgers:
            return done
        [call] = raise_trouble(done.calls[forgers[0]])
        honest = read_call(call)
        turned = ~honest.selection & ((1 << desk.status.record.proposals) - 1)
        forged = _aggregate(desk, turned)
        digest = forged.digest or desk.status.head
        false_votes = replace(honest, digest=digest if turned else ZERO32, selection=turned)
        other_model = replace(honest, digest=digest) if honest.selection else honest
        forgeries = {
            forger: [to_call(forger, desk.status.round, forgery) for forgery in (false_votes, other_model)]
            for forger in forgers
        }
        files = [*done.files, *([forged.data] if forged.data else [])]
        return replace(done, calls={**done.calls, **forgeries}, files=files)

    return do


def mining(assemble: Handler[S, T], get_work: Callable[[T, Role], int]) -> Handler[S, T]:
    """Return `assemble`, with a proof of work where the terms ask for one.

    `get_work`: terms, a publisher's roles → bits of the proof that wins it a block; 0: none.
    """

    def do(desk: Desk[S, T], who: Who) -> Done | None:
        done = assemble(desk, who)
        if done is None or not done.calls:
            return done
        calls = {account: raise_trouble(tried) for account, tried in done.calls.items()}
        works = {one.account: get_work(desk.terms, desk.roles[one.account]) for one in who}
        digests = {account: read_call(calls[account][-1]).digest for account, bits in works.items() if bits}
        bits = max(works.values(), default=0)
        sought = set(digests.values()) - _get_won(desk.read_log(), bits)
        proofs = {} if desk.hurried else _mine(desk, bits, digests, sought)
        sought -= {digests[account] for account in proofs}
        ready = {
            account: [_prove(desk, call, proofs.get(account, ZERO32)) for call in tried]
            for account, tried in calls.items()
            if desk.hurried or account in proofs or digests.get(account) not in sought
        }
        # Publishers with a proof go first: on a chain that keeps the order, as if they had been faster.
        order = sorted(ready, key=lambda account: account not in proofs)
        ready = {account: ready[account] for account in order}
        return replace(done, calls=ready, pending=calls.keys() - ready.keys())

    return do


def _get_selection(desk: Desk[S, T], spec: Mechanism[T], select: Select[T]) -> Selection:
    """Return the updates that the revealed ballots let pass."""
    return select(desk.terms, desk.status.record, desk.read_log().docket(spec, desk.terms))


def _aggregate(desk: Desk[S, T], bitmap: int) -> Candidate:
    """Return the average of the updates in `bitmap`, weighted by the samples that they claim.

    Payouts may weigh otherwise: `Selection.weights` of vbfl are samples times epochs, eq. (1) of its paper.
    """
    chosen = [one for one in desk.read_log().proposals() if is_marked(bitmap, one.update_number)]
    return desk.cohort.aggregate(chosen) if chosen else NO_MODEL


def _prove(desk: Desk[S, T], call: Call, nonce: bytes) -> Call:
    return to_call(call.sender, desk.status.round, replace(read_call(call), nonce=nonce))


def _mine(
    desk: Desk[S, T], bits: int, digests: Mapping[Address, bytes], sought: Set[bytes]
) -> dict[Address, bytes]:
    """Return the proofs of work found in one batch of tries. Once a digest has a proof, nobody else seeks
    one."""
    turn = desk.status.round % max(len(digests), 1)  # so that no miner is always the first to try
    miners: Sequence[tuple[Address, bytes]] = [
        (account, digest) for account, digest in digests.items() if digest in sought
    ]
    tried = desk.scratch.get("nonces", 0)
    desk.scratch["nonces"] = tried + TRIES
    return find_proofs(bits, desk.status.seed, dict([*miners[turn:], *miners[:turn]]), tried, TRIES)


def _get_won(log: RoundLog, bits: int) -> set[bytes]:
    """Return the digests that were published with a proof of work in this round."""
    return {
        as_bytes32(event.args["digest"])
        for event in log.named("Published")
        if is_proven(
            bits,
            log.status.seed,
            str(event.args["publisher"]),
            as_bytes32(event.args["digest"]),
            as_bytes32(event.args["nonce"]),
        )
    }
