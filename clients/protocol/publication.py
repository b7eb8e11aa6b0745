"""Publication: the jury puts on record which updates passed, and the digest of the model that they make."""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from clients.protocol.docket import Docket, Publication, Selection
from clients.protocol.policies import Terms, check_term
from clients.protocol.tally import compute_tally
from clients.types.errors import ProtocolError
from clients.types.federation import ZERO32, Round

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
