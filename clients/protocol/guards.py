"""Guards: who is put out for good."""

from dataclasses import replace

from clients.protocol.docket import Docket
from clients.protocol.policies import Guard, Terms
from clients.types.federation import Member, Round, Standing


def _compute_solvent(terms: Terms, member: Member, booked: Member, record: Round, docket: Docket) -> Member:
    return booked if booked.stake >= terms.bond else replace(booked, standing=Standing.BANNED)


SOLVENCY: Guard[Terms] = Guard(_compute_solvent)
"""Whoever can no longer hold the bond is out (stake_vote §4.4)."""
