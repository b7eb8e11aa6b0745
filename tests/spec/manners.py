"""How each mechanism is played: what only it has, sensible and not."""

from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any, ClassVar

from clients.protocol import blade, vbfl
from clients.protocol.auction import get_worst
from clients.protocol.council import get_council
from clients.protocol.docket import Selection
from clients.protocol.evidence import compute_anchor, compute_challenge_end
from clients.protocol.managers import compute_motion
from clients.protocol.mining import compute_work
from clients.protocol.scores import select_best
from clients.protocol.state import Env
from clients.protocol.task import Bid, get_task, is_over
from clients.types.chain import Call
from clients.types.federation import ZERO32, Act, Address, Phase, Standing
from tests.spec.player import PARTS, UINT256, Mood, Move, Player

NOISE_ROUNDS = 200
"""Rounds for which a member has noise seeds."""


class StakeVotePlayer(Player):
    """Votes on the aggregate, and names culprits where terms ask for them."""

    def mood(self) -> Mood:
        if not self.federation.terms.attribution or self.digest(6)[0] % 3:
            return super().mood()
        return replace(super().mood(), agree=0.2, reject=0.7, skip=0.0, absent=0.01)

    def ballot(self, account: Address) -> bytes:
        rng, mood, terms = self.rng, self.mood(), self.federation.terms
        luck, proposals = rng.random(), self.federation.record.proposals
        if luck < mood.agree:
            digest = self.digest()
        elif luck < mood.agree + mood.reject:
            digest = ZERO32
        else:
            digest = self.digest(rng.randrange(1, 4))
        if not terms.attribution:
            return digest
        culprits = rng.choice((1, 1, rng.getrandbits(proposals), 0)) if digest == ZERO32 and proposals else 0
        return digest + culprits.to_bytes(32, "big")

    def bad_ballots(self, account: Address) -> list[bytes]:
        strange = (1 << self.federation.record.proposals).to_bytes(32, "big")
        accused = (1).to_bytes(32, "big")
        return [*super().bad_ballots(account), self.digest(), ZERO32 + strange, self.digest() + accused]


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


class VbflPlayer(MiningPlayer):
    """Approves; all of the jury publish."""

    def ballot(self, account: Address) -> bytes:
        return self.approved().to_bytes(32, "big")

    def bad_ballots(self, account: Address) -> list[bytes]:
        return [*super().bad_ballots(account), self.strange_bitmap()]

    def select(self) -> Selection:
        federation = self.federation
        return vbfl.select_approved(federation.terms, federation.record, federation.docket)


