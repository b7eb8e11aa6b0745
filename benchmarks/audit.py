"""How fast an audit without learning data is, and how much of it is the specification's own work.

    python -m benchmarks.audit [--proposers 12] [--voters 8] [--rounds 1000]

The history is played on the specification and told as a node tells it, in JSON-RPC, every answer through
JSON. `ratio` is the processor's time of the audit over that of playing the rounds themselves; `peak` is the
most memory that the audit held at once, as Python counts it, in a run of its own with a quarter of the rounds
and in one with half of them: it must not grow as they do.
"""

import argparse
import json
import tracemalloc
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import astuple
from time import perf_counter, process_time
from typing import Any

from eth_abi.abi import encode

from benchmarks.spec_rounds import build_chain, play_round
from clients.auditing.auditor import Auditor, AuditResult, Scope
from clients.auditing.nodesource import NodeSource
from clients.ports.chain.abi import Abi
from clients.ports.chain.link import Link
from clients.ports.chain.rpc import Request, RpcError
from clients.ports.chain.sender import Sender
from clients.ports.chain.terms import abi_of
from clients.protocol.draw import compute_beacon_entropy
from clients.protocol.simulator import SpecChain, compute_block_hash
from clients.types.federation import Event

BEACON_VALUE = b"\7" * 32
_ENTRIES = abi_of("stake_vote")


class Told:
    """A specification's chain as a node tells it: an `Rpc`."""

    where = "a benchmark"

    def __init__(self, chain: SpecChain[Any]) -> None:
        self._chain = chain
        self._abi = Abi(_ENTRIES)
        self._selectors = {data: entry for data, entry in self._abi._functions.values()}
        self._topics = {entry.name: (topic, entry) for topic, entry in self._abi._events.items()}
        self._start = chain.now() - 1 - chain.block()
        self._logs: dict[int, list[Any]] = defaultdict(list)
        for place, event in enumerate(chain.events()):
            self._logs[event.block].append(self._log(event, place))

    def _log(self, event: Event, place: int) -> dict[str, Any]:
        topic, entry = self._topics[event.name]
        values = [event.args[name] for name in entry.names]
        parts = list(zip(entry.types, values, entry.indexed, strict=True))
        topics = [topic, *(encode([kind], [value]) for kind, value, indexed in parts if indexed)]
        loose = [(kind, value) for kind, value, indexed in parts if not indexed]
        data = encode([kind for kind, _ in loose], [value for _, value in loose])
        return {
            "address": self._chain.federation,
            "topics": ["0x" + one.hex() for one in topics],
            "data": "0x" + data.hex(),
            "blockNumber": hex(event.block),
            "blockHash": "0x" + compute_block_hash(event.block).hex(),
            "transactionHash": event.transaction,
            "logIndex": hex(place),
        }

    def request(self, method: str, *params: Any) -> Any:
        answer = getattr(self, method)(*params)
        return json.loads(json.dumps(answer))

    def batch(self, asked: Sequence[Request]) -> list[Any]:
        return [self.request(method, *params) for method, params in asked]

    def close(self) -> None:
        pass

    def eth_getBlockByNumber(self, tag: str, full: bool) -> Any:
        number = self._chain.block() if tag == "latest" else int(tag, 16)
        name = "0x" + compute_block_hash(number).hex()
        return {"number": hex(number), "hash": name, "timestamp": hex(self._start + number)}

    def eth_getLogs(self, query: Mapping[str, Any]) -> Any:
        if query["address"] != self._chain.federation:
            return self._get_transfers(query)
        blocks = range(int(query["fromBlock"], 16), int(query["toBlock"], 16) + 1)
        return [log for number in blocks for log in self._logs.get(number, ())]

    def _get_transfers(self, query: Mapping[str, Any]) -> Any:
        """Return the transfers of those who joined: nobody else pays or is paid here."""
        if query["topics"][1] is not None:
            return []
        first, last = int(query["fromBlock"], 16), int(query["toBlock"], 16)
        joined = [one for one in self._chain.events() if one.name == "Joined" and first <= one.block <= last]
        return [
            {
                "address": self._chain.terms.token,
                "topics": [
                    query["topics"][0], "0x" + str(one.args["account"])[2:].lower().rjust(64, "0"),
                    query["topics"][2],
                ],
                "data": "0x" + int(str(one.args["stake"])).to_bytes(32, "big").hex(),
                "blockNumber": hex(one.block),
                "blockHash": "0x" + compute_block_hash(one.block).hex(),
                "transactionHash": one.transaction,
                "logIndex": hex(10**6 + place),
            }
            for place, one in enumerate(joined)
        ]  # fmt: skip

    def eth_getCode(self, account: str, tag: str) -> str:
        return "0x"

    def eth_call(self, call: Mapping[str, Any], tag: str) -> str:
        data = bytes.fromhex(call["data"][2:])
        if call["to"] == self._chain.terms.beacon:
            return "0x" + compute_beacon_entropy(BEACON_VALUE, int.from_bytes(data[4:36], "big")).hex()
        word = int.from_bytes(data[4:36], "big")
        if call["to"] == self._chain.terms.token:
            return "0x" + self._chain.tokens(self._chain.federation).to_bytes(32, "big").hex()
        entry = self._selectors.get(data[:4])
        if entry is None:
            raise RpcError("eth_call", 3, "execution reverted", "0x")
        result: Any = {
            "terms": lambda: astuple(self._chain.terms),
            "status": lambda: astuple(self._chain.status()),
            "memberCount": lambda: len(self._chain.members()),
            "members": lambda: [astuple(one) for one in self._chain.members()][word : word + 100],
            "memberOf": lambda: astuple(self._chain.member("0x" + data[16:36].hex())),
            "roundOf": lambda: astuple(self._chain.round(word)),
        }[entry.name]()
        return "0x" + encode(entry.outputs, [result]).hex()


