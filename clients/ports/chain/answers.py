"""What nodes answer: one table of the messages of geth, Besu, Nethermind, Erigon, Reth, Anvil and Hardhat.

JSON-RPC doesn't define the code or the message with which a node refuses a transaction, and codes are of
little use: geth uses -32000 for most refusals, Besu says -32001 where Nethermind says -32010, and -32005 is a
batch limit in Besu and a rate limit at Infura. So the message decides, compared without case, spaces and
punctuation: `AlreadyKnown` and `already known` are the same. Recorded answers of each node are in
`tests/unit/node_answers.json`.
"""

import re
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum


class Said(Enum):
    """The meaning of an answer to `eth_sendRawTransaction`."""

    KNOWN = "already known"
    """The node has these very bytes, or had them: Nethermind remembers some transactions that it dropped."""
    NONCE_TOO_LOW = "nonce too low"
    """A transaction with this nonce is on the chain: this one, an earlier version of it, or another's."""
    NONCE_TOO_HIGH = "nonce too high"
    """Nonces before this one are missing, and the node doesn't queue."""
    OUTBID = "replacement underpriced"
    """The node holds another transaction with this nonce, and wants a higher fee to replace it."""
    FEE_TOO_LOW = "fee too low"
    """Less than the block's base fee or the node's own minimum."""
    FEE_TOO_HIGH = "fee above the node's cap"
    """Gas limit times fee is more than the node accepts: geth's `--rpc.txfeecap`, one ether by default."""
    NO_FUNDS = "insufficient funds"
    """The account can't pay the gas limit at this fee, whatever the gas turns out to cost."""
    FULL = "no room"
    """The pool is full, or holds enough transactions of this account."""
    OTHER = "something else"


@dataclass(frozen=True, slots=True)
class Line:
    """A phrase that means `said`, and the nodes whose source code has it."""

    said: Said
    words: str
    nodes: str


