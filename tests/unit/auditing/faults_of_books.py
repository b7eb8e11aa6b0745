"""More faults to plant in a record of a chain: money, membership, what one mechanism alone has, state."""

from dataclasses import replace

from clients.auditing.source import STRANGE, Transfer
from clients.types.federation import Act, Event, Outcome, Phase, Standing
from tests.unit.auditing.faults import ALL, FAULTS, WRONG, Sign, event_of, fault, needs, settled
from tests.unit.auditing.played import Recorded

__all__ = ["FAULTS"]

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
    return Sign("ban", None, str(event.args["account"]))


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


@fault("a round that counts who waits", ("stake_vote", "vbfl", "bflc"))
def counted_too_early(record: Recorded) -> Sign:
    place = opened_beside_waiting(record)
    args = event_of(record, place)
    record.alter(place, members=args["members"] + 1)
    return Sign("membership", args["round"])


@fault("an update of somebody who waits", ("stake_vote", "vbfl", "bflc"))
def drawn_too_early(record: Recorded) -> Sign:
    opened = opened_beside_waiting(record)
    number = event_of(record, opened)["round"]
    account = find_waiting(record, opened)
    place = record.find("Proposed", lambda args: args["round"] == number)
    record.alter(place, proposer=account)
    return Sign("draw", number, account)


def opened_beside_waiting(record: Recorded) -> int:
    """Return the place of the first opening with a proposal, just before which a member joined that waits."""
    needs(record.terms.newcomers)
    proposed = {one.args["round"] for one in record.entries if one.name == "Proposed"}
    return next(
        place
        for place, one in enumerate(record.entries)
        if one.name == "Opened" and one.args["round"] in proposed and find_waiting(record, place)
    )


def find_waiting(record: Recorded, opened: int) -> str:
    """Return who joined after the round before this opening, or after its being put off, and didn't leave;
    "" if nobody did."""
    earlier = range(opened - 1, -1, -1)
    since = next((at for at in earlier if record.entries[at].name in ("Settled", "Postponed")), None)
    if since is None:
        return ""
    names = {str(one.args["account"]): one.name for one in record.entries[since:opened]
             if one.name in ("Joined", "Left", "Evicted")}  # fmt: skip
    waiting = (one for one, name in names.items() if name == "Joined" and one not in record.terms.founders)
    return next(waiting, "")


@fault("a round that opens instead of being put off", ("stake_vote", "vbfl", "bflc"))
def opened_too_early(record: Recorded) -> Sign:
    place = record.find("Postponed")
    event = record.entries[place]
    args = {"round": event.args["round"], "members": 5, "sealBlock": event.block}
    record.entries[place] = replace(event, name="Opened", args=args)
    return Sign("event", None)


@fault("a round that is put off for too short", ("stake_vote", "vbfl", "bflc"))
def postponed_too_shortly(record: Recorded) -> Sign:
    place = record.find("Postponed")
    args = event_of(record, place)
    record.alter(place, until=args["until"] - 1)
    return Sign("phase", None)


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
    thief = next(iter(record.members_now))
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
    stranger = next(who for who in record.members_now if who not in record.terms.managers)
    record.alter(place, manager=stranger)
    return Sign("membership", None, stranger)


@fault("a motion of other accounts than were let in", ("bflc",))
def other_motion(record: Recorded) -> Sign:
    place = record.find("Allowed")
    stranger = next(who for who in record.members_now if who != event_of(record, place)["account"])
    record.alter(place, account=stranger)
    return Sign("motion")


@fault("a motion told of with other accounts than were moved", ("bflc",))
def misheard_motion(record: Recorded) -> Sign:
    place = record.find("Moved")
    record.alter(place, accounts=(next(iter(record.members_now)),) * 99)
    return Sign("motion", None, str(event_of(record, place)["manager"]))


