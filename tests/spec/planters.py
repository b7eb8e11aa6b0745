"""How lots are played, where some updates are decoys: chains of secrets, anchored and shown."""

from collections.abc import Callable
from random import Random
from typing import Any

from clients.protocol.decoys import get_anchor
from clients.protocol.hashing import keccak
from clients.protocol.state import Env
from clients.types.chain import Call
from clients.types.federation import ZERO32, Act, Address, Phase
from tests.spec.player import Move
from tests.spec.reporters import ReportingPlayer

LINKS = 3
"""How many secrets a chain has: few, so that some run out."""


class PlantingPlayer(ReportingPlayer):
    """Anchors chains of secrets, and shows what was proposed. Some members never do."""

    def __init__(self, rng: Random, *given: Any, **named: Any) -> None:
        super().__init__(rng, *given, **named)
        self.secrets: dict[bytes, bytes] = {}
        """What hashes to each link of a chain."""
        # of a source of their own, so that all else is drawn as without them
        self.lots = Random(self.federation.terms.genesis + b"lots")

    @property
    def plants(self) -> bool:
        return self.federation.terms.decoy_odds > 0

    def find_secret(self, account: Address) -> bytes | None:
        """Return what an account can show; None where its chain has run out, or it has none."""
        return self.secrets.get(get_anchor(self.federation.state, account))

    def anchor(self, account: Address) -> Call:
        link = self.lots.randbytes(32)
        for _ in range(LINKS):
            end = keccak(link)
            self.secrets[end] = link
            link = end
        return Call(account, "anchor", (link,))

    def show(self, account: Address) -> Call:
        secret = self.find_secret(account) or self.lots.randbytes(32)
        return Call(account, "show", (self.federation.round_number, secret))

    def actors(self, phase: Phase) -> list[Address]:
        """Add those who have something to show."""
        actors = super().actors(phase)
        if phase is not Phase.REVEAL or not self.plants:
            return actors
        return actors + [one for one in self.acted(Act.PROPOSED, Act.SHOWN) if self.find_secret(one)]

    def act(self, phase: Phase, account: Address) -> Call:
        shows = phase is Phase.REVEAL and Act.COMMITTED not in self.federation.get_acts(
            self.federation.state.ledger.get(account)
        )
        return self.show(account) if shows else super().act(phase, account)

    def play_open(self, anybody: Address, env: Env) -> Move:
        lacking = [one for one in self.federation.state.ledger.registry if not self.find_secret(one)]
        if self.plants and lacking and self.lots.random() < 0.5:
            return Move(self.anchor(self.lots.choice(lacking)))
        return super().play_open(anybody, env)

    def own_calls(self, account: Address, env: Env) -> dict[str, Callable[[], Call]]:
        return {
            **super().own_calls(account, env),
            "anchor": lambda: self.anchor(account),
            "show": lambda: self.show(account),
        }

    def own_mischief(self, phase: Phase, env: Env) -> tuple[Callable[[], Call], ...]:
        more = (self.bad_anchor,) if phase is Phase.OPEN else (self.bad_show,) * 3
        return (*super().own_mischief(phase, env), *more)

    def bad_anchor(self) -> Call:
        account = self.anybody(*self.federation.state.ledger.registry)
        return self.rng.choice((Call(account, "anchor", (ZERO32,)), self.anchor(account)))

    def bad_show(self) -> Call:
        """Return what shows another's secret, none, one again, or what isn't the caller's to show."""
        rng, number = self.rng, self.federation.round_number
        proposed, shown = self.acted(Act.PROPOSED, Act.SHOWN), self.acted(Act.SHOWN)
        account = self.anybody(*(rng.choice((proposed, shown, self.acted(Act.COMMITTED))) or self.accounts))
        others = [self.show(other) for other in proposed if other != account] or [self.show(account)]
        secret = rng.choice((self.word(), ZERO32, rng.choice(others).args[1], self.show(account).args[1]))
        return Call(account, "show", (number + (rng.random() < 0.1), secret))
