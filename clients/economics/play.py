"""A game, played: rounds in which honest members do what they should, and the coalition what it likes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from clients.economics.game import Game
from clients.economics.handbook import BARELY, Marks
from clients.economics.strategy import (
    HONEST,
    Alone,
    Bidding,
    Capital,
    Claimed,
    Coming,
    Drawn,
    Moves,
    Offered,
    Price,
    Publishing,
    Quality,
    Return,
    Seated,
    Served,
    Strategy,
    Times,
    Timing,
    Vote,
)
from clients.economics.world import MORE, World
from clients.protocol.hashing import compute_hash, get_address_word
from clients.protocol.rounds import get_end
from clients.protocol.task import get_task
from clients.types.errors import ProtocolError
from clients.types.federation import ZERO32, Address, Outcome, Phase, Role

A_FEW = 3
"""How many newcomers join between two rounds when they come in a few at a time."""
_TIMES = {Times.ALWAYS: 10**9, Times.ONCE: 1, Times.THRICE: 3}
_ORDERS = {Timing.FIRST: 0, Timing.TURN: 1, Timing.LAST: 2}
FAIR = HONEST.act


@dataclass(frozen=True, slots=True)
class Result:
    """What a game came to. Amounts are in base units.

    `ours`, `others`: gains, less costs. `paid`: what the others were paid, costs not counted. `models`: of
    `rounds` played, those that ended with the model that honest jurors would make, without a bad update in
    it. `out`: honest members who were put out.
    """

    ours: int
    others: int
    paid: int
    models: int
    rounds: int
    out: int


@dataclass(slots=True)
class _Round:
    """What is known of the round in progress: each digest's quality, the updates by number, who can have
    them."""

    moves: Moves
    qualities: dict[bytes, Quality]
    digests: list[bytes]
    by_us: list[bool]
    model: bytes = ZERO32
    sound: bool = False
    """Whether the model that honest jurors would make has no bad update in it."""


class Player:
    """Plays a game with a strategy."""

    def __init__(self, game: Game, terms: Mapping[str, Any], strategy: Strategy, seed: int) -> None:
        self.game, self.strategy = game, strategy
        self.world = World(game, terms, seed)
        self.acted = self.models = self.rounds = 0
        self.waiting = list(self.world.newcomers)

    def play(self) -> Result:
        """Play all rounds, or those that the federation lasts."""
        world = self.world
        self._found()
        for _ in range(self.game.rounds):
            if not self._open():
                break
            self.rounds += 1
            self._play_round()
        ours = [world.get_gain(account) for account in world.ours]
        return Result(
            ours=sum(ours),
            others=sum(map(world.get_gain, world.honest)),
            paid=sum(map(world.get_pay, world.honest)),
            models=self.models,
            rounds=self.rounds,
            out=world.count_out(world.honest),
        )

    # ------------------------------------------------------------------ coming and going

    def _found(self) -> None:
        world = self.world
        if world.handbook.bids:
            self._bid()
        else:
            for account in (*world.honest, *world.founders):
                self._join(account)
        if world.handbook.bids:
            world.fund(world.terms.bounty)
        else:
            world.fund(world.handbook.ahead(world.terms) * self._get_funding())

    def _get_funding(self) -> int:
        return int(self.world.compute_round_cost() * self.game.margin)

    def _bid(self) -> None:
        world, strategy = self.world, self.strategy
        bidders = [*world.honest, *world.founders]
        world.rng.shuffle(bidders)
        if strategy.bidding is Bidding.LAST:
            bidders.sort(key=world.is_ours)
        for account in bidders:
            samples = round(self.game.samples * world.rng.uniform(1.0, 1.5))
            cost, anchor = world.train, compute_hash(get_address_word(account), b"anchor".ljust(32, b"\0"))
            if world.is_ours(account):
                samples = world.terms.max_samples if strategy.bid is Offered.MOST else samples
                cost = 1 if strategy.price is Price.LEAST else cost
            world.act(account, "bid", samples, cost, anchor)  # who offers less is refused
        for account in world.ours:
            if strategy.stake is Capital.MORE and world.is_member(account):
                world.must(account, "deposit", world.stake * (MORE - 1))
        world.wait(world.terms.bidding_ends)

    def _join(self, account: Address) -> None:
        world = self.world
        more = MORE if world.is_ours(account) and self.strategy.stake is Capital.MORE else 1
        world.must(account, "join", world.stake * more)

    def _open(self) -> bool:
        """Let members come and go, fund and open a round; return whether it could be opened."""
        world, strategy = self.world, self.strategy
        members = world.chain.members()
        out = [view.account for view in members if view.out]
        if out:
            world.must(world.sponsor, "evict", out)
        if strategy.back is Return.REJOIN and not world.handbook.bids:
            for account in out:
                if world.is_ours(account) and world.fresh:
                    self._join(world.fresh.pop())
        if not world.handbook.bids:
            world.fund(self._get_funding())
        at_once = strategy.entry is not Coming.QUEUE
        coming = [
            self.waiting.pop() for _ in range(len(self.waiting) if at_once else min(A_FEW, len(self.waiting)))
        ]
        for account in coming:
            self._join(account)
        if strategy.entry is not Coming.OPENING and 2 * len(coming) > len(world.chain.members()):
            for account in world.honest:  # strangers would outvote them
                if world.is_member(account):
                    world.must(account, "exit")
        world.wait(world.chain.status().rest_until)
        return world.act(world.sponsor, "open") is None

    # ------------------------------------------------------------------ a round

    def _play_round(self) -> None:
        world = self.world
        world.chain.advance()
        world.must(world.sponsor, "draw")
        drawn = world.get_drawn()
        proposers, jurors = drawn[Role.PROPOSER], drawn[Role.VOTER]
        suits = self._suits(proposers, jurors)
        self.acted += suits
        now = _Round(self.strategy.act if suits else self.strategy.rest, {}, [], [])
        self._propose(now, proposers, alone=suits and self.strategy.who is Alone.ONE)
        if self._pass(Phase.PROPOSE):
            self._vote(now, jurors)
        if self._pass(Phase.REVEAL) and world.get_phase() is Phase.PUBLISH:
            self._publish(now, drawn[Role.PUBLISHER])
        self._pass(Phase.PUBLISH)
        world.must(world.sponsor, "settle")
        record = world.core.record
        self.models += record.outcome is Outcome.ACCEPTED and now.sound and world.core.state.head == now.model

    def _suits(self, proposers: Sequence[Address], jurors: Sequence[Address]) -> bool:
        strategy, world = self.strategy, self.world
        if self.acted >= _TIMES[strategy.times]:
            return False
        ours = sum(map(world.is_ours, proposers))
        seats = sum(map(world.is_ours, jurors))
        drawn = {
            Drawn.ANY: True,
            Drawn.ONE: ours == 1,
            Drawn.FEW: 0 < 4 * ours <= len(proposers),
            Drawn.MANY: 2 * ours >= len(proposers),
        }
        jury = {
            Seated.ANY: True,
            Seated.MINORITY: 2 * seats <= len(jurors),
            Seated.MAJORITY: 2 * seats > len(jurors),
        }
        return drawn[strategy.drawn] and jury[strategy.jury]

    def _pass(self, phase: Phase) -> bool:
        """Wait for `phase` to end, where it is on; return whether the round isn't over by that."""
        world = self.world
        status = world.chain.status()
        end = get_end(status, status.phase)
        while status.phase is not Phase.SETTLE and end is not None and status.phase.value <= phase.value:
            world.wait(end)
            status = world.chain.status()
            end = get_end(status, status.phase)
        return status.phase is not Phase.SETTLE

    def _propose(self, now: _Round, proposers: Sequence[Address], *, alone: bool) -> None:
        world = self.world
        planned = {account: self._train(account) for account in proposers if not world.is_ours(account)}
        ours = [account for account in proposers if world.is_ours(account)]
        acting = set(ours[:1] if alone else ours)
        order = sorted(
            proposers, key=lambda one: _ORDERS[now.moves.order if world.is_ours(one) else Timing.TURN]
        )
        for account in order:
            if world.get_phase() is not Phase.PROPOSE:
                break
            if account in planned:
                self._send_update(now, account, planned[account], Quality.GOOD, Claimed.TRUE)
            elif account in acting and now.moves.update is not Quality.NONE:
                self._propose_ours(now, account, list(planned.values()))

    def _train(self, account: Address) -> bytes:
        self.world.pay(account, self.world.train)
        return compute_hash(get_address_word(account), self.world.core.round_number)

    def _propose_ours(self, now: _Round, account: Address, honest: Sequence[bytes]) -> None:
        moves, world = now.moves, self.world
        quality, digest = moves.update, compute_hash(get_address_word(account), world.core.round_number)
        if quality is Quality.GOOD:
            digest = self._train(account)
        elif quality is Quality.COPY:
            # Whoever proposes first sees what waits to be mined; others see what is proposed.
            seen = honest if moves.order is Timing.FIRST else [one for one in honest if one in now.qualities]
            if not seen:
                return
            quality, digest = Quality.GOOD, seen[world.rng.randrange(len(seen))]
        elif quality is Quality.HEAD:
            digest = world.core.state.head
        self._send_update(now, account, digest, quality, moves.claim)

    def _send_update(
        self, now: _Round, account: Address, digest: bytes, quality: Quality, claim: Claimed
    ) -> None:
        world, terms = self.world, self.world.terms
        samples, epochs = self.game.samples, self.game.epochs
        if claim is Claimed.MOST:
            samples, epochs = terms.max_samples, terms.max_epochs
            if world.handbook.bids:
                samples = get_task(world.core.state).bids[account].capability
        error = world.act(account, "propose", world.core.round_number, digest, samples, epochs)
        if error is None:
            now.qualities.setdefault(digest, quality)
            now.digests.append(digest)
            now.by_us.append(world.is_ours(account))

    # ------------------------------------------------------------------ jurors

    def _vote(self, now: _Round, jurors: Sequence[Address]) -> None:
        world = self.world
        number, salts = world.core.round_number, {one: world.rng.randbytes(32) for one in jurors}
        now.model = compute_hash(number, *now.digests)
        now.sound = _is_sound(now, now.digests)
        forged = compute_hash(number, b"forged".ljust(32, b"\0"))
        served = self._serve(now, jurors)
        common = [world.rng.random() for _ in now.digests]
        ballots: dict[Address, bytes] = {}
        for juror in jurors:
            vote = now.moves.vote if world.is_ours(juror) else Vote.HONEST
            if vote is Vote.NONE:
                continue
            marks = self._judge(now, juror, vote, common, served=juror in served)
            ours = vote is Vote.OURS and world.handbook.joint
            ballots[juror] = world.handbook.fill(world.terms, marks, forged if ours else now.model)
        for juror, ballot in ballots.items():
            sealed = world.core.compute_commitment(number, juror, ballot, salts[juror])
            error = world.act(juror, "commit", number, sealed)
            if error is not None and error.name == "TooEarly":
                world.wait(int(str(error.values[1])))
                error = world.act(juror, "commit", number, sealed)
            _check(error)
        self._pass(Phase.COMMIT)
        for juror, ballot in ballots.items():
            if not (now.moves.vote is Vote.SEALED and world.is_ours(juror)):
                _check(world.act(juror, "reveal", number, ballot, salts[juror]))

    def _serve(self, now: _Round, jurors: Sequence[Address]) -> set[Address]:
        """Return the jurors who can have all updates."""
        share = now.moves.share
        if share is Served.ALL or not any(now.by_us):
            return set(jurors)
        ours = [juror for juror in jurors if self.world.is_ours(juror)]
        others = [juror for juror in jurors if not self.world.is_ours(juror)]
        more = max(len(jurors) // 2 + 1 - len(ours), 0) if share is Served.HALF else 0
        return {*ours, *others[:more]}

    def _judge(
        self, now: _Round, juror: Address, vote: Vote, common: Sequence[float], *, served: bool
    ) -> Marks:
        """Return what a juror says of each update, by a mark."""
        world, rng = self.world, self.world.rng
        if vote in (Vote.BLIND, Vote.SEALED):
            return [1.0] * len(now.digests)
        if vote is Vote.REJECT:  # and, where blame is fixed, it is the others'
            return [float(mine and self.game.attribution and not all(now.by_us)) for mine in now.by_us]
        if vote is Vote.OURS:
            return [1.0 if mine or world.handbook.joint else BARELY for mine in now.by_us]
        world.pay(juror, world.judge * len(now.digests))
        bad = [now.qualities[digest] is Quality.BAD for digest in now.digests]
        joint = world.handbook.joint and not self.game.attribution
        if joint:
            bad, common = [any(bad)] * len(bad), [common[0]] * len(bad)
        own = rng.random()
        marks = []
        for number, (worse, seen) in enumerate(zip(bad, common, strict=True)):
            luck = seen if rng.random() < self.game.together else own if joint else rng.random()
            finds_good = (luck >= self.game.juror) if worse else (luck < self.game.juror)
            if not served and now.by_us[number]:
                finds_good = False
            if vote is Vote.LIE:
                finds_good = not finds_good
            marks.append(rng.uniform(0.7, 0.9) if finds_good else rng.uniform(0.0, 0.15))
        return marks

    def _publish(self, now: _Round, publishers: Sequence[Address]) -> None:
        world, select = self.world, self.world.handbook.select
        assert select is not None, "who publishes needs to know what passed"
        number = world.core.round_number
        passed = select(world.terms, world.core.record, world.core.docket)
        now.model = compute_hash(number, passed.bitmap, *now.digests) if passed.bitmap else ZERO32
        now.sound = _is_sound(now, [now.digests[update_number] for update_number in passed.numbers])
        forged = compute_hash(number, b"forged".ljust(32, b"\0")) if passed.bitmap else ZERO32
        for account in publishers:
            publish = now.moves.publish if world.is_ours(account) else Publishing.TRUE
            if publish is not Publishing.NONE and world.get_phase() is Phase.PUBLISH:
                digest = forged if publish is Publishing.FORGED else now.model
                _check(world.act(account, "publish", number, digest, passed.bitmap, ZERO32))


def _is_sound(now: _Round, digests: Sequence[bytes]) -> bool:
    """Return whether none of these updates is bad."""
    return all(now.qualities[digest] is not Quality.BAD for digest in digests)


def _check(error: ProtocolError | None) -> None:
    """Raise an error that the rules shouldn't have given."""
    if error is not None:
        raise error


def play(game: Game, terms: Mapping[str, Any], strategy: Strategy, seed: int) -> Result:
    """Return what a game with these default `terms` comes to, by a strategy and from a seed."""
    return Player(game, terms, strategy, seed).play()
