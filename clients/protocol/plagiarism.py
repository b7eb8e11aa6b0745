"""Evidence of plagiarism: a member that finds its noise in another's update reveals the noise's seed."""

from dataclasses import replace

from clients.protocol.docket import Docket
from clients.protocol.hashing import keccak
from clients.protocol.marks import get_majority, is_marked
from clients.protocol.policies import GuardPolicy, OwnAction, check_term
from clients.protocol.rounds import Action, compute_ends
from clients.protocol.state import Env, State, compute_event
from clients.protocol.task import get_task
from clients.protocol.views import FederationView
from clients.types.errors import ProtocolError
from clients.types.federation import Act, Address, BladeTerms, Event, Member, Outcome, Phase, Round, Standing
from clients.types.terms import BPS


def check_challenge(terms: BladeTerms) -> None:
    """Raise InvalidTerms if no time would be left to vote once all evidence is in."""
    check_term("challenge", terms.challenge, terms.challenge < terms.schedule.commit)


def compute_anchor(seed: bytes, round_number: int) -> bytes:
    """Return the anchor of one whose noise seed of the round is `seed`: hashed `round_number` times."""
    for _ in range(round_number):
        seed = keccak(seed)
    return seed


def compute_challenge_end(terms: BladeTerms, record: Round) -> int:
    """Return the time at which accusing ends and voting begins."""
    return compute_ends(record.drawn_at, terms.schedule).propose + terms.challenge


def _check_commit(terms: BladeTerms, state: State, env: Env) -> None:
    end = compute_challenge_end(terms, state.rounds[-1])
    if env.time < end:
        raise ProtocolError("TooEarly", env.time, end)


def _process_accuse(
    core: FederationView[BladeTerms],
    env: Env,
    sender: Address,
    round_number: int,
    update_number: int,
    seed: bytes,
    correlation: int,
) -> list[Event]:
    state, record, phase = core.state, core.record, core.get_phase(env)
    if phase not in (Phase.PROPOSE, Phase.COMMIT):
        raise ProtocolError("WrongPhase", phase, Phase.COMMIT)
    end = compute_challenge_end(core.terms, record)
    if env.time >= end:
        raise ProtocolError("TooLate", env.time, end)
    member = state.ledger.get(sender)
    core.check_active(sender, member)
    if Act.PROPOSED not in core.get_acts(member):
        raise ProtocolError("NotProposed", sender, round_number)
    if update_number >= record.proposals or update_number == member.update_number:
        raise ProtocolError("NoSuchUpdate", update_number, record.proposals)
    if correlation > BPS:
        raise ProtocolError("AmountTooLarge", correlation, BPS)
    anchor = get_task(state).bids[sender].anchor
    if compute_anchor(seed, round_number) != anchor:
        raise ProtocolError("BadSeed", seed, anchor)
    docket = core.docket
    state.dockets[-1] = replace(docket, accused=docket.accused | 1 << update_number)
    accused = compute_event(
        env,
        "Accused",
        round=round_number,
        accuser=sender,
        updateNumber=update_number,
        seed=seed,
        correlation=correlation,
    )
    return [accused]


ACCUSE = OwnAction(Action(("uint256", "uint256", "bytes32", "uint256"), names_round=True), _process_accuse)
"""Reveal one's noise seed, found in the update with a correlation in hundredths of a percent
(blade §III-C)."""


def compute_convicted(docket: Docket, voters: int) -> int:
    """Return the bitmap of the accused updates that more than half of the `voters` drawn call copies: absent
    voters convict nobody."""
    return docket.accused & get_majority(docket.names, voters)


def get_convicted(outcome: Outcome, docket: Docket) -> int:
    """Return the convicted updates: 0 before the first publication and in an undecided round."""
    return 0 if outcome is Outcome.UNDECIDED else docket.selected.convicted


def is_convicted(member: Member, outcome: Outcome, docket: Docket) -> bool:
    """Return whether the update that `member` proposed in the round in which it last acted is convicted."""
    return Act.PROPOSED in member.acts and is_marked(get_convicted(outcome, docket), member.update_number)


def _compute_guarded(
    terms: BladeTerms, member: Member, booked: Member, record: Round, docket: Docket
) -> Member:
    guilty = is_convicted(member, record.outcome, docket)
    return replace(booked, standing=Standing.BANNED) if guilty else booked


PLAGIARISM: GuardPolicy[BladeTerms] = GuardPolicy(_compute_guarded, _check_commit)
"""A convicted plagiarist is banned; nobody votes while evidence may still come in."""
