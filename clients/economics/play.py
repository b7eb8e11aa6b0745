"""A game, played: rounds in which honest members do what they should, and the coalition what it likes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from clients.economics.game import Game
from clients.economics.judging import is_had, judge, serve
from clients.economics.lots import Chains
from clients.economics.strategy import (
    Bidding,
    Capital,
    Claimed,
    Coming,
    Model,
    Moves,
    Offered,
    Planted,
    Price,
    Promise,
    Quality,
    Return,
    Strategy,
    Timing,
    Vote,
)
from clients.economics.turn import Draw, Proposed, Turn, take_turn
from clients.economics.world import MORE, World
from clients.protocol.hashing import compute_hash, get_address_word
from clients.protocol.rounds import get_end, has_quorum
from clients.protocol.task import get_task
from clients.types.federation import ZERO32, Address, Outcome, Phase, Role

A_FEW = 3
"""How many newcomers join between two rounds when they come in a few at a time."""
_TIMINGS = {Timing.FIRST: 0, Timing.TURN: 1, Timing.LAST: 2}
_PLANTS = {
    Planted.TRAINED: Quality.BAD,
    Planted.UNTRAINED: Quality.BAD,
    Planted.DOUBTFUL: Quality.DOUBTFUL,
    Planted.NONE: Quality.GOOD,
}
_FORGED = b"forged".ljust(32, b"\0")


@dataclass(frozen=True, slots=True)
class Result:
    """What a game came to. Amounts are in base units.

    `ours`, `others`: gains, less costs, of the coalition and of all other members. `paid`: what the others
    were paid, costs not counted. `models`: of `rounds` played, those that ended with the model that honest
    jurors would make, without a bad update in it. `acted`: the rounds in which the coalition acted. `out`:
    honest members who were banned. `absent`: those that were put out at least once as they were absent for
    too long.
    """

    ours: int
    others: int
    paid: int
    models: int
    rounds: int
    acted: int
    out: int
    absent: int


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
        self.lots = Chains(self.world)
        self.acted = self.models = self.rounds = 0
        self.waiting = list(self.world.newcomers)
        self.absent: set[Address] = set()
        """Who was put out for absence, ever."""
        self.shown: Sequence[bytes] = ()
        """The honest updates of the last round, without its decoys."""

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
            absent=len(self.absent - world.ours),
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
        self.lots.anchor(account)

    def _come_back(self, account: Address) -> None:
        """Let an account that was put out for absence join again, if it can still stake a bond."""
        world = self.world
        world.must(account, "withdraw")
        stake = min(world.stake, world.chain.tokens(account) - world.fee)
        if stake >= world.bond:
            world.must(account, "join", stake)

    def _open(self) -> bool:
        """Let members come and go, fund and open a round; return whether it could be opened."""
        world = self.world
        out = [view.account for view in world.chain.members() if view.out]
        absent = world.get_absent()
        if out or absent:
            world.must(world.sponsor, "evict", [*out, *absent])
            absent = [one for one in absent if not world.is_member(one)]  # but for those that are needed
            self.absent.update(absent)
            out += absent
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
        replaced = strategy.back is Return.REJOIN
        if replaced:
            for _ in filter(world.is_ours, out[: len(world.fresh)]):
                self._join(world.fresh.pop())
        for account in world.mix_up(filter(world.is_free, self.absent), "back", self.rounds):
            if not (replaced and world.is_ours(account)):
                self._come_back(account)
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
        turn.decoys = self.lots.find_decoys(drawn[Role.PROPOSER])
        self.acted += turn.suits
        self._propose(turn, drawn[Role.PROPOSER])
        if self._pass(Phase.PROPOSE):
            self._vote(turn, drawn[Role.VOTER])
        if self._pass(Phase.REVEAL) and world.get_phase() is Phase.PUBLISH:
            self._publish(turn, drawn[Role.PUBLISHER])
        self._pass(Phase.PUBLISH)
        self._report(drawn)
        world.must(world.sponsor, "settle")
        settled, head = world.core.record, world.core.state.head
        self.models += settled.outcome is Outcome.ACCEPTED and turn.sound and head == turn.model

    def _report(self, drawn: Draw) -> None:
        """Let the sponsor report who was drawn and did nothing, where that can put somebody out."""
        world = self.world
        missing = world.get_missing([*drawn[Role.PROPOSER], *drawn[Role.VOTER]])
        if world.duty and missing and has_quorum(world.core.record, world.core.wanted.voters):
            world.must(world.sponsor, "report", world.core.round_number, missing)

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
        moves = {
            account: self._work(turn, account, made)
            for account in proposers
            if (made := turn.get_moves(account)) is not None
        }
        honest = [self._make_digest(one) for one in moves if not world.is_ours(one)]
        order = sorted(moves, key=lambda one: _TIMINGS[moves[one].timing])
        if world.pledges:
            self._keep_pledges(turn, moves, self._pledge(turn, moves, order))
        else:
            for account in order:
                if world.get_phase() is not Phase.PROPOSE:
                    break  # what else was trained comes too late
                seen = self._get_seen(turn, moves[account], honest)
                self._send_update(turn, self._make_update(turn, account, moves[account], seen))
        self.shown = [digest for digest in honest if not self._is_decoy(turn, digest)]

    def _work(self, turn: Turn, account: Address, made: Moves) -> Moves:
        """Let a proposer that works train what its lot says; return its moves, with what it then has."""
        planted = account in turn.decoys
        if made.quality is not Quality.GOOD:
            return made
        if not planted or made.planted in (Planted.TRAINED, Planted.NONE):
            self.world.pay(account, self.world.train)
        return replace(made, quality=_PLANTS[made.planted]) if planted else made

    def _pledge(self, turn: Turn, moves: Mapping[Address, Moves], order: Sequence[Address]) -> list[Draft]:
        """Let proposers pledge. Nobody sees another's update of this round, so who copies takes the last
        round's."""
        world, number = self.world, self.world.core.round_number
        pledged: list[Draft] = []
        for account in order:
            if world.get_phase() is not Phase.PLEDGE:
                break
            draft = self._make_update(turn, account, moves[account], self.shown)
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

    def _make_digest(self, account: Address) -> bytes:
        return compute_hash(get_address_word(account), self.world.core.round_number)

    def _is_decoy(self, turn: Turn, digest: bytes) -> bool:
        """Return whether an honest update of this round is a decoy."""
        return any(digest == self._make_digest(account) for account in turn.decoys)

    def _get_seen(self, turn: Turn, moves: Moves, honest: Sequence[bytes]) -> Sequence[bytes]:
        """Return the honest updates of this round that can be copied: whoever proposes first sees what waits
        to be mined, others see what is proposed."""
        there = {update.digest for update in turn.updates}
        return honest if moves.timing is Timing.FIRST else [one for one in honest if one in there]

    def _make_update(self, turn: Turn, account: Address, moves: Moves, seen: Sequence[bytes]) -> Draft | None:
        """Return what an account would propose, who can copy what it has `seen`; None if nothing."""
        world, terms = self.world, self.world.terms
        quality, digest = moves.quality, b""
        if quality in (Quality.GOOD, Quality.BAD, Quality.DOUBTFUL):
            digest = self._make_digest(account)
        elif quality is Quality.HEAD:
            digest = world.core.state.head
        elif quality is Quality.COPY and seen:
            digest = world.get_random("copy", world.core.round_number, account).choice(seen)
            quality = Quality.BAD if self._is_decoy(turn, digest) else quality
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
        turn.served = serve(world, turn, jurors)
        sealed: dict[Address, tuple[Vote, bytes, bytes]] = {}
        world.wait(world.handbook.votes_from(world.terms, world.core.record))
        for juror in jurors:
            moves = turn.get_moves(juror)
            if moves is None or moves.vote is Vote.NONE:
                continue
            approves, marks = judge(world, turn, juror, moves.vote)
            if all(mark is None for mark in marks) and moves.vote is not Vote.EXCUSED:
                continue  # a vote on nothing can only cost it
            model = _forge(number) if moves.vote is Vote.OURS else turn.model
            ballot = world.handbook.fill(world.terms, marks, model if approves else ZERO32)
            salt = world.get_random("salt", number, juror).randbytes(32)
            sealed[juror] = moves.vote, ballot, salt
            commitment = world.core.compute_commitment(number, juror, ballot, salt)
            world.must(juror, "commit", number, commitment)
        self._pass(Phase.COMMIT)
        if sealed:
            self.lots.show(turn)
        for juror, (vote, ballot, salt) in sealed.items():
            if vote is not Vote.SEALED:
                world.must(juror, "reveal", number, ballot, salt)

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
            if not all(is_had(turn, account, update) for update in selected):
                continue  # it can't make the model
            digest = _forge(number) if moves.model is Model.FORGED and selected else turn.model
            world.must(account, "publish", number, digest, passed.bitmap, ZERO32)


def _forge(number: int) -> bytes:
    """Return the digest of a model of the coalition's own making."""
    return compute_hash(number, _FORGED)


def play(game: Game, terms: Mapping[str, Any], strategy: Strategy, seed: int) -> Result:
    """Return what a game with these default `terms` comes to, by a strategy and from a seed."""
    return Player(game, terms, strategy, seed).play()