TABLE = (
    # The first matching line counts: 'underpriced' alone is in several.
    Line(
        Said.OUTBID,
        "replacement transaction underpriced",
        "geth core/txpool/errors.go; Besu RpcErrorType.java; Erigon txpoolcfg.go; Anvil eth/error.rs; "
        "Reth rpc-eth-types error/mod.rs; Hardhat edr mem_pool.rs; Nethermind TxPoolErrorMessages.cs",
    ),
    Line(Said.OUTBID, "ReplacementNotAllowed", "Nethermind AcceptTxResult.cs, before 2026"),
    Line(Said.OUTBID, "could not replace existing tx", "Erigon txpoolcfg.go"),
    Line(
        Said.KNOWN,
        "already known",
        "geth core/txpool/errors.go; Erigon txpoolcfg.go, after 'ALREADY_EXISTS: '; "
        "Reth rpc-eth-types error/mod.rs; Nethermind AcceptTxResult.cs ('AlreadyKnown') and "
        "TxPoolErrorMessages.cs",
    ),
    Line(Said.KNOWN, "known transaction", "Besu RpcErrorType.java; Hardhat edr mem_pool.rs; geth before 1.9"),
    Line(Said.KNOWN, "already imported", "Anvil eth/error.rs; OpenEthereum"),
    Line(Said.KNOWN, "existing txn with same hash", "Erigon txpoolcfg.go"),
    Line(Said.KNOWN, "existing tx with same hash", "Erigon txpoolcfg.go, before 3"),
    Line(
        Said.NONCE_TOO_LOW,
        "nonce too low",
        "geth core/error.go; Besu RpcErrorType.java; Erigon txpoolcfg.go; Reth rpc-eth-types error/mod.rs; "
        "Anvil eth/error.rs; Hardhat edr mem_pool.rs; Nethermind TxPoolErrorMessages.cs",
    ),
    Line(Said.NONCE_TOO_LOW, "OldNonce", "Nethermind AcceptTxResult.cs, before 2026"),
    Line(
        Said.NONCE_TOO_HIGH,
        "nonce too high",
        "geth core/error.go; Besu RpcErrorType.java; Reth rpc-eth-types error/mod.rs; Anvil eth/error.rs; "
        "Hardhat edr error.rs, while it mines at once; Nethermind TxPoolErrorMessages.cs",
    ),
    Line(Said.NONCE_TOO_HIGH, "NonceGap", "Nethermind AcceptTxResult.cs, before 2026"),
    Line(Said.NONCE_TOO_HIGH, "nonce too far in future", "Nethermind TxPoolErrorMessages.cs"),
    Line(Said.NONCE_TOO_HIGH, "nonce is too distant", "Besu RpcErrorType.java"),
    Line(
        Said.NO_FUNDS,
        "insufficient funds",
        "geth core/error.go; Erigon txpoolcfg.go; Reth rpc-eth-types error/mod.rs; Anvil eth/error.rs; "
        "Nethermind AcceptTxResult.cs ('InsufficientFunds'), TxPoolErrorMessages.cs",
    ),
    Line(Said.NO_FUNDS, "upfront cost exceeds account balance", "Besu RpcErrorType.java"),
    Line(Said.NO_FUNDS, "doesn't have enough funds", "Hardhat edr mem_pool.rs"),
    Line(
        Said.FEE_TOO_HIGH,
        "exceeds the configured cap",
        "geth internal/ethapi/api.go; Erigon rpc/jsonrpc/send_transaction.go; "
        "Reth rpc-eth-types error/mod.rs",
    ),
    Line(Said.FEE_TOO_HIGH, "transaction fee cap exceeded", "Besu RpcErrorType.java"),
    Line(
        Said.FEE_TOO_LOW,
        "max fee per gas less than block base fee",
        "geth core/error.go; Reth rpc-eth-types error/mod.rs; Anvil eth/error.rs",
    ),
    Line(Said.FEE_TOO_LOW, "transaction gas price below minimum", "geth core/txpool/errors.go, from 1.16"),
    Line(Said.FEE_TOO_LOW, "gas price below", "Besu RpcErrorType.java: its own minimum, and the base fee"),
    Line(
        Said.FEE_TOO_LOW,
        "fee too low",
        "Erigon txpoolcfg.go; Nethermind AcceptTxResult.cs ('FeeTooLow', 'FeeTooLowToCompete')",
    ),
    Line(Said.FEE_TOO_LOW, "is too low for the next block", "Hardhat edr error.rs, while it mines at once"),
    Line(Said.FEE_TOO_LOW, "below the minimum of", "Hardhat edr error.rs, while it mines at once"),
    Line(Said.FEE_TOO_LOW, "priority fee below minimum", "Reth rpc-eth-types error/mod.rs"),
    Line(
        Said.FEE_TOO_LOW,
        "underpriced",
        "geth core/txpool/errors.go; Reth rpc-eth-types error/mod.rs; Nethermind TxPoolErrorMessages.cs; "
        "Erigon txpoolcfg.go",
    ),
    Line(Said.FULL, "txpool is full", "geth legacypool.go; Reth rpc-eth-types error/mod.rs"),
    Line(Said.FULL, "sub-pool is full", "Erigon txpoolcfg.go"),
    Line(Said.FULL, "account limit exceeded", "geth core/txpool/errors.go"),
)  # fmt: skip
"""Which node says what. Nodes of OP Stack, Arbitrum and the like derive from geth, Reth or Nethermind."""

# EIP-1474 leaves 3 to an execution that failed; -32015 is OpenEthereum's and old Nethermind's for the same.
_REVERTED_CODES = (3, -32015)
_HEX = re.compile(r"0x(?:[0-9a-fA-F]{2})*")


def _plain(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower())


_WORDS = tuple((_plain(line.words), line) for line in TABLE)


def find_line(message: str) -> Line | None:
    """Return the line of the table that matches an error's `message`."""
    plain = _plain(message)
    return next((line for words, line in _WORDS if words in plain), None)


def get_said(message: str) -> Said:
    """Return the meaning of a node's error `message`."""
    line = find_line(message)
    return line.said if line else Said.OTHER


def get_revert(code: int, message: str, data: object) -> bytes | None:
    """Return the contract's revert data, empty if the node doesn't give it; None if this isn't a revert.

    Where nodes put the data:
    - geth, Erigon, Reth, Anvil, Hardhat 3, Nethermind since 2025: code 3, `data` is hexadecimal.
    - Besu: code -32000, 'Execution reverted', `data` is hexadecimal; Nethermind for some time likewise.
    - Hardhat 2: code -32603, `data` is an object, or one in another, with `data`; Ganache says `result`.
    - Nethermind before, OpenEthereum: code -32015, 'VM execution error.', `data` is 'Reverted 0x…', or
      'revert' and a reason in words.
    """
    while isinstance(data, dict):
        data = data.get("data", data.get("result"))
    text = data if isinstance(data, str) else ""
    if code not in _REVERTED_CODES and "revert" not in (message + text).lower():
        return None
    found = _HEX.search(text)
    with suppress(ValueError):
        return bytes.fromhex(found[0][2:]) if found else b""
    return b""
