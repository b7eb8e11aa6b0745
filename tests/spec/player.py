"""A seeded player of a federation: mostly sensible actions, and now and then one of every illegal kind.

It looks at the specification's state alone. `fine` times hit deadlines to the second and share blocks; else
they move in strides that no clock drift of a real chain can matter to.
"""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from eth_hash.auto import keccak

from clients.protocol.ledger import STAKE_MAX
from clients.protocol.rounds import ACTIONS, SEAL_BLOCKS, compute_ends
from clients.protocol.state import Env
from clients.protocol.views import FederationView
from clients.types.chain import Call
from clients.types.federation import ZERO32, Act, Address, Phase, Role, StakeVoteTerms, Standing

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
    """How the voters of a round behave: chances that a voter agrees, rejects, and skips its reveal."""

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


class Player:
    """Plays with `accounts`, who may hold tokens, and `outsiders`, who hold none."""

    def __init__(
        self,
        rng: Random,
        federation: FederationView[StakeVoteTerms],
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
        self.sealed: dict[tuple[int, Address], tuple[bytes, bytes]] = {}
        self.mood_of = (0, MOODS[0][1])

    # ------------------------------------------------------------------ what to do next

    def play(self, env: Env) -> Move:
        """Return the next move, `env` being the moment of the one before."""
        rng, phase = self.rng, self.federation.get_phase(env)
        if rng.random() < self.illegal:
            move = Move(self.play_illegal(phase))
        elif rng.random() < 0.12 and (call := self.play_aside()):
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
            times += [ends.propose, ends.commit, ends.reveal]
        return [time for time in times if time > env.time]

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
        actors, act = {
            Phase.PROPOSE: (self.idle(Role.PROPOSER), self.propose),
            Phase.COMMIT: (self.idle(Role.VOTER), self.commit),
            Phase.REVEAL: (self.committed(), self.reveal),
        }[phase]
        if actors and rng.random() > self.waiting(phase):
            return Move(act(rng.choice(actors)))
        ends = compute_ends(self.federation.record.drawn_at, self.federation.terms.schedule)
        end = {Phase.PROPOSE: ends.propose, Phase.COMMIT: ends.commit, Phase.REVEAL: ends.reveal}[phase]
        return Move(self.after(phase, anybody), *self.stride(end, env))

    def after(self, phase: Phase, anybody: Address) -> Call:
        """Return what is worth trying right at a phase's end."""
        actors: list[Address]
        if phase is Phase.PROPOSE and (actors := self.idle(Role.VOTER)):
            return self.commit(self.rng.choice(actors))
        if phase is Phase.COMMIT and (actors := self.committed()):
            return self.reveal(self.rng.choice(actors))
        return Call(anybody, "settle")

    def stride(self, time: int, env: Env) -> tuple[int, int]:
        """Return the seconds and blocks of a jump to `time`, or just about."""
        if not self.fine:
            return max(time - env.time, 0) + STRIDE, 1
        return max(time - env.time + self.rng.choice((-1, 0, 0, 0, 1)), 0), self.rng.choice((0, 1, 5))

    def play_open(self, anybody: Address, env: Env) -> Move:
        rng, state, terms = self.rng, self.federation.state, self.federation.terms
        registry = state.ledger.registry
        out = [
            account
            for account in registry
            if self.federation.get_seat(account).balance < terms.bond and rng.random() < 0.8
        ]
        if out and rng.random() < 0.6:
            return Move(Call(anybody, "evict", ([*out, *rng.sample(self.accounts, k=rng.randrange(2))],)))
        strangers = [account for account in self.accounts if self.can_join(account)]
        short = len(registry) < terms.seats + terms.min_voters
        if strangers and rng.random() < (0.95 if short else 0.25):
            account = rng.choice(strangers)
            return Move(Call(account, "join", (self.stake_of(account),)))
        if short and not strangers and (leaving := self.standing(Standing.LEAVING)):
            account = rng.choice(leaving)
            return Move(Call(account, "withdraw"), *self.stride(state.ledger.get(account).unbonds_at, env))
        if env.time < state.rest_until:
            return Move(Call(anybody, "open"), *self.stride(state.rest_until, env))
        return Move(Call(anybody, "open"))

    def play_aside(self) -> Call | None:
        """Return something that members do for themselves."""
        rng, state = self.rng, self.federation.state
        insiders = list(state.ledger.members)
        if not insiders:
            return None
        account = rng.choice(insiders)
        deposits = (1, 1, rng.randrange(1, 50), self.federation.terms.bond)
        return rng.choice(
            (
                lambda: Call(account, "claim"),
                lambda: Call(account, "claim"),
                lambda: Call(rng.choice(insiders + self.outsiders), "collect", (account,)),
                lambda: Call(rng.choice(insiders + self.outsiders), "collect", (account,)),
                lambda: Call(account, "deposit", (rng.choice(deposits),)),
                lambda: Call(account, "deposit", (rng.choice(deposits),)),
                lambda: Call(account, "withdraw"),
                lambda: Call(account, "exit"),
                lambda: Call(account, "evict", (rng.sample(insiders, k=rng.randint(0, len(insiders))),)),
            )
        )()

    # ------------------------------------------------------------------ who is there

    def can_join(self, account: Address) -> bool:
        state = self.federation.state
        stranger = state.ledger.get(account).standing is Standing.STRANGER
        return stranger and state.token.get_balance(account) >= self.federation.terms.bond

    def standing(self, *standings: Standing) -> list[Address]:
        members = self.federation.state.ledger.members
        return [account for account, member in members.items() if member.standing in standings]

    def acted(self, *acts: Act) -> list[Address]:
        number, members = self.federation.number, self.federation.state.ledger.members
        return [
            account for account, member in members.items() if member.act in acts and member.round == number
        ]

    def idle(self, role: Role) -> list[Address]:
        """Return the drawn members who could act as `role` now."""
        found = []
        for account in self.federation.state.ledger.registry:
            seat = self.federation.get_seat(account)
            acted = seat.member.act is not Act.NONE and seat.member.round == self.federation.number
            if seat.role is role and not acted and seat.balance >= self.federation.terms.bond:
                found.append(account)
        return found

    def committed(self) -> list[Address]:
        number = self.federation.number
        return [account for account in self.acted(Act.COMMITTED) if (number, account) in self.sealed]

    def mood(self) -> Mood:
        number = self.federation.number
        if self.mood_of[0] != number:
            weights, moods = zip(*MOODS, strict=True)
            self.mood_of = (number, self.rng.choices(moods, weights)[0])
        return self.mood_of[1]

    def waiting(self, phase: Phase) -> float:
        """Return the chance that those who are awaited don't come."""
        mood = self.mood()
        return {Phase.PROPOSE: mood.absent / 2, Phase.COMMIT: mood.absent, Phase.REVEAL: mood.skip}[phase]

    # ------------------------------------------------------------------ arguments

    def stake_of(self, account: Address) -> int:
        rng, bond = self.rng, self.federation.terms.bond
        funds = min(self.federation.state.token.get_balance(account), STAKE_MAX)
        return rng.choice((bond, bond, min(bond + 1, funds), rng.randint(bond, min(bond * 3, funds)), funds))

    def digest(self, option: int = 0) -> bytes:
        return keccak(b"model" + bytes((self.federation.number % 256, option)))

    def word(self) -> bytes:
        return self.rng.randbytes(32)

    def propose(self, account: Address) -> Call:
        samples = self.rng.choice((1, self.federation.terms.max_samples))
        return Call(account, "propose", (self.federation.number, self.word(), samples))

    def commit(self, account: Address) -> Call:
        number, mood, luck = self.federation.number, self.mood(), self.rng.random()
        if luck < mood.agree:
            ballot = self.digest()
        elif luck < mood.agree + mood.reject:
            ballot = ZERO32
        else:
            ballot = self.digest(self.rng.randrange(1, 4))
        salt = self.word()
        self.sealed.setdefault((number, account), (ballot, salt))
        ballot, salt = self.sealed[number, account]
        commitment = self.federation.compute_commitment(number, account, ballot, salt)
        return Call(account, "commit", (number, commitment))

    def reveal(self, account: Address) -> Call:
        number = self.federation.number
        ballot, salt = self.sealed.get((number, account), (self.digest(), ZERO32))
        return Call(account, "reveal", (number, ballot, salt))

    # ------------------------------------------------------------------ illegal actions

    def play_illegal(self, phase: Phase) -> Call:
        """Return an action that some rule most likely refuses, fit to get far in this phase."""
        rng = self.rng
        by_phase: dict[Phase, tuple[Callable[[], Call], ...]] = {
            Phase.OPEN: (self.bad_join, self.bad_join, self.bad_deposit, self.bad_leave, self.open_early),
            Phase.DRAW: (self.draw_early, self.draw_early),
            Phase.PROPOSE: (self.bad_proposal,) * 5,
            Phase.COMMIT: (self.bad_commit,) * 5,
            Phase.REVEAL: (self.bad_reveal,) * 5,
        }
        always = (self.any_action, self.wrong_round, self.bad_claim, self.bad_collect, self.bad_withdraw)
        return rng.choice(by_phase.get(phase, ()) + always)()

    def anybody(self, *preferred: Address) -> Address:
        """Return one of the preferred or, less often, anybody at all."""
        if preferred and self.rng.random() < 0.75:
            return self.rng.choice(preferred)
        return self.rng.choice(self.accounts + self.outsiders)

    def any_action(self) -> Call:
        """Return any action by anybody, with arguments that may do."""
        method = self.rng.choice(list(ACTIONS))
        account = self.anybody()
        made: dict[str, Callable[[], Call]] = {
            "join": lambda: Call(account, "join", (self.amount(),)),
            "deposit": lambda: Call(account, "deposit", (self.amount(),)),
            "collect": lambda: Call(account, "collect", (self.anybody(),)),
            "evict": lambda: Call(
                account, "evict", ([self.anybody() for _ in range(self.rng.randrange(4))],)
            ),
            "propose": lambda: self.propose(account),
            "commit": lambda: self.commit(account),
            "reveal": lambda: self.reveal(account),
        }
        return made.get(method, lambda: Call(account, method))()

    def amount(self) -> int:
        bond, funds = self.federation.terms.bond, 2**64
        return self.rng.choice(
            (0, 1, bond - 1, bond, bond + 1, funds, STAKE_MAX, STAKE_MAX + 1, UINT256 - 1, UINT256)
        )

    def open_early(self) -> Call:
        return Call(self.anybody(), "open")

    def draw_early(self) -> Call:
        return Call(self.anybody(), "draw")

    def bad_join(self) -> Call:
        taken = self.standing(Standing.MEMBER, Standing.LEAVING, Standing.BANNED)
        poor = [account for account in self.accounts if not self.can_join(account)]
        return Call(self.anybody(*taken, *poor, *self.outsiders), "join", (self.amount(),))

    def bad_deposit(self) -> Call:
        account = self.anybody(*self.standing(Standing.MEMBER, Standing.BANNED))
        stake = self.federation.get_seat(account).balance
        held = self.federation.state.token.get_balance(account)
        room = STAKE_MAX - stake
        return Call(account, "deposit", (self.rng.choice((0, 0, room, room + 1, held + 1, self.amount())),))

    def bad_leave(self) -> Call:
        return Call(self.anybody(*self.standing(Standing.LEAVING, Standing.BANNED), *self.outsiders), "exit")

    def bad_claim(self) -> Call:
        return Call(self.anybody(*self.standing(Standing.MEMBER, Standing.BANNED)), "claim")

    def bad_collect(self) -> Call:
        acted = self.acted(Act.PROPOSED, Act.COMMITTED, Act.REVEALED)
        return Call(self.anybody(), "collect", (self.anybody(*acted, *self.outsiders),))

    def bad_withdraw(self) -> Call:
        return Call(self.anybody(*self.standing(Standing.LEAVING, Standing.BANNED)), "withdraw")

    def wrong_round(self) -> Call:
        number, rng = self.federation.number, self.rng
        wrong = rng.choice((number + 1, max(number - 1, 0), 0, number + 2**32, UINT256))
        account = self.anybody(*self.idle(Role.PROPOSER), *self.idle(Role.VOTER), *self.committed())
        call = rng.choice((self.propose, self.commit, self.reveal))(account)
        return Call(account, call.method, (wrong, *call.args[1:]))

    def bad_proposal(self) -> Call:
        rng, number, limit = self.rng, self.federation.number, self.federation.terms.max_samples
        banned = [*self.standing(Standing.BANNED), *self.poor()]
        proposed, idle = self.acted(Act.PROPOSED), self.idle(Role.PROPOSER)
        crowd = rng.choice((proposed, idle, idle, self.idle(Role.VOTER), banned, banned, self.outsiders))
        account = self.anybody(*(crowd or self.accounts))
        if account not in idle or rng.random() < 0.1:
            return self.propose(account)
        digest, samples = rng.choice(
            ((ZERO32, 1), (ZERO32, 0), (self.word(), 0), (self.word(), limit + 1), (self.word(), UINT256))
        )
        return Call(account, "propose", (number, digest, samples))

    def bad_commit(self) -> Call:
        rng, number = self.rng, self.federation.number
        committed, idle = self.acted(Act.COMMITTED), self.idle(Role.VOTER)
        banned = [*self.standing(Standing.BANNED), *self.poor()]
        crowd = rng.choice((committed, idle, idle, self.idle(Role.PROPOSER), banned, banned, self.outsiders))
        account = self.anybody(*(crowd or self.accounts))
        if account in idle:
            return Call(account, "commit", (number, ZERO32))
        return (
            self.commit(account)
            if account not in committed
            else Call(account, "commit", (number, self.word()))
        )

    def bad_reveal(self) -> Call:
        rng, number = self.rng, self.federation.number
        crowd = rng.choice(
            (self.committed(), self.acted(Act.REVEALED), self.acted(Act.REVEALED), self.idle(Role.VOTER))
        )
        account = self.anybody(*(crowd or self.accounts))
        ballot, salt = self.sealed.get((number, account), (self.digest(), ZERO32))
        return rng.choice(
            (
                Call(account, "reveal", (number, ballot, self.word())),
                Call(account, "reveal", (number, self.word(), salt)),
                Call(account, "reveal", (number, ZERO32, salt)),
            )
        )

    def poor(self) -> list[Address]:
        """Return the drawn members whom their next act will ban."""
        bond = self.federation.terms.bond
        registry = self.federation.state.ledger.registry
        return [account for account in registry if self.federation.get_seat(account).balance < bond]
