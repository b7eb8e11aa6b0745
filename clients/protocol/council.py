"""bflc: admission, the committee, and the numbered records of models and updates."""

from dataclasses import dataclass, replace
from enum import Enum, auto

from clients.protocol.docket import Docket
from clients.protocol.draw import compute_lot, compute_positions
from clients.protocol.ledger import STAKE_MAX
from clients.protocol.managers import MANAGERS, MOTION_TYPES, Core, check_manager, process_motion
from clients.protocol.marks import UPDATES_MAX
from clients.protocol.panels import JURY_ROLES
from clients.protocol.policies import AdmissionPolicy, OwnAction, PanelPolicy, Wanted, check_term
from clients.protocol.rounds import Action
from clients.protocol.state import Env, State, compute_event
from clients.types.errors import ProtocolError
from clients.types.federation import (
    ZERO32,
    Address,
    BflcTerms,
    Election,
    Event,
    Outcome,
    Phase,
    Role,
    Round,
)
from clients.types.terms import BPS

COMMITTEE_MAX = 32
SELECTED_MAX = 128
"""The most updates aggregated into a model: one transaction must hold their records."""


class Choice(Enum):
    """How the committee is chosen."""

    NAMED = auto()
    """By the managers."""
    ELECTED = auto()
    """By an accepted round."""
    DRAWN = auto()
    """By position: none was chosen yet, or the last committee left a round undecided."""


@dataclass(frozen=True, slots=True)
class Provider:
    """The provider of a selected update, with the update's number in its round and its median score."""

    account: Address
    update_number: int
    score: int


@dataclass(frozen=True, slots=True)
class Record:
    """The entry under a number: an update, or a model, which has an empty uploader and score 0."""

    digest: bytes = ZERO32
    uploader: Address = ""
    score: int = 0


@dataclass(frozen=True, slots=True)
class Council:
    """A bflc federation's own memory. Its containers are replaced, never changed."""

    models: tuple[bytes, ...]
    """The models by the count of accepted rounds; the first is the genesis."""
    updates: tuple[tuple[Record, ...], ...] = ()
    """By the same count, the selected updates that made, or will make, the next model."""
    named: tuple[Address, ...] = ()
    choice: Choice = Choice.DRAWN
    """How the committee of the next round, or of the round in progress, is chosen."""
    providers: tuple[Provider, ...] = ()
    """Of the last accepted round, in order of number."""
    proposals: int = 0
    """Of that round."""
    seed: bytes = ZERO32
    """Of that round."""


def get_council(state: State) -> Council:
    """Return the federation's own memory."""
    assert isinstance(state.own, Council)
    return state.own


def start_council(terms: BflcTerms) -> object:
    """Return the council before the first committee."""
    return Council((terms.genesis,))


# ---------------------------------------------------------------------- admission


def check_fee(terms: BflcTerms) -> None:
    """Raise InvalidTerms if the fee is no amount."""
    check_term("fee", terms.fee, terms.fee <= STAKE_MAX)


def _get_fee(terms: BflcTerms) -> int:
    return terms.fee


MANAGERS_FOR_A_FEE: AdmissionPolicy[BflcTerms] = AdmissionPolicy(
    MANAGERS.check_join,
    _get_fee,
    MANAGERS.is_barred,
    MANAGERS.is_to_wait,
    MANAGERS.get_newcomers,
    MANAGERS.get_first,
)
"""Accounts that the managers allow may join, for the permission fee (bflc §IV-A)."""


# ---------------------------------------------------------------------- the committee


def check_committee(terms: BflcTerms) -> None:
    """Raise InvalidTerms if the committee is empty or too large, if too few could be elected, or if there is
    no manager to name others."""
    check_term("managers", 0, len(terms.managers) > 0)
    check_term("committee", terms.committee, 0 < terms.committee <= COMMITTEE_MAX)
    check_term("updates", terms.updates, terms.committee <= terms.updates <= SELECTED_MAX)


def check_election(terms: BflcTerms) -> None:
    """Raise InvalidTerms for an unknown election, for one by speed without a race, or if speed weighs more
    than the whole."""
    last = Election.FACTORS if terms.race else Election.RANDOM
    check_term("election", terms.election, terms.election <= last)
    check_term("speedBps", terms.speed_bps, terms.speed_bps <= BPS)


def check_proposers(terms: BflcTerms) -> None:
    """Raise InvalidTerms if a round could have too few updates, or more than a bitmap has bits."""
    most = terms.proposers if terms.race else _get_places(terms)
    check_term("proposers", terms.proposers, terms.updates <= terms.proposers and most <= UPDATES_MAX)


