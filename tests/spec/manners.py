"""How each mechanism is played: what only it has, sensible and not."""

from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any

from clients.protocol import jury, vbfl
from clients.protocol.council import get_council
from clients.protocol.docket import Selection
from clients.protocol.marks import compute_bitmap
from clients.protocol.scores import select_best
from clients.protocol.state import Env
from clients.types.chain import Call
from clients.types.federation import ZERO32, Address, Phase
from tests.spec.bidders import BladePlayer
from tests.spec.judges import JudgingPlayer, MiningPlayer
from tests.spec.motions import move
from tests.spec.planters import PlantingPlayer
from tests.spec.player import Mood, Move, Player


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


class StakeJuryPlayer(PlantingPlayer):
    """Judges what it could have; who judges unlike most, or had nothing judged, publishes all the same."""

    def had(self) -> int:
        """Return the bitmap of what one juror could have: mostly all, or all but what few could have.

        In some rounds an update is withheld from about half of the jury, and some could have no other. In
        some, each juror could have a single one.
        """
        rng, proposals = self.rng, self.federation.record.proposals
        every, kind = (1 << proposals) - 1, self.digest(7)
        one = 1 << kind[1] % max(proposals, 1)
        if kind[0] % 64 < 2:
            return 1 << rng.randrange(max(proposals, 1)) & every
        if proposals > 2 and self.duty.random() < 0.15:
            return every & one  # little, where most have all
        luck, withheld = rng.random(), kind[2] % 4 == 0
        if luck < (0.55 if withheld else 0.05):
            return every & ~one
        if withheld and luck < 0.65:
            return every & one
        few = (0, one & every, rng.getrandbits(max(proposals, 1)) & every)
        return rng.choice(few) if rng.random() < 0.2 else every

    def waiting(self, phase: Phase) -> float:
        """In some rounds few publish, so that nothing is decided."""
        few = phase is Phase.PUBLISH and self.digest(10)[0] % 6 == 0
        return 0.6 if few else super().waiting(phase)

    def approved(self) -> int:
        """Where opinions differ, find an update good with a chance that is the update's."""
        luck, *bytes_of = self.digest(8)
        if luck % 2:
            return super().approved()
        chances = [(0.2, 0.3, 0.5, 0.7)[byte % 4] for byte in bytes_of[: self.federation.record.proposals]]
        return compute_bitmap(n for n, chance in enumerate(chances) if self.rng.random() < chance)

    def ballot(self, account: Address) -> bytes:
        had = self.had()
        return (self.approved() & had).to_bytes(32, "big") + had.to_bytes(32, "big")

    def bad_ballots(self, account: Address) -> list[bytes]:
        strange, one = self.strange_bitmap(), (1).to_bytes(32, "big")
        return [*super().bad_ballots(account), strange + strange, ZERO32 + strange, one + ZERO32]

    def select(self) -> Selection:
        federation = self.federation
        return jury.select(federation.terms, federation.record, federation.docket)


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
    """Scores; managers name committees, too."""

    def __init__(self, rng: Random, *given: Any, **named: Any) -> None:
        super().__init__(rng, *given, **named)
        self.named = rng.random() < 0.5
        """Whether the managers name a committee before the first round."""
        self.renames = rng.choice((0.0, 0.0, 0.1, 0.4))
        """The chance that they name one between rounds."""
        self.barren = rng.choice((0, 0, 0, 1, 1, 2, 2, 3))
        """The round from which on most rounds fail: nothing passes, or nothing is proposed; 0: none."""

    def is_barren(self) -> bool:
        return 0 < self.barren <= self.federation.round_number

    def mood(self) -> Mood:
        mood = super().mood()
        return replace(mood, agree=0.95, reject=1.0, skip=0.0) if self.is_barren() else mood

    def waiting(self, phase: Phase) -> float:
        away = self.is_barren() and phase is Phase.PROPOSE and self.federation.round_number % 4 == 0
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

    def name(self) -> Call:
        """Return the motion for one of few committees, so that managers agree on one before long."""
        members, needed = self.federation.state.ledger.registry, self.federation.terms.committee
        crowd = members if len(members) >= needed else self.accounts
        return move(self, "nameCommittee", self.rng.choice((crowd[:needed], crowd[:needed], crowd[-needed:])))

    def play_open(self, anybody: Address, env: Env) -> Move:
        council = get_council(self.federation.state)
        if self.named and self.federation.round_number == 0 and not self.is_short() and not council.named:
            return Move(self.name())
        if self.federation.round_number and self.rng.random() < self.renames:
            return Move(self.name())
        return super().play_open(anybody, env)

    def own_asides(self, phase: Phase, env: Env) -> tuple[Callable[[], Call], ...]:
        moves = super().own_asides(phase, env)
        return (*moves, self.name, self.name, self.name) if phase is Phase.OPEN else (*moves, self.name)

    def own_calls(self, account: Address, env: Env) -> dict[str, Callable[[], Call]]:
        some = self.rng.sample(self.accounts, k=self.rng.randrange(3))
        return {
            **super().own_calls(account, env),
            "nameCommittee": lambda: self.moves(account, "nameCommittee", 0, some),
        }

    def own_mischief(self, phase: Phase, env: Env) -> tuple[Callable[[], Call], ...]:
        more = (self.bad_committee,) * (4 if phase is Phase.OPEN else 1)
        return (*super().own_mischief(phase, env), *more)

    def bad_committee(self) -> Call:
        rng, needed = self.rng, self.federation.terms.committee
        strange = [self.accounts[0]] * needed, ["0x" + "0" * 40] * needed, self.accounts[: needed + 1], []
        return move(self, "nameCommittee", rng.choice(strange))


PLAYERS: dict[str, type[Player]] = {
    "stake_vote": StakeVotePlayer,
    "stake_jury": StakeJuryPlayer,
    "vbfl": VbflPlayer,
    "bflc": BflcPlayer,
    "blade": BladePlayer,
}