class BflcPlayer(JudgingPlayer):
    """Scores; managers move motions, and the first of them come in before the rest."""

    def __init__(self, rng: Random, *given: Any, **named: Any) -> None:
        super().__init__(rng, *given, **named)
        self.named = rng.random() < 0.5
        """Whether the managers name a committee before the first round."""
        self.renames = rng.choice((0.0, 0.0, 0.1, 0.4))
        """The chance that they name one between rounds."""
        self.barren = rng.choice((0, 0, 0, 1, 1, 2, 2, 3))
        """The round from which on most rounds fail: nothing passes, or nothing is proposed; 0: none."""

    def is_barren(self) -> bool:
        return 0 < self.barren <= self.federation.number

    def mood(self) -> Mood:
        mood = super().mood()
        return replace(mood, agree=0.95, reject=1.0, skip=0.0) if self.is_barren() else mood

    def waiting(self, phase: Phase) -> float:
        away = self.is_barren() and phase is Phase.PROPOSE and self.federation.number % 4 == 0
        return 0.9 if away else super().waiting(phase)

    def good(self) -> int:
        return 0 if self.is_barren() and self.digest(8)[0] % 8 else super().good()

    def select(self) -> Selection:
        federation = self.federation
        return select_best(federation.terms, federation.record, federation.docket)

    def ballot(self, account: Address) -> bytes:
        approved, rng = self.approved(), self.rng
        scores = [
            rng.choice((7_000, 9_000, 9_999, 10_000)) if approved >> number & 1 else rng.choice((0, 1, 5_000))
            for number in range(self.federation.record.proposals)
        ]
        return b"".join(score.to_bytes(2, "big") for score in scores)

    def bad_ballots(self, account: Address) -> list[bytes]:
        proposals = self.federation.record.proposals
        return [*super().bad_ballots(account), (10_001).to_bytes(2, "big") * proposals]

    # -------------------------------------------------------------- managers

    def can_join(self, account: Address) -> bool:
        return account in get_council(self.federation.state).allowed and super().can_join(account)

    def move(self, method: str, accounts: list[Address]) -> Call:
        """Return the motion by a manager who has not moved it yet, if there is one."""
        council, terms = get_council(self.federation.state), self.federation.terms
        ayes = dict(council.moved).get(compute_motion(method, tuple(accounts)), frozenset())
        fresh = [manager for manager in terms.managers if manager not in ayes]
        return Call(self.rng.choice(fresh or list(terms.managers)), method, (accounts,))

    def welcome(self) -> Call:
        """Return the motion to let in all who are not."""
        allowed = get_council(self.federation.state).allowed
        return self.move("allow", [account for account in self.accounts if account not in allowed])

    def name(self) -> Call:
        """Return the motion for one of few committees, so that managers agree on one before long."""
        members, needed = self.federation.state.ledger.registry, self.federation.terms.committee
        crowd = members if len(members) >= needed else self.accounts
        return self.move("nameCommittee", self.rng.choice((crowd[:needed], crowd[:needed], crowd[-needed:])))

    def play_open(self, anybody: Address, env: Env) -> Move:
        council = get_council(self.federation.state)
        if self.named and self.federation.number == 0 and not self.is_short() and not council.named:
            return Move(self.name())
        if self.federation.number and self.rng.random() < self.renames:
            return Move(self.name())
        return super().play_open(anybody, env)

    def play_open_own(self, anybody: Address, env: Env) -> Move | None:
        allowed = get_council(self.federation.state).allowed
        if any(account not in allowed for account in self.accounts):
            return Move(self.welcome())
        return None

    def own_asides(self, phase: Phase, env: Env) -> tuple[Callable[[], Call], ...]:
        members = self.federation.state.ledger.registry
        one = members[-1:] if self.rng.random() < 0.5 else self.accounts[:1]
        lists = (lambda: self.move("expel", one), lambda: self.move("allow", one))
        moves: tuple[Callable[[], Call], ...] = (self.welcome, *lists)
        if phase is Phase.REVEAL:  # of those who are about to
            moves += (lambda: self.move("expel", self.committed()[:1]),) * 4
        return (*moves, self.name, self.name, self.name) if phase is Phase.OPEN else (*moves, self.name)

    def own_calls(self, account: Address, env: Env) -> dict[str, Callable[[], Call]]:
        some = self.rng.sample(self.accounts, k=self.rng.randrange(3))
        methods = ("allow", "expel", "nameCommittee")
        return {name: lambda name=name: Call(account, name, (some,)) for name in methods}  # type: ignore[misc]

    def own_mischief(self, phase: Phase, env: Env) -> tuple[Callable[[], Call], ...]:
        return (self.bad_motion, *(self.bad_committee,) * (4 if phase is Phase.OPEN else 1))

    def bad_motion(self) -> Call:
        council, terms, rng = get_council(self.federation.state), self.federation.terms, self.rng
        if council.moved and rng.random() < 0.5:
            ayes = rng.choice(council.moved)[1]
            account = sorted(ayes)[0]
            allowed = council.allowed
            missing = [account for account in self.accounts if account not in allowed]
            return Call(account, "allow", (missing,))
        return Call(rng.choice((self.anybody(), terms.managers[0])), "expel", ([],))

    def bad_committee(self) -> Call:
        rng, needed = self.rng, self.federation.terms.committee
        strange = [self.accounts[0]] * needed, ["0x" + "0" * 40] * needed, self.accounts[: needed + 1], []
        return self.move("nameCommittee", rng.choice(strange))