def compute_elected(terms: BflcTerms, council: Council, seed: bytes) -> tuple[Address, ...]:
    """Return the elected committee (§IV-B): by score, at random by `seed`, or by several factors.

    Among equals the first one is elected in a race, else the one with the higher lot in the electing round.
    """
    providers = council.providers
    if terms.election == Election.RANDOM:
        positions = compute_positions(seed, len(providers))
        return tuple(
            provider.account
            for position, provider in zip(positions, providers, strict=True)
            if position < terms.committee
        )

    def value(provider: Provider) -> int:
        if terms.election == Election.SCORE:
            return provider.score
        speed = BPS * (council.proposals - provider.update_number) // council.proposals
        return provider.score * (BPS - terms.speed_bps) + terms.speed_bps * speed

    def tie(provider: Provider) -> int:
        return -provider.update_number if terms.race else compute_lot(council.seed, provider.account)

    ranked = sorted(providers, key=lambda provider: (value(provider), tie(provider)), reverse=True)
    return tuple(provider.account for provider in ranked[: terms.committee])


def _get_places(terms: BflcTerms) -> int:
    """Return how many positions of the draw may propose, if they don't sit, where there is no race."""
    return terms.proposers + terms.committee


def _is_in_committee(terms: BflcTerms, state: State, account: Address, position: int) -> bool:
    council = get_council(state)
    if council.choice is Choice.ELECTED:
        return account in compute_elected(terms, council, state.seed)
    if council.choice is Choice.NAMED:
        return account in council.named
    return position < terms.committee


def _get_fewest(terms: BflcTerms) -> int:
    return terms.committee + terms.updates


def _count(terms: BflcTerms, state: State, members: int) -> Wanted:
    """Count as many proposals as there can be, so that no drawn member comes too late.

    Whoever was named or elected may have any position, or may have left: then nobody knows without looking at
    all of them how many of the drawn positions propose, and the round may wait until its phase ends.
    """
    if terms.race or get_council(state).choice is Choice.DRAWN:
        proposers = max(min(terms.proposers, members - terms.committee), 0)
    else:
        proposers = min(_get_places(terms), members)
    return Wanted(proposers, terms.committee, terms.committee)


def _get_roles(terms: BflcTerms, state: State, account: Address, position: int, members: int) -> Role:
    if _is_in_committee(terms, state, account, position):
        return JURY_ROLES
    return Role.PROPOSER if terms.race or position < _get_places(terms) else Role.NONE


ELECTED_COMMITTEE: PanelPolicy[BflcTerms] = PanelPolicy(_get_fewest, _count, _get_roles)
"""The committee validates and publishes; of the other members all train, or those drawn (§III-B)."""


def _name(core: Core, env: Env, named: tuple[Address, ...]) -> list[Event]:
    for place, account in enumerate(named):
        if int(account, 16) == 0 or account in named[:place]:
            raise ProtocolError("InvalidCommittee", place, core.terms.committee)
    core.state.own = replace(get_council(core.state), named=named, choice=Choice.NAMED)
    return [compute_event(env, "CommitteeNamed", accounts=named)]


def _process_name(
    core: Core, env: Env, sender: Address, motion_number: int, accounts: list[Address]
) -> list[Event]:
    check_manager(core, sender)
    needed = core.terms.committee
    if len(accounts) != needed:
        raise ProtocolError("InvalidCommittee", len(accounts), needed)
    return process_motion(core, env, sender, "nameCommittee", motion_number, tuple(accounts), _name)


NAME_COMMITTEE = OwnAction(Action(MOTION_TYPES, Phase.OPEN), _process_name)
"""Move to make the accounts the committee from the next round on."""


# ---------------------------------------------------------------------- notes


def note_published(terms: BflcTerms, own: object, record: Round, docket: Docket) -> object:
    """Return the council with the selected updates on record."""
    assert isinstance(own, Council)
    selected = docket.selected
    if not selected.bitmap:
        return own
    entries = tuple(
        Record(docket.updates[number].digest, docket.updates[number].proposer, selected.weights[number])
        for number in selected.numbers
    )
    return replace(own, updates=(*own.updates[: len(own.models) - 1], entries))


def note_settled(terms: BflcTerms, own: object, record: Round, docket: Docket) -> object:
    """Return the council for the next round.

    If updates were proposed but the round is undecided, the committee may be gone, and the next one is drawn.
    A rejection changes nothing: otherwise rejections could get rid of a committee.
    """
    assert isinstance(own, Council)
    if record.outcome is Outcome.UNDECIDED and record.proposals:
        return replace(own, choice=Choice.DRAWN)
    if record.outcome is not Outcome.ACCEPTED:
        return own
    selected = docket.selected
    return replace(
        own,
        models=(*own.models, docket.tally.candidate),
        choice=Choice.ELECTED,
        providers=tuple(
            Provider(docket.updates[number].proposer, number, selected.weights[number])
            for number in selected.numbers
        ),
        proposals=record.proposals,
        seed=docket.seed,
    )


def get_record(terms: BflcTerms, state: State, record_number: int) -> Record:
    """Return the record under a number: `t (k + 1)` is the model of round `t`, and the `k` numbers after it
    are the updates that make the next model (§III-A). A record not written yet is empty."""
    council = get_council(state)
    height, place = divmod(record_number, terms.updates + 1)
    if place == 0:
        return Record(council.models[height]) if height < len(council.models) else Record()
    return council.updates[height][place - 1] if height < len(council.updates) else Record()
