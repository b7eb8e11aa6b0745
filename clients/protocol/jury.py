"""A jury that judges updates one by one, and publishes what passes.

A juror says of each update whether it could have it, and whether it finds it good. An update passes if more
than half of the drawn jurors could have it, and more than half of all who revealed find it good. It fails if
at most half of those who could have it do. Between these it isn't judged, nor if fewer could have it. So who
serves its update to some gains nothing: it doesn't pass by its friends' votes and a few others', and nobody
pays who couldn't get it.

A seat is paid if its ballot differs from the jury's in at most a third of what was judged, and costs if it
differs in more than half. Between these it is excused, as it is where the ballot is about less than half of
what was judged. That is fixed when its juror publishes.
"""

from dataclasses import replace
from typing import Protocol

from clients.protocol.decoys import DecoyTerms
from clients.protocol.docket import Ballot, Docket, Publication, Publisher, Selection
from clients.protocol.marks import UPDATES_MAX, compute_bitmap, count_marks, read_bitmap, read_words
from clients.protocol.policies import PublicationPolicy, VerdictPolicy, check_term
from clients.protocol.publication import compute_checked
from clients.protocol.verdicts import compute_published, count_publications
from clients.types.errors import ProtocolError
from clients.types.federation import Address, Round

CLEAR_NUMERATOR, CLEAR_DENOMINATOR = 3, 4
"""A rejection is clear if at least this share of the ballots on the update is against it."""

EXCUSED = 2**16 - 1
"""The option of an excused juror. No tally gets to it: of at most `MEMBERS_MAX` members, one proposes."""


class Seated(Protocol):
    """Terms with proposers, and a jury of those who don't propose."""

    @property
    def proposers(self) -> int:
        """Proposers wanted."""
        ...

    @property
    def voters(self) -> int:
        """The most voters; 0: no limit."""
        ...


class Judged(Seated, DecoyTerms, Protocol):
    """Terms with a jury that judges updates, of which some are decoys."""


def get_seats(terms: Seated, members: int) -> int:
    """Return the size of the jury of a round with so many members: `voters` if the terms limit it and so many
    don't propose, else the largest odd number of those who don't. Half of an even jury is enough to let
    nothing pass."""
    others = max(members - terms.proposers, 0)
    if terms.voters and others >= terms.voters:
        return terms.voters
    return (others - 1) | 1 if others else 0


def check_updates(terms: Seated) -> None:
    """Raise InvalidTerms if there may be more updates than a ballot has bits."""
    check_term("proposers", terms.proposers, terms.proposers <= UPDATES_MAX)


def _count(terms: object, record: Round, docket: Docket, voter: Address, ballot: bytes) -> tuple[Docket, int]:
    good, had = (read_bitmap(record, ballot, word) for word in read_words(ballot, 2))
    if good & ~had:
        raise ProtocolError("InvalidBallot", ballot)
    return replace(docket, ballots={**docket.ballots, voter: Ballot(good, had)}), 0


ONE_BY_ONE: VerdictPolicy[object] = VerdictPolicy(_count, compute_published, count_publications)
"""A ballot is the bitmap of the updates that a juror finds good, and that of those that it could have, which
holds the first. The ballots select, and what is published decides."""


def count_ballots(docket: Docket, updates: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return how many jurors found each of so many updates good, and how many could have it."""
    ballots = docket.ballots.values()
    good = count_marks((ballot.good for ballot in ballots), updates)
    return good, count_marks((ballot.had for ballot in ballots), updates)


def select(terms: Judged, record: Round, docket: Docket) -> Selection:
    """Return the updates that make the model: those that passed, but for decoys and, where there may be
    decoys, what wasn't shown. And those that were judged at all, passed, were clearly rejected, or are
    decoys. All weigh the samples that they claim."""
    seats = get_seats(terms, record.members)
    judged, passed, rejected = [], [], []
    for number, (good, had) in enumerate(zip(*count_ballots(docket, record.proposals), strict=True)):
        passes, fails = 2 * good > record.reveals, 2 * good <= had
        if 2 * had <= seats or not (passes or fails):
            continue
        judged.append(number)
        if passes:
            passed.append(number)
        elif CLEAR_DENOMINATOR * (had - good) >= CLEAR_NUMERATOR * had:
            rejected.append(number)
    weights = tuple(update.samples for update in docket.updates)
    counting = docket.shown & ~docket.decoys if terms.decoy_odds else -1
    return Selection(
        compute_bitmap(passed) & counting,
        weights,
        judged=compute_bitmap(judged),
        rejected=compute_bitmap(rejected) & ~docket.decoys,
        passed=compute_bitmap(passed),
        decoys=compute_bitmap(judged) & docket.decoys,
    )


def get_seat(ballot: Ballot, selection: Selection, option: int) -> int:
    """Return what the option of a juror becomes that published `option`.

    EXCUSED if its ballot is about less than half of the judged updates, decoys left out, or about none. Of
    those that it is about, `option` if its ballot differs from the jury's in at most a third, 0 if in more
    than half, and EXCUSED between: who votes for its own against all others mustn't be paid, and who is
    unlucky mustn't pay. Nor is a juror paid that didn't reject a decoy that the jury doesn't pass, even if
    it couldn't have it: else it would pay to say so of half of them, and to approve the rest untested.
    """
    about = ballot.had & selection.compared
    count = about.bit_count()
    if not count or 2 * count < selection.compared.bit_count():
        return EXCUSED
    differing = ((ballot.good ^ selection.passed) & about).bit_count()
    if 3 * differing <= count:
        return EXCUSED if selection.decoys & ~selection.passed & ~ballot.bad else option
    return EXCUSED if 2 * differing <= count else 0


def _publish(
    terms: Judged, record: Round, docket: Docket, publisher: Publisher, publication: Publication
) -> tuple[Docket, int]:
    docket, option = compute_checked(select, terms, record, docket, publication)
    ballot = docket.ballots.get(publisher.account)
    seat = 0 if ballot is None else get_seat(ballot, docket.selected, option)
    return replace(docket, seats=(*docket.seats, seat)), seat


JURY_PUBLICATION: PublicationPolicy[Judged] = PublicationPolicy(_publish)
"""The jurors publish the model of what passed. Who didn't reveal, or disagrees with the jury, gets option 0,
and who is excused EXCUSED: what they publish counts, and their seats aren't paid."""


def count_paid(record: Round, docket: Docket) -> int:
    """Return how many seats are paid: of jurors who agree and published the leading digest."""
    return docket.seats.count(record.leading_option)


def count_excused(docket: Docket) -> int:
    """Return how many jurors revealed and published, and are excused."""
    return docket.seats.count(EXCUSED)
