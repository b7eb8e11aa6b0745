"""stake_jury: `stake_vote` under the hardened rules.

Random proposers pledge their updates, a drawn jury judges them one by one and publishes the model of those
that pass, and a round pays a fixed share of the pool.

What it keeps of Dong et al. (https://arxiv.org/abs/2307.00543): random proposers and voters on private data,
stakes on both parts, the majority decides. What it changes, and why: `docs/reference/rules.md`.
"""

from clients.protocol.claims import check_claim_terms
from clients.protocol.decoys import ANCHORS, DECOYED, LOTS, check_decoys, get_anchor
from clients.protocol.duty import DRAWN_SEATS, REPORT
from clients.protocol.guards import build_solvency
from clients.protocol.jury import JURY_PUBLICATION, ONE_BY_ONE, check_updates
from clients.protocol.managers import (
    MANAGERS_FOR_A_FEE,
    MOTIONS,
    build_founders_check,
    check_fee,
    check_founders,
    check_managers,
)
from clients.protocol.panels import JURY_PANEL, check_jury_panel
from clients.protocol.policies import ENDLESS, Mechanism, check_term
from clients.protocol.publication import check_publish
from clients.protocol.shares import SHARES, check_shares
from clients.types.federation import StakeJuryTerms


def _check_claims(terms: StakeJuryTerms) -> None:
    check_claim_terms(terms, terms.proposers)


def _check_floor(terms: StakeJuryTerms) -> None:
    check_term("floor", terms.floor, terms.floor <= terms.bond)


def _get_floor(terms: StakeJuryTerms) -> int:
    return terms.floor


STAKE_JURY: Mechanism[StakeJuryTerms] = Mechanism(
    name="stake_jury",
    checks=(
        check_managers,
        check_fee,
        check_founders,
        check_jury_panel,
        check_decoys,
        check_updates,
        _check_claims,
        check_publish,
        check_shares,
        _check_floor,
        build_founders_check(JURY_PANEL.get_fewest),
    ),
    admission=MANAGERS_FOR_A_FEE,
    panel=JURY_PANEL,
    subject=DECOYED,
    verdict=ONE_BY_ONE,
    publication=JURY_PUBLICATION,
    payout=SHARES,
    guard=build_solvency(_get_floor),
    task=ENDLESS,
    duty=DRAWN_SEATS,
    own_state=ANCHORS,
    actions={**MOTIONS, **LOTS, **REPORT},
    views={"anchorOf": get_anchor},
)
