"""How blade is played: bids, evidence, and a task that ends or can't begin."""

from collections.abc import Callable
from dataclasses import replace
from typing import ClassVar

from eth_hash.auto import keccak

from clients.protocol import blade
from clients.protocol.auction import get_worst
from clients.protocol.docket import Selection
from clients.protocol.plagiarism import compute_anchor, compute_challenge_end
from clients.protocol.state import Env
from clients.protocol.task import Bid, get_task, is_over
from clients.types.chain import Call
from clients.types.federation import ZERO32, Act, Address, Phase, Standing
from tests.spec import motions
from tests.spec.judges import MiningPlayer
from tests.spec.player import PARTS, UINT256, Mood, Move

NOISE_ROUNDS = 200
"""Rounds for which a member has noise seeds."""


class BladePlayer(MiningPlayer):
    """Bids, trains and mines; accuses with what it put into its own update."""

    joins: ClassVar[str] = "bid"

    def secret(self, account: Address, number: int) -> bytes:
        """Return the account's noise seed of a round."""
        return compute_anchor(bytes.fromhex(account[2:]).rjust(32, b"\1"), NOISE_ROUNDS - number)

    def luck(self, option: int) -> bytes:
        """Return what this round's jury share: drawn from world and round, since with the round alone the
        first rounds of all worlds would be alike."""
        return keccak(self.federation.terms.genesis + self.digest(option))

    def own_deadlines(self) -> list[int]:
        terms, record = self.federation.terms, self.federation.record
        # While bidders are missing rarely, or many a task would be over before it began.
        ends = [] if self.is_short() and self.rng.random() < 0.8 else [terms.bidding_ends, terms.deadline]
        return [*ends, compute_challenge_end(terms, record)] if record.drawn_at else ends

    def play_on(self, phase: Phase, env: Env) -> Move:
        # The expelled are evicted before long, and a task is short: they try something while they are there.
        barred = [a for a in self.federation.state.ledger.registry if self.federation.is_barred(a)]
        if barred and self.rng.random() < 0.3:
            return Move(Call(self.rng.choice(barred), "deposit", (1,)))
        return super().play_on(phase, env)

    # -------------------------------------------------------------- between rounds

    def play_open(self, anybody: Address, env: Env) -> Move:
        rng, state, terms = self.rng, self.federation.state, self.federation.terms
        if env.time < terms.bidding_ends:
            # Who isn't allowed can't bid: as long as bidders are missing, managers come before the clock.
            if motions.missing(self) and (self.is_short() or rng.random() < 0.6):
                return Move(motions.welcome(self))
            eager = 0.98 if self.is_short() else 0.9 if len(state.ledger.registry) < terms.winners else 0.6
            if (strangers := [a for a in self.accounts if self.can_join(a)]) and rng.random() < eager:
                return Move(self.join(rng.choice(strangers)))
            leaving = self.standing(Standing.LEAVING)
            if leaving and rng.random() < 0.3:
                return Move(Call(rng.choice(leaving), "withdraw"))
            return Move(self.pay(), *self.stride(terms.bidding_ends, env))
        if self.is_unfunded() and rng.random() < 0.8:
            members = state.ledger.registry
            return Move(Call(rng.choice(members), "exit") if members and rng.random() < 0.15 else self.pay())
        if is_over(terms, state, env):
            members = state.ledger.registry
            away = [lambda: Call(anybody, "reclaim"), lambda: Call(rng.choice(members or [anybody]), "exit")]
            return Move(rng.choice((*away, lambda: Call(anybody, "open")))())
        if self.is_short() and rng.random() < 0.6:
            return Move(Call(anybody, "reclaim"), *self.stride(terms.deadline, env))
        return super().play_open(anybody, env)

    def is_unfunded(self) -> bool:
        """Return whether the bounty alone is missing."""
        state, terms = self.federation.state, self.federation.terms
        enough = len(state.ledger.registry) >= terms.min_winners
        return enough and not self.federation.round_number and state.pool < terms.bounty

    def pay(self) -> Call:
        """Return a payment into the pool by whoever can afford the bounty."""
        state, bounty = self.federation.state, self.federation.terms.bounty
        richest = max(self.accounts, key=state.token.get_balance)
        missing = max(bounty - state.pool, 1)
        return Call(richest, "fund", (self.rng.choice((missing, missing, missing - 1)),))

    def join(self, account: Address) -> Call:
        terms, rng, state = self.federation.terms, self.rng, self.federation.state
        capability = rng.randint(terms.min_samples, terms.max_samples)
        cost = rng.choice((1, 2, 3, rng.randint(1, 1_000), 2**96 - 1))
        if len(state.ledger.registry) >= terms.winners and rng.random() < 0.7:
            worst = get_task(state).bids[get_worst(state)]
            capability, cost = rng.choice(((terms.max_samples, 1), (worst.capability, worst.cost)))
        return Call(account, "bid", (capability, cost, self.secret(account, 0)))

    def is_finished(self, env: Env) -> bool:
        if self.is_unfunded() and env.time < self.federation.terms.deadline:
            return False
        return is_over(self.federation.terms, self.federation.state, env) and self.rng.random() < 0.1

    # -------------------------------------------------------------- in a round

    def mood(self) -> Mood:
        """Return the jury's mood: where somebody is accused, most come, so that there is a judgement."""
        mood, word = super().mood(), self.luck(7)
        if not self.federation.docket.accused or word[0] % 8 == 0:
            return mood
        return replace(mood, skip=0.0, absent=0.01)

    def is_torn(self) -> bool:
        """Return whether this round's jury doesn't agree on whom to convict, and hardly comes."""
        return self.federation.docket.accused > 0 and self.luck(7)[1] % 2 == 0

    def waiting(self, phase: Phase) -> float:
        if phase is not Phase.REVEAL or not self.is_torn():
            return super().waiting(phase)
        return 0.9 if self.federation.record.reveals * 2 > self.federation.wanted.voters else 0.02

    def samples_of(self, account: Address) -> int:
        terms = self.federation.terms
        bid: Bid | None = get_task(self.federation.state).bids.get(account)
        return self.rng.choice((terms.min_samples, bid.capability if bid else terms.max_samples))

    def play_part(self, phase: Phase, anybody: Address, env: Env) -> Move:
        if phase is not Phase.COMMIT:
            return super().play_part(phase, anybody, env)
        end = compute_challenge_end(self.federation.terms, self.federation.record)
        if env.time >= end or not (actors := self.idle(*PARTS[phase])):
            return super().play_part(phase, anybody, env)
        if self.rng.random() < 0.5:
            return Move(self.accuse(self.rng.choice(actors)))
        return Move(self.commit(self.rng.choice(actors)), *self.stride(end, env))

    def ballot(self, account: Address) -> bytes:
        accused, rng = self.federation.docket.accused, self.rng
        proposals, word = self.federation.record.proposals, self.luck(8)
        # In most rounds most of the jury agree: on whom to convict, and on whether to approve copies as well.
        copies = rng.choice((accused, 0, rng.getrandbits(proposals) if proposals else 0))
        if rng.random() < 0.8:
            # In some rounds they hold to be a copy what nobody accuses.
            agreed = (accused, accused, accused, accused, accused, 0, 0, word[2] % 2**proposals)[word[0] % 8]
            copies = (accused if rng.random() < 0.6 else 0) if self.is_torn() else agreed
        good = self.approved() | (accused if word[1] % 3 == 0 else 0)
        if word[1] % 3 and rng.random() < 0.8:
            good &= ~copies
        return good.to_bytes(32, "big") + copies.to_bytes(32, "big")

    def bad_ballots(self, account: Address) -> list[bytes]:
        strange, good = self.strange_bitmap(), bytes(32)
        return [*super().bad_ballots(account), strange + good, good + strange, good]

    def select(self) -> Selection:
        federation = self.federation
        return blade.select_approved(federation.terms, federation.record, federation.docket)

    def accuse(self, account: Address) -> Call:
        federation, rng = self.federation, self.rng
        number = rng.randrange(max(federation.record.proposals, 1))
        seed = self.secret(account, federation.round_number)
        return Call(
            account, "accuse", (federation.round_number, number, seed, rng.choice((0, 6_000, 10_000)))
        )

    def own_asides(self, phase: Phase, env: Env) -> tuple[Callable[[], Call], ...]:
        proposed = self.acted(Act.PROPOSED)
        if proposed and phase in (Phase.PROPOSE, Phase.COMMIT):
            return (*super().own_asides(phase, env), *(lambda: self.accuse(self.rng.choice(proposed)),) * 8)
        return (*super().own_asides(phase, env), lambda: Call(self.anybody(), "reclaim"))

    # -------------------------------------------------------------- mischief

    def own_calls(self, account: Address, env: Env) -> dict[str, Callable[[], Call]]:
        return {
            **super().own_calls(account, env),
            "bid": lambda: self.join(account),
            "accuse": lambda: self.accuse(account),
        }

    def own_mischief(self, phase: Phase, env: Env) -> tuple[Callable[[], Call], ...]:
        more = super().own_mischief(phase, env)
        if phase is Phase.OPEN:
            return (*more, *(self.bad_bid,) * 4)
        if phase is Phase.PROPOSE:
            return (*more, *(self.bad_accusation,) * 4, *(self.bad_claim,) * 2)
        return (*more, *(self.bad_accusation,) * (4 if phase is Phase.COMMIT else 1))

    def bad_claim(self) -> Call:
        account = self.anybody(*self.actors(Phase.PROPOSE))
        claim = self.rng.choice(self.unbid_claims(account))
        return Call(account, "propose", (self.federation.round_number, *claim))

    def bad_claims(self, account: Address) -> list[tuple[bytes, int, int]]:
        return [*super().bad_claims(account), *self.unbid_claims(account)]

    def unbid_claims(self, account: Address) -> list[tuple[bytes, int, int]]:
        """Return claims of fewer samples than the task asks, or more than were bid."""
        bid, terms = get_task(self.federation.state).bids.get(account), self.federation.terms
        most = min(bid.capability + 1 if bid else 1, terms.max_samples)
        return [(self.word(), samples, 1) for samples in (max(terms.min_samples - 1, 1), most)]

    def bad_bid(self) -> Call:
        terms, rng = self.federation.terms, self.rng
        account = self.anybody(*[a for a in self.accounts if self.can_join(a)])
        anchor = self.secret(account, 0)
        bids = (
            (terms.min_samples - 1, 1, anchor),
            (terms.max_samples + 1, 1, anchor),
            (UINT256, 1, anchor),
            (terms.min_samples, 0, anchor),
            (terms.min_samples, 2**96, anchor),
            (terms.min_samples, 1, ZERO32),
            (terms.min_samples, 2**96 - 1, anchor),
        )
        return Call(account, "bid", rng.choice(bids))

    def bad_accusation(self) -> Call:
        federation, rng = self.federation, self.rng
        number, proposed = federation.round_number, self.acted(Act.PROPOSED)
        account = self.anybody(*proposed, *self.standing(Standing.BANNED))
        own, proposals = federation.state.ledger.get(account).update_number, federation.record.proposals
        seed = self.secret(account, number)
        other = (own + 1) % max(proposals, 1)
        wrong = (
            (proposals, seed, 1),
            (own, seed, 1),
            (UINT256, seed, 1),
            (other, seed, 10_001),
            (other, self.word(), 1),
            (other, self.secret(account, number + 1), 1),
        )
        return Call(account, "accuse", (number, *rng.choice(wrong)))
