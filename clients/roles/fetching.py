"""How long a judge or a publisher waits for a file that a peer hasn't handed out yet.

**Where giving up costs somebody, wait as long as there is time**: up to `FETCH_MARGIN` before the phase ends.
A publisher that gives up loses its seat's pay, or its stake. A juror whose ballot can't say that it couldn't
have an update votes against its proposer.

**Where a ballot can say so, wait for half of the phase's length** from when the juror saw the phase begin,
and leave as much to judge and to commit in. An update that wasn't had costs nobody a stake, and it counts all
the same if more than half of the jury had it. To wait up to the margin would be worse:

- A proposer could delay everybody until then and be paid, as it serves its update at last. Phases that begin
  early last longer than their length, so with phases of an hour the delay was up to 10,500 seconds.
- All jurors would judge and commit in the same five minutes. Whoever takes longer to judge would miss its
  seat, and everybody would while the chain is busy.

With an hour the wait is 1,800 seconds: enough for a file of 45 MB at 25 kB/s. Larger models take longer
phases.

The shorter wait is no help to who serves late. Jurors see the phase begin within seconds of one another, so
they stop waiting together, as they did at the margin. Whoever wants some of them to have an update and others
not hands it to some just before that, by either rule; what was handed out earlier, jurors hand on. Nor does
the wait bound how long a round takes: a drawn juror that keeps still makes the others wait for the phase's
end, and misses its seat for it.
"""

from clients.protocol.rounds import get_begin, get_end
from clients.types.federation import Status

FETCH_MARGIN = 300
"""Seconds before the end of a phase at which everybody stops waiting; half of its length if that is less."""


def is_patient(status: Status, now: int) -> bool:
    """Return whether there is time to wait at `now` where giving up costs somebody; the phase must have an
    end."""
    length, left = _measure(status, now)
    return left > min(FETCH_MARGIN, length // 2)


def is_early(status: Status, now: int, waited: float) -> bool:
    """Return whether to wait at `now` where giving up costs nobody.

    `waited`: for how many seconds the participant has seen the phase last; a restart forgets it.
    """
    length, left = _measure(status, now)
    return left > length // 2 and waited < length / 2


def _measure(status: Status, now: int) -> tuple[int, int]:
    """Return the phase's length and how much is left of it, in seconds. It lasts longer than its length if it
    began early."""
    end = get_end(status, status.phase) or 0
    return end - get_begin(status, status.phase), end - now
