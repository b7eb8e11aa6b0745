"""A deployed federation on any EVM chain: the `Chain` and `Devnet` of `clients.types.chain`."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from clients.ports.chain.abi import (
    Abi,
    OddAnswer,
    address,
    as_bytes,
    hash_code,
    member_view_of,
    packaged,
    round_of,
    status_of,
)
from clients.ports.chain.flights import Mined, Step
from clients.ports.chain.link import Link
from clients.ports.chain.logs import LogReader
from clients.ports.chain.refusal import explain, preflight
from clients.ports.chain.rpc import RpcError, reading
from clients.ports.chain.token import Token
from clients.types.chain import Call, Receipt
from clients.types.errors import ProtocolError, RequestError, UnavailableError
from clients.types.federation import Address, Event, MemberView, Round, Status

_PAGE = 100  # members a call
# No action costs more, whatever the state of its block, but for what grows with its arguments. The limit if
# there is no estimate.
_GAS_LIMIT = 400_000
_GAS_PER_ACCOUNT = 60_000  # of `evict`'s list
# The first publication of a bflc round works out the scores of all updates, and records the selected ones.
_GAS_PER_UPDATE, _GAS_PER_RECORD = 30_000, 60_000
_MARGIN_PERCENT = 125
_MARGIN_GAS = 50_000

T = TypeVar("T")


class Web3Chain:
    """A federation, seen over `link`. The constructor checks that it is there.

    `code_hash`: the keccak-256 of the deployed code, from the deployment's record. With `confirm` the node is
    asked before every transaction whether it would be refused, so a refused call costs no gas. Without it a
    refused call is mined and its error read afterwards, which is faster and costs nothing on a chain of our
    own.
    """

    def __init__(
        self,
        link: Link,
        federation: Address,
        *,
        abi: Sequence[dict[str, Any]] | None = None,
        code_hash: str | None = None,
        first_block: int = 0,
        confirm: bool | None = None,
    ) -> None:
        self.link = link
        self._federation = address(federation)
        self._abi = Abi(abi if abi is not None else packaged("federation"))
        self._first_block = first_block
        self._confirm = link.control is None if confirm is None else confirm
        self._logs = LogReader(link.rpc)
        check_code(link, self._federation, code_hash)
        try:
            self._token: Address = self._view("token")[0]
            self.status()
        except ProtocolError as error:
            raise self._stranger(f"it answers {error}") from None

    @property
    def federation(self) -> Address:
        """Return the federation's address."""
        return self._federation

    @property
    def token(self) -> Address:
        """Return the address of the token that stakes are held in."""
        return self._token

    @property
    def chain_id(self) -> int:
        """Return the chain's id."""
        return self.link.chain_id

    def identity(self) -> str:
        """Return an identifier of this federation: chain id, address and the first block's hash.

        A restarted development chain may repeat the first two.
        """
        return f"{self.chain_id}:{self._federation}:{self.link.first_hash()}"

    def pending(self, account: Address) -> tuple[int, int]:
        """Return `account`'s next nonce, as of the latest block and including the node's pool.

        If they differ, the account has pending transactions.
        """
        latest, held = (
            self.link.number("eth_getTransactionCount", account, tag) for tag in ("latest", "pending")
        )
        return latest, max(latest, held)

    # ------------------------------------------------------------------ actions

    def send(self, calls: Sequence[Call], *, wait: float | None = None) -> list[Receipt]:
        """Send `calls` together, wait for all of them; receipts in the order of the calls.

        On a chain of our own they are executed in the order given; elsewhere that holds for each sender's
        calls. UnminedError if one isn't mined in time; sending it again continues with the same nonce.
        """
        steps = [self._step(call) for call in calls]
        receipts: dict[int, Receipt] = {}
        ready: list[int] = []
        flying = {place for place, step in enumerate(steps) if self.link.sender.is_flying(step)}
        unasked = [place for place in range(len(steps)) if place not in flying] if self._confirm else []
        refused = self._foresee(steps, unasked)
        for place, call in enumerate(calls):
            if place in refused and ready:
                # An earlier call may be what this one needs.
                receipts |= self._fly(calls, steps, ready, wait)
                ready = []
                del refused[place]
                refused |= self._foresee(steps, [place])
            error = refused.get(place)
            if error is None:
                ready.append(place)
            else:
                receipts[place] = Receipt(call, gas=0, error=error)
        receipts |= self._fly(calls, steps, ready, wait)
        return [receipts[place] for place in range(len(calls))]

    def _foresee(self, steps: list[Step], places: Sequence[int]) -> dict[int, ProtocolError]:
        """Return the errors of the steps at `places` that would be refused; set the others' gas limit.

        The limit has a margin for others' acts that come first: a ballot revealed before ours moves the
        tally's slots.
        """
        if not places:
            return {}
        busy = {step.sender for step in steps if self.link.sender.is_busy(step.sender)}
        foresight = preflight(self.link.rpc, self._abi, steps, self.link.now(), places, busy=busy)
        for place, gas in foresight.gas.items():
            limit = min(steps[place].gas_limit, gas * _MARGIN_PERCENT // 100 + _MARGIN_GAS)
            steps[place] = replace(steps[place], gas_limit=limit)
        return foresight.refused

    def _fly(
        self, calls: Sequence[Call], steps: Sequence[Step], places: Sequence[int], wait: float | None
    ) -> dict[int, Receipt]:
        mined = self.link.sender.send([steps[place] for place in places], wait=wait)
        return {
            place: self._receipt(calls[place], steps[place], one)
            for place, one in zip(places, mined, strict=True)
        }

    def _step(self, call: Call) -> Step:
        data = self._abi.call(call.method, call.args)
        accounts = sum(len(arg) for arg in call.args if isinstance(arg, list | tuple))
        limit = _GAS_LIMIT + accounts * _GAS_PER_ACCOUNT
        if call.method == "publish" and isinstance(selection := call.args[2], int):
            limit += selection.bit_length() * _GAS_PER_UPDATE + selection.bit_count() * _GAS_PER_RECORD
        return Step(call.sender, self._federation, data, call.method, limit, until=call.until)

    def _receipt(self, call: Call, step: Step, mined: Mined) -> Receipt:
        error = None if mined.ok else explain(self.link.rpc, self._abi, step, mined)
        return Receipt(call, mined.gas, tuple(self._events(mined.logs)), error, mined.transaction)

    # ------------------------------------------------------------------ views

    def status(self) -> Status:
        """Return the round in progress, as of the latest block."""
        return self._one("status", status_of)

    def members(self) -> list[MemberView]:
        """Return every member of the registry, in registry order, as of one block."""
        first = self._one("members", _member_views_of, 0, _PAGE)
        if len(first) < _PAGE:
            return first
        block = self.link.block()
        pages = range(0, self._view("memberCount", block=block)[0], _PAGE)
        return [
            member
            for start in pages
            for member in self._one("members", _member_views_of, start, _PAGE, block=block)
        ]

    def member(self, account: Address) -> MemberView:
        """Return `account`'s view, whether or not it is in the registry."""
        return self._one("memberOf", member_view_of, account)

    def round(self, round_number: int) -> Round:
        """Return round `round_number`'s record."""
        return self._one("roundOf", round_of, round_number)

    def view(self, method: str, *args: object) -> tuple[Any, ...]:
        """Return the results of a view of the contract. ProtocolError if it reverts."""
        return self._view(method, *args)

    def tokens(self, account: Address) -> int:
        """Return the tokens, in base units, that `account` holds itself; the federation is an account too."""
        return Token(self.link, self._token).balance(account)

    def now(self) -> int:
        """Return the time that the next block would carry at the earliest, in seconds."""
        return self.link.now()

    def block(self) -> int:
        """Return the latest block's number."""
        return self.link.block()

    def events(self, first_block: int = 0) -> list[Event]:
        """Return the federation's events from `first_block` on, in order."""
        first, last = max(first_block, self._first_block), self.link.block()
        [logs] = self._logs.read([{"address": self._federation}], first, last)
        return self._events(logs)

    def close(self) -> None:
        """Close connections, and end nodes that were started for this chain."""
        self.link.close()

    def _events(self, logs: Sequence[Any]) -> list[Event]:
        """Return the federation's events among `logs`, ignoring other contracts'."""
        ours = self._federation.lower()
        with reading(self.link.rpc.where, "eth_getLogs"):
            known = [self._abi.event(log) for log in logs if str(log["address"]).lower() == ours]
        return [event for event in known if event is not None]

    def _view(self, method: str, *args: object, block: int | None = None) -> tuple[Any, ...]:
        call = {"to": self._federation, "data": "0x" + self._abi.call(method, args).hex()}
        try:
            raw = self.link.rpc.request("eth_call", call, "latest" if block is None else hex(block))
        except RpcError as error:
            if error.revert is None:
                raise UnavailableError(f"chain at {self.link.rpc.where}: {error}") from None
            raise self._abi.error(error.revert) from None
        with reading(self.link.rpc.where, "eth_call"):
            if raw is None:
                raise OddAnswer("is null")
        try:
            return self._abi.result(method, as_bytes(raw))
        except ValueError as error:
            raise self._stranger(str(error)) from None

    def _one(self, method: str, parse: Callable[[Any], T], *args: object, block: int | None = None) -> T:
        """Return what `parse` makes of a view's one result."""
        result = self._view(method, *args, block=block)[0]
        try:
            return parse(result)
        except ValueError as error:  # a value outside our enumerations
            raise self._stranger(str(error)) from None

    def _stranger(self, why: str) -> UnavailableError:
        return UnavailableError(
            f"chain at {self.link.rpc.where}: the contract at {self._federation} is not a federation "
            f"({why}). Check the address, or deploy with `python -m deploy`."
        )


class Web3Devnet(Web3Chain):
    """A federation on a chain of our own, whose clock we set."""

    def advance(self, seconds: int = 0, blocks: int = 1) -> None:
        """Mine `blocks` blocks, the first of them `seconds` (at least one) later."""
        if self.link.control is None:
            raise RequestError(f"chain at {self.link.rpc.where}: its clock is not ours to set.")
        self.link.control.mine(seconds=seconds, blocks=blocks)


def _member_views_of(raw: Sequence[Any]) -> list[MemberView]:
    return [member_view_of(one) for one in raw]


def open_chain(link: Link, federation: Address, **options: Any) -> Web3Chain:
    """Return the federation on `link`: a `Web3Devnet` if the chain is our own."""
    return (Web3Devnet if link.control else Web3Chain)(link, federation, **options)


def check_code(link: Link, contract: Address, code_hash: str | None) -> None:
    """Raise UnavailableError unless `contract` has code, with the hash `code_hash` if given."""
    where = f"chain {link.chain_id} at {link.rpc.where}"
    code = link.data("eth_getCode", contract, "latest")
    if not code:
        raise UnavailableError(
            f"{where}: there is no contract at {contract}. Is this the chain of the deployment? "
            "A development chain forgets everything when it ends."
        )
    found = hash_code(code)
    if code_hash not in (None, found):
        raise UnavailableError(
            f"{where}: another contract is at {contract}: its code has hash {found}, "
            f"the deployment's {code_hash}."
        )
