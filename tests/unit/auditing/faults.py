"""Faults to plant in a record of a chain, one at a time, and what an audit must say of each."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from clients.auditing.source import STRANGE, Transfer
from clients.types.federation import Act, Event, Outcome, Phase, Standing
from tests.unit.auditing.played import Recorded, digest_of

WRONG = digest_of("wrong")


@dataclass(frozen=True)
class Sign:
    """What the audit must say: the kind, and where it is."""

    kind: str
    round: int | None = None
    account: str = ""


@dataclass(frozen=True)
class Fault:
    name: str
    mechanisms: Sequence[str]
    plant: Callable[[Recorded], Sign]
    """Alters the record, and returns what must be found. LookupError or StopIteration where it can't."""


FAULTS: list[Fault] = []
ALL = ("stake_vote", "vbfl", "bflc", "blade")
JUDGED = ("vbfl", "bflc", "blade")


def fault(
    name: str, mechanisms: Sequence[str] = ("stake_vote",)
) -> Callable[[Callable[[Recorded], Sign]], Callable[[Recorded], Sign]]:
    def note(plant: Callable[[Recorded], Sign]) -> Callable[[Recorded], Sign]:
        FAULTS.append(Fault(name, mechanisms, plant))
        return plant

    return note


def event_of(record: Recorded, place: int) -> dict[str, Any]:
    return record.entries[place].args


def settled(record: Recorded, outcome: Outcome) -> int:
    return record.find("Settled", lambda args: args["outcome"] == outcome)


def revealing(record: Recorded) -> int:
    """Return a reveal in a round that was accepted, rejected or left undecided: any that was settled."""
    done = {one.args["round"] for one in record.entries if one.name == "Settled"}
    return record.find("Revealed", lambda args: args["round"] in done)


def needs(condition: object) -> None:
    if not condition:
        raise LookupError


# ---------------------------------------------------------------------- rounds


@fault("a seed that doesn't follow from the entropy", ALL)
def wrong_seed(record: Recorded) -> Sign:
    place = record.find("Drawn")
    record.alter(place, seed=WRONG)
    return Sign("seed", event_of(record, place)["round"])


@fault("a block's hash other than the one that the seed was made of")
def wrong_hash(record: Recorded) -> Sign:
    needs(record.beacon_value == bytes(32))
    opened = record.find("Opened")
    number = event_of(record, opened)["sealBlock"]
    record.find("Drawn", lambda args: args["round"] == event_of(record, opened)["round"])
    record.block_list[number] = replace(record.block_list[number], hash="0x" + WRONG.hex())
    return Sign("seed", event_of(record, opened)["round"])


@fault("an outcome that the votes don't give", ALL)
def wrong_outcome(record: Recorded) -> Sign:
    place = settled(record, Outcome.REJECTED)
    record.alter(place, outcome=int(Outcome.ACCEPTED))
    return Sign("outcome", event_of(record, place)["round"])


@fault("a head that wasn't voted for", ALL)
def wrong_head(record: Recorded) -> Sign:
    place = settled(record, Outcome.ACCEPTED)
    record.alter(place, head=WRONG)
    return Sign("head", event_of(record, place)["round"])


@fault("a pool that the round doesn't leave", ALL)
def wrong_pool(record: Recorded) -> Sign:
    place = settled(record, Outcome.ACCEPTED)
    record.alter(place, pool=event_of(record, place)["pool"] + 1)
    return Sign("pool", event_of(record, place)["round"])


@fault("a vote counted twice", ALL)
def wrong_votes(record: Recorded) -> Sign:
    place = settled(record, Outcome.ACCEPTED)
    record.alter(place, votesFor=event_of(record, place)["votesFor"] + 1)
    return Sign("tally", event_of(record, place)["round"])


@fault("a reward that is too high", ALL)
def wrong_reward(record: Recorded) -> Sign:
    place = settled(record, Outcome.ACCEPTED)
    record.alter(place, proposerReward=event_of(record, place)["proposerReward"] + 1)
    return Sign("payout", event_of(record, place)["round"])


@fault("a reveal that the chain's events lack", ALL)
def missing_reveal(record: Recorded) -> Sign:
    place = revealing(record)
    number = event_of(record, place)["round"]
    del record.entries[place]
    return Sign("tally", number)


