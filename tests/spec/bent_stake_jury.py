"""stake_jury with one rule bent each."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import clients.protocol.jury as jury_module
import clients.protocol.panels as panels_module
import clients.protocol.shares as shares_module
from clients.protocol.docket import Ballot, Docket, Publication, Publisher, Selection
from clients.protocol.jury import EXCUSED, JURY_PUBLICATION, ONE_BY_ONE, count_excused, get_seat, select
from clients.protocol.ledger import STAKE_MAX
from clients.protocol.marks import compute_bitmap
from clients.protocol.mechanisms import MECHANISMS
from clients.protocol.policies import Settlement
from clients.types.errors import ProtocolError
from clients.types.federation import Act, Address, Member, Outcome, Role, Round, Standing
from tests.spec.bending import Mutant, Patch, bend, put, settled

NAME = "stake_jury"
STAKE_JURY = MECHANISMS[NAME]
Rule = Callable[[int, int, int, int], bool]
"""Ballots that find an update good, that could have it, the size of the jury, all ballots → whether …"""


def decided(good: int, had: int, came: int) -> bool:
    return 2 * good > came or 2 * good <= had


def judged(good: int, had: int, seats: int, came: int) -> bool:
    return 2 * had > seats and decided(good, had, came)


def passing(good: int, had: int, seats: int, came: int) -> bool:
    return 2 * good > came


def clear(good: int, had: int, seats: int, came: int) -> bool:
    return 4 * (had - good) >= 3 * had


def selecting(is_judged: Rule = judged, passes: Rule = passing, is_clear: Rule = clear) -> Mutant:
    """Return the mutant in which updates are judged, pass and are clearly rejected by these rules."""

    def bent(terms: Any, record: Round, docket: Docket) -> Selection:
        seats, ballots = jury_module.get_seats(terms, record.members), docket.ballots.values()
        counts = {
            number: (
                sum(ballot.good >> number & 1 for ballot in ballots),
                sum(ballot.had >> number & 1 for ballot in ballots),
                seats,
                record.reveals,
            )
            for number in range(record.proposals)
        }
        looked_at = [number for number, of in counts.items() if is_judged(*of)]
        passed = [number for number in looked_at if passes(*counts[number])]
        rejected = [n for n in looked_at if n not in passed and is_clear(*counts[n])]
        return Selection(
            compute_bitmap(passed) & (docket.shown & ~docket.decoys if terms.decoy_odds else -1),
            select(terms, record, docket).weights,
            judged=compute_bitmap(looked_at),
            rejected=compute_bitmap(rejected) & ~docket.decoys,
            passed=compute_bitmap(passed),
            decoys=compute_bitmap(looked_at) & docket.decoys,
        )

    return put(jury_module, "select", bent)


def as_many_as_came(terms: Any, record: Round, docket: Docket) -> Selection:
    """Judge what more than half of those who revealed could have."""
    few = replace(record, members=terms.proposers + len(docket.ballots))
    return select(replace(terms, voters=0), few, docket)


def agrees(ballot: Ballot, selection: Selection) -> bool:
    """Return whether a ballot is the jury's, and of something that was judged."""
    return get_seat(ballot, selection, 1) == 1


def agreeing(bent: Callable[[Ballot, Selection], bool]) -> Mutant:
    """Return the mutant in which these ballots are the jury's, of those that aren't excused."""
    return seating(lambda ballot, s, option, seat: seat if seat == EXCUSED else option * bent(ballot, s))


def seating(bent: Callable[[Ballot, Selection, int, int], int]) -> Mutant:
    """Return the mutant in which an option becomes what `bent` makes of it and of what it should become."""
    return put(jury_module, "get_seat", lambda b, s, option: bent(b, s, option, get_seat(b, s, option)))


def count_wrong(ballot: Ballot, selection: Selection, about: int) -> int:
    return ((ballot.good ^ selection.passed) & about).bit_count()


def more_than_two_thirds(ballot: Ballot, selection: Selection) -> bool:
    about = ballot.had & selection.compared
    return agrees(ballot, selection) and 3 * count_wrong(ballot, selection, about) < about.bit_count()


def of_all_judged(ballot: Ballot, selection: Selection) -> bool:
    """Hold it against a ballot, too, what passed and it couldn't have."""
    about = selection.compared
    return 3 * count_wrong(ballot, selection, about) <= about.bit_count()