class BladePlayer(MiningPlayer):
    """Bids, trains and mines; accuses with what it put into its own update."""

    joins: ClassVar[str] = "bid"

    def secret(self, account: Address, number: int) -> bytes:
        """Return the account's noise seed of a round."""
        return compute_anchor(bytes.fromhex(account[2:]).rjust(32, b"\1"), NOISE_ROUNDS - number)

    def own_deadlines(self) -> list[int]:
        terms, record = self.federation.terms, self.federation.record
        # While bidders are missing rarely, or many a task would be over before it began.
        ends = [] if self.is_short() and self.rng.random() < 0.8 else [terms.bidding_ends, terms.deadline]
        return [*ends, compute_challenge_end(terms, record)] if record.drawn_at else ends

    # -------------------------------------------------------------- between rounds

    def play_open(self, anybody: Address, env: Env) -> Move:
        rng, state, terms = self.rng, self.federation.state, self.federation.terms
        if env.time < terms.bidding_ends:
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
        return enough and not self.federation.number and state.pool < terms.bounty

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
        mood, word = super().mood(), self.digest(7)
        if not self.federation.docket.accused or word[0] % 8 == 0:
            return mood
        return replace(mood, skip=0.3 if self.is_torn() else 0.0, absent=0.01)

    def is_torn(self) -> bool:
        """Return whether this round's jury doesn't agree on whom to convict, nor stays to say so."""
        return self.digest(7)[1] % 2 == 0

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
        proposals, word = self.federation.record.proposals, self.digest(8)
        # In most rounds most of the jury agree: on whom to convict, and on whether to approve copies as well.
        copies = rng.choice((accused, 0, rng.getrandbits(proposals) if proposals else 0))
        if rng.random() < 0.8:
            named = rng.random() < 0.6 if self.is_torn() else word[0] % 4
            copies = accused if named else 0
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
        seed = self.secret(account, federation.number)
        return Call(account, "accuse", (federation.number, number, seed, rng.choice((0, 6_000, 10_000))))

    def own_asides(self, phase: Phase, env: Env) -> tuple[Callable[[], Call], ...]:
        proposed = self.acted(Act.PROPOSED)
        if proposed and phase in (Phase.PROPOSE, Phase.COMMIT):
            return (lambda: self.accuse(self.rng.choice(proposed)),) * 8
        return (lambda: Call(self.anybody(), "reclaim"),)

    # -------------------------------------------------------------- mischief

    def own_calls(self, account: Address, env: Env) -> dict[str, Callable[[], Call]]:
        return {"bid": lambda: self.join(account), "accuse": lambda: self.accuse(account)}

    def own_mischief(self, phase: Phase, env: Env) -> tuple[Callable[[], Call], ...]:
        if phase is Phase.OPEN:
            return (self.bad_bid,) * 4
        if phase is Phase.PROPOSE:
            return (*(self.bad_accusation,) * 4, *(self.bad_claim,) * 2)
        return (self.bad_accusation,) * (4 if phase is Phase.COMMIT else 1)

    def bad_claim(self) -> Call:
        """Return a proposal of fewer samples than the task asks, or more than were bid."""
        account = self.anybody(*self.idle(*PARTS[Phase.PROPOSE]))
        bid, terms = get_task(self.federation.state).bids.get(account), self.federation.terms
        most = min(bid.capability + 1 if bid else 1, terms.max_samples)
        samples = self.rng.choice((max(terms.min_samples - 1, 1), most))
        return Call(account, "propose", (self.federation.number, self.word(), samples, 1))

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
        number, proposed = federation.number, self.acted(Act.PROPOSED)
        account = self.anybody(*proposed, *self.standing(Standing.BANNED))
        own, proposals = federation.state.ledger.get(account).number, federation.record.proposals
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


PLAYERS: dict[str, type[Player]] = {
    "stake_vote": StakeVotePlayer,
    "vbfl": VbflPlayer,
    "bflc": BflcPlayer,
    "blade": BladePlayer,
}