@fault("a reveal of another ballot than was committed to", ALL)
def other_ballot(record: Recorded) -> Sign:
    place = revealing(record)
    args = event_of(record, place)
    record.alter(place, ballot=args["ballot"][:-1] + bytes([args["ballot"][-1] ^ 1]))
    return Sign("commitment", args["round"], args["voter"])


@fault("a reveal with another salt")
def other_salt(record: Recorded) -> Sign:
    place = revealing(record)
    record.alter(place, salt=WRONG)
    args = event_of(record, place)
    return Sign("commitment", args["round"], args["voter"])


@fault("a commitment changed after the fact", ALL)
def other_commitment(record: Recorded) -> Sign:
    revealed = event_of(record, revealing(record))
    place = record.find(
        "Committed", lambda args: (args["round"], args["voter"]) == (revealed["round"], revealed["voter"])
    )
    record.alter(place, commitment=WRONG)
    return Sign("commitment", revealed["round"], revealed["voter"])


@fault("a vote counted that came after the deadline", ALL)
def late_reveal(record: Recorded) -> Sign:
    place = revealing(record)
    event = record.entries[place]
    block = record.block_list[event.block]
    record.block_list[event.block] = replace(block, time=block.time + 2**33)
    return Sign("phase", event.args["round"], str(event.args["voter"]))


@fault("a round settled before its time", ALL)
def early_settle(record: Recorded) -> Sign:
    place = settled(record, Outcome.ACCEPTED)
    event = record.entries.pop(place)
    drawn = record.find("Drawn", lambda args: args["round"] == event.args["round"])
    block, transaction = record.entries[drawn].block, record.entries[drawn].transaction
    record.entries.insert(drawn + 1, replace(event, block=block, transaction=transaction))
    return Sign("phase", event.args["round"])


@fault("a round opened before the rest was over", ALL)
def early_open(record: Recorded) -> Sign:
    place = record.find("Opened", lambda args: args["round"] == 2)
    event = record.entries[place]
    block = record.block_list[event.block]
    record.block_list[event.block] = replace(block, time=1_000)
    return Sign("phase", 1)


@fault("a draw in the block of the seal")
def early_draw(record: Recorded) -> Sign:
    place = record.find("Drawn")
    event = record.entries[place]
    opened = record.entries[record.find("Opened", lambda args: args["round"] == event.args["round"])]
    record.entries[place] = replace(event, block=opened.block)
    return Sign("phase", event.args["round"])  # type: ignore[arg-type]


@fault("an update by somebody who wasn't drawn to propose", ("stake_vote", "vbfl", "bflc"))
def undrawn_proposer(record: Recorded) -> Sign:
    voter = event_of(record, record.find("Committed"))
    place = record.find("Proposed", lambda args: args["round"] == voter["round"])
    record.alter(place, proposer=voter["voter"])
    return Sign("draw", voter["round"], voter["voter"])


@fault("an update with a false number", ALL)
def wrong_number(record: Recorded) -> Sign:
    place = record.find("Proposed")
    record.alter(place, number=7)
    args = event_of(record, place)
    return Sign("update", args["round"], args["proposer"])


@fault("more samples than may be claimed", ALL)
def forged_samples(record: Recorded) -> Sign:
    place = record.find("Proposed")
    args = event_of(record, place)
    record.alter(place, samples=record.terms.max_samples + 1)
    return Sign("claim", args["round"], args["proposer"])


@fault("samples forged to be paid more", ("vbfl",))
def forged_weight(record: Recorded) -> Sign:
    needs(record.terms.max_samples > 1)
    paid = event_of(
        record,
        record.find("Settled", lambda a: a["outcome"] == Outcome.ACCEPTED and a["proposerReward"] > 0),
    )
    bitmap = event_of(record, record.find("Published", lambda a: a["round"] == paid["round"]))["selection"]
    place = record.find(
        "Proposed", lambda args: args["round"] == paid["round"] and bitmap >> args["number"] & 1
    )
    samples = event_of(record, place)["samples"]
    record.alter(place, samples=1 if samples > 1 else record.terms.max_samples)
    return Sign("pool", paid["round"])


