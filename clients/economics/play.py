"""A game, played: rounds in which honest members do what they should, and the coalition what it likes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from clients.economics.game import Game
from clients.economics.handbook import Marks
from clients.economics.strategy import (
    Bidding,
    Capital,
    Claimed,
    Coming,
    Model,
    Moves,
    Offered,
    Price,
    Promise,
    Quality,
    Return,
    Served,
    Strategy,
    Timing,
    Vote,
)
from clients.economics.turn import Proposed, Turn, take_turn
from clients.economics.world import MORE, World
from clients.protocol.hashing import compute_hash, get_address_word
from clients.protocol.rounds import get_end
from clients.protocol.task import get_task
from clients.types.federation import ZERO32, Address, Outcome, Phase, Role

A_FEW = 3
"""How many newcomers join between two rounds when they come in a few at a time."""
GOOD_MARK, BAD_MARK = (0.7, 0.9), (0.0, 0.15)
"""Between which marks a juror's mark lies, of an update that it finds good, or bad."""
_TIMINGS = {Timing.FIRST: 0, Timing.TURN: 1, Timing.LAST: 2}
_FORGED = b"forged".ljust(32, b"\0")


@dataclass(frozen=True, slots=True)
class Result:
    """What a game came to. Amounts are in base units.

    `ours`, `others`: gains, less costs, of the coalition and of all other members. `paid`: what the others
    were paid, costs not counted. `models`: of `rounds` played, those that ended with the model that honest
    jurors would make, without a bad update in it. `acted`: the rounds in which the coalition acted. `out`:
    honest members who were put out.
    """

    ours: int
    others: int
    paid: int
    models: int
    rounds: int
    acted: int
    out: int


@dataclass(frozen=True, slots=True)
class Draft:
    """An update and what its proposer claims of it."""

    account: Address
    digest: bytes
    quality: Quality
    samples: int
    epochs: int


