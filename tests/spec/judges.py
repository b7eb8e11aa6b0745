"""How those are played who judge each update and publish a model, whatever the mechanism."""

from clients.protocol.docket import Selection
from clients.protocol.publication import compute_work
from clients.protocol.state import Env
from clients.types.federation import Address
from tests.spec.player import Move, Player


class JudgingPlayer(Player):
    """Judges each update; of those approved, publishes the model."""

    def good(self) -> int:
        """Return the bitmap of the updates that this round's honest find good."""
        proposals, mood = self.federation.record.proposals, self.mood()
        word = int.from_bytes(self.digest(9), "big")
        some = word & (1 << proposals) - 1
        return 0 if mood.reject > 0.6 and word % 2 else some | (1 << word % max(proposals, 1))

    def approved(self) -> int:
        """Return the bitmap of one voter's approvals."""
        rng, mood, proposals = self.rng, self.mood(), self.federation.record.proposals
        if rng.random() < max(mood.agree, 0.5):
            return self.good() & (1 << proposals) - 1
        return rng.getrandbits(proposals) if proposals else 0

    def select(self) -> Selection:
        raise NotImplementedError

    def selection(self) -> int:
        docket = self.federation.docket
        return (self.select() if docket.selection is None else docket.selection).bitmap

    def play_open(self, anybody: Address, env: Env) -> Move:
        if self.federation.state.pool == 0 and self.rng.random() < 0.3:
            return Move(self.fund(max(self.accounts, key=self.federation.state.token.get_balance)))
        return super().play_open(anybody, env)

    def strange_bitmap(self) -> bytes:
        return (1 << self.federation.record.proposals).to_bytes(32, "big")


class MiningPlayer(JudgingPlayer):
    """Looks for proofs of work, mostly."""

    def nonce(self, account: Address, digest: bytes) -> bytes:
        federation, rng = self.federation, self.rng
        nonce = self.word()
        if rng.random() < 0.2:
            return nonce
        for _ in range(200):
            work = compute_work(federation.state.seed, account, digest, nonce)
            if work >> (256 - federation.terms.pow_bits) == 0:
                break
            nonce = self.word()
        return nonce
