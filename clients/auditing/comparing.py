"""Compares what the chain holds with the replay: records, books, members and money."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any, TypeVar

from clients.auditing.findings import Findings, Tokens, clean
from clients.auditing.replay import Replay, ReplayedRound
from clients.auditing.source import Block, Source
from clients.protocol.council import Council, get_council, get_record
from clients.protocol.decoys import Anchors, get_anchor
from clients.protocol.managers import get_motion_view
from clients.protocol.mechanisms import MECHANISMS
from clients.protocol.state import Env
from clients.protocol.task import TaskBook, get_task
from clients.types.federation import ZERO_ADDRESS, Address, Member, MemberView, Round, Status

D = TypeVar("D", Round, Status, MemberView, Member)
PAGE = 300
"""Accounts or rounds per request."""

_KINDS: Mapping[str, str] = {
    **dict.fromkeys(("drawn_at", "phase", "rest_until"), "phase"),
    **dict.fromkeys(("pledge_end", "propose_end", "commit_end", "reveal_end", "publish_end"), "phase"),
    **dict.fromkeys(("stake", "balance"), "balance"),
    **dict.fromkeys(("standing", "out"), "ban"),
    **dict.fromkeys(
        ("leading_count", "options", "leading_option", "option", "commits", "reveals", "publications"),
        "tally",
    ),
    **dict.fromkeys(("proposer_reward", "voter_reward"), "payout"),
    **dict.fromkeys(("roles", "position"), "draw"),
    **dict.fromkeys(("index", "waits_for", "members", "proposers", "voters", "publishers"), "membership"),
    **dict.fromkeys(("update_number", "proposals"), "update"),
    **dict.fromkeys(("missed", "missed_round", "absent"), "duty"),
    "unbonds_at": "unbonding",
    "pledges": "pledge",
    "seal_block": "seed",
}
_MONEY = frozenset({"stake", "balance", "proposer_reward", "voter_reward", "pool"})
_WORDS: Mapping[str, str] = {
    "out": "whether it is barred or banned, or about to be",
    "unbonds_at": "when its stake is free",
    "index": "its place in the registry",
    "waits_for": "the round that it waits for",
    "round": "the last round in which it acted",
    "acts": "what it did in that round",
    "option": "the option that it chose",
    "update_number": "the number of its last update",
    "balance": "its stake with what is due",
    "missed": "how many rounds in a row it is noted to have missed",
    "missed_round": "the last round that it is noted to have missed",
    "absent": "whether it may be put out for them",
}


def _of_record(field: str) -> str:
    return f"the record's {field.replace('_', ' ')}"


def _of_status(field: str) -> str:
    return f"the status's {field.replace('_', ' ')}"


def _of_member(field: str) -> str:
    return f"{_WORDS.get(field, f'its {field}'.replace('_', ' '))} now"


def _compare_fields(findings: Findings, say: Callable[[str], str], mine: D, theirs: D, **where: Any) -> None:
    """Report each field that differs, except fields that are records themselves.

    `mine`: the replay's; `theirs`: the chain's. `say` returns the words for a field; `where` goes into the
    findings.
    """
    for field in fields(mine):
        expected, found = getattr(mine, field.name), getattr(theirs, field.name)
        if expected != found and not is_dataclass(expected):
            if field.name in _MONEY:
                expected, found = Tokens(expected), Tokens(found)
            findings.add(_KINDS.get(field.name, field.name), say(field.name), expected, found, **where)


def compare_round(
    findings: Findings, round_number: int, mine: Round, theirs: Round, settled: ReplayedRound
) -> None:
    """Compare a settled round's record with the replay's."""
    _compare_fields(
        findings, _of_record, mine, theirs,
        round=round_number, transaction=settled.transaction, block=settled.block,
    )  # fmt: skip


def compare_rounds(findings: Findings, source: Source, done: Sequence[ReplayedRound], at: int) -> None:
    """Compare the rounds that the replay settled with the chain's records, which never change."""
    for start in range(0, len(done), PAGE):
        part = done[start : start + PAGE]
        for one, theirs in zip(part, source.rounds([one.round_number for one in part], at), strict=True):
            compare_round(findings, one.round_number, one.record, theirs, one)
        if MECHANISMS[source.mechanism].publication.has_winners:
            winners = source.views([("winnerOf", (one.round_number,)) for one in part], at)
            for one, winner in zip(part, winners, strict=True):
                if winner != (one.winner or ZERO_ADDRESS):
                    findings.add(
                        "winner", "the winner of the block on record", one.winner or "nobody", winner,
                        round=one.round_number, transaction=one.transaction, block=one.block,
                    )  # fmt: skip


def compare_records(findings: Findings, source: Source, replay: Replay, first: int, at: int) -> int:
    """Compare bflc's numbered models and updates from model `first` on with the chain's; return the last
    model's number. Records that the next round may overwrite are left for later."""
    council = replay.core.state.own
    if not isinstance(council, Council):
        return 0
    height, stride = len(council.models) - 1, replay.core.terms.updates + 1
    numbers = [model * stride + place for model in range(first, height) for place in range(stride)]
    numbers += [height * stride]
    for start in range(0, len(numbers), PAGE):
        part = numbers[start : start + PAGE]
        found = source.views([("recordOf", (record_number,)) for record_number in part], at)
        for record_number, theirs in zip(part, found, strict=True):
            record = get_record(replay.core.terms, replay.core.state, record_number)
            expected = (record.digest, record.uploader or ZERO_ADDRESS, record.score)
            if theirs != expected:
                findings.add("record", f"the record number {record_number}", expected, theirs)
    return height


