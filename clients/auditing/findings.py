"""What an audit finds: one sentence each, with round, account, expected, found and transaction."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from enum import Enum
from typing import Any

from clients.types.errors import FedJuryError, RequestError
from clients.types.federation import Address

MOST = 1_000
"""Findings that are kept. Whoever has as many has no need of more."""
LONGEST = 300


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
        one = Finding(kind, what, clean(expected), clean(found), round, account, transaction, block)
        self._found[one] = None
        if len(self._found) >= self._most:
            raise TooManyFindings(f"{self._most} findings")

    def __iter__(self) -> Iterator[Finding]:
        return iter(list(self._found))

    def __len__(self) -> int:
        return len(self._found)
