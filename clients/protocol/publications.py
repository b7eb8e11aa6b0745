"""Publications: who puts the next model on record."""

from clients.protocol.policies import Publication, Terms
from clients.protocol.tally import Tally
from clients.types.federation import Outcome, Round


def _is_never_awaited(terms: Terms, record: Round) -> bool:
    return False


def _get_voted_head(outcome: Outcome, tally: Tally, head: bytes) -> bytes:
    return tally.candidate if outcome is Outcome.ACCEPTED else head


MAJORITY_DIGEST: Publication[Terms] = Publication(_is_never_awaited, _get_voted_head)
"""The voters' own majority digest is the publication: whoever holds that model can show that it is."""