def build_source(chain: SpecChain[Any]) -> NodeSource:
    rpc = Told(chain)
    return NodeSource(
        Link("url", rpc, chain.chain_id, Sender(rpc, chain.chain_id, ())), chain.federation,
        mechanism="stake_vote",
    )  # fmt: skip


def play(proposers: int, voters: int, rounds: int) -> SpecChain[Any]:
    chain = build_chain(proposers, voters)
    anybody = chain.members()[0].account
    for _ in range(rounds):
        play_round(chain, anybody)
    return chain


def audit(source: NodeSource) -> AuditResult:
    return Auditor(source, Scope(), save=lambda points: None).run()


def measure_peak(proposers: int, voters: int, rounds: int) -> int:
    """Return the most bytes that an audit of so many rounds held at once."""
    source = build_source(play(proposers, voters, rounds))
    tracemalloc.start()
    try:
        audit(source)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--proposers", type=int, default=12)
    parser.add_argument("--voters", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=1000)
    options = parser.parse_args()
    started = process_time()
    chain = play(options.proposers, options.voters, options.rounds)
    played = process_time() - started
    source = build_source(chain)
    started, wall = process_time(), perf_counter()
    verdict = audit(source)
    took, wall = process_time() - started, perf_counter() - wall
    peaks = [
        measure_peak(options.proposers, options.voters, max(options.rounds // part, 1)) for part in (4, 2)
    ]
    print(
        json.dumps(
            {
                "rounds": verdict.rounds,
                "members": options.proposers + options.voters,
                "findings": len(verdict.findings),
                "audit_cpu_seconds": round(took, 2),
                "audit_wall_seconds": round(wall, 2),
                "play_cpu_seconds": round(played, 2),
                "ratio": round(took / played, 2),
                "peak_mib": [round(peak / 2**20, 2) for peak in peaks],
            }
        )
    )


if __name__ == "__main__":
    main()
