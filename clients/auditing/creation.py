"""Finds the transaction that created a federation, on a node.

A constructor can write any storage and then return our code. So stakes and members follow from our rules
only if our constructor made the contract: if the transaction that created it has as its data our creation
code and the terms.

The federation's address says which transaction that is: it follows from sender and nonce, and an account
uses each nonce once. So a block that somebody names is a guess that can't mislead: either the transaction is
in it, or the block in which the code appears is searched for.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from clients.auditing.code import compute_created
from clients.auditing.source import Creation
from clients.ports.chain.abi import as_bytes, as_hex, as_int
from clients.ports.chain.rpc import Rpc
from clients.protocol.hashing import get_checksummed
from clients.types.federation import Address

EARLY = 2_000
"""So many blocks of a chain are looked through where the node has forgotten old states."""
_PART = 30


def find_creation(rpc: Rpc, federation: Address, last: int, guess: int | None) -> Creation | None:
    """Return how `federation` was created, or None if the node doesn't tell.

    `last`: a block in which it is there. `guess`: the block of its creation, as far as anybody says.
    """
    if guess is not None and (found := _find_in(rpc, federation, [guess])):
        return found
    number = _find_first_code(rpc, federation, last)
    # 0: it gives the latest state whatever block it is asked about.
    if number and (found := _find_in(rpc, federation, [number])):
        return found
    if number and _is_new(rpc, federation, number):
        return Creation(number)
    # It has forgotten. A federation on a development chain is near the chain's beginning.
    parts = [range(first, min(first + _PART, last + 1)) for first in range(0, min(last + 1, EARLY), _PART)]
    return next((found for part in parts if (found := _find_in(rpc, federation, part))), None)


def _find_first_code(rpc: Rpc, federation: Address, last: int) -> int:
    """Return the first block after which the node has the federation's code: as far as it remembers."""
    low, high = 0, last
    while low < high:
        middle = (low + high) // 2
        answer = rpc.batch([("eth_getCode", (federation, hex(middle)))])[0]
        there = isinstance(answer, str) and len(answer) > 2
        low, high = (low, middle) if there else (middle + 1, high)
    return low


def _read_transactions(rpc: Rpc, numbers: Sequence[int]) -> list[Mapping[str, Any]]:
    """Return the transactions of blocks, as the node tells them; none of those that it doesn't tell."""
    blocks = rpc.batch([("eth_getBlockByNumber", (hex(number), True)) for number in numbers])
    told = [block.get("transactions") for block in blocks if isinstance(block, Mapping)]
    return [one for each in told for one in each or () if isinstance(one, Mapping)]


def _find_in(rpc: Rpc, federation: Address, numbers: Sequence[int]) -> Creation | None:
    """Return the creation of `federation`, if it is among the transactions of these blocks."""
    for one in _read_transactions(rpc, numbers):
        if one.get("to") not in (None, "", "0x"):
            continue
        try:
            sender = get_checksummed(as_hex(one["from"]))
            if compute_created(sender, as_int(one["nonce"])) == federation:
                number = as_int(one["blockNumber"])
                return Creation(number, as_hex(one["hash"]), sender, as_bytes(one["input"]))
        except (LookupError, TypeError, ValueError):  # some chains have transactions of other kinds
            continue
    return None


def _is_new(rpc: Rpc, federation: Address, number: int) -> bool:
    """Return whether the federation surely wasn't there before block `number`.

    A node may say of a state that it has forgotten that there is nothing in it. So ask as well for the nonce
    of an account that had sent transactions.
    """
    try:
        later = _read_transactions(rpc, [number])
        nonce, sender = max((as_int(one["nonce"]), as_hex(one["from"])) for one in later)
        first = nonce - sum(as_hex(one["from"]) == sender for one in later) + 1
        before = hex(number - 1)
        asked = [("eth_getTransactionCount", (sender, before)), ("eth_getCode", (federation, before))]
        count, code = rpc.batch(asked)
        return 0 < first == as_int(count) and not as_bytes(code)
    except (LookupError, TypeError, ValueError):
        return False
