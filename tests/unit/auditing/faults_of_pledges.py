"""Faults around pledges: what is proposed without one or otherwise, and pledges that aren't kept."""

from collections.abc import Iterator
from dataclasses import replace

from clients.types.federation import Event
from tests.unit.auditing.faults import ALL, WRONG, Sign, event_of, fault, needs
from tests.unit.auditing.faults_of_books import FAULTS
from tests.unit.auditing.played import Recorded

__all__ = ["FAULTS"]


def of_round(record: Recorded, name: str, number: object) -> list[Event]:
    return [one for one in record.entries if one.name == name and one.args["round"] == number]


def pledged_update(record: Recorded) -> int:
    needs(record.terms.schedule.pledge)
    return record.find("Proposed")


def broken(record: Recorded) -> Iterator[tuple[int, str]]:
    """Yield round and proposer of each pledge that wasn't kept."""
    for pledge in (one for one in record.entries if one.name == "Pledged"):
        number, who = pledge.args["round"], str(pledge.args["proposer"])
        if who not in {one.args["proposer"] for one in of_round(record, "Proposed", number)}:
            yield int(number), who  # type: ignore[call-overload]


@fault("an update of another digest than was pledged", ALL)
def other_digest(record: Recorded) -> Sign:
    place = pledged_update(record)
    record.alter(place, digest=WRONG)
    args = event_of(record, place)
    return Sign("pledge", args["round"], args["proposer"])


@fault("more samples than were pledged", ALL)
def other_samples(record: Recorded) -> Sign:
    place = pledged_update(record)
    args = event_of(record, place)
    record.alter(place, samples=args["samples"] + 1)
    return Sign("pledge", args["round"], args["proposer"])


@fault("other epochs than were pledged", ALL)
def other_epochs(record: Recorded) -> Sign:
    place = pledged_update(record)
    args = event_of(record, place)
    record.alter(place, epochs=args["epochs"] + 1)
    return Sign("pledge", args["round"], args["proposer"])


@fault("an update that wasn't pledged", ALL)
def unpledged_update(record: Recorded) -> Sign:
    length = record.terms.schedule.pledge
    needs(length)

    def is_awaited(args: dict[str, int]) -> bool:
        """Return whether Propose has begun by the clock, and waits for others too."""
        [drawn] = of_round(record, "Drawn", args["round"])
        [event] = [one for one in record.entries if one.name == "Proposed" and one.args is args]
        begun = record.block_list[event.block].time >= record.block_list[drawn.block].time + length
        return begun and args["updateNumber"] < len(of_round(record, "Pledged", args["round"])) - 1

    args = event_of(record, record.find("Proposed", is_awaited))  # type: ignore[arg-type]
    del record.entries[
        record.find(
            "Pledged", lambda one: (one["round"], one["proposer"]) == (args["round"], args["proposer"])
        )
    ]
    return Sign("pledge", args["round"], args["proposer"])


@fault("a pledge by somebody who wasn't drawn to propose", ("stake_vote", "vbfl", "bflc"))
def undrawn_pledge(record: Recorded) -> Sign:
    pledging = {one.args["round"] for one in record.entries if one.name == "Pledged"}
    voter = event_of(record, record.find("Committed", lambda args: args["round"] in pledging))
    place = record.find("Pledged", lambda args: args["round"] == voter["round"])
    record.alter(place, proposer=voter["voter"])
    return Sign("draw", voter["round"], voter["voter"])


@fault("a pledge that came after the deadline", ALL)
def late_pledge(record: Recorded) -> Sign:
    event = record.entries[record.find("Pledged")]
    block = record.block_list[event.block]
    record.block_list[event.block] = replace(block, time=block.time + 2**33)
    return Sign("phase", event.args["round"], str(event.args["proposer"]))  # type: ignore[arg-type]


@fault("a pledge in a federation that has none", ALL)
def needless_pledge(record: Recorded) -> Sign:
    needs(not record.terms.schedule.pledge)
    place = record.find("Proposed")
    event = record.entries[place]
    args = {"round": event.args["round"], "proposer": event.args["proposer"], "pledge": WRONG}
    record.entries.insert(place, Event("Pledged", args, event.block, "0x" + WRONG.hex()))
    return Sign("phase", args["round"], str(args["proposer"]))  # type: ignore[arg-type]


@fault("a pledge told of twice", ALL)
def double_pledge(record: Recorded) -> Sign:
    """Plant it before another's, so that the phase goes on."""
    place = record.find(
        "Pledged",
        lambda args: of_round(record, "Pledged", args["round"])[-1].args["proposer"] != args["proposer"],
    )
    record.entries.insert(place, record.entries[place])
    args = event_of(record, place)
    return Sign("twice", args["round"], args["proposer"])


@fault("a settled round with more pledges on record than were made", ALL)
def miscounted_pledges(record: Recorded) -> Sign:
    number = event_of(record, record.find("Settled"))["round"]
    one = record.rounds_now[number]
    record.rounds_now[number] = replace(one, pledges=one.pledges + 1)
    return Sign("pledge", number)


@fault("an end of the pledges that the draw doesn't set", ALL)
def prolonged_pledges(record: Recorded) -> Sign:
    needs(record.status_now.pledge_end)
    record.status_now = replace(record.status_now, pledge_end=record.status_now.pledge_end + 1)
    return Sign("phase")


@fault("a broken pledge that wasn't charged")
def uncharged_pledge(record: Recorded) -> Sign:
    missed = set(broken(record))
    needs(record.terms.proposer_stake)
    place = record.find("Collected", lambda args: (args["round"], args["account"]) in missed)
    args = event_of(record, place)
    record.alter(place, delta=0, stake=args["stake"] - args["delta"])
    return Sign("payout", None, args["account"])


@fault("a broken pledge's stake that the pool didn't get")
def lost_charge(record: Recorded) -> Sign:
    missed = {number for number, _ in broken(record)}
    needs(record.terms.proposer_stake)
    place = record.find("Settled", lambda args: args["round"] in missed)
    args = event_of(record, place)
    record.alter(place, pool=args["pool"] - record.terms.proposer_stake)
    return Sign("pool", args["round"])