@fault("a reveal told of twice", ALL)
def double_reveal(record: Recorded) -> Sign:
    place = revealing(record)
    record.entries.insert(place, record.entries[place])
    args = event_of(record, place)
    waiting = [one for one in record.entries if one.name == "Revealed" and one.args["round"] == args["round"]]
    needs(waiting[-1].args["voter"] != args["voter"])  # the phase goes on
    return Sign("twice", args["round"], args["voter"])


@fault("a publication of another digest", JUDGED)
def wrong_publisher_digest(record: Recorded) -> Sign:
    done = {one.args["round"] for one in record.entries if one.name == "Settled"}
    said = Counter(
        (one.args["round"], one.args["digest"]) for one in record.entries if one.name == "Published"
    )
    place = record.find(
        "Published",
        lambda args: args["round"] in done and args["digest"] != bytes(32)
        and said[args["round"], args["digest"]] > 1,
    )  # fmt: skip
    record.alter(place, digest=WRONG)
    return Sign("tally", event_of(record, place)["round"])


@fault("a publication of other updates than passed", JUDGED)
def wrong_selection(record: Recorded) -> Sign:
    place = record.find("Published", lambda args: args["selection"] > 0)
    args = event_of(record, place)
    record.alter(place, selection=args["selection"] ^ 2**200)
    return Sign("selection", args["round"], args["publisher"])


@fault("a block given to somebody else", ("vbfl", "blade"))
def wrong_winner(record: Recorded) -> Sign:
    place = record.find("BlockWon")
    args = event_of(record, place)
    other = next(who for who in record.seats_now if who != args["winner"])
    record.alter(place, winner=other)
    return Sign("winner", args["round"])


@fault("a block that nobody is told to have won", ("vbfl", "blade"))
def missing_winner(record: Recorded) -> Sign:
    place = record.find("BlockWon")
    args = event_of(record, place)
    del record.entries[place]
    return Sign("winner", args["round"])


@fault("a winner on record other than the one told of", ("vbfl", "blade"))
def forged_winner(record: Recorded) -> Sign:
    args = event_of(record, record.find("BlockWon"))
    needs(any(one.name == "Settled" and one.args["round"] == args["round"] for one in record.entries))
    record.views_now["winnerOf", (args["round"],)] = next(
        who for who in record.seats_now if who != args["winner"]
    )
    return Sign("winner", args["round"])


# ---------------------------------------------------------------------- money and membership


@fault("a payout that is too high", ALL)
def wrong_payout(record: Recorded) -> Sign:
    place = record.find("Collected")
    args = event_of(record, place)
    record.alter(place, delta=args["delta"] + 1)
    return Sign("payout", None, args["account"])


@fault("a stake that a booking doesn't leave", ALL)
def wrong_stake(record: Recorded) -> Sign:
    place = record.find("Collected")
    args = event_of(record, place)
    record.alter(place, stake=args["stake"] + 1)
    return Sign("payout", None, args["account"])


@fault("a booking that isn't told of", ALL)
def missing_booking(record: Recorded) -> Sign:
    place = next(
        place
        for place, (one, after) in enumerate(zip(record.entries, record.entries[1:], strict=False))
        if one.name == "Collected" and after.name in ("Proposed", "Committed", "Published")
        and after.transaction == one.transaction
    )  # fmt: skip
    args = event_of(record, place)
    del record.entries[place]
    return Sign("payout", None, args["account"])


@fault("a member who should be banned and isn't", ("stake_vote", "vbfl", "blade"))
def unbanned(record: Recorded) -> Sign:
    place = next(
        at for at, one in enumerate(record.entries) if one.name == "Banned" and at
        and record.entries[at - 1].name == "Collected"
    )  # fmt: skip
    args = event_of(record, place)
    del record.entries[place]
    return Sign("ban", None, args["account"])


@fault("a ban without a reason", ("stake_vote", "vbfl", "bflc"))
def groundless_ban(record: Recorded) -> Sign:
    place = next(
        at for at, (one, after) in enumerate(zip(record.entries, record.entries[1:], strict=False))
        if one.name == "Collected" and after.transaction != one.transaction
    )  # fmt: skip
    event = record.entries[place]
    args = {"account": event.args["account"], "round": event.args["round"], "stake": event.args["stake"]}
    record.entries.insert(place + 1, replace(event, name="Banned", args=args))
    return Sign("ban", None, str(event.args["account"]))