def of_all_it_had(ballot: Ballot, selection: Selection) -> bool:
    """Look at what wasn't judged, too."""
    about = ballot.had
    return 3 * count_wrong(ballot, selection, about) <= about.bit_count()


def is_about_little(ballot: Ballot, selection: Selection) -> bool:
    about = (ballot.had & selection.compared).bit_count()
    return 2 * about < selection.compared.bit_count()


def good_need_not_be_had(
    terms: Any, record: Round, docket: Docket, voter: Address, ballot: bytes
) -> tuple[Docket, int]:
    """Take a ballot that finds good what the juror couldn't have, of what was proposed."""
    try:
        return ONE_BY_ONE.count(terms, record, docket, voter, ballot)
    except ProtocolError:
        good, had = (int.from_bytes(ballot[at : at + 32], "big") for at in (0, 32))
        if len(ballot) != 64 or (good | had) >> record.proposals:
            raise
        return replace(docket, ballots={**docket.ballots, voter: Ballot(good & had, had)}), 0


def silent_jurors_are_paid(
    terms: Any, record: Round, docket: Docket, publisher: Publisher, publication: Publication
) -> tuple[Docket, int]:
    counted, option = JURY_PUBLICATION.count(terms, record, docket, publisher, publication)
    if publisher.account in docket.ballots:
        return counted, option
    option = counted.tally.entries.index(publication.digest) + 1
    return replace(counted, seats=(*counted.seats, option)), option


def silent_jurors_are_excused(
    terms: Any, record: Round, docket: Docket, publisher: Publisher, publication: Publication
) -> tuple[Docket, int]:
    counted, option = JURY_PUBLICATION.count(terms, record, docket, publisher, publication)
    if publisher.account in docket.ballots or Act.COMMITTED not in publisher.member.acts:
        return counted, option
    return replace(counted, seats=(*counted.seats, EXCUSED)), EXCUSED


def only_paid_seats_count(
    terms: Any, record: Round, docket: Docket, publisher: Publisher, publication: Publication
) -> tuple[Docket, int]:
    counted, option = JURY_PUBLICATION.count(terms, record, docket, publisher, publication)
    return (counted, option) if option else (replace(counted, tally=docket.tally), 0)


def the_excused_count_not(
    terms: Any, record: Round, docket: Docket, publisher: Publisher, publication: Publication
) -> tuple[Docket, int]:
    counted, option = JURY_PUBLICATION.count(terms, record, docket, publisher, publication)
    return (replace(counted, tally=docket.tally), EXCUSED) if option == EXCUSED else (counted, option)


def paid(part: Callable[..., int]) -> Mutant:
    """Return the mutant in which a part is worth what `part` makes of terms, record, docket and pool."""

    def change(t: Any, r: Round, d: Docket, o: Outcome, pool: int, plain: Settlement) -> Settlement:
        if o is Outcome.UNDECIDED:
            return plain
        earned = count_earned(t, r, d)
        worth = part(t, r, d, pool)
        return Settlement(worth, 0, plain.pool + (plain.proposer_reward - worth) * earned)

    return settled(NAME, change)


def count_earned(t: Any, r: Round, d: Docket) -> int:
    paid_updates = (d.selected.bitmap | d.selected.decoys).bit_count()
    return paid_updates * t.update_shares + jury_module.count_paid(r, d) * t.seat_shares


