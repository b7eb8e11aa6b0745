"""Why the protocol refuses a call: asked before sending, or found out afterwards."""

from collections.abc import Container, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from clients.ports.chain.abi import Abi, as_int
from clients.ports.chain.flights import Mined, Step
from clients.ports.chain.rpc import Rpc, RpcError, reading
from clients.types.errors import ProtocolError, UnavailableError
from clients.types.federation import Address, Phase


@dataclass(frozen=True, slots=True)
class Foresight:
    """A node's forecast for calls not sent yet, by place: the error of a refused call, the gas of an accepted
    one."""

    refused: dict[int, ProtocolError]
    gas: dict[int, int]


def preflight(
    rpc: Rpc, abi: Abi, steps: Sequence[Step], now: int, places: Sequence[int], *, busy: Container[Address]
) -> Foresight:
    """Return what would happen to the `steps` at `places` if they were sent now.

    `now` is the time that the next block would carry: an error that may be gone by then doesn't count, and
    such a call has no estimate. The steps of `busy` accounts may replace transactions in the pool, so they
    are estimated as of the latest block, which doesn't include the pool.
    """
    tags = ["latest" if steps[place].sender in busy else "pending" for place in places]
    asked = [(_call(steps[place]), tag) for place, tag in zip(places, tags, strict=True)]
    answers = rpc.batch([("eth_estimateGas", params) for params in asked])
    if any(isinstance(one, RpcError) and one.revert is None for one in answers):
        # Some nodes can't simulate the next block.
        answers = rpc.batch([("eth_estimateGas", (_call(steps[place]), "latest")) for place in places])
    foresight = Foresight({}, {})
    for place, answer in zip(places, answers, strict=True):
        if not isinstance(answer, RpcError):
            with reading(rpc.where, "eth_estimateGas"):
                foresight.gas[place] = as_int(answer)
            continue
        if answer.revert is None:
            raise UnavailableError(f"chain at {rpc.where}: {answer}")
        error = abi.error(answer.revert)
        if not _passes(error, now):
            foresight.refused[place] = error
    return foresight


def explain(rpc: Rpc, abi: Abi, step: Step, mined: Mined) -> ProtocolError:
    """Return why a mined transaction was reverted.

    A trace says so exactly. Without one, the call is repeated on its block: with the block's own time and
    changes, then as of the block before.
    """
    if mined.gas >= step.gas_limit:
        return ProtocolError("OutOfGas", mined.gas)
    # Nodes without traces say so in many ways, including null and nonsense.
    with suppress(RpcError, AttributeError, TypeError, ValueError):
        trace = rpc.request("debug_traceTransaction", mined.transaction, {"tracer": "callTracer"})
        output = trace.get("output", trace.get("returnValue"))
        if output:
            return abi.error(bytes.fromhex(output.removeprefix("0x")))
    for block in (mined.block, mined.block - 1):
        try:
            rpc.request("eth_call", _call(step), hex(block))
        except RpcError as error:
            if error.revert:
                return abi.error(error.revert)
    return ProtocolError("Unexplained", mined.transaction)


def _call(step: Step) -> dict[str, Any]:
    return {"from": step.sender, "to": step.to, "data": "0x" + step.data.hex(), "gas": hex(step.gas_limit)}


def _passes(error: ProtocolError, now: int) -> bool:
    """Return whether this error may be gone in the next block: then only the chain can decide.

    A node answers as of its latest block, which may be old; the call is for the next one.
    """
    match error.name, error.values:
        case "TooEarly", (int(), int(earliest)):
            return earliest <= now
        case "BlockTooEarly", _:
            return True
        case "WrongPhase", (int(current), int(needed)):
            return Phase.OPEN < current < needed
    return False
