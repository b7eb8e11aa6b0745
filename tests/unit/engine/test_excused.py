"""Excused jurors that can't make the model: they lose nothing, and decide nothing."""

from collections.abc import Sequence
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from clients.mechanisms.base import Candidate, Desk, Done
from clients.mechanisms.excusing import excusing
from clients.mechanisms.participant import Participant
from clients.ports.keys import SeededSalts
from clients.protocol.docket import Publication
from clients.protocol.hashing import compute_pledge
from clients.protocol.jury import EXCUSED, get_seat, select
from clients.protocol.simulator import SpecChain
from clients.protocol.stake_jury import STAKE_JURY
from clients.roles import judging
from clients.roles.publisher import to_call
from clients.roles.round_log import RoundLog
from clients.types.chain import Call
from clients.types.federation import ZERO32, Address, Outcome, Phase, Role
from tests.unit.engine.test_stake_jury import ACCOUNTS, CONFIG, TERMS

MODEL, FORGED = b"m" * 32, b"f" * 32
SETS = st.sets(st.integers(0, 3))


class Play:
    """A round of nine, four of whom propose and five judge, up to phase Publish."""

    def __init__(self, ballots: Sequence[tuple[set[int], set[int]] | None]) -> None:
        """`ballots`: what each juror finds good and could have; None: it keeps still."""
        self.chain = SpecChain(STAKE_JURY, TERMS, dict.fromkeys(ACCOUNTS, CONFIG.stake))
        self.send(*(Call(account, "join", (CONFIG.stake,)) for account in ACCOUNTS))
        self.send(Call(ACCOUNTS[0], "open"))
        self.send(Call(ACCOUNTS[0], "draw"))
        members = self.chain.members()
        proposers = [one.account for one in members if Role.PROPOSER in one.roles]
        self.jurors = [one.account for one in members if Role.VOTER in one.roles]
        for who in proposers:
            digest = who.encode()[:32]
            pledge = compute_pledge(self.chain.chain_id, self.chain.federation, 1, who, digest, 1, 1)
            self.send(Call(who, "pledge", (1, pledge)))
        self.send(*(Call(who, "propose", (1, who.encode()[:32], 1, 1)) for who in proposers))
        said = {
            who: judging.get_bitmap(one[0] & one[1]) + judging.get_bitmap(one[1])
            for who, one in zip(self.jurors, ballots, strict=True)
            if one is not None
        }
        for who, ballot in said.items():
            commitment = self.chain.core.compute_commitment(1, who, ballot, ZERO32)
            self.send(Call(who, "commit", (1, commitment)))
        self.pass_by(Phase.COMMIT)
        self.send(*(Call(who, "reveal", (1, ballot, ZERO32)) for who, ballot in said.items()))
        self.voted = list(said)

    def send(self, *calls: Call) -> None:
        assert [receipt.error for receipt in self.chain.send(calls)] == [None] * len(calls)

    def pass_by(self, phase: Phase) -> None:
        status = self.chain.status()
        end = status.commit_end if phase is Phase.COMMIT else status.publish_end
        if status.phase is phase:
            self.chain.advance(seconds=max(end + 1 - self.chain.now(), 0))

    def desk(self, *, patient: bool) -> Desk[Any, Any]:
        status = self.chain.status()
        log = RoundLog(status, self.chain.events())
        return Desk(
            status, TERMS, None, None, lambda: log, {}, patient=patient, hurried=not patient  # type: ignore[arg-type, type-var]
        )  # fmt: skip

    def publish(self, juror: Address, model: bytes) -> None:
        docket = RoundLog(self.chain.status(), self.chain.events()).docket(STAKE_JURY, TERMS)
        bitmap = select(TERMS, self.chain.status().record, docket).bitmap
        self.send(Call(juror, "publish", (1, model if bitmap else ZERO32, bitmap, ZERO32)))

    def settle(self) -> Outcome:
        self.pass_by(Phase.PUBLISH)
        self.send(Call(ACCOUNTS[0], "settle"))
        return self.chain.status().record.outcome