def compare_state(findings: Findings, source: Source, replay: Replay, tip: Block) -> None:
    """Compare everything that the federation's views show as of the block `tip` with the replay."""
    env = Env(tip.time, tip.number, lambda round_number, block: bytes(32))
    mine, theirs = replay.core.get_status(env), source.status(tip.number)
    _compare_fields(findings, _of_status, mine, theirs, round=mine.round)
    _compare_fields(findings, _of_record, mine.record, theirs.record, round=mine.round)
    known = _compare_registry(findings, source, replay, tip)
    _compare_members(findings, source, replay, known, tip.number)
    _compare_own(findings, source, replay, tip.number)
    _compare_money(findings, source, replay, tip.number)


def _compare_registry(findings: Findings, source: Source, replay: Replay, tip: Block) -> set[Address]:
    """Compare the registry's order, which decides draws; return every account that either side knows."""
    ledger = replay.core.state.ledger
    theirs = [member.account for member in source.registry(tip.number)]
    if theirs != ledger.registry:
        strange = sorted(set(theirs) - set(ledger.registry))
        missing = sorted(set(ledger.registry) - set(theirs))
        for account in strange:
            findings.add(
                "membership",
                "its place in the registry",
                "none",
                "one",
                round=replay.round_number,
                account=account,
            )
        for account in missing:
            findings.add(
                "membership",
                "its place in the registry",
                "one",
                "none",
                round=replay.round_number,
                account=account,
            )
        if not strange and not missing:
            findings.add(
                "membership", "the order of the registry", ledger.registry, theirs, round=replay.round_number
            )
    return {*theirs, *ledger.members}


def _compare_members(
    findings: Findings, source: Source, replay: Replay, known: Iterable[Address], at: int
) -> None:
    accounts = sorted(known)
    for start in range(0, len(accounts), PAGE):
        part = accounts[start : start + PAGE]
        for account, member in zip(part, source.members(part, at), strict=True):
            mine = replay.core.get_member(account)
            where = {"round": replay.round_number, "account": account}
            _compare_fields(findings, _of_member, mine.record, member.record, **where)
            _compare_fields(findings, _of_member, mine, member, **where)


def _compare_money(findings: Findings, source: Source, replay: Replay, at: int) -> None:
    """Report if the federation holds less than it owes. It may hold more: anybody may send it tokens."""
    owed, held = replay.purse.get_balance(source.federation), source.tokens(at)
    if held < owed:
        what = "the tokens that it holds"
        findings.add(
            "money", what, f"at least {clean(Tokens(owed))}", Tokens(held), round=replay.round_number
        )


# ---------------------------------------------------------------------- state of single mechanisms


def _compare_own(findings: Findings, source: Source, replay: Replay, at: int) -> None:
    own = replay.core.state.own
    asked: list[tuple[str, tuple[object, ...]]] = []
    answers: list[tuple[str, str, Address, object]] = []

    def ask(kind: str, what: str, account: Address, expected: object, method: str, *args: object) -> None:
        asked.append((method, args))
        answers.append((kind, what, account, expected))

    if replay.core.terms.managers:
        _ask_lists(replay, ask)
    if isinstance(own, Council):
        _ask_council(replay, ask)
    elif isinstance(own, Anchors):
        for account in sorted(replay.core.state.ledger.members):
            ask("decoy", "its anchor", account, get_anchor(replay.core.state, account), "anchorOf", account)
    elif isinstance(own, TaskBook):
        for account, bid in sorted(get_task(replay.core.state).bids.items()):
            ask(
                "bid", "its bid", account, (bid.capability, bid.cost, bid.order, bid.anchor), "bidOf", account
            )
    for start in range(0, len(asked), PAGE):
        found = source.views(asked[start : start + PAGE], at)
        for (kind, what, account, expected), theirs in zip(answers[start : start + PAGE], found, strict=True):
            if theirs != expected:
                findings.add(kind, what, expected, theirs, round=replay.round_number, account=account)


def _ask_council(replay: Replay, ask: Callable[..., None]) -> None:
    council = get_council(replay.core.state)
    ask("record", "the number of accepted rounds", "", len(council.models) - 1, "height")


def _ask_lists(replay: Replay, ask: Callable[..., None]) -> None:
    """Ask for whom the managers allow and expelled, and for their motions."""
    allowed, expelled = replay.core.state.access.allowed, replay.core.state.access.barred_from
    for account in sorted(allowed | set(expelled) | set(replay.core.state.ledger.members)):
        ask("membership", "whether it is allowed", account, account in allowed, "isAllowed", account)
        ask("ban", "whether it is expelled", account, account in expelled, "isExpelled", account)
    terms, motions = replay.core.terms, replay.core.state.access.motions
    ask("motion", "the number of motions", "", len(motions), "motionCount")
    for number, motion in enumerate(motions, 1):
        ask("motion", f"motion {number}", "", get_motion_view(terms, motion), "motionOf", number)
