"""An in-process chain: eth-tester's py-evm backend, behind JSON-RPC.

eth-tester's own front end checks and rewrites every value and mines one block per transaction. On the backend
alone a block of many transactions costs a tenth of that, only we set the clock, and a revert keeps its data.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from eth._utils.address import generate_contract_address
from eth.abc import BlockAPI, ComputationAPI, ReceiptAPI, SignedTransactionAPI, VirtualMachineAPI
from eth.exceptions import HeaderNotFound
from eth.vm.spoof import SpoofTransaction
from eth_tester.backends.pyevm.main import PyEVMBackend
from eth_utils.address import to_canonical_address, to_checksum_address
from eth_utils.exceptions import ValidationError
from eth_utils.hexadecimal import decode_hex, encode_hex

from clients.ports.chain.nodes import DEV_CHAIN_ID
from clients.ports.chain.rpc import Request, RpcError

_GAS_LIMIT = 10**11
_REVERTED = 3  # the code that geth and Anvil give a revert


class TesterRpc:
    """`Rpc` over py-evm. Only `tester_mine` mines blocks, each one second after its parent.

    Nothing depends on the wall clock or on chance.
    """

    def __init__(self, *, genesis_time: int) -> None:
        parameters = PyEVMBackend.generate_genesis_params(
            {"timestamp": genesis_time, "gas_limit": _GAS_LIMIT}
        )
        self._chain = PyEVMBackend(genesis_parameters=parameters).chain
        self._chain.chain_id = DEV_CHAIN_ID  # as on our other chains
        self._time = genesis_time + 1
        self._reset_clock()
        self._pool: list[SignedTransactionAPI] = []
        self._mined: dict[bytes, tuple[int, int]] = {}  # hash -> block, place in it
        self._lock = threading.Lock()
        self._reverts: dict[bytes, bytes] = {}
        self._methods: dict[str, Callable[..., Any]] = {
            "web3_clientVersion": lambda: "eth-tester",
            "eth_chainId": lambda: hex(self._chain.chain_id),
            "eth_blockNumber": lambda: hex(self._head().block_number),
            "eth_getBlockByNumber": self._block,
            "eth_getCode": lambda who, at="latest": encode_hex(self._state(at).get_code(decode_hex(who))),
            "eth_getBalance": lambda who, at="latest": hex(self._state(at).get_balance(decode_hex(who))),
            "eth_getTransactionCount": self._count,
            "eth_call": self._call,
            "eth_estimateGas": self._estimate,
            "eth_maxPriorityFeePerGas": lambda: hex(10**9),
            "eth_sendRawTransaction": self._accept,
            "eth_getTransactionReceipt": self._receipt,
            "eth_getTransactionByHash": self._transaction,
            "eth_getLogs": self._logs,
            "debug_traceTransaction": self._trace,
            "tester_mine": self._mine_blocks,
            "evm_setNextBlockTimestamp": self._set_time,
            "tester_setBalance": self._set_balance,
        }

    @property
    def where(self) -> str:
        """Return that there is no node."""
        return "eth-tester, in process"

    def request(self, method: str, *params: object) -> Any:
        """Return the result of one request."""
        if method not in self._methods:
            raise RpcError(method, -32601, "no such method")
        with self._lock:
            return self._methods[method](*params)

    def batch(self, asked: Sequence[Request]) -> list[Any]:
        """Return the results in order, RpcErrors among them."""
        results: list[Any] = []
        for method, params in asked:
            try:
                results.append(self.request(method, *params))
            except RpcError as error:
                results.append(error)
        return results

    def close(self) -> None:
        """Do nothing: the chain ends with the object."""

    # ------------------------------------------------------------------ blocks

    def _head(self) -> Any:
        return self._chain.get_canonical_block_header_by_number(self._chain.header.block_number - 1)

    def _header(self, at: object) -> Any:
        if at in ("latest", "pending", "safe", "finalized"):
            return self._head()
        number = 0 if at == "earliest" else int(str(at), 16)
        if number > self._chain.header.block_number - 1:
            raise RpcError("eth_getBlockByNumber", -32000, f"no block {number} yet")
        try:
            return self._chain.get_canonical_block_header_by_number(number)
        except HeaderNotFound:
            raise RpcError("eth_getBlockByNumber", -32000, f"no block {number}") from None

    def _state(self, at: object) -> Any:
        return self._vm(at).state

    def _vm(self, at: object) -> VirtualMachineAPI:
        vm: VirtualMachineAPI = self._chain.get_vm(self._header(at))
        return vm

    def _block(self, at: object, full: bool = False) -> Any:
        header = self._header(at)
        block = self._chain.get_canonical_block_by_number(header.block_number) if full else None
        return {
            "number": hex(header.block_number),
            "hash": encode_hex(header.hash),
            "timestamp": hex(header.timestamp),
            "baseFeePerGas": hex(header.base_fee_per_gas),
            "gasLimit": hex(header.gas_limit),
            "gasUsed": hex(header.gas_used),
            **({"transactions": [_tell(one, block) for one in block.transactions]} if block else {}),
        }

    def _reset_clock(self) -> None:
        # py-evm dates the next block by the wall clock.
        self._chain.header = self._chain.header.copy(timestamp=self._time)

    def _set_time(self, timestamp: int) -> None:
        if timestamp <= self._head().timestamp:
            raise RpcError("evm_setNextBlockTimestamp", -32000, "time runs forward only")
        self._time = timestamp
        self._reset_clock()

    def _set_balance(self, who: str, wei: str) -> None:
        """Write a balance into the pending block: it counts from the next block on."""
        state = self._chain.get_vm().state
        state.set_balance(to_canonical_address(who), int(wei, 16))
        state.persist()
        self._chain.header = self._chain.header.copy(state_root=state.state_root)

    def _mine_blocks(self, count: str, interval: str) -> None:
        for _ in range(int(count, 16)):
            self._mine()

    def _mine(self) -> None:
        ready, self._pool = self._pool, []
        number = self._chain.header.block_number
        mix = number.to_bytes(32, "big")  # prevrandao: fixed, since nothing uses it
        try:
            result, _, computations = self._chain.mine_all(ready, mix_hash=mix, blob_gas_used=0)
        except ValidationError as error:
            self._reset_clock()
            raise RpcError("tester_mine", -32000, f"a transaction is not valid: {error}") from None
        block: BlockAPI = result.imported_block
        for place, (transaction, computation) in enumerate(
            zip(block.transactions, computations, strict=True)
        ):
            self._mined[transaction.hash] = (number, place)
            if computation.is_error:
                self._reverts[transaction.hash] = bytes(computation.output)
        self._time = block.header.timestamp + 1
        self._reset_clock()

    # ------------------------------------------------------------------ transactions

    def _accept(self, raw: str) -> str:
        transaction = self._chain.get_vm().get_transaction_builder().decode(decode_hex(raw))
        if transaction.hash in self._mined or any(one.hash == transaction.hash for one in self._pool):
            raise RpcError("eth_sendRawTransaction", -32000, "already known")
        expected = self._pending_count(transaction.sender)
        if transaction.nonce != expected:
            word = "low" if transaction.nonce < expected else "high"
            raise RpcError("eth_sendRawTransaction", -32000, f"nonce too {word}: next nonce {expected}")
        most = transaction.gas * transaction.max_fee_per_gas + transaction.value
        if most > self._chain.get_vm().state.get_balance(transaction.sender):
            raise RpcError("eth_sendRawTransaction", -32000, "insufficient funds for gas * price + value")
        self._pool.append(transaction)
        return encode_hex(transaction.hash)

    def _pending_count(self, sender: bytes) -> int:
        mined: int = self._state("latest").get_nonce(sender)
        return mined + sum(one.sender == sender for one in self._pool)

    def _count(self, who: str, at: str = "latest") -> str:
        sender = to_canonical_address(who)
        return hex(self._pending_count(sender) if at == "pending" else self._state(at).get_nonce(sender))

    def _spoofed(self, call: Mapping[str, Any]) -> SpoofTransaction:
        sender = to_canonical_address(call.get("from", "0x" + "00" * 20))
        unsigned = (
            self._chain.get_vm()
            .get_transaction_builder()
            .new_unsigned_dynamic_fee_transaction(
                chain_id=self._chain.chain_id,
                nonce=self._state("latest").get_nonce(sender),
                max_priority_fee_per_gas=0,
                max_fee_per_gas=0,
                gas=int(call["gas"], 16) if "gas" in call else 30_000_000,
                to=decode_hex(call["to"]) if call.get("to") else b"",
                value=int(call.get("value", "0x0"), 16),
                data=decode_hex(call.get("data", "0x")),
                access_list=(),
            )
        )
        return SpoofTransaction(unsigned, from_=sender)

    def _run(self, method: str, call: Mapping[str, Any], at: object) -> ComputationAPI:
        header = self._chain.header if at == "pending" else self._header(at)
        # As in other nodes, a call ignores the base fee.
        vm = self._chain.get_vm(header.copy(base_fee_per_gas=0))
        computation: ComputationAPI = vm.state.apply_transaction(self._spoofed(call))
        if computation.is_error:
            raise RpcError(method, _REVERTED, "execution reverted", encode_hex(bytes(computation.output)))
        return computation

    def _call(self, call: Mapping[str, Any], at: object = "latest") -> str:
        return encode_hex(self._run("eth_call", call, at).output)

    def _estimate(self, call: Mapping[str, Any], at: object = "latest") -> str:
        computation = self._run("eth_estimateGas", call, at)
        # The most that a transaction costs before its first instruction; a creation costs more (EIP-3860).
        data = len(decode_hex(call.get("data", "0x")))
        intrinsic = 21_000 + 16 * data + (0 if call.get("to") else 32_000 + data // 16)
        return hex(intrinsic + computation.get_gas_used() * 64 // 63 + computation.get_gas_refund())

    def _mined_block(self, transaction_hash: str) -> tuple[BlockAPI, Sequence[ReceiptAPI], int] | None:
        found = self._mined.get(decode_hex(transaction_hash))
        if found is None:
            return None
        block = self._chain.get_canonical_block_by_number(found[0])
        return block, block.get_receipts(self._chain.chaindb), found[1]

    def _receipt(self, transaction_hash: str) -> Any:
        found = self._mined_block(transaction_hash)
        if found is None:
            return None
        block, receipts, place = found
        transaction, receipt = block.transactions[place], receipts[place]
        before = receipts[place - 1].gas_used if place else 0
        created = (
            generate_contract_address(transaction.sender, transaction.nonce) if not transaction.to else None
        )
        return {
            "transactionHash": transaction_hash,
            "blockNumber": hex(block.number),
            "status": "0x0" if transaction.hash in self._reverts else "0x1",
            "gasUsed": hex(receipt.gas_used - before),
            "contractAddress": to_checksum_address(created) if created else None,
            "logs": [_log(log, block, transaction) for log in receipt.logs],
        }

    def _transaction(self, transaction_hash: str) -> Any:
        wanted = decode_hex(transaction_hash)
        known = wanted in self._mined or any(one.hash == wanted for one in self._pool)
        return {"hash": transaction_hash} if known else None

    def _trace(self, transaction_hash: str, options: object = None) -> Any:
        return {"output": encode_hex(self._reverts.get(decode_hex(transaction_hash), b""))}

    def _logs(self, query: Mapping[str, Any]) -> list[Any]:
        first = int(query.get("fromBlock", "0x0"), 16)
        last = self._head().block_number
        if query.get("toBlock", "latest") != "latest":
            last = min(last, int(query["toBlock"], 16))
        address = to_canonical_address(query["address"])
        logs = []
        for number in range(first, last + 1):
            block = self._chain.get_canonical_block_by_number(number)
            if not block.transactions:
                continue
            receipts = block.get_receipts(self._chain.chaindb)
            for transaction, receipt in zip(block.transactions, receipts, strict=True):
                logs += [_log(log, block, transaction) for log in receipt.logs if log.address == address]
        return logs


def _tell(transaction: SignedTransactionAPI, block: BlockAPI) -> dict[str, object]:
    return {
        "blockNumber": hex(block.number),
        "hash": encode_hex(transaction.hash),
        "from": to_checksum_address(transaction.sender),
        "to": to_checksum_address(transaction.to) if transaction.to else None,
        "nonce": hex(transaction.nonce),
        "input": encode_hex(transaction.data),
    }


def _log(log: Any, block: BlockAPI, transaction: SignedTransactionAPI) -> dict[str, object]:
    return {
        "address": to_checksum_address(log.address),
        "topics": [f"0x{topic:064x}" for topic in log.topics],
        "data": encode_hex(log.data),
        "blockNumber": hex(block.number),
        "transactionHash": encode_hex(transaction.hash),
    }
