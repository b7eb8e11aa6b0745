"""A federation's chain, read from a node over JSON-RPC."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from clients.auditing.creation import find_creation
from clients.auditing.source import STRANGE, Block, Creation, LoggedEvent, Logs, Transfer
from clients.ports.chain.abi import (
    Abi,
    address,
    as_bytes,
    as_hex,
    as_int,
    get_bytes,
    get_int,
    member_view_of,
    packaged,
    round_of,
    status_of,
)
from clients.ports.chain.deployment import find_mechanism
from clients.ports.chain.link import Link
from clients.ports.chain.logs import LogReader
from clients.ports.chain.rpc import RpcError, reading
from clients.ports.chain.terms import abi_of, terms_of
from clients.protocol.hashing import keccak
from clients.types.errors import ProtocolError, UnavailableError
from clients.types.federation import ZERO_ADDRESS, Address, Event, MemberView, Round, Status

T = TypeVar("T")

_PAGE = 100  # members a call
_TRANSFER = "0x" + keccak(b"Transfer(address,address,uint256)").hex()
_BEACON: list[dict[str, Any]] = [
    {
        "type": "function",
        "name": "entropy",
        "inputs": [{"name": "round", "type": "uint256"}, {"name": "sealBlock", "type": "uint256"}],
        "outputs": [{"name": "", "type": "bytes32"}],
    }
]


class NodeSource:
    """A `Source` over a link without keys. Reads every view as of a given block, so answers never mix
    times. `created`: the block in which the federation was created, as far as somebody says.
    """

    def __init__(
        self, link: Link, federation: Address, *, mechanism: str | None = None, created: int | None = None
    ) -> None:
        self._link = link
        self._logs = LogReader(link.rpc)
        self._federation = address(federation)
        self._created = created
        self._mechanism = mechanism or find_mechanism(link, self._federation)
        self._abi = Abi(abi_of(self._mechanism))
        self._token_abi = Abi(packaged("token"))
        self._beacon_abi = Abi(_BEACON)
        raw = self._call("terms", (), "latest")
        with reading(self.where, "terms"):
            self._terms = terms_of(self._mechanism, raw)

    @property
    def where(self) -> str:
        """Return the node's URL, as far as it may be shown."""
        return self._link.rpc.where

    @property
    def chain_id(self) -> int:
        """Return the chain's id."""
        return self._link.chain_id

    @property
    def federation(self) -> Address:
        """Return the federation's address."""
        return self._federation

    @property
    def mechanism(self) -> str:
        """Return the federation's mechanism."""
        return self._mechanism

    @property
    def terms(self) -> Any:
        """Return the federation's terms."""
        return self._terms

    # ------------------------------------------------------------------ blocks and logs

    def tip(self) -> Block:
        """Return the latest block."""
        return self._block(self._link.ask("eth_getBlockByNumber", "latest", False))

    def blocks(self, numbers: Sequence[int]) -> list[Block]:
        """Return the blocks with these numbers."""
        answers = self._link.rpc.batch([("eth_getBlockByNumber", (hex(one), False)) for one in numbers])
        found = [self._block(answer) for answer in answers]
        for number, block in zip(numbers, found, strict=True):
            if block.number != number:
                raise UnavailableError(f"chain at {self.where} gave block {block.number} for {number}.")
        return found

    def _block(self, raw: Any) -> Block:
        with reading(self.where, "eth_getBlockByNumber"):
            if isinstance(raw, RpcError):
                raise raw
            number, hash = get_int(raw, "number"), get_bytes(raw, "hash", 32)
            return Block(number, "0x" + hash.hex(), get_int(raw, "timestamp"))

    def logs(self, first: int, last: int) -> Logs:
        """Return the logs of a range of blocks, requested in as many parts as the node's limits need."""
        ours = "0x" + self._federation[2:].lower().rjust(64, "0")
        token = self._terms.token
        answers = self._logs.read(
            [
                {"address": self._federation},
                {"address": token, "topics": [_TRANSFER, ours]},
                {"address": token, "topics": [_TRANSFER, None, ours]},
            ],
            first,
            last,
        )
        with reading(self.where, "eth_getLogs"):
            entries = [self._entry(log) for log in self._sorted(answers[0], first, last, self._federation)]
            # Some nodes ignore some topics.
            transfers = [
                self._transfer(log)
                for place, answer in ((1, answers[1]), (2, answers[2]))
                for log in self._sorted(answer, first, last, self._terms.token)
                if [as_hex(topic) for topic in log["topics"]][::place][:2] == [_TRANSFER, ours]
            ]
        return Logs(entries, transfers)

    def _sorted(self, logs: Sequence[Any], first: int, last: int, of: Address) -> list[Any]:
        """Return the logs of contract `of` in order, each once; ValueError for a log that wasn't asked
        for."""
        found: dict[object, Any] = {}
        for place, log in enumerate(logs):
            if str(log["address"]).lower() != of.lower() or log.get("removed"):
                continue
            number = as_int(log["blockNumber"])
            if not first <= number <= last:
                raise ValueError(f"a log of block {number}")
            # Some nodes don't number logs; those return them in order.
            index = as_int(log["logIndex"]) if log.get("logIndex") is not None else place
            found[number, index] = log
        return [found[key] for key in sorted(found)]  # type: ignore[type-var]

    def _entry(self, log: Any) -> LoggedEvent:
        event = self._abi.event(log)
        if event is None:
            event = Event(STRANGE, {}, as_int(log["blockNumber"]), as_hex(log["transactionHash"]))
        return LoggedEvent(event, as_hex(log["blockHash"]) if log.get("blockHash") else "")

    def _transfer(self, log: Any) -> Transfer:
        event = self._token_abi.event(log)
        if event is None:
            raise ValueError("a log that is no transfer")
        args: dict[str, Any] = event.args
        return Transfer(args["from"], args["to"], args["value"], event.block, event.transaction)

    def entropy(self, round_number: int, seal_block: int, at: int) -> bytes:
        """Return the beacon's entropy as of block `at`, or the seal block's hash."""
        if int(self._terms.beacon, 16) == 0:
            return bytes.fromhex(self.blocks([seal_block])[0].hash[2:])
        data = "0x" + self._beacon_abi.call("entropy", (round_number, seal_block)).hex()
        call = {"to": self._terms.beacon, "data": data}
        for tag in (hex(at), "latest"):  # a beacon's entropy doesn't change; old states may be gone
            answer = self._link.rpc.batch([("eth_call", (call, tag))])[0]
            if not isinstance(answer, RpcError):
                with reading(self.where, "eth_call"):
                    word: bytes = self._beacon_abi.result("entropy", as_bytes(answer))[0]
                    return word
        raise UnavailableError(f"chain at {self.where}: the beacon {self._terms.beacon} gives no entropy.")

    def code(self, account: Address, at: int) -> bytes:
        """Return the code of `account`."""
        with reading(self.where, "eth_getCode"):
            return as_bytes(self._link.rpc.request("eth_getCode", account, hex(at)))

    def find_first_block(self) -> int:
        """Return the block in which the federation was deployed; 0 if the node has forgotten."""
        found = self.find_creation()
        return found.block if found else 0

    def find_creation(self) -> Creation | None:
        """Return how the federation was created, or None if the node doesn't tell."""
        found = find_creation(self._link.rpc, self._federation, self.tip().number, self._created)
        self._created = found.block if found else self._created
        return found

    def build(self, creation: bytes, at: int) -> bytes | None:
        """Return the code that `creation` would deploy, or None if the node doesn't say."""
        call = {"from": ZERO_ADDRESS, "data": "0x" + creation.hex()}
        answer = self._link.rpc.batch([("eth_call", (call, hex(at)))])[0]
        try:
            return None if isinstance(answer, RpcError) else as_bytes(answer)
        except ValueError:
            return None

    # ------------------------------------------------------------------ views

    def status(self, at: int) -> Status:
        """Return the round in progress."""
        return self._parse("status", status_of, self._call("status", (), hex(at)))

    def registry(self, at: int) -> list[MemberView]:
        """Return the members of the registry, in its order."""
        count = self._call("memberCount", (), hex(at))
        pages = [(start, _PAGE) for start in range(0, count, _PAGE)]
        answers = self._read([("members", page) for page in pages], at)
        return [
            self._parse("members", member_view_of, one) for answer in answers for one in self._list(answer)
        ]

    def members(self, accounts: Sequence[Address], at: int) -> list[MemberView]:
        """Return the views of `accounts`."""
        answers = self._read([("memberOf", (one,)) for one in accounts], at)
        return [self._parse("memberOf", member_view_of, one) for one in answers]

    def rounds(self, numbers: Sequence[int], at: int) -> list[Round]:
        """Return the records of rounds."""
        answers = self._read([("roundOf", (one,)) for one in numbers], at)
        return [self._parse("roundOf", round_of, one) for one in answers]

    def tokens(self, at: int) -> int:
        """Return the tokens that the federation holds."""
        data = "0x" + self._token_abi.call("balanceOf", (self._federation,)).hex()
        call = {"to": self._terms.token, "data": data}
        with reading(self.where, "eth_call"):
            raw = self._link.rpc.request("eth_call", call, hex(at))
            return int(self._token_abi.result("balanceOf", as_bytes(raw))[0])

    def views(self, asked: Sequence[tuple[str, tuple[object, ...]]], at: int) -> list[Any]:
        """Return the results of other views; the error of one that reverts stands for its result."""
        return self._read(asked, at)

    def _read(self, asked: Sequence[tuple[str, tuple[object, ...]]], at: int) -> list[Any]:
        calls = [
            ("eth_call", ({"to": self._federation, "data": "0x" + self._abi.call(*one).hex()}, hex(at)))
            for one in asked
        ]
        answers = self._link.rpc.batch(calls)
        return [self._result(method, answer) for (method, _), answer in zip(asked, answers, strict=True)]

    def _call(self, method: str, args: tuple[object, ...], tag: str) -> Any:
        data = "0x" + self._abi.call(method, args).hex()
        result = self._result(
            method, self._link.rpc.batch([("eth_call", ({"to": self._federation, "data": data}, tag))])[0]
        )
        if isinstance(result, ProtocolError):
            raise self._stranger(str(result))
        return result

    def _result(self, method: str, answer: Any) -> Any:
        revert = answer.revert if isinstance(answer, RpcError) else None
        if answer is None or (isinstance(answer, RpcError) and revert is None):
            raise UnavailableError(
                f"chain at {self.where}: {answer or 'its answer to eth_call is null'}. Old states are with "
                "archive nodes alone; give the URL of one, or of a node that keeps the states of recent "
                "blocks for longer."
            )
        if revert is not None:
            return self._abi.error(revert)
        try:
            return self._abi.result(method, as_bytes(answer))[0]
        except ValueError as error:
            raise self._stranger(str(error)) from None

    def _parse(self, method: str, parse: Callable[[Any], T], raw: Any) -> T:
        try:
            return parse(raw)
        except (ValueError, TypeError) as error:  # a value outside our enumerations, or a revert
            raise self._stranger(f"{method}: {raw if isinstance(raw, ProtocolError) else error}") from None

    def _list(self, raw: Any) -> Sequence[Any]:
        if isinstance(raw, ProtocolError):
            raise self._stranger(str(raw))
        return raw  # type: ignore[no-any-return]

    def _stranger(self, why: str) -> UnavailableError:
        return UnavailableError(
            f"chain at {self.where}: the contract at {self._federation} is not a federation ({why}). "
            "Check the address."
        )
