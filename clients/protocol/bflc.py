"""bflc: Li et al., "A Blockchain-based Decentralized Federated Learning Framework with Committee Consensus".

https://arxiv.org/abs/2004.00773. Managers let members in; a committee scores each update, the first to pass
are packed, and the next committee is elected from their providers by what they achieved.
"""

from clients.protocol.claims import check_claim_terms
from clients.protocol.council import (
    ELECTED_COMMITTEE,
    NAME_COMMITTEE,
    Council,
    check_committee,
    check_election,
    check_proposers,
    note_published,
    note_settled,
    start_council,
)
from clients.protocol.guards import FORGIVING
from clients.protocol.managers import (
    MANAGERS_FOR_A_FEE,
    MOTIONS,
    build_founders_check,
    check_fee,
    check_founders,
    check_managers,
)
from clients.protocol.policies import CLAIMED, ENDLESS, VOLUNTARY, Mechanism, OwnState
from clients.protocol.publication import check_publish
from clients.protocol.scores import (
    MEDIAN_SCORE,
    NUMBERED_RECORDS,
    PROFIT_BY_SCORE,
    check_min_score,
    check_profit,
)
from clients.types.federation import BflcTerms


def _check_claims(terms: BflcTerms) -> None:
    check_claim_terms(terms, terms.proposers)


BFLC: Mechanism[BflcTerms] = Mechanism(
    name="bflc",
    checks=(
        check_managers,
        check_fee,
        check_founders,
        _check_claims,
        check_publish,
        check_min_score,
        check_committee,
        check_election,
        check_proposers,
        check_profit,
        build_founders_check(ELECTED_COMMITTEE.get_fewest),
    ),
    admission=MANAGERS_FOR_A_FEE,
    panel=ELECTED_COMMITTEE,
    subject=CLAIMED,
    verdict=MEDIAN_SCORE,
    publication=NUMBERED_RECORDS,
    payout=PROFIT_BY_SCORE,
    guard=FORGIVING,
    task=ENDLESS,
    duty=VOLUNTARY,
    own_state=OwnState(
        Council, start=start_council, note_published=note_published, note_settled=note_settled
    ),
    actions={**MOTIONS, "nameCommittee": NAME_COMMITTEE},
)
