"""Findings of an audit: each is one sentence, with round, account, expected, found and transaction."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from enum import Enum, StrEnum
from types import MappingProxyType
from typing import Any

from clients.types.amounts import format_amount
from clients.types.errors import FedJuryError, RequestError
from clients.types.federation import Address

MOST = 1_000
"""The audit stops at this many findings."""
LONGEST = 300
FOUND, UNTOLD = 4, 3
"""Exit status of an audit that found something, and of one that can't tell whether missing models may be
gone, or how the federation was created."""


class CreationCheck(StrEnum):
    """Whether an audit compared the federation's creation with ours."""

    COMPARED = "compared"
    UNKNOWN = "unknown"
    """The node doesn't tell how the federation was created."""
    LEFT_OUT = "left out"
    """With the code, or because the code isn't ours."""


KINDS: Mapping[str, str] = MappingProxyType(
    {
        "code": "the contract's code is none of ours, contains other terms than its views show, or was "
        "created in another way",
        "terms": "the rules refuse the terms",
        "event": "an event that no action emits, or whose arguments no action has",
        "refused": "an action succeeded that the rules refuse, for a reason without a kind of its own",
        "phase": "something happened too early or too late, by the blocks' times",
        "seed": "a draw's seed isn't that of its entropy, the reveals so far and its round",
        "draw": "a member acted in a role that it wasn't drawn for",
        "twice": "an account did the same act twice",
        "pledge": "an update that wasn't pledged, or isn't what was pledged; or pledges were counted wrong",
        "decoy": "an empty or a wrong anchor, a secret that doesn't lead to it, or a wrong lot",
        "claim": "an update claims more than the terms allow",
        "update": "the number of an update",
        "commitment": "a ballot isn't the one that was committed to",
        "ballot": "a ballot that says nothing",
        "selection": "a publication names other updates than those that passed",
        "tally": "votes were counted wrong, or are missing",
        "outcome": "a round's outcome doesn't follow from the votes",
        "head": "the accepted model isn't the one that was voted for",
        "winner": "the winner of a block",
        "payout": "a reward, or what a member gained or lost",
        "pool": "the pool that rewards are paid from",
        "balance": "a stake, a claim or a withdrawal",
        "unbonding": "when a stake is free",
        "ban": "an account should be banned and isn't, or the other way round, or acted although banned",
        "strikes": "the rounds in a row that count against a member",
        "acts": "the acts that the books record for a member",
        "duty": "the rounds in a row that a member is noted to have missed though it was drawn",
        "membership": "who is a member, who may become one, and in which order",
        "motion": "what managers moved",
        "bid": "a bid on record",
        "record": "a numbered model or update on record",
        "round": "the number of a round",
        "money": "tokens moved without a reason, or didn't move; or the federation holds fewer than it owes",
        "withheld": "the store doesn't have an update or a model that must still be there",
        "bytes": "the store returns other bytes than the CID names",
        "content": "a file isn't weights of the federation's model: wrong form, wrong size, a NaN",
        "aggregate": "the accepted model isn't the aggregate of its updates, bit for bit",
        "publication": "a publisher published another model than the aggregate of the updates",
    }
)
"""Every kind of finding, in words."""


class Tokens(int):
    """An amount in base units, which people read in tokens."""


def clean(value: object) -> str:
    """Return `value` as one line of text that is safe to print: a stranger may have written it."""
    if isinstance(value, Tokens):
        value = f"{format_amount(value)} tokens"
    elif isinstance(value, bytes):
        value = "0x" + value.hex()
    elif isinstance(value, Enum) and value.name:
        value = value.name.lower().replace("|", " and ")
    elif isinstance(value, tuple | list):
        value = ", ".join(clean(one) for one in value[:40]) or "none"
    text = "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in str(value))
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that doesn't add up. `kind` is one of the words in `docs/reference/audit.md`."""

    kind: str
    what: str
    """The subject of the sentence."""
    expected: str
    found: str
    round: int | None = None
    """None if the finding concerns the federation as a whole."""
    account: Address = ""
    transaction: str = ""
    block: int = 0

    @property
    def sentence(self) -> str:
        """The finding in one sentence."""
        where = "The federation" if self.round is None else f"Round {self.round}"
        who = f", {self.account}" if self.account else ""
        seen = f" (transaction {self.transaction}, block {self.block})" if self.transaction else ""
        return f"{where}{who}: {self.what}: expected {self.expected}, found {self.found}{seen}."

    def to_json(self) -> dict[str, Any]:
        """Return the finding as JSON-able data, with its sentence."""
        return {**asdict(self), "sentence": self.sentence}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Finding":
        """Return what `to_json` wrote; RequestError for anything else."""
        try:
            values = {field.name: data[field.name] for field in fields(cls)}
        except (KeyError, TypeError):
            raise RequestError("this is not a finding of an audit: a field is missing.") from None
        numbers = {"round", "block"}
        for name, value in values.items():
            right = value is None and name == "round"
            right = right or type(value) is (int if name in numbers else str)
            if not right:
                raise RequestError(f"this is not a finding of an audit: {name} is {clean(repr(value))}.")
        texts: dict[str, Any] = {name: one if name in numbers else clean(one) for name, one in values.items()}
        return cls(**texts)


def get_status(report: Mapping[str, Any]) -> int:
    """Return the exit status of the audit that made a report.

    Models that are gone as agreed are no fault. If the audit didn't know how long models are kept, missing
    models may as well be withheld. If the node didn't tell how the federation was created, somebody else's
    constructor may have done it.
    """
    if report["findings"]:
        return FOUND
    return UNTOLD if is_unexplained(report) or is_creation_unknown(report) else 0


def is_unexplained(report: Mapping[str, Any]) -> bool:
    """Return whether models are missing, and the audit can't tell whether they may be."""
    return bool(report["gone"]) and report["kept"] is None


def is_creation_unknown(report: Mapping[str, Any]) -> bool:
    """Return whether the audit couldn't find out how the federation was created. Older reports don't say."""
    return report.get("creation") == CreationCheck.UNKNOWN


class TooManyFindings(FedJuryError):
    """The audit has `MOST` findings: continuing would tell nothing new."""


class Findings:
    """The findings so far, in order, without duplicates."""

    def __init__(self, found: Iterable[Finding] = (), *, most: int = MOST) -> None:
        self._found: dict[Finding, None] = dict.fromkeys(found)
        self._most = most

    def add(
        self,
        kind: str,
        what: str,
        expected: object,
        found: object,
        *,
        round: int | None = None,
        account: Address = "",
        transaction: str = "",
        block: int = 0,
    ) -> None:
        """Add a finding. `TooManyFindings` if there are too many."""
        assert kind in KINDS, kind
        one = Finding(kind, what, clean(expected), clean(found), round, account, transaction, block)
        self._found[one] = None
        if len(self._found) >= self._most:
            raise TooManyFindings(f"{self._most} findings")

    def __iter__(self) -> Iterator[Finding]:
        return iter(list(self._found))

    def __len__(self) -> int:
        return len(self._found)
