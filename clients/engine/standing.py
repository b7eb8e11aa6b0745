"""What a participant is told of its standing: that it missed rounds, why it is out, how it comes back."""

from datetime import UTC, datetime
from typing import Any

from clients.mechanisms.base import Rules
from clients.types.amounts import format_amount
from clients.types.chain import Chain
from clients.types.federation import MemberView, Standing


def tell_missed(member: MemberView, absent_after: int) -> None:
    """Say so if the participant is reported to have missed rounds for which it was drawn; after
    `absent_after` in a row it can be put out."""
    if member.missed and absent_after:
        print(
            f"{member.account} was drawn for round {member.missed_round} and did nothing. It has missed "
            f"{member.missed} drawn rounds in a row; after {absent_after} it can be put out",
            flush=True,
        )


def explain_out(chain: Chain, member: MemberView, rules: Rules[Any, Any]) -> str:
    """Return why the participant is out, and what becomes of its stake; nothing if it is a member."""
    if member.record.standing == Standing.LEAVING:
        return explain_leaving(chain, member)
    if member.record.standing == Standing.MEMBER and not member.out:
        return ""
    expelled = rules.conduct.entry.is_expelled(chain, rules.terms, member.account)
    why = "the managers expelled it" if expelled else rules.conduct.why_out
    return f"{why}. The rest of its stake can be withdrawn."


def explain_leaving(chain: Chain, member: MemberView) -> str:
    """Return why an account whose stake unbonds is out, when it can withdraw, and how it comes back."""
    own = [event for event in chain.events() if event.args.get("account") == member.account]
    last = {event.name: event.args for event in own}
    ends = [event.name for event in own if event.name in ("Left", "Evicted")]
    if ends[-1:] == ["Evicted"] and "Missed" in last:  # who is evicted for anything else is banned
        missed = last["Missed"]["missed"]
        why = f"it was put out, for it missed {missed} rounds in a row for which it was drawn"
    else:
        why = "it left"
    free = datetime.fromtimestamp(member.record.unbonds_at, UTC)
    when = "now" if chain.now() >= free.timestamp() else f"from {free:%Y-%m-%d %H:%M:%S} UTC on"
    return (
        f"{why}. All of its stake, {format_amount(member.balance)} tokens, can be withdrawn {when}, by the "
        f"account's call of withdraw() on {chain.federation}. Then it may join again with --stake, as any "
        "newcomer."
    )