class Player:
    """Plays a game with a strategy."""

    def __init__(self, game: Game, terms: Mapping[str, Any], strategy: Strategy, seed: int) -> None:
        self.game, self.strategy = game, strategy
        self.world = World(game, terms, seed)
        self.acted = self.models = self.rounds = 0
        self.waiting = list(self.world.newcomers)
        self.shown: Sequence[bytes] = ()
        """The honest updates of the last round."""

    def play(self) -> Result:
        """Play all rounds, or those that the federation lasts."""
        world = self.world
        self._found()
        while self.rounds < self.game.rounds and self._open():
            self.rounds += 1
            self._play_round()
        return Result(
            ours=sum(map(world.get_net, world.ours)),
            others=sum(map(world.get_net, world.honest)),
            paid=sum(map(world.get_pay, world.honest)),
            models=self.models,
            rounds=self.rounds,
            acted=self.acted,
            out=world.count_out(world.honest),
        )

    # ------------------------------------------------------------------ coming and going

    def _found(self) -> None:
        world = self.world
        if world.handbook.bids:
            self._bid()
            world.fund(world.terms.bounty)
            return
        for account in (*world.honest, *world.founders):
            self._join(account)
        world.fund(world.handbook.prepaid(world.terms) * self._get_funding())

    def _get_funding(self) -> int:
        return int(self.world.compute_round_cost() * self.game.margin)

    def _bid(self) -> None:
        world, strategy = self.world, self.strategy
        bidders = world.mix_up([*world.honest, *world.founders], "bids")
        if strategy.bidding is Bidding.LAST:
            bidders.sort(key=world.is_ours)
        for account in bidders:
            able = round(self.game.samples * world.get_random("bid", account).uniform(1.0, 1.5))
            samples = min(able, world.terms.max_samples)
            cost, anchor = world.train, compute_hash(get_address_word(account), b"anchor".ljust(32, b"\0"))
            if world.is_ours(account):
                samples = world.terms.max_samples if strategy.offered is Offered.MOST else samples
                cost = 1 if strategy.price is Price.LEAST else cost
            world.act(account, "bid", samples, cost, anchor)  # who offers less is refused
        if strategy.capital is Capital.MORE:
            for account in filter(world.is_member, world.founders):
                world.must(account, "deposit", world.stake * (MORE - 1))
        world.wait(world.terms.bidding_ends)

    def _join(self, account: Address) -> None:
        world = self.world
        more = MORE if world.is_ours(account) and self.strategy.capital is Capital.MORE else 1
        world.must(account, "join", world.stake * more)

    def _open(self) -> bool:
        """Let members come and go, fund and open a round; return whether it could be opened."""
        world = self.world
        out = [view.account for view in world.chain.members() if view.out]
        if out:
            world.must(world.sponsor, "evict", out)
        if not world.handbook.bids:
            if not any(map(world.is_member, world.honest)):
                return False  # nobody is left to whom the model is worth anything
            self._let_come(out)
            world.fund(self._get_funding())
        for _ in range(2):  # the first of them may be put off, for those who came too late
            world.wait(world.chain.status().rest_until)
            if world.act(world.sponsor, "open") is not None:
                return False
            if world.get_phase() is not Phase.OPEN:
                return True
            self._let_leave(world.are_outvoted())
        return False

    def _let_come(self, out: Sequence[Address]) -> None:
        world, strategy = self.world, self.strategy
        if strategy.back is Return.REJOIN:
            for _ in filter(world.is_ours, out[: len(world.fresh)]):
                self._join(world.fresh.pop())
        count = len(self.waiting) if strategy.coming is not Coming.QUEUE else min(A_FEW, len(self.waiting))
        for _ in range(count):
            self._join(self.waiting.pop())
        # Who must wait is seen by all before its first round; else only who doesn't come in its very block.
        seen = strategy.coming is not Coming.OPENING and 2 * count > len(world.chain.members())
        self._let_leave(world.are_outvoted() if world.core.newcomers else seen)

    def _let_leave(self, outvoted: bool) -> None:
        """Let honest members leave if strangers would outvote them."""
        for account in filter(self.world.is_member, self.world.honest) if outvoted else ():
            self.world.must(account, "exit")

    # ------------------------------------------------------------------ a round

    def _play_round(self) -> None:
        world = self.world
        world.chain.advance()
        world.must(world.sponsor, "draw")
        drawn = world.get_drawn()
        turn = take_turn(world, self.strategy, self.acted, drawn)
        self.acted += turn.suits
        self._propose(turn, drawn[Role.PROPOSER])
        if self._pass(Phase.PROPOSE):
            self._vote(turn, drawn[Role.VOTER])
        if self._pass(Phase.REVEAL) and world.get_phase() is Phase.PUBLISH:
            self._publish(turn, drawn[Role.PUBLISHER])
        self._pass(Phase.PUBLISH)
        world.must(world.sponsor, "settle")
        settled, head = world.core.record, world.core.state.head
        self.models += settled.outcome is Outcome.ACCEPTED and turn.sound and head == turn.model

    def _pass(self, phase: Phase) -> bool:
        """Wait for `phase` to end, where it is on; return whether the round isn't over by that."""
        world = self.world
        while True:
            status = world.chain.status()
            end = get_end(status, status.phase)  # Settle has none
            if end is None or status.phase.value > phase.value:
                return status.phase is not Phase.SETTLE
            world.wait(end)

    # ------------------------------------------------------------------ proposers

    def _propose(self, turn: Turn, proposers: Sequence[Address]) -> None:
        world = self.world
        moves = {account: made for account in proposers if (made := turn.get_moves(account)) is not None}
        trained = {one: self._train(one) for one, made in moves.items() if made.quality is Quality.GOOD}
        honest = [digest for one, digest in trained.items() if not world.is_ours(one)]
        order = sorted(moves, key=lambda one: _TIMINGS[moves[one].timing])
        if world.pledges:
            self._keep_pledges(turn, moves, self._pledge(moves, order, trained))
        else:
            for account in order:
                if world.get_phase() is not Phase.PROPOSE:
                    break  # what else was trained comes too late
                seen = self._get_seen(turn, moves[account], honest)
                self._send_update(turn, self._make_update(account, moves[account], trained, seen))
        self.shown = honest

    def _pledge(
        self, moves: Mapping[Address, Moves], order: Sequence[Address], trained: Mapping[Address, bytes]
    ) -> list[Draft]:
        """Let proposers pledge. Nobody sees another's update of this round, so who copies takes the last
        round's."""
        world, number = self.world, self.world.core.round_number
        pledged: list[Draft] = []
        for account in order:
            if world.get_phase() is not Phase.PLEDGE:
                break
            draft = self._make_update(account, moves[account], trained, self.shown)
            if draft is not None:
                pledge = world.core.compute_pledge(number, account, draft.digest, draft.samples, draft.epochs)
                world.must(account, "pledge", number, pledge)
                pledged.append(draft)
        self._pass(Phase.PLEDGE)
        return pledged

    def _keep_pledges(self, turn: Turn, moves: Mapping[Address, Moves], pledged: Sequence[Draft]) -> None:
        """Let proposers propose what they pledged, those last who look at the others' updates first."""
        for draft in sorted(pledged, key=lambda one: moves[one.account].promise is Promise.SEEN):
            promise = moves[draft.account].promise
            if promise is Promise.KEPT or (promise is Promise.SEEN and self._may_pass(turn)):
                self._send_update(turn, draft)

    def _may_pass(self, turn: Turn) -> bool:
        """Return whether one more good update could pass beside those that are proposed."""
        handbook = self.world.handbook
        spoilt = handbook.joint and any(update.quality is Quality.BAD for update in turn.updates)
        return not spoilt and len(turn.updates) < handbook.places(self.world.terms)

    def _train(self, account: Address) -> bytes:
        self.world.pay(account, self.world.train)
        return self._make_digest(account)

    def _make_digest(self, account: Address) -> bytes:
        return compute_hash(get_address_word(account), self.world.core.round_number)

    def _get_seen(self, turn: Turn, moves: Moves, honest: Sequence[bytes]) -> Sequence[bytes]:
        """Return the honest updates of this round that can be copied: whoever proposes first sees what waits
        to be mined, others see what is proposed."""
        there = {update.digest for update in turn.updates}
        return honest if moves.timing is Timing.FIRST else [one for one in honest if one in there]

    def _make_update(
        self, account: Address, moves: Moves, trained: Mapping[Address, bytes], seen: Sequence[bytes]
    ) -> Draft | None:
        """Return what an account would propose, who can copy what it has `seen`; None if nothing."""
        world, terms = self.world, self.world.terms
        quality, digest = moves.quality, b""
        if quality is Quality.GOOD:
            digest = trained[account]
        elif quality is Quality.BAD:
            digest = self._make_digest(account)
        elif quality is Quality.HEAD:
            digest = world.core.state.head
        elif quality is Quality.COPY and seen:
            digest = world.get_random("copy", world.core.round_number, account).choice(seen)
        samples, epochs = min(self.game.samples, terms.max_samples), min(self.game.epochs, terms.max_epochs)
        if moves.claimed is Claimed.MOST:
            samples, epochs = terms.max_samples, terms.max_epochs
            if world.handbook.bids:
                samples = get_task(world.core.state).bids[account].capability
        return Draft(account, digest, quality, samples, epochs) if digest else None

    def _send_update(self, turn: Turn, draft: Draft | None) -> None:
        if draft is None:
            return
        world, account = self.world, draft.account
        number = world.core.round_number
        world.must(account, "propose", number, draft.digest, draft.samples, draft.epochs)
        turn.updates.append(Proposed(account, draft.digest, draft.quality, world.is_ours(account)))

    # ------------------------------------------------------------------ jurors and publishers

    def _vote(self, turn: Turn, jurors: Sequence[Address]) -> None:
        world = self.world
        number = world.core.round_number
        turn.decide(compute_hash(number, *(update.digest for update in turn.updates)), turn.updates)
        turn.served = self._serve(turn, jurors)
        sealed: dict[Address, tuple[Vote, bytes, bytes]] = {}
        world.wait(world.handbook.votes_from(world.terms, world.core.record))
        for juror in jurors:
            moves = turn.get_moves(juror)
            if moves is None or moves.vote is Vote.NONE:
                continue
            approves, marks = self._judge(turn, juror, moves.vote)
            if all(mark is None for mark in marks):
                continue  # a vote on nothing can only cost it
            model = _forge(number) if moves.vote is Vote.OURS else turn.model
            ballot = world.handbook.fill(world.terms, marks, model if approves else ZERO32)
            salt = world.get_random("salt", number, juror).randbytes(32)
            sealed[juror] = moves.vote, ballot, salt
            commitment = world.core.compute_commitment(number, juror, ballot, salt)
            world.must(juror, "commit", number, commitment)
        self._pass(Phase.COMMIT)
        for juror, (vote, ballot, salt) in sealed.items():
            if vote is not Vote.SEALED:
                world.must(juror, "reveal", number, ballot, salt)

    def _serve(self, turn: Turn, jurors: Sequence[Address]) -> frozenset[Address]:
        """Return the accounts that can have all updates: the coalition's, and others if it serves them."""
        world, served = self.world, turn.moves.served
        everybody = frozenset((*world.honest, *world.ours))
        withheld = any(update.account in turn.acting for update in turn.updates)
        if served is Served.ALL or not withheld:
            return everybody
        others = [juror for juror in jurors if not world.is_ours(juror)]
        more = max(len(jurors) // 2 + 1 - (len(jurors) - len(others)), 0) if served is Served.HALF else 0
        return world.ours | frozenset(others[:more])

    def _is_had(self, turn: Turn, account: Address, update: Proposed) -> bool:
        """Return whether an account can have an update."""
        return update.account not in turn.acting or account in turn.served

    def _judge(self, turn: Turn, juror: Address, vote: Vote) -> tuple[bool, Marks]:
        """Return whether a juror approves of all updates together, and what it says of each, by a mark."""
        world, updates = self.world, turn.updates
        if vote in (Vote.BLIND, Vote.SEALED):
            return True, [1.0] * len(updates)
        if vote is Vote.REJECT:
            return False, [0.0] * len(updates)
        if vote is Vote.BLAME:
            return False, [float(update.is_ours) for update in updates]
        if vote in (Vote.OURS, Vote.DENY):
            denies = vote is Vote.DENY and world.handbook.says_had
            others = None if denies else world.handbook.barely(world.terms)
            return True, [1.0 if update.is_ours else others for update in updates]
        world.pay(juror, world.judge * sum(self._is_had(turn, juror, update) for update in updates))
        approves, found = self._look(turn, juror)
        if vote is Vote.LIE:
            approves, found = not approves, [not good for good in found]
        rng = world.get_random("marks", world.core.round_number, juror)
        marks: list[float | None] = [rng.uniform(*(GOOD_MARK if good else BAD_MARK)) for good in found]
        if world.handbook.says_had:
            had = [self._is_had(turn, juror, update) for update in updates]
            marks = [mark if there else None for mark, there in zip(marks, had, strict=True)]
        return approves, marks

    def _look(self, turn: Turn, juror: Address) -> tuple[bool, list[bool]]:
        """Return whether a juror finds the updates good together, and which of them by themselves."""
        bad = [update.quality is Quality.BAD for update in turn.updates]
        had = [self._is_had(turn, juror, update) for update in turn.updates]
        each = [
            there and self._sees_good(juror, update.account, worse) and not self._is_found_out(update)
            for update, worse, there in zip(turn.updates, bad, had, strict=True)
        ]
        return all(had) and self._sees_good(juror, "all", any(bad)), each

    def _is_found_out(self, update: Proposed) -> bool:
        """Return whether every juror sees that an update is the head."""
        return update.quality is Quality.HEAD and self.world.finds_idle

    def _sees_good(self, juror: Address, what: str, worse: bool) -> bool:
        """Return whether a juror finds good what is `worse`, or isn't."""
        world, number = self.world, self.world.core.round_number
        own = world.get_random("look", number, juror, what)
        shares = own.random() < self.game.together
        luck = (world.get_random("look", number, what) if shares else own).random()
        return luck >= self.game.juror if worse else luck < self.game.juror

    def _publish(self, turn: Turn, publishers: Sequence[Address]) -> None:
        world, select = self.world, self.world.handbook.select
        assert select is not None, "who publishes needs to know what passed"
        number = world.core.round_number
        passed = select(world.terms, world.core.record, world.core.docket)
        selected = [turn.updates[update_number] for update_number in passed.numbers]
        model = compute_hash(number, *(update.digest for update in selected)) if selected else ZERO32
        turn.decide(model, selected)
        honest = [one for one in publishers if not world.is_ours(one)]
        if world.handbook.says_had and not turn.served.isdisjoint(honest):
            turn.served |= frozenset(honest)  # a juror hands on what it could have
        for account in publishers:
            moves = turn.get_moves(account)
            if moves is None or moves.model is Model.NONE or world.get_phase() is not Phase.PUBLISH:
                continue
            if not all(self._is_had(turn, account, update) for update in selected):
                continue  # it can't make the model
            digest = _forge(number) if moves.model is Model.FORGED and selected else turn.model
            world.must(account, "publish", number, digest, passed.bitmap, ZERO32)


def _forge(number: int) -> bytes:
    """Return the digest of a model of the coalition's own making."""
    return compute_hash(number, _FORGED)


def play(game: Game, terms: Mapping[str, Any], strategy: Strategy, seed: int) -> Result:
    """Return what a game with these default `terms` comes to, by a strategy and from a seed."""
    return Player(game, terms, strategy, seed).play()
