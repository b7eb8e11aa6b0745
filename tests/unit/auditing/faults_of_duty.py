"""Faults around the duty of drawn members: who is noted to have missed a round, and who is put out for it."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

from clients.types.federation import Event, Standing
from tests.unit.auditing.faults import WRONG, Sign, event_of, fault, needs
from tests.unit.auditing.faults_of_lots import FAULTS
from tests.unit.auditing.faults_of_pledges import of_round
from tests.unit.auditing.played import Recorded

__all__ = ["FAULTS"]

JURY = ("stake_jury",)
UNTOLD = "0x" + WRONG.hex()
"""The transaction of what is planted."""


def put_out(record: Recorded) -> int:
    """Return an eviction of somebody who isn't banned: it missed too many rounds."""
    banned = {one.args["account"] for one in record.entries if one.name == "Banned"}
    return record.find("Evicted", lambda args: args["account"] not in banned)


def note(record: Recorded, after: Event, account: object, missed: int) -> Sign:
    """Plant, after an event of a round, that `account` missed it."""
    number = after.args["round"]
    args = {"round": number, "account": account, "missed": missed}
    record.entries.insert(record.entries.index(after) + 1, Event("Missed", args, after.block, UNTOLD))
    return Sign("duty", int(number), str(account))  # type: ignore[call-overload]


def last_reveals(record: Recorded) -> Iterator[Event]:
    """Yield the last reveal of each round: a report after it is in time."""
    for settled in (one for one in record.entries if one.name == "Settled"):
        yield from of_round(record, "Revealed", settled.args["round"])[-1:]


@fault("a juror who voted, noted as absent", JURY)
def absent_voter(record: Recorded) -> Sign:
    last = next(last_reveals(record))
    return note(record, last, last.args["voter"], 1)


@fault("a proposer who proposed, noted as absent", JURY)
def absent_proposer(record: Recorded) -> Sign:
    last, proposed = next(
        (last, proposed)
        for last in last_reveals(record)
        for proposed in of_round(record, "Proposed", last.args["round"])
    )
    return note(record, last, proposed.args["proposer"], 1)


@fault("somebody who wasn't drawn, noted as absent", JURY)
def undrawn_absent(record: Recorded) -> Sign:
    return note(record, next(last_reveals(record)), "0x" + "99" * 20, 1)


@fault("a round that counts twice against who missed it", JURY)
def double_miss(record: Recorded) -> Sign:
    missed = record.entries[record.find("Missed")]
    return note(record, missed, missed.args["account"], missed.args["missed"] + 1)  # type: ignore[operator]


@fault("more missed rounds than there were", JURY)
def more_missed(record: Recorded) -> Sign:
    place = record.find("Missed")
    args = event_of(record, place)
    record.alter(place, missed=args["missed"] + 1)
    return Sign("duty", args["round"], args["account"])


@fault("missed rounds that are never forgotten, though their account acted since", JURY)
def grudge(record: Recorded) -> Sign:
    notes = [one for one in record.entries if one.name == "Missed"]
    earlier, again = next(
        (one, other)
        for at, one in enumerate(notes)
        for other in notes[at + 1 :]
        if other.args["account"] == one.args["account"] and other.args["missed"] == 1
    )
    count = int(earlier.args["missed"]) + 1  # type: ignore[call-overload]
    record.alter(record.entries.index(again), missed=count)
    return Sign("duty", int(again.args["round"]), str(again.args["account"]))  # type: ignore[call-overload]


@fault("missed rounds on record of an account that acted since", JURY)
def grudge_on_record(record: Recorded) -> Sign:
    who = next(
        str(one.args["account"]) for one in record.entries
        if one.name == "Missed" and not record.members_now[str(one.args["account"])].missed
    )  # fmt: skip
    record.members_now[who] = replace(record.members_now[who], missed=1)
    return Sign("duty", None, who)


@fault("another last missed round on record", JURY)
def wrong_missed_round(record: Recorded) -> Sign:
    who = next(who for who, view in record.members_now.items() if view.missed)
    view = record.members_now[who]
    record.members_now[who] = replace(view, missed_round=view.missed_round + 1)
    return Sign("duty", None, who)


@fault("a member told of as one that may be put out, though it may not", JURY)
def wrong_absent(record: Recorded) -> Sign:
    who = next(who for who, view in record.members_now.items() if view.record.index and not view.absent)
    record.members_now[who] = replace(record.members_now[who], absent=True)
    return Sign("duty", None, who)