def by_what_is_earned(t: Any, r: Round, d: Docket, pool: int) -> int:
    share = pool * t.profit_bps // 10_000 // max(count_earned(t, r, d), 1)
    return min(share, STAKE_MAX // t.update_shares)


def by_who_came(t: Any, r: Round, d: Docket, pool: int) -> int:
    parts = r.proposals * t.update_shares + r.reveals * t.seat_shares
    return min(pool * t.profit_bps // 10_000 // parts, STAKE_MAX // t.update_shares)


def all_sit_up_to_the_limit(patch: Patch) -> None:
    """Let an even number of jurors sit."""

    def bent(terms: Any, members: int) -> int:
        others = max(members - terms.proposers, 0)
        return min(terms.voters, others) if terms.voters else others

    for module in (jury_module, panels_module, shares_module):
        patch.setattr(module, "get_seats", bent)


def by_a_jury_without_a_limit(t: Any, r: Round, d: Docket, pool: int) -> int:
    parts = t.proposers * t.update_shares + (r.members - t.proposers) * t.seat_shares
    return min(pool * t.profit_bps // 10_000 // parts, STAKE_MAX // t.update_shares)


def after_what_is_lost(t: Any, r: Round, d: Docket, pool: int) -> int:
    lost = t.proposer_stake * (d.selected.rejected.bit_count() + r.broken_pledges)
    whole = pool + lost + t.voter_stake * (r.commits - jury_module.count_paid(r, d) - count_excused(d))
    parts = t.proposers * t.update_shares + jury_module.get_seats(t, r.members) * t.seat_shares
    return min(whole * t.profit_bps // 10_000 // parts, STAKE_MAX // t.update_shares)


def delta(change: Callable[[Any, Member, Round, int], int]) -> Mutant:
    """Return the mutant in which a member's gain is what `change` makes of it."""
    plain = STAKE_JURY.payout.compute_delta

    def bent(t: Any, a: str, m: Member, r: Round, d: Docket) -> int:
        return change(t, m, r, plain(t, a, m, r, d))

    return bend(NAME, "payout", compute_delta=bent)


def is_silent(m: Member) -> bool:
    return Act.COMMITTED in m.acts and Act.REVEALED not in m.acts


def only_the_revealed_matters(t: Any, m: Member, r: Round, gain: int) -> int:
    """Excuse whoever revealed and didn't publish."""
    if Act.REVEALED in m.acts and Act.PUBLISHED not in m.acts:
        return max(gain, 0)
    return gain


def publishing_costs(t: Any, m: Member, r: Round, gain: int) -> int:
    """Charge whoever published and hadn't committed."""
    return -t.voter_stake if m.acts == Act.PUBLISHED else gain


def guarded(is_out: Callable[[Any, Member], bool]) -> Mutant:
    def bent(t: Any, m: Member, booked: Member, r: Round, d: Docket) -> Member:
        return replace(booked, standing=Standing.BANNED) if is_out(t, booked) else booked

    return bend(NAME, "guard", compute_guarded=bent)


def nobody_rests(t: Any, state: Any, account: str, position: int, members: int) -> Role:
    role: Role = STAKE_JURY.panel.get_roles(t, state, account, position, members)
    return role or Role.VOTER | Role.PUBLISHER


STAKE_JURY_MUTANTS: dict[str, Mutant] = {
    "what half could have is judged": selecting(
        lambda good, had, seats, came: 2 * had >= seats and decided(good, had, came)
    ),
    "what anybody could have is judged": selecting(
        lambda good, had, seats, came: had > 0 and decided(good, had, came)
    ),
    "what isn't decided is judged": selecting(lambda good, had, seats, came: 2 * had > seats),
    "most who could have it are enough": selecting(
        lambda good, had, seats, came: 2 * had > seats, lambda good, had, seats, came: 2 * good > had
    ),
    "as many as came are the jury": put(jury_module, "select", as_many_as_came),
    "a tie passes": selecting(passes=lambda good, had, seats, came: 2 * good >= min(had, came)),
    "passing takes half of the jury": selecting(passes=lambda good, had, seats, came: 2 * good > seats),
    "a rejection is clear at half": selecting(is_clear=lambda good, had, seats, came: 2 * good <= had),
    "a rejection is clear at two thirds": selecting(is_clear=lambda good, had, seats, came: 3 * good <= had),
    "a rejection is clear above three quarters": selecting(
        is_clear=lambda good, had, seats, came: 4 * good < had
    ),
    "a rejection is clear if nobody is for it": selecting(is_clear=lambda good, had, seats, came: not good),
    "whoever falls is clearly rejected": selecting(is_clear=lambda good, had, seats, came: True),
    "a seat is paid for any ballot": agreeing(lambda ballot, s: True),
    "a seat takes more than two thirds": agreeing(more_than_two_thirds),
    "half is enough for a seat": seating(
        lambda b, s, option, seat: option if seat == EXCUSED and b.had & s.compared else seat
    ),
    "little is enough for a seat": seating(
        lambda b, s, option, seat: option if is_about_little(b, s) and b.had & s.compared else seat
    ),
    "a seat that differs in half pays": seating(
        lambda b, s, option, seat: 0 if seat == EXCUSED and not is_about_little(b, s) and s.compared else seat
    ),
    "a ballot about little pays": seating(
        lambda b, s, option, seat: 0 if b.had & s.compared and is_about_little(b, s) else seat
    ),
    "a seat takes all": agreeing(
        lambda ballot, s: agrees(ballot, s) and not count_wrong(ballot, s, ballot.had & s.compared)
    ),
    "a ballot is about all that was judged": agreeing(of_all_judged),
    "a ballot is about all that it had": agreeing(of_all_it_had),
    "the excused are paid": seating(lambda b, s, option, seat: option if seat == EXCUSED else seat),
    "the excused pay": seating(lambda b, s, option, seat: 0 if seat == EXCUSED else seat),
    "the excused pay and the pool doesn't get it": delta(
        lambda t, m, r, gain: -t.voter_stake if m.option == EXCUSED and Act.PUBLISHED in m.acts else gain
    ),
    "the pool gets what the excused don't lose": put(shares_module, "count_excused", lambda d: 0),
    "nothing excuses but a ballot about nothing": seating(
        lambda b, s, option, seat: 0 if seat == EXCUSED and b.had else seat
    ),
    "a ballot about nothing doesn't excuse": seating(
        lambda b, s, option, seat: 0 if seat == EXCUSED and not b.had else seat
    ),
    "nobody is excused where nothing is judged": seating(
        lambda b, s, option, seat: 0 if seat == EXCUSED and not s.compared else seat
    ),
    "a ballot that lets nothing pass is excused": seating(
        lambda b, s, option, seat: seat or EXCUSED * (not b.good)
    ),
    "the excused need not publish": delta(only_the_revealed_matters),
    "who didn't reveal is excused": bend(NAME, "publication", count=silent_jurors_are_excused),
    "the excused don't count": bend(NAME, "publication", count=the_excused_count_not),
    "what is good need not be had": bend(NAME, "verdict", count=good_need_not_be_had),
    "who didn't reveal is paid": bend(NAME, "publication", count=silent_jurors_are_paid),
    "only paid seats count": bend(NAME, "publication", count=only_paid_seats_count),
    "any digest pays a seat": put(
        shares_module, "count_paid", lambda r, d: sum(seat not in (0, EXCUSED) for seat in d.seats)
    ),
    "parts are divided by what is earned": paid(by_what_is_earned),
    "parts are divided by who came": paid(by_who_came),
    "an even jury sits": all_sit_up_to_the_limit,
    "parts are divided by all who might sit": paid(by_a_jury_without_a_limit),
    "a round pays after what it takes": paid(after_what_is_lost),
    "publishing costs who didn't commit": delta(publishing_costs),
    "silence is free": delta(lambda t, m, r, gain: max(gain, 0) if is_silent(m) else gain),
    "silence is free when undecided": delta(
        lambda t, m, r, gain: max(gain, 0) if r.outcome is Outcome.UNDECIDED and is_silent(m) else gain
    ),
    "a seat that isn't paid is free": delta(
        lambda t, m, r, gain: max(gain, 0) if Act.REVEALED in m.acts else gain
    ),
    "a clear rejection is free": delta(
        lambda t, m, r, gain: max(gain, 0) if Act.PROPOSED in m.acts else gain
    ),
    "a broken pledge is free": delta(lambda t, m, r, gain: max(gain, 0) if m.acts == Act.PLEDGED else gain),
    "a broken pledge is free when undecided": delta(
        lambda t, m, r, gain: 0 if m.acts == Act.PLEDGED and r.outcome is Outcome.UNDECIDED else gain
    ),
    "an update earns a seat's pay": delta(
        lambda t, m, r, gain: (
            r.proposer_reward * t.seat_shares if Act.PROPOSED in m.acts and gain > 0 else gain
        )
    ),
    "the floor is the bond": guarded(lambda t, m: m.stake < t.bond),
    "at the floor is out": guarded(lambda t, m: m.stake <= t.floor),
    "below the floor is in": guarded(lambda t, m: m.stake < t.floor - 1),
    "nobody rests": bend(NAME, "panel", get_roles=nobody_rests),
    "one fewer will do": bend(NAME, "panel", get_fewest=lambda t: t.proposers + t.min_voters - 1),
    "one publisher fewer": bend(
        NAME,
        "panel",
        count=lambda t, s, n: STAKE_JURY.panel.count(t, s, n)._replace(
            publishers=jury_module.get_seats(t, n) - 1
        ),
    ),
}
