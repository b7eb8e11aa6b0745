"""Finds the transaction that created a federation, on a node.

A constructor can write any storage and then return our code. So stakes and members follow from our rules
only if our constructor made the contract: if the transaction that created it has as its data our creation
code and the terms.

The federation's address says which transaction that is: it follows from sender and nonce, and an account
uses each nonce once. So a block that somebody names is a guess that can't mislead: either the transaction is
in it, or the block in which the code appears is searched for.
"""

from collections.abc import Mapping
from typing import Any

from clients.auditing.code import compute_created
from clients.auditing.source import Creation
from clients.ports.chain.abi import as_bytes, as_hex, as_int
from clients.ports.chain.rpc import Rpc
from clients.protocol.hashing import get_checksummed
from clients.types.federation import Address


def find_creation(rpc: Rpc, federation: Address, last: int, guess: int | None) -> Creation | None:
    """Return how `federation` was created, or None if the node doesn't tell.

    `last`: a block in which it is there. `guess`: the block of its creation, as far as anybody says.
    """
    if guess is not None:
        found = _find_in(_read_block(rpc, guess), federation, guess)
        if found is not None:
            return found
    number = _find_first_code(rpc, federation, last)
    if (
        not number
    ):  # unknown; or the node answers for the latest block whatever it is asked, and finds block 0
        return None
    transactions = _read_block(rpc, number)
    found = _find_in(transactions, federation, number)
    if found is None and _has_state(rpc, number - 1, transactions):
        return Creation(number)
    return found


def _find_first_code(rpc: Rpc, federation: Address, last: int) -> int | None:
    """Return the block in which the federation's code appears; None if the node has forgotten old states."""
    low, high = 0, last
    while low < high:
        middle = (low + high) // 2
        answer = rpc.batch([("eth_getCode", (federation, hex(middle)))])[0]
        if not isinstance(answer, str):
            return None
        low, high = (low, middle) if len(answer) > 2 else (middle + 1, high)
    return low


def _read_block(rpc: Rpc, number: int) -> list[Mapping[str, Any]]:
    """Return the transactions of a block, as the node tells them; none if it doesn't."""
    block = rpc.batch([("eth_getBlockByNumber", (hex(number), True))])[0]
    transactions = block.get("transactions") if isinstance(block, Mapping) else None
    return [one for one in transactions or () if isinstance(one, Mapping)]


def _find_in(transactions: list[Mapping[str, Any]], federation: Address, number: int) -> Creation | None:
    """Return the creation of `federation`, if it is among the transactions of block `number`."""
    for one in transactions:
        if one.get("to") not in (None, "", "0x"):
            continue
        try:
            sender = get_checksummed(as_hex(one["from"]))
            if compute_created(sender, as_int(one["nonce"])) == federation:
                return Creation(number, as_hex(one["hash"]), sender, as_bytes(one["input"]))
        except (LookupError, TypeError, ValueError):  # some chains have transactions of other kinds
            continue
    return None


def _has_state(rpc: Rpc, number: int, later: list[Mapping[str, Any]]) -> bool:
    """Return whether the node has the state after block `number`.

    `later`: the transactions of the next block. A node may say of a state that it has forgotten that there is
    nothing in it. So ask for the nonce of an account that had sent transactions.
    """
    try:
        nonce, sender = max((as_int(one["nonce"]), as_hex(one["from"])) for one in later)
        first = nonce - sum(as_hex(one["from"]) == sender for one in later) + 1
        count = rpc.batch([("eth_getTransactionCount", (sender, hex(number)))])[0]
        return 0 < first == as_int(count)
    except (LookupError, TypeError, ValueError):
        return False