def more_than_moved(record: Recorded, name: str) -> Sign:
    """Let a carried motion have an event more than it has."""
    first = record.find(name)
    event = record.entries[first]
    stranger = "0x" + "99" * 20
    record.entries.insert(first, replace(event, args={"account": stranger}))
    return Sign("motion", None, stranger)


@fault("one more let in than was moved", ("bflc",))
def let_in_too(record: Recorded) -> Sign:
    return more_than_moved(record, "Allowed")


@fault("one more kept out than was moved", ("bflc",))
def kept_out_too(record: Recorded) -> Sign:
    return more_than_moved(record, "Expelled")


@fault("a motion that was carried and did nothing", ("bflc",))
def idle_motion(record: Recorded) -> Sign:
    place = record.find("CommitteeNamed")
    del record.entries[place]
    return Sign("motion")


@fault("an aye that came after its motion was carried, and counted", ("bflc",))
def late_aye(record: Recorded) -> Sign:
    place = record.find("Moved", lambda args: args["ayes"] * 2 > len(record.terms.managers))
    event = record.entries[place]
    args = {**event.args, "ayes": event.args["ayes"] + 1}  # type: ignore[operator]
    last = record.entries[-1]
    record.entries.append(Event("Moved", args, last.block, "0x" + WRONG.hex()))
    return Sign("motion", None, str(event.args["manager"]))


@fault("a motion that was opened while an equal one was open", ("bflc",))
def equal_motion(record: Recorded) -> Sign:
    place = record.find("Moved", lambda args: args["ayes"] == 1)
    event = event_of(record, place)
    other = next(one for one in record.terms.managers if one != event["manager"])
    copy = {**event, "manager": other, "motionNumber": event["motionNumber"] + 1}
    record.entries.insert(place + 1, Event("Moved", copy, record.entries[place].block, "0x" + WRONG.hex()))
    return Sign("motion", None, other)


@fault("an aye that was counted for another motion", ("bflc",))
def misnumbered_motion(record: Recorded) -> Sign:
    place = record.find("Moved")
    record.alter(place, motionNumber=event_of(record, place)["motionNumber"] + 1)
    return Sign("motion", None, str(event_of(record, place)["manager"]))


@fault("a motion that is told to end later", ("bflc",))
def prolonged_motion(record: Recorded) -> Sign:
    place = record.find("Moved")
    record.alter(place, end=event_of(record, place)["end"] + 1)
    return Sign("motion", None, str(event_of(record, place)["manager"]))


@fault("a motion that is shown as open", ("bflc",))
def forged_motion(record: Recorded) -> Sign:
    key = next(key for key, value in record.views_now.items() if key[0] == "motionOf" and value[3])
    content, ayes, end, _ = record.views_now[key]
    record.views_now[key] = (content, ayes, end + 1, False)
    return Sign("motion")


@fault("a motion more than were moved", ("bflc",))
def miscounted_motions(record: Recorded) -> Sign:
    record.views_now["motionCount", ()] += 1
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
    return next(who for who, member in record.members_now.items() if member.record.index)


@fault("a stake that was changed in the books", ALL)
def forged_stake(record: Recorded) -> Sign:
    account = somebody(record)
    record.alter_member(account, stake=record.members_now[account].record.stake + 1)
    return Sign("balance", None, account)


@fault("a ban that was wiped from the books", ("stake_vote", "vbfl", "bflc"))
def forged_standing(record: Recorded) -> Sign:
    account = next(
        who for who, member in record.members_now.items() if member.record.standing == Standing.BANNED
    )
    record.alter_member(account, standing=Standing.STRANGER)
    return Sign("ban", None, account)


@fault("strikes that were forgiven", ("vbfl",))
def wrong_strikes(record: Recorded) -> Sign:
    account = next(who for who, member in record.members_now.items() if member.record.strikes)
    record.alter_member(account, strikes=0)
    return Sign("strikes", None, account)


@fault("an act that was wiped, so that nothing is booked for it", ALL)
def wiped_act(record: Recorded) -> Sign:
    account = next(who for who, member in record.members_now.items() if member.record.acts)
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