def cannot(desk: Desk[Any, Any], who: Sequence[Participant]) -> Done | None:
    """Stand for `publishing` where a selected update can't be had; nothing is to be had where none is."""
    log = desk.read_log()
    selection = select(TERMS, desk.status.record, log.docket(STAKE_JURY, TERMS))
    if selection.bitmap == 0:
        nothing = to_call(who[0].account, desk.status.round, Publication(ZERO32, 0))
        return Done(calls={who[0].account: (nothing,)})
    return None if desk.patient else Done(candidate=Candidate(None, fault="withheld"))


HANDLER = excusing(cannot)


def play_out(
    ballots: list[tuple[set[int], set[int]]],
    mine: tuple[set[int], set[int]] | None,
    models: list[bytes | None],
    patient: list[bool],
) -> tuple[Play, Address, Outcome, bool]:
    """Play a round in which the others publish these models, and the first juror what its client says after
    each. Return whether that is excused whatever it publishes, too."""
    play = Play([mine, *ballots])
    me = play.jurors[0]
    juror = Participant(ACCOUNTS.index(me), me, SeededSalts(1, 0))
    status = play.chain.status()
    docket = RoundLog(status, play.chain.events()).docket(STAKE_JURY, TERMS)
    selection = select(TERMS, status.record, docket)
    excused = mine is not None and get_seat(docket.ballots[me], selection, 1) == EXCUSED
    finished = mine is None
    for other, model, waits in zip([None, *play.jurors[1:]], [None, *models], patient, strict=True):
        if play.chain.status().phase is not Phase.PUBLISH:
            break
        if other is not None and model is not None:
            play.publish(other, model)
        if finished or play.chain.status().phase is not Phase.PUBLISH:
            continue
        done = HANDLER(play.desk(patient=waits), [juror])
        if done is not None:
            calls: Any = done.calls.get(me, ())
            play.send(*calls)
            finished = me not in done.pending
    return play, me, play.settle(), excused


MODELS = st.lists(st.sampled_from([MODEL, MODEL, FORGED, None]), min_size=4, max_size=4)
BALLOTS = st.lists(st.tuples(SETS, SETS) | st.just(({0, 1, 2}, {0, 1, 2, 3})), min_size=4, max_size=4)
WAITS = st.integers(0, 5).map(lambda often: [place < often for place in range(5)])


@settings(max_examples=150, deadline=None)
@given(ballots=BALLOTS, models=MODELS, waits=WAITS)
def test_a_ballot_that_says_nothing_loses_nothing_and_does_the_duty(
    ballots: list[tuple[set[int], set[int]]], models: list[bytes | None], waits: list[bool]
) -> None:
    """Compared with silence: whatever the others judge and publish, and in whatever outcome."""
    play, me, outcome, excused = play_out(ballots, (set(), set()), models, waits)
    assert excused
    member = play.chain.member(me)
    assert member.balance == CONFIG.stake
    assert member.record.round == 1, "it isn't missed"
    silent, _, other, _ = play_out(ballots, None, models, waits)
    assert silent.chain.member(me).balance == CONFIG.stake
    helped = (other, outcome) == (Outcome.UNDECIDED, Outcome.REJECTED)  # where nothing passed, it knows that
    assert other is outcome or helped, "it decides nothing else"
    assert silent.chain.status().head == play.chain.status().head


@settings(max_examples=150, deadline=None)
@given(mine=st.tuples(SETS, SETS), ballots=BALLOTS, models=MODELS, waits=WAITS)
def test_who_is_excused_never_pays_for_a_model_that_it_cannot_make(
    mine: tuple[set[int], set[int]], ballots: list[tuple[set[int], set[int]]],
    models: list[bytes | None], waits: list[bool],
) -> None:  # fmt: skip
    play, me, outcome, excused = play_out(ballots, mine, models, waits)
    record = play.chain.status().record
    if excused:
        assert play.chain.member(me).balance == CONFIG.stake
    votes = [model for model in models if model is not None]
    decided = any(votes.count(model) * 2 > len(play.jurors) for model in (MODEL, FORGED))
    assert (outcome is Outcome.ACCEPTED) <= decided, "the others alone have made the majority"
    assert record.reveals == 5
