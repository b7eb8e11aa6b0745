"""A seeded player of a federation: mostly sensible actions, and now and then one of every illegal kind.

It looks at the specification's state alone. `fine` times hit deadlines to the second and share blocks; else
they move in strides that no clock drift of a real chain can matter to. What only one mechanism has, its
manner of playing adds (`tests/spec/manners.py`, `bidders.py`, `judges.py`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any, ClassVar

from eth_hash.auto import keccak

from clients.protocol.federation import Federation
from clients.protocol.ledger import STAKE_MAX
from clients.protocol.managers import compute_content
from clients.protocol.rounds import SEAL_BLOCKS, compute_ends
from clients.protocol.state import Env
from clients.types.chain import Call
from clients.types.federation import ZERO32, Act, Address, Phase, Role, Standing
from tests.spec import motions

UINT256 = 2**256 - 1
STRIDE = 1_000
"""Seconds past a deadline that a coarse jump goes."""


@dataclass(frozen=True)
class Move:
    """A call, `seconds` and `blocks` after the one before."""

    call: Call
    seconds: int = 0
    blocks: int = 0


@dataclass(frozen=True)
class Mood:
    """How the jury of a round behaves: chances that one agrees, rejects, skips its reveal, stays away."""

    agree: float
    reject: float
    skip: float
    absent: float


MOODS = (
    (8, Mood(0.85, 0.1, 0.0, 0.02)),
    (5, Mood(0.15, 0.8, 0.0, 0.02)),
    (3, Mood(0.4, 0.4, 0.1, 0.05)),
    (2, Mood(0.6, 0.2, 0.4, 0.1)),
    (1, Mood(0.5, 0.5, 0.95, 0.1)),
    (1, Mood(0.5, 0.3, 0.3, 0.6)),
)

PARTS = {
    Phase.PLEDGE: (Role.PROPOSER, Act.PLEDGED),
    Phase.PROPOSE: (Role.PROPOSER, Act.PROPOSED),
    Phase.COMMIT: (Role.VOTER, Act.COMMITTED),
    Phase.PUBLISH: (Role.PUBLISHER, Act.PUBLISHED),
}


class Player:
    """Plays with `accounts`, who may hold tokens, and `outsiders`, who hold none."""

    aside_chance: ClassVar[float] = 0.12
    joins: ClassVar[str] = "join"

    def __init__(
        self,
        rng: Random,
        federation: Federation[Any],
        accounts: list[Address],
        outsiders: list[Address],
        *,
        fine: bool = True,
        illegal: float = 0.3,
    ) -> None:
        self.rng = rng
        self.federation = federation
        self.accounts = accounts
        self.outsiders = outsiders
        self.fine = fine
        self.illegal = illegal
        self.pledged: dict[tuple[int, Address], tuple[bytes, int, int]] = {}
        """The claims that accounts pledge, by round."""
        self.sealed: dict[tuple[int, Address], tuple[bytes, bytes]] = {}
        self.spoilt: set[tuple[int, Address]] = set()
        """Whose sealed ballots say nothing."""
        self.mood_of = (0, MOODS[0][1])
        self.now = 0
        """The time of the move before."""
        self.contents: dict[bytes, tuple[str, list[Address]]] = {}
        """What the managers' motions are about."""

    # ------------------------------------------------------------------ what to do next

    def play(self, env: Env) -> Move:
        """Return the next move, `env` being the moment of the one before."""
        rng, phase, self.now = self.rng, self.federation.get_phase(env), env.time
        if lapsing := motions.find_lapsing(self):
            return Move(motions.meet_end(self, *lapsing), *self.stride(lapsing[1].end, env))
        if rng.random() < self.illegal:
            move = Move(self.play_illegal(phase, env))
        elif rng.random() < self.aside_chance and (call := self.play_aside(phase, env)):
            move = Move(call)
        else:
            move = self.play_on(phase, env)
        return self.with_clock(move, phase, env)

    def with_clock(self, move: Move, phase: Phase, env: Env) -> Move:
        """Add what passes by itself between two moves."""
        rng = self.rng
        if move.seconds or move.blocks:
            return move
        if not self.fine:
            return move
        if rng.random() < 0.025 and (times := self.deadlines(env)):
            at = rng.choice(times) + rng.choice((-1, 0, 0, 1))
            if at >= env.time:
                return Move(move.call, at - env.time, rng.choice((0, 1, 1, 3)))
        if rng.random() < 0.5:
            return Move(move.call, 0, rng.choice((0, 0, 1)))
        return Move(move.call, rng.choice((0, 1, 1, 2)), rng.choice((0, 1, 1, 2)))

    def deadlines(self, env: Env) -> list[int]:
        """Return the times to come at which something changes."""
        state, record = self.federation.state, self.federation.record
        times = [state.rest_until, *(state.ledger.get(account).unbonds_at for account in self.accounts)]
        if record.drawn_at:
            ends = compute_ends(record.drawn_at, self.federation.terms.schedule)
            times += [ends.pledge, ends.propose, ends.commit, ends.reveal, ends.publish]
        return [time for time in times + self.own_deadlines() if time > env.time]

    def is_finished(self, env: Env) -> bool:
        """Return whether hardly anything can happen any more."""
        return False

    def own_deadlines(self) -> list[int]:
        return []

    # ------------------------------------------------------------------ sensible actions

    def play_on(self, phase: Phase, env: Env) -> Move:
        """Return a move that brings the round forward."""
        rng, state = self.rng, self.federation.state
        anybody = rng.choice(self.accounts + self.outsiders)
        if phase is Phase.OPEN:
            return self.play_open(anybody, env)
        if phase is Phase.DRAW:
            if rng.random() < 0.05:
                past = state.seal_block + SEAL_BLOCKS + (rng.choice((0, 1, 2, 90)) if self.fine else 9)
                return Move(Call(anybody, "draw"), 1, max(past - env.block, 1))
            return Move(Call(anybody, "draw"), rng.choice((0, 1, 2)) if self.fine else 0, 1)
        if phase is Phase.SETTLE:
            return Move(Call(anybody, "settle"))
        return self.play_part(phase, anybody, env)

    def play_part(self, phase: Phase, anybody: Address, env: Env) -> Move:
        """Return what one of the drawn does, or a jump to the end of the phase."""
        actors = self.actors(phase)
        if actors and self.rng.random() > self.waiting(phase):
            return Move(self.act(phase, self.rng.choice(actors)))
        ends = compute_ends(self.federation.record.drawn_at, self.federation.terms.schedule)
        end = getattr(ends, phase.name.lower())
        return Move(self.after(phase, anybody), *self.stride(end, env))

    def actors(self, phase: Phase) -> list[Address]:
        """Return who can do now what the phase is for."""
        if phase is Phase.REVEAL:
            return self.committed()
        idle = self.idle(*PARTS[phase])
        if phase is Phase.PROPOSE and self.federation.terms.schedule.pledge:
            pledged = self.acted(Act.PLEDGED)
            return [account for account in idle if account in pledged]
        return idle

    def act(self, phase: Phase, account: Address) -> Call:
        return {
            Phase.PLEDGE: self.pledge,
            Phase.PROPOSE: self.propose,
            Phase.COMMIT: self.commit,
            Phase.REVEAL: self.reveal,
            Phase.PUBLISH: self.publish,
        }[phase](account)

    def after(self, phase: Phase, anybody: Address) -> Call:
        """Return what is worth trying right at a phase's end."""
        if phase is Phase.PLEDGE and (actors := self.idle(*PARTS[Phase.PROPOSE])):
            return self.propose(self.rng.choice(actors))
        if phase is Phase.PROPOSE and (actors := self.idle(*PARTS[Phase.COMMIT])):
            return self.commit(self.rng.choice(actors))
        if phase is Phase.COMMIT and (actors := self.committed()):
            return self.reveal(self.rng.choice(actors))
        if phase is Phase.REVEAL and (actors := self.idle(*PARTS[Phase.PUBLISH])) and self.can_select():
            return self.publish(self.rng.choice(actors))
        return Call(anybody, "settle")

    def stride(self, time: int, env: Env) -> tuple[int, int]:
        """Return the seconds and blocks of a jump to `time`, or just about."""
        if not self.fine:
            return max(time - env.time, 0) + STRIDE, 1
        return max(time - env.time + self.rng.choice((-1, 0, 0, 0, 1)), 0), self.rng.choice((0, 1, 5))

    def play_open(self, anybody: Address, env: Env) -> Move:
        rng, state = self.rng, self.federation.state
        registry = state.ledger.registry
        out = [a for a in registry if self.federation.get_member(a).out and rng.random() < 0.8]
        if out and rng.random() < 0.6:
            return Move(Call(anybody, "evict", ([*out, *rng.sample(self.accounts, k=rng.randrange(2))],)))
        if self.federation.newcomers and rng.random() < 0.25 and (churn := self.play_churn(env)):
            return churn
        strangers = [account for account in self.accounts if self.can_join(account)]
        short = self.is_short()
        if strangers and rng.random() < (0.95 if short else 0.25):
            return Move(self.join(rng.choice(strangers)))
        if (short or rng.random() < 0.1) and (own := self.play_open_own(anybody, env)):
            return own
        if short and not strangers and (leaving := self.standing(Standing.LEAVING)):
            account = rng.choice(leaving)
            return Move(Call(account, "withdraw"), *self.stride(state.ledger.get(account).unbonds_at, env))
        if env.time < state.rest_until:
            return Move(Call(anybody, "open"), *self.stride(state.rest_until, env))
        return Move(Call(anybody, "open"))

    def play_churn(self, env: Env) -> Move | None:
        """Return that somebody comes, comes back or leaves, where who comes has to wait."""
        rng, state = self.rng, self.federation.state
        strangers = [account for account in self.accounts if self.can_join(account)]
        leaving, registry = self.standing(Standing.LEAVING), state.ledger.registry
        if strangers and rng.random() < 0.5:
            return Move(self.join(rng.choice(strangers)))
        if leaving and rng.random() < 0.4:
            account = rng.choice(leaving)
            return Move(Call(account, "withdraw"), *self.stride(state.ledger.get(account).unbonds_at, env))
        return Move(Call(rng.choice(registry[: state.ledger.inside or None]), "exit")) if registry else None

    def play_open_own(self, anybody: Address, env: Env) -> Move | None:
        """Return what else brings members in: managers let them."""
        return Move(motions.welcome(self)) if motions.missing(self) else None

    def play_aside(self, phase: Phase, env: Env) -> Call | None:
        """Return something that members do for themselves."""
        rng, state = self.rng, self.federation.state
        insiders = list(state.ledger.members)
        if not insiders:
            return None
        account = rng.choice(insiders)
        deposits = (1, 1, rng.randrange(1, 50), self.federation.terms.bond)
        someone = rng.choice(insiders + self.outsiders)
        return rng.choice(
            (
                lambda: Call(account, "claim"),
                lambda: Call(account, "claim"),
                lambda: Call(someone, "collect", (account,)),
                lambda: Call(someone, "collect", (account,)),
                lambda: Call(account, "deposit", (rng.choice(deposits),)),
                lambda: Call(account, "deposit", (rng.choice(deposits),)),
                lambda: Call(account, "withdraw"),
                lambda: Call(account, "exit"),
                lambda: Call(account, "evict", (rng.sample(insiders, k=rng.randint(0, len(insiders))),)),
                lambda: self.fund(rng.choice(self.accounts)),
                *self.own_asides(phase, env),
            )
        )()

    def own_asides(self, phase: Phase, env: Env) -> tuple[Callable[[], Call], ...]:
        return motions.asides(self, phase)

    # ------------------------------------------------------------------ who is there

    def is_short(self) -> bool:
        """Return whether members are missing for a round, so that it can't even be postponed."""
        federation = self.federation
        there = len(federation.state.ledger.registry) if federation.round_number else federation.inside
        return there < federation.mechanism.panel.get_fewest(federation.terms)

    def can_join(self, account: Address) -> bool:
        state, terms = self.federation.state, self.federation.terms
        stranger = state.ledger.get(account).standing is Standing.STRANGER
        cost = terms.bond + self.federation.mechanism.admission.get_fee(terms)
        return stranger and state.token.get_balance(account) >= cost and account not in motions.missing(self)

    def standing(self, *standings: Standing) -> list[Address]:
        members = self.federation.state.ledger.members
        return [account for account, member in members.items() if member.standing in standings]

    def acted(self, act: Act, lacking: Act = Act.NONE) -> list[Address]:
        """Return who did `act` in this round, and none of `lacking`."""
        federation = self.federation
        return [
            account
            for account, member in federation.state.ledger.members.items()
            if act in federation.get_acts(member) and not lacking & federation.get_acts(member)
        ]

    def idle(self, role: Role, act: Act) -> list[Address]:
        """Return the drawn members who could act as `role` now."""
        found = []
        for account in self.federation.state.ledger.registry:
            member = self.federation.get_member(account)
            acted = act in self.federation.get_acts(member.record)
            if role in member.roles and not acted and not member.out:
                found.append(account)
        return found

    def committed(self) -> list[Address]:
        number = self.federation.round_number
        committed = self.acted(Act.COMMITTED, Act.REVEALED)
        return [
            account
            for account in committed
            if (number, account) in self.sealed
            and ((number, account) not in self.spoilt or self.rng.random() < 0.2)
            and (not self.federation.is_barred(account) or self.rng.random() < 0.3)
        ]

    def out(self) -> list[Address]:
        """Return the members whom their next act will ban."""
        registry = self.federation.state.ledger.registry
        return [account for account in registry if self.federation.get_member(account).out]

    def mood(self) -> Mood:
        number = self.federation.round_number
        if self.mood_of[0] != number:
            weights, moods = zip(*MOODS, strict=True)
            self.mood_of = (number, self.rng.choices(moods, weights)[0])
        return self.mood_of[1]

    def waiting(self, phase: Phase) -> float:
        """Return the chance that those who are awaited don't come."""
        mood, record = self.mood(), self.federation.record
        came = {Phase.PLEDGE: record.pledges, Phase.PROPOSE: min(record.pledges, record.proposals)}
        if came.get(phase):
            return 0.15  # pledges are missed and broken where others' make a round nevertheless
        late = dict.fromkeys((Phase.PLEDGE, Phase.PROPOSE, Phase.PUBLISH), mood.absent / 2)
        return (late | {Phase.REVEAL: mood.skip}).get(phase, mood.absent)

    # ------------------------------------------------------------------ arguments

    def join(self, account: Address) -> Call:
        return Call(account, "join", (self.stake_of(account),))

    def stake_of(self, account: Address) -> int:
        rng, bond = self.rng, self.federation.terms.bond
        fee = self.federation.mechanism.admission.get_fee(self.federation.terms)
        funds = max(min(self.federation.state.token.get_balance(account) - fee, STAKE_MAX), bond)
        return rng.choice((bond, bond, min(bond + 1, funds), rng.randint(bond, min(bond * 3, funds)), funds))

    def fund(self, account: Address) -> Call:
        bond, held = self.federation.terms.bond, self.federation.state.token.get_balance(account)
        most = max(min(held, STAKE_MAX, bond * 3), 1)
        return Call(account, "fund", (self.rng.choice((1, self.rng.randint(1, most), most)),))

    def digest(self, option: int = 0, of: int = 0) -> bytes:
        return keccak(b"model" + bytes((self.federation.round_number % 256, option)) + of.to_bytes(32, "big"))

    def word(self) -> bytes:
        return self.rng.randbytes(32)

    def samples_of(self, account: Address) -> int:
        return self.rng.choice((1, self.federation.terms.max_samples))

    def claim_of(self, account: Address) -> tuple[bytes, int, int]:
        """Return an update's digest, samples and epochs. What is pledged stays the same for a round."""
        number, rng, terms = self.federation.round_number, self.rng, self.federation.terms
        if (number, account) in self.pledged:
            return self.pledged[number, account]
        epochs = rng.choice((1, 1, terms.max_epochs))
        claim = self.word(), self.samples_of(account), epochs
        if terms.schedule.pledge:
            if rng.random() < 0.06:
                claim = rng.choice(self.bad_claims(account))
            self.pledged[number, account] = claim
        return claim

    def bad_claims(self, account: Address) -> list[tuple[bytes, int, int]]:
        """Return claims that the terms refuse."""
        word, samples, terms = self.word(), self.samples_of(account), self.federation.terms
        most, epochs = terms.max_samples, terms.max_epochs
        return [
            (ZERO32, 1, 1),
            (ZERO32, 0, 0),
            (word, 0, 1),
            (word, 0, 0),
            (word, most + 1, 1),
            (word, UINT256, epochs + 1),
            (word, samples, 0),
            (word, samples, epochs + 1),
            (word, most, UINT256),
        ]

    def pledge(self, account: Address) -> Call:
        number = self.federation.round_number
        pledge = self.federation.compute_pledge(number, account, *self.claim_of(account))
        return Call(account, "pledge", (number, pledge))

    def propose(self, account: Address) -> Call:
        return Call(account, "propose", (self.federation.round_number, *self.claim_of(account)))

    def ballot(self, account: Address) -> bytes:
        """Return a ballot as the mood has it."""
        raise NotImplementedError

    def bad_ballots(self, account: Address) -> list[bytes]:
        """Return ballots that say nothing."""
        good = self.ballot(account)
        return [b"", good[:-1], good + b"\0"]

    def commit(self, account: Address) -> Call:
        number, rng = self.federation.round_number, self.rng
        if (number, account) not in self.sealed:
            ballot = self.ballot(account)
            if rng.random() < 0.06:
                self.spoilt.add((number, account))
                ballot = rng.choice(self.bad_ballots(account))
            self.sealed[number, account] = ballot, self.word()
        ballot, salt = self.sealed[number, account]
        commitment = self.federation.compute_commitment(number, account, ballot, salt)
        return Call(account, "commit", (number, commitment))

    def reveal(self, account: Address) -> Call:
        number = self.federation.round_number
        ballot, salt = self.sealed.get((number, account), (self.digest(), ZERO32))
        return Call(account, "reveal", (number, ballot, salt))

    def can_select(self) -> bool:
        """Return whether there are ballots to select by."""
        return bool(self.federation.record.reveals)

    def selection(self) -> int:
        """Return the round's selection, or any where nobody publishes."""
        return 0

    def nonce(self, account: Address, digest: bytes) -> bytes:
        return self.rng.choice((ZERO32, self.word()))

    def publish(self, account: Address) -> Call:
        mood, selection = self.mood(), self.selection() if self.can_select() else 0
        honest = self.rng.random() < (0.95 if mood.agree > 0.2 else 0.6)
        digest = self.digest(0 if honest else self.rng.randrange(1, 4), selection) if selection else ZERO32
        return Call(
            account, "publish", (self.federation.round_number, digest, selection, self.nonce(account, digest))
        )

    # ------------------------------------------------------------------ illegal actions

    def play_illegal(self, phase: Phase, env: Env) -> Call:
        """Return an action that some rule most likely refuses, fit to get far in this phase."""
        from tests.spec.mischief import choose

        return choose(self, phase, env)

    def own_mischief(self, phase: Phase, env: Env) -> tuple[Callable[[], Call], ...]:
        """Return what not every mechanism can refuse in this phase."""
        return (lambda: motions.bad_motion(self),) * (2 if self.federation.terms.managers else 1)

    def own_calls(self, account: Address, env: Env) -> dict[str, Callable[[], Call]]:
        """Return how actions that not every mechanism has are called by `account`."""
        some = self.rng.sample(self.accounts, k=self.rng.randrange(3))
        number = self.rng.choice((0, 0, 1, len(self.federation.state.access.motions)))
        return {
            name: lambda name=name: self.moves(account, name, number, some) for name in ("allow", "expel")
        }  # type: ignore[misc]

    def moves(self, account: Address, method: str, number: int, accounts: list[Address]) -> Call:
        """Return the motion as it stands, which `account` may have no right to move."""
        self.contents[compute_content(method, tuple(accounts))] = method, accounts
        return Call(account, method, (number, accounts))

    def anybody(self, *preferred: Address) -> Address:
        """Return one of the preferred or, less often, anybody at all."""
        if preferred and self.rng.random() < 0.75:
            return self.rng.choice(preferred)
        return self.rng.choice(self.accounts + self.outsiders)