@fault("an absence noted before the ballots were in", JURY)
def early_note(record: Recorded) -> Sign:
    """Then whoever is a little late has missed the round. Nothing else follows from this one: its account
    misses no other, and isn't put out."""
    told = [one.args["account"] for one in record.entries if one.name in ("Missed", "Evicted")]
    place = record.find(
        "Missed",
        lambda args: (
            told.count(args["account"]) == 1 and len(of_round(record, "Committed", args["round"])) > 1
        ),
    )
    missed = record.entries.pop(place)
    who = str(missed.args["account"])
    record.members_now[who] = replace(record.members_now[who], missed=0, missed_round=0, absent=False)
    [first, *_] = of_round(record, "Committed", missed.args["round"])
    early = replace(missed, block=first.block, transaction=first.transaction)
    record.entries.insert(record.entries.index(first) + 1, early)
    return Sign("phase", int(missed.args["round"]), who)  # type: ignore[call-overload]


@fault("an absence noted in a round that has no quorum", JURY)
def note_without_quorum(record: Recorded) -> Sign:
    """Else whoever is there alone could put out all the others. Here nobody revealed."""
    settled = next(
        one for one in record.entries
        if one.name == "Settled" and of_round(record, "Committed", one.args["round"])
        and not of_round(record, "Revealed", one.args["round"])
    )  # fmt: skip
    number = int(settled.args["round"])  # type: ignore[call-overload]
    acted = {one.args["voter"] for one in of_round(record, "Committed", number)}
    who = next(
        who for who, view in record.members_now.items()
        if view.record.standing is Standing.MEMBER and who not in acted
    )  # fmt: skip
    args = {"round": number, "account": who, "missed": 1}
    record.entries.insert(record.entries.index(settled), Event("Missed", args, settled.block, UNTOLD))
    return Sign("phase", number, who)


@fault("two absent members that are put out between the same rounds", JURY)
def two_put_out(record: Recorded) -> Sign:
    """The second has missed as many rounds as the terms say, and its turn comes a round later."""
    banned = {one.args["account"] for one in record.entries if one.name == "Banned"}
    gone = [one for one in record.entries if one.name == "Evicted" and one.args["account"] not in banned]
    first, second = next(
        (one, other) for one, other in pairwise(gone)
        if any(
            told.name == "Missed" and told.args["account"] == other.args["account"]
            and told.args["missed"] == record.terms.absent_after
            for told in record.entries[: record.entries.index(one)]
        )
    )  # fmt: skip
    record.entries.remove(second)
    late = int(second.args["unbondsAt"]) - record.block_list[second.block].time  # type: ignore[call-overload]
    args = {**second.args, "unbondsAt": record.block_list[first.block].time + late}
    moved = Event("Evicted", args, first.block, first.transaction)
    record.entries.insert(record.entries.index(first) + 1, moved)
    return Sign("membership", None, str(second.args["account"]))


@fault("a member that is put out for fewer missed rounds than the terms say", JURY)
def put_out_early(record: Recorded) -> Sign:
    args = event_of(record, put_out(record))
    record.terms = replace(record.terms, absent_after=record.terms.absent_after + 1)
    for who, view in record.members_now.items():
        if view.missed < record.terms.absent_after:
            record.members_now[who] = replace(view, absent=False)
    return Sign("membership", None, args["account"])


@fault("a member that is told of as put out though it missed nothing", JURY)
def put_out_groundlessly(record: Recorded) -> Sign:
    place = record.find("Settled")
    settled, ever = (
        record.entries[place],
        {one.args.get("account") for one in record.entries if one.name == "Missed"},
    )
    who, view = next(
        (who, view) for who, view in record.members_now.items()
        if view.record.standing is Standing.MEMBER and who not in ever
    )  # fmt: skip
    args = {"account": who, "stake": view.record.stake, "unbondsAt": 2**33}
    record.entries.insert(place + 1, Event("Evicted", args, settled.block, UNTOLD))
    return Sign("membership", None, who)


@fault("a part of the stake kept from who is put out", JURY)
def kept_stake(record: Recorded) -> Sign:
    place = put_out(record)
    args = event_of(record, place)
    record.alter(place, stake=args["stake"] - 1)
    return Sign("balance", None, args["account"])


@fault("a part of the stake kept when who was put out withdraws it", JURY)
def kept_withdrawal(record: Recorded) -> Sign:
    place = put_out(record)
    who = event_of(record, place)["account"]
    paid = next(
        at for at, one in enumerate(record.entries)
        if at > place and one.name == "Withdrawn" and one.args["account"] == who
    )  # fmt: skip
    record.alter(paid, amount=event_of(record, paid)["amount"] - 1)
    return Sign("balance", None, who)


@fault("a stake that is free later than the terms say, of who is put out", JURY)
def late_release(record: Recorded) -> Sign:
    place = put_out(record)
    args = event_of(record, place)
    record.alter(place, unbondsAt=args["unbondsAt"] + 1)
    return Sign("unbonding", None, args["account"])


@fault("a ban instead of an eviction, of who was only absent", JURY)
def banned_absent(record: Recorded) -> Sign:
    place = put_out(record)
    who = event_of(record, place)["account"]
    needs(record.members_now[who].record.standing is Standing.LEAVING)
    record.alter_member(who, standing=Standing.BANNED)
    return Sign("ban", None, who)
