"""Somebody's Anvil on the test's own clock: it mines while somebody sleeps; and faults on the way."""

from collections.abc import Callable, Sequence
from typing import Any

from clients.ports.chain import AnvilNode, Link
from clients.ports.chain.fees import Fees
from clients.ports.chain.flights import JournalEntry
from clients.ports.chain.noderpc import NodeRpc
from clients.ports.chain.rpc import Request, RpcError
from clients.ports.chain.sender import Sender
from clients.types.keys import Signer
from tests.unit.chain_pool import Sent


class Elsewhere:
    """An `Rpc` to a node that mines only while `sleep` is called, which takes no time."""

    def __init__(self, node: AnvilNode, *, interval: float = 2.0) -> None:
        self.node = node
        self.interval = interval
        self.blocks = 0
        self.each_block: Callable[[int], None] = lambda number: None
        """Called before each block, with how many there were before."""
        self.on_send: Callable[[Sent], str | None] = lambda sent: None
        """Asked of each transaction: an answer of its own, or None to pass it on."""
        self.sent: list[Sent] = []
        """All that was handed over, again and again."""
        self.held: dict[str, Sent] = {}
        """What is shown as pending although the node never got it."""
        self.lag = 0
        self._turns = 0
        self._connect()
        self.time = float(int(self.request("eth_getBlockByNumber", "latest", False)["timestamp"], 16))
        self._stamp = int(self.time)

    def _connect(self) -> None:
        self._rpc = NodeRpc(self.node.url, timeout=60.0)

    def restart(self) -> None:
        """Kill the node and start it with the state that it had: it forgets its pool."""
        state = self._rpc.request("anvil_dumpState")
        self.node.stop()
        self.node.start()
        self._connect()
        self._rpc.request("anvil_loadState", state)

    def clock(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds
        while self._stamp + self.interval <= self.time:
            self._stamp += round(self.interval)
            self.each_block(self.blocks)
            self.blocks += 1
            self._rpc.request("evm_setNextBlockTimestamp", self._stamp)
            self._rpc.request("evm_mine")

    def hold(self, selector: bytes) -> None:
        """Keep the first transaction of this selector from the node, until another takes its nonce."""

        def on_send(sent: Sent) -> str | None:
            here = (sent.sender, sent.nonce)
            place = [one for one in self.held.values() if (one.sender, one.nonce) == here]
            if place and place[0].hash != sent.hash:
                assert sent.most * 10 >= place[0].most * 11
                assert sent.tip * 10 >= place[0].tip * 11
                self.held.clear()
                self.on_send = lambda sent: None
                return None
            if place or (not self.held and sent.data[:4] == selector):
                self.held[sent.hash] = sent
                return sent.hash
            return None

        self.on_send = on_send

    def link(
        self,
        keys: Sequence[Signer],
        journal: Callable[[JournalEntry], None] | None = None,
        fees: Fees | None = None,
    ) -> Link:
        """Return a link as to somebody else's node."""
        chain_id = int(self.request("eth_chainId"), 16)
        sender = Sender(self, chain_id, keys, fees=fees, journal=journal, clock=self.clock, sleep=self.sleep)
        return Link("url", self, chain_id, sender, clock=self.clock)

    # ------------------------------------------------------------------ Rpc

    @property
    def where(self) -> str:
        return self._rpc.where

    def request(self, method: str, *params: Any) -> Any:
        result = self.batch([(method, params)])[0]
        if isinstance(result, RpcError):
            raise result
        return result

    def batch(self, asked: Sequence[Request]) -> list[Any]:
        if len(asked) > 1 and any(method == "eth_sendRawTransaction" for method, _ in asked):
            return [self.batch([one])[0] for one in asked]
        if len(asked) == 1 and asked[0][0] == "eth_sendRawTransaction":
            self.sent.append(Sent.read(str(asked[0][1][0])))
            own = self.on_send(self.sent[-1])
            if own is not None:
                return [own]
        answers = self._rpc.batch([self._late(*one) for one in asked])
        for place, (method, params) in enumerate(asked):
            if method == "eth_getTransactionByHash" and params[0] in self.held:
                answers[place] = {"hash": params[0]}
        return answers

    def _late(self, method: str, params: Sequence[object]) -> Request:
        """Return the request as of `lag` blocks ago, every second time."""
        self._turns += 1
        if self.lag and self._turns % 2 and params and params[-1] in ("latest", "pending"):
            height = int(self._rpc.request("eth_blockNumber"), 16)
            params = (*params[:-1], hex(max(0, height - self.lag)))
        return method, params

    def close(self) -> None:
        self._rpc.close()