@fault("a banned member who was paid", ("stake_vote",))
def banned_paid(record: Recorded) -> Sign:
    place = record.find("Banned")
    event = record.entries[place]
    paid = {"account": event.args["account"], "amount": 5, "stake": record.terms.bond}
    # After the whole transaction in which it was banned.
    while place + 1 < len(record.entries) and record.entries[place + 1].transaction == event.transaction:
        place += 1
    record.entries.insert(place + 1, Event("Claimed", paid, record.entries[place].block, "0x" + WRONG.hex()))
    return Sign("membership", None, str(event.args["account"]))


@fault("a claim of more than is due", ALL)
def wrong_claim(record: Recorded) -> Sign:
    place = record.find("Claimed")
    args = event_of(record, place)
    record.alter(place, amount=args["amount"] + 1)
    return Sign("balance", None, args["account"])


@fault("an unbonding that is too short", ("stake_vote", "vbfl", "bflc"))
def wrong_unbonding(record: Recorded) -> Sign:
    place = record.find("Left")
    args = event_of(record, place)
    record.alter(place, unbondsAt=args["unbondsAt"] - 1)
    return Sign("unbonding", None, args["account"])


@fault("a stake withdrawn before it was free", ("stake_vote", "vbfl", "bflc"))
def early_withdrawal(record: Recorded) -> Sign:
    event = record.entries[record.find("Withdrawn")]
    block = record.block_list[event.block]
    record.block_list[event.block] = replace(block, time=1_000)
    return Sign("phase", None, str(event.args["account"]))


@fault("a member who never joined", ALL)
def missing_join(record: Recorded) -> Sign:
    proposer = event_of(record, record.find("Proposed"))["proposer"]
    place = record.find("Joined", lambda args: args["account"] == proposer)
    event = record.entries[place]
    record.entries[:] = [one for one in record.entries if one.transaction != event.transaction]
    return Sign("membership")


@fault("tokens that left without an action", ALL)
def stolen(record: Recorded) -> Sign:
    event = record.entries[record.find("Drawn")]
    thief = next(iter(record.seats_now))
    record.transfers.append(Transfer(record.federation, thief, 3, event.block, "0x" + WRONG.hex()))
    return Sign("money", None, thief)


@fault("a claim that wasn't paid out", ALL)
def unpaid(record: Recorded) -> Sign:
    event = record.entries[record.find("Claimed")]
    record.transfers[:] = [one for one in record.transfers if one.transaction != event.transaction]
    return Sign("money", None, str(event.args["account"]))


@fault("a stake that was never paid in", ALL)
def unpaid_join(record: Recorded) -> Sign:
    event = record.entries[record.find("Joined")]
    record.transfers[:] = [one for one in record.transfers if one.transaction != event.transaction]
    return Sign("money", None, str(event.args["account"]))


@fault("a log that no action of ours writes", ALL)
def strange_log(record: Recorded) -> Sign:
    event = record.entries[record.find("Drawn")]
    record.entries.append(Event(STRANGE, {}, event.block, "0x" + WRONG.hex()))
    record.entries.sort(key=lambda one: one.block)
    return Sign("event")


# ---------------------------------------------------------------------- what one mechanism alone has


@fault("an account let in without a motion", ("bflc",))
def smuggled(record: Recorded) -> Sign:
    place = record.find("Allowed")
    event = record.entries[place]
    record.entries[:] = [
        one for one in record.entries if one.name != "Moved" or one.transaction != event.transaction
    ]
    return Sign("event", None, str(event.args["account"]))


@fault("a motion by nobody who may", ("bflc",))
def stray_motion(record: Recorded) -> Sign:
    place = record.find("Moved")
    stranger = next(who for who in record.seats_now if who not in record.terms.managers)
    record.alter(place, manager=stranger)
    return Sign("membership", None, stranger)


@fault("a motion of other accounts than were let in", ("bflc",))
def other_motion(record: Recorded) -> Sign:
    place = record.find("Allowed")
    stranger = next(who for who in record.seats_now if who != event_of(record, place)["account"])
    record.alter(place, account=stranger)
    return Sign("motion")


@fault("a model on record that no round made", ("bflc",))
def forged_record(record: Recorded) -> Sign:
    settled(record, Outcome.ACCEPTED)
    number = record.terms.updates + 1
    _, uploader, score = record.views_now["recordOf", (number,)]
    record.views_now["recordOf", (number,)] = (WRONG, uploader, score)
    return Sign("record")


