"""The world of a game: a federation on the specification, its accounts, and their purses."""

from collections.abc import Iterable, Mapping, Sequence
from random import Random
from typing import Any

from clients.economics.game import Game
from clients.protocol.federation import Federation
from clients.protocol.hashing import get_checksummed
from clients.protocol.managers import get_needed
from clients.protocol.simulator import BEACON, START, TOKEN, SpecChain
from clients.types.amounts import parse_amount
from clients.types.chain import Call
from clients.types.errors import ProtocolError
from clients.types.federation import SAMPLES_MAX, Address, Phase, Role, Standing
from clients.types.federation import TOKEN as TOKEN_UNITS
from clients.types.mechanisms import kind_of
from clients.types.terms import PAPER

FRESH = 64
"""How many fresh accounts the coalition has for those that are put out."""
MORE = 10
"""How many times as much the coalition's accounts can stake as honest ones do."""
_SPONSOR, _HONEST, _COALITION = 0x1000, 0x10000, 0x20000
_PURSE = 10**9
"""The sponsor's tokens, more than any game takes."""


def _accounts(first: int, count: int) -> list[Address]:
    return [get_checksummed(f"0x{first + place:040x}") for place in range(count)]


class World:
    """A federation and all who play.

    `terms`: those that have a default, and the schedule (`deploy.terms.get_default_terms`).

    What is random hangs on `seed` and on what it is for, and on nothing else: two games of one seed differ
    only by what is done in them.
    """

    def __init__(self, game: Game, terms: Mapping[str, Any], seed: int) -> None:
        self.game = game
        self.handbook = game.handbook
        self._seed = seed
        rng = self.get_random("world")
        officials = _accounts(_SPONSOR, 3)
        self.sponsor = officials[0]
        honest = _accounts(_HONEST, game.members - game.colluders)
        ours = _accounts(_COALITION, game.colluders + game.newcomers + FRESH)
        self.founders, self.newcomers = ours[: game.colluders], ours[game.colluders :][: game.newcomers]
        self.fresh = ours[game.colluders + game.newcomers :]
        self.strangers = frozenset(ours[game.colluders :])
        self.honest, self.ours = honest, frozenset(ours)
        kind = kind_of(game.leaf.name)
        made = kind.terms(
            **{
                "token": TOKEN,
                "beacon": BEACON,
                "genesis": rng.randbytes(32),
                "max_samples": SAMPLES_MAX,  # where the rules leave it open: no limit
                **terms,
                **({"attribution": game.attribution} if self.handbook.joint else {}),
                **({"founders": (*honest, *self.founders)} if terms.get("newcomers") else {}),
                **self.handbook.own_terms(officials, START),
            }
        )
        self.bond = made.bond
        self.stake = self.bond * (1 if self.handbook.bids else game.bonds)
        self.fee = fee = self.handbook.spec.admission.get_fee(made)
        self.purses = dict.fromkeys(honest, self.stake + fee) | dict.fromkeys(ours, self.stake * MORE + fee)
        funds = self.purses | {self.sponsor: _PURSE * TOKEN_UNITS}
        self.chain = SpecChain(self.handbook.spec, made, funds, beacon_value=rng.randbytes(32))
        self.spent: dict[Address, int] = dict.fromkeys(funds, 0)
        self.train, self.judge, self.transaction = (
            parse_amount(name, getattr(game, name)) for name in ("train", "judge", "transaction")
        )
        self._admit([*honest, *ours])

    @property
    def core(self) -> Federation[Any]:
        """The federation itself."""
        return self.chain.core

    @property
    def terms(self) -> Any:
        """The federation's terms."""
        return self.chain.terms

    @property
    def pledges(self) -> bool:
        """Whether updates are pledged before they are proposed."""
        return bool(self.terms.schedule.pledge)

    @property
    def decoy_odds(self) -> int:
        """One update in so many is a decoy; 0: none."""
        return int(self.terms.decoy_odds) if self.handbook.decoys else 0

    @property
    def finds_idle(self) -> bool:
        """Whether every juror sees that an update is the head."""
        return self.handbook.finds_idle and self.game.rules != PAPER

    @property
    def duty(self) -> int:
        """So many drawn rounds in a row that a member misses put it out; 0: none do."""
        return self.core.mechanism.duty.get_absent_after(self.terms)

    def _admit(self, accounts: Sequence[Address]) -> None:
        """Let accounts in by the managers' first motion, if there are managers."""
        for place, manager in enumerate(self.terms.managers[: get_needed(self.terms)]):
            self.must(manager, "allow", min(place, 1), list(accounts))

    # ------------------------------------------------------------------ acting

    def act(self, account: Address, method: str, *args: object) -> ProtocolError | None:
        """Send one transaction in a block of its own, pay for it, and return the error of a refused one."""
        (receipt,) = self.chain.send([Call(account, method, args)])
        self.spent[account] = self.spent.get(account, 0) + self.transaction
        return receipt.error

    def must(self, account: Address, method: str, *args: object) -> None:
        """Send one that the rules allow; raise what they say if they don't."""
        error = self.act(account, method, *args)
        if error is not None:
            raise error

    def pay(self, account: Address, amount: int) -> None:
        """Note that work cost an account `amount`."""
        self.spent[account] += amount

    def is_ours(self, account: Address) -> bool:
        """Return whether an account is the coalition's."""
        return account in self.ours

    # ------------------------------------------------------------------ watching

    def get_phase(self) -> Phase:
        """Return the phase, as of the latest block."""
        return self.chain.status().phase

    def get_random(self, *key: object) -> Random:
        """Return the randomness for a purpose."""
        return Random(f"{self._seed} {key}")

    def mix_up(self, accounts: Iterable[Address], *key: object) -> list[Address]:
        """Return accounts in a random order, in which two stand the same whoever else is among them."""
        return sorted(accounts, key=lambda account: self.get_random(*key, account).random())

    def get_drawn(self) -> dict[Role, list[Address]]:
        """Return the accounts drawn for each role of the round in progress, in a random order."""
        ledger = self.core.state.ledger
        drawn = {account: self.core.get_part(account, ledger.get(account))[0] for account in ledger.registry}
        order = self.mix_up(drawn, "drawn", self.core.round_number)
        roles = (Role.PROPOSER, Role.VOTER, Role.PUBLISHER)
        return {role: [account for account in order if role in drawn[account]] for role in roles}

    def get_missing(self, drawn: Iterable[Address]) -> list[Address]:
        """Return those of the `drawn` that have done nothing in the round in progress."""
        members, number = self.core.state.ledger.members, self.core.round_number
        return [account for account in drawn if members[account].round != number]

    def get_absent(self) -> list[Address]:
        """Return the members that missed so many rounds that anybody may put them out."""
        ledger = self.core.state.ledger
        return [one for one in ledger.registry if self.core.is_absent(one, ledger.get(one))]

    def is_away(self, account: Address) -> bool:
        """Return whether an outage keeps an account from this round."""
        key = ("outage", self.core.round_number, account)
        return self.game.outage > 0 and self.get_random(*key).random() < self.game.outage

    def may_miss(self, account: Address) -> bool:
        """Return whether an account isn't put out if it misses this round, too."""
        missed = self.core.get_absence(account, self.core.state.ledger.get(account)).count
        return not self.duty or missed + 1 < self.duty

    def is_free(self, account: Address) -> bool:
        """Return whether the stake of an account that was put out for absence may be withdrawn."""
        record = self.core.state.ledger.get(account)
        return record.standing is Standing.LEAVING and self.chain.now() >= record.unbonds_at

    def count_ready(self) -> int:
        """Return how many members would be in if a round opened now."""
        return self.core.inside

    def are_outvoted(self) -> bool:
        """Return whether most members of the next round, as everybody can see, joined after the first."""
        ready = self.core.state.ledger.registry[: self.count_ready()]
        return 2 * sum(account in self.strangers for account in ready) > len(ready)

    def is_member(self, account: Address) -> bool:
        """Return whether an account is a member that could act."""
        view = self.chain.member(account)
        return view.record.standing is Standing.MEMBER and not view.out

    def count_out(self, accounts: Iterable[Address]) -> int:
        """Return how many of `accounts` are banned, or would be when they next act."""
        return sum(self.chain.member(account).out for account in accounts)

    def get_net(self, account: Address) -> int:
        """Return what an account has more than it began with, less what it spent, in base units."""
        return self.get_pay(account) - self.spent.get(account, 0)

    def get_pay(self, account: Address) -> int:
        """Return what the federation paid an account so far, less what it took, in base units."""
        return self.chain.tokens(account) + self.chain.member(account).balance - self.purses[account]

    def wait(self, until: int) -> None:
        """Let the clock go to `until`, in seconds."""
        self.chain.advance(max(until - self.chain.now() + 1, 1))

    # ------------------------------------------------------------------ money

    def fund(self, amount: int) -> None:
        """Put some of the sponsor's tokens into the pool."""
        if amount:
            self.must(self.sponsor, "fund", amount)

    def compute_round_cost(self) -> int:
        """Return what honest work costs in a round with everybody who is there, in base units."""
        members = self.count_ready()
        wanted = self.core.mechanism.panel.count(self.terms, self.core.state, members)
        sent = wanted.proposers * (1 + self.pledges + (self.decoy_odds > 0))
        trainers = self.handbook.trainers(members, wanted)
        training = trainers * self.train + sent * self.transaction
        judging = wanted.voters * (wanted.proposers * self.judge + 2 * self.transaction)
        return training + judging + wanted.publishers * self.transaction
