"""What an audit finds: one sentence each, with round, account, expected, found and transaction."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from enum import Enum
from types import MappingProxyType
from typing import Any

from clients.types.errors import FedJuryError, RequestError
from clients.types.federation import Address

MOST = 1_000
"""Findings that are kept. Whoever has as many has no need of more."""
LONGEST = 300
FOUND, UNTOLD = 4, 3
"""The exit status of an audit that found something; of one that lacks what it needs to tell."""


KINDS: Mapping[str, str] = MappingProxyType(
    {
        "code": "the contract's code is none of ours, or has other terms in it than it shows",
        "terms": "the terms are such as the rules refuse",
        "event": "an event that no action emits, or whose arguments no action has",
        "refused": "an action went through that the rules refuse, for a reason that has no word below",
        "phase": "something happened too early or too late, by the blocks' times",
        "seed": "a draw's seed isn't that of its entropy, the reveals so far and its round",
        "draw": "somebody acted in a part that it wasn't drawn for",
        "twice": "somebody did something twice",
        "claim": "an update claims more than the terms allow",
        "update": "the number of an update",
        "commitment": "a ballot isn't the one that was committed to",
        "ballot": "a ballot that says nothing",
        "selection": "a publication is of other updates than passed",
        "tally": "votes were counted wrong, or are missing",
        "outcome": "what a round came to isn't what the votes give",
        "head": "the accepted model isn't the one that was voted for",
        "winner": "the winner of a block",
        "payout": "a reward, or what a member gained or lost",
        "pool": "the pool that rewards are paid from",
        "balance": "a stake, a claim or a withdrawal",
        "unbonding": "when a stake is free",
        "ban": "somebody should be banned and isn't, or the other way round, or acted though banned",
        "strikes": "the rounds in a row that are held against a member",
        "acts": "what the books say that a member did",
        "membership": "who is a member, who may become one, and in which order",
        "motion": "what managers moved",
        "bid": "a bid on record",
        "record": "a numbered model or update on record",
        "round": "the number of a round",
        "money": "tokens moved without a reason, or didn't move; or fewer are there than are owed",
        "withheld": "an update or a model that must still be there isn't to be had from the store",
        "bytes": "the store hands out other bytes than the CID names",
        "content": "a file isn't weights of the federation's model: its form, its size, a NaN",
        "aggregate": "the accepted model isn't the aggregate of its updates, bit for bit",
        "publication": "a publisher published another model than the aggregate of the updates",
    }
)
"""Every kind of finding, in words."""


def clean(value: object) -> str:
    """Return `value` as one line of text that is safe to print: a stranger may have written it."""
    if isinstance(value, bytes):
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
    """What is looked at, as the sentence has it."""
    expected: str
    found: str
    round: int | None = None
    """None: the federation as a whole."""
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
            raise RequestError("this is no finding of an audit: a field is missing.") from None
        numbers = {"round", "block"}
        for name, value in values.items():
            right = value is None and name == "round"
            right = right or type(value) is (int if name in numbers else str)
            if not right:
                raise RequestError(f"this is no finding of an audit: {name} is {clean(repr(value))}.")
        texts: dict[str, Any] = {name: one if name in numbers else clean(one) for name, one in values.items()}
        return cls(**texts)


def get_status(report: Mapping[str, Any]) -> int:
    """Return the exit status of the audit that made a report.

    Models that are gone as agreed are no fault. Where nobody said for how long models are kept, missing ones
    may as well be withheld.
    """
    if report["findings"]:
        return FOUND
    return UNTOLD if report["gone"] and report["kept"] is None else 0


class TooManyFindings(FedJuryError):
    """Nothing adds up any more: going on would tell nothing new."""


class Findings:
    """What was found so far, in order, each once."""

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
        """Note a finding. `TooManyFindings` where there are too many."""
        assert kind in KINDS, kind
        one = Finding(kind, what, clean(expected), clean(found), round, account, transaction, block)
        self._found[one] = None
        if len(self._found) >= self._most:
            raise TooManyFindings(f"{self._most} findings")

    def __iter__(self) -> Iterator[Finding]:
        return iter(list(self._found))

    def __len__(self) -> int:
        return len(self._found)