@fault("an expelled account that is shown as welcome", ("bflc",))
def forged_expulsion(record: Recorded) -> Sign:
    key = next(key for key, value in record.views_now.items() if key[0] == "isExpelled" and value)
    record.views_now[key] = False
    return Sign("ban", None, str(key[1][0]))


@fault("a bid that was changed", ("blade",))
def wrong_bid(record: Recorded) -> Sign:
    account = next(key[1][0] for key in record.views_now if key[0] == "bidOf")
    capability, cost, order, anchor = record.views_now["bidOf", (account,)]
    record.views_now["bidOf", (account,)] = (capability, cost + 1, order, anchor)
    return Sign("bid", None, str(account))


@fault("an accusation with a seed that isn't the accuser's", ("blade",))
def wrong_accusation(record: Recorded) -> Sign:
    place = record.find("Accused")
    record.alter(place, seed=WRONG)
    args = event_of(record, place)
    return Sign("refused", args["round"], args["accuser"])


# ---------------------------------------------------------------------- state


def somebody(record: Recorded) -> str:
    return next(who for who, seat in record.seats_now.items() if seat.member.index)


@fault("a stake that was changed in the books", ALL)
def forged_stake(record: Recorded) -> Sign:
    account = somebody(record)
    record.alter_member(account, stake=record.seats_now[account].member.stake + 1)
    return Sign("balance", None, account)


@fault("a ban that was wiped from the books", ("stake_vote", "vbfl", "bflc"))
def forged_standing(record: Recorded) -> Sign:
    account = next(who for who, seat in record.seats_now.items() if seat.member.standing == Standing.BANNED)
    record.alter_member(account, standing=Standing.STRANGER)
    return Sign("ban", None, account)


@fault("strikes that were forgiven", ("vbfl",))
def wrong_strikes(record: Recorded) -> Sign:
    account = next(who for who, seat in record.seats_now.items() if seat.member.strikes)
    record.alter_member(account, strikes=0)
    return Sign("strikes", None, account)


@fault("an act that was wiped, so that nothing is booked for it", ALL)
def wiped_act(record: Recorded) -> Sign:
    account = next(who for who, seat in record.seats_now.items() if seat.member.acts)
    record.alter_member(account, acts=Act.NONE)
    return Sign("acts", None, account)


@fault("a pool that was changed", ALL)
def forged_pool(record: Recorded) -> Sign:
    record.status_now = replace(record.status_now, pool=record.status_now.pool + 1)
    return Sign("pool")


@fault("a head that was changed", ALL)
def forged_head(record: Recorded) -> Sign:
    record.status_now = replace(record.status_now, head=WRONG)
    return Sign("head")


@fault("a phase that it isn't", ALL)
def forged_phase(record: Recorded) -> Sign:
    phase = Phase.SETTLE if record.status_now.phase is Phase.OPEN else Phase.OPEN
    record.status_now = replace(record.status_now, phase=phase)
    return Sign("phase")


@fault("a registry in another order, so that the next draw is another", ALL)
def shuffled_registry(record: Recorded) -> Sign:
    needs(len(record.registry_now) > 1)
    record.registry_now.reverse()
    return Sign("membership")


@fault("a member put into the registry by hand", ALL)
def smuggled_member(record: Recorded) -> Sign:
    account = "0x00000000000000000000000000000000DeaDBeef"
    record.registry_now.append(replace(record.registry_now[0], account=account))
    return Sign("membership", None, account)


@fault("fewer tokens than are owed", ALL)
def missing_tokens(record: Recorded) -> Sign:
    needs(record.tokens_now)
    record.tokens_now -= 1
    return Sign("money")


@fault("a settled round whose record was changed", ALL)
def forged_record_of_round(record: Recorded) -> Sign:
    number = event_of(record, record.find("Settled"))["round"]
    one = record.rounds_now[number]
    record.rounds_now[number] = replace(one, proposer_reward=one.proposer_reward + 1)
    return Sign("payout", number)


@fault("terms that the rules don't allow", ALL)
def wrong_terms(record: Recorded) -> Sign:
    record.terms = replace(record.terms, bond=0)
    return Sign("terms")
