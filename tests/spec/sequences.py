"""Seeded sequences of actions with what the specification says must come of each."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from eth_hash.auto import keccak

from clients.protocol.approvals import get_approved
from clients.protocol.council import Choice, Council, get_council
from clients.protocol.docket import Ballot
from clients.protocol.federation import Federation
from clients.protocol.managers import is_majority
from clients.protocol.marks import get_majority
from clients.protocol.plagiarism import get_convicted, is_convicted
from clients.protocol.state import Env
from clients.protocol.task import TaskBook, is_over
from clients.types.chain import Call
from clients.types.errors import ProtocolError
from clients.types.federation import ZERO32, Act, Address, Event, Member, Outcome, Standing
from tests.spec.abi import compute_events_hash, encode_call, encode_error, encode_state
from tests.spec.worlds import build_world


@dataclass(frozen=True)
class Step:
    time: int
    block: int
    call: Call
    call_data: bytes
    ok: bool
    outcome: bytes
    state: bytes


@dataclass(frozen=True)
class Sequence:
    mechanism: str
    beacon_value: bytes
    terms: Any
    funds: Mapping[Address, int]
    steps: list[Step]


@dataclass(frozen=True)
class Zones:
    """The registry's zones before a call."""

    inside: int
    eligible: int
    registry: list[Address]

    @classmethod
    def of(cls, federation: Federation[Any]) -> "Zones":
        ledger = federation.state.ledger
        return cls(ledger.inside, ledger.eligible, list(ledger.registry))

    def find(self, account: object) -> str:
        place = self.registry.index(str(account))
        return "those in" if place < self.inside else "the next" if place < self.eligible else "the latest"


@dataclass
class Coverage:
    """What happened in the sequences, by name."""

    steps: int = 0
    rounds: int = 0
    actions: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    phases: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    events: Counter[str] = field(default_factory=Counter)
    cases: Counter[str] = field(default_factory=Counter)
    spoilt: int = 0
    """Rounds in a row, of this sequence, that were not accepted."""

    def note_settled(self, federation: Federation[Any], before: object) -> None:
        """Note what a round came to; `before` is what the mechanism remembered before it was settled."""
        record = federation.record
        self.outcomes[record.outcome.name] += 1
        self.cases["seed lost"] += record.drawn_at == 0
        self.cases["nobody proposed"] += record.drawn_at > 0 and record.proposals == 0
        self.note_pledges(federation)
        self.cases["nobody committed"] += record.proposals > 0 and record.commits == 0
        self.cases["nobody revealed"] += record.commits > 0 and record.reveals == 0
        self.cases["not all revealed"] += 0 < record.reveals < record.commits
        self.cases["not all proposed"] += 0 < record.proposals < federation.wanted.proposers
        self.cases["proposers or voters paid"] += record.proposer_reward > 0 or record.voter_reward > 0
        self.cases["several options"] += record.options > 1
        if federation.mechanism.name == "stake_vote":
            self.cases["a tie"] += record.reveals > 0 and record.leading_count * 2 == record.reveals
            self.cases["a minority paid"] += record.voter_reward > 0
            self.cases["some blamed"] += self._is_partly_blamed(federation)
        else:
            self.note_judged(federation, before)

    def note_pledges(self, federation: Federation[Any]) -> None:
        record = federation.record
        pledging = federation.terms.schedule.pledge > 0 and record.drawn_at > 0
        self.cases["pledges kept"] += 0 < record.pledges == record.proposals
        self.cases["nobody pledged"] += pledging and record.pledges == 0
        self.cases["not all pledged"] += 0 < record.pledges < federation.wanted.proposers
        self.cases["no pledge kept"] += record.pledges > 0 and record.proposals == 0
        broken = 0 < record.proposals < record.pledges
        self.cases[f"a pledge broken, {record.outcome.name.lower()}"] += broken

    def _is_partly_blamed(self, federation: Federation[Any]) -> bool:
        record, names = federation.record, federation.docket.names
        blamed = sum(count * 2 > record.leading_count for count in names)
        return record.outcome is Outcome.REJECTED and 0 < blamed < record.proposals

    def note_judged(self, federation: Federation[Any], before: object) -> None:
        record, docket, wanted = federation.record, federation.docket, federation.wanted
        selected = len(docket.selected.numbers)
        quorum = record.reveals * 2 > wanted.voters
        self.cases["nobody published"] += quorum and record.publications == 0
        self.cases["no quorum"] += record.reveals > 0 and not quorum
        self.cases["half is no quorum"] += record.reveals * 2 == wanted.voters
        self.cases["not all published"] += 0 < record.publications < wanted.publishers
        self.cases["some selected"] += 0 < selected < record.proposals
        if federation.mechanism.name == "bflc":
            self.note_first(federation)
            self.note_committee(federation, before)
        elif federation.mechanism.name == "stake_jury":
            self.note_jury(federation)
            self.note_lots(federation)
            self.note_missing(federation)
        else:
            self.cases["a block won"] += docket.winner != ""
            self.cases["no block won"] += docket.winner == "" and record.outcome is not Outcome.UNDECIDED
        if federation.mechanism.name == "blade":
            self.note_accused(federation)

    def note_first(self, federation: Federation[Any]) -> None:
        """Note where the first updates to pass were selected, and better ones weren't."""
        terms, selected = federation.terms, federation.docket.selected
        left = [
            weight
            for number, weight in enumerate(selected.weights)
            if selected.bitmap and number not in selected.numbers and weight >= terms.min_score
        ]
        chosen = [selected.weights[number] for number in selected.numbers]
        self.cases["the first selected"] += any(one > min(chosen) for one in left)

    def note_committee(self, federation: Federation[Any], before: object) -> None:
        record, after = federation.record, get_council(federation.state)
        assert isinstance(before, Council)
        for choice in Choice:
            self.cases[f"a committee was {choice.name.lower()}"] += before.choice is choice
        self.spoilt = 0 if record.outcome is Outcome.ACCEPTED else self.spoilt + 1
        for choice in (Choice.NAMED, Choice.ELECTED):
            whose, stays = before.choice is choice, after.choice is choice
            name = f"a committee that was {choice.name.lower()}"
            self.cases[f"{name} came to no model"] += whose and after.choice is Choice.DRAWN
            self.cases[f"{name} stayed after a rejection"] += (
                whose and stays and record.outcome is Outcome.REJECTED
            )
            self.cases[f"{name} stayed though nobody proposed"] += whose and stays and not record.proposals
            self.cases[f"{name} stayed after three failures"] += whose and stays and self.spoilt > 2
        self.cases["elected after a naming"] += (
            before.choice is Choice.NAMED and after.choice is Choice.ELECTED
        )

    def note_jury(self, federation: Federation[Any]) -> None:
        """Note what jurors could have, how close they were, and whose seats aren't paid for which reason."""
        record, docket, seats = federation.record, federation.docket, federation.wanted.voters
        for number in range(record.proposals if docket.selection else 0):
            ballots = docket.ballots.values()
            had = sum(ballot.had >> number & 1 for ballot in ballots)
            bad = had - sum(ballot.good >> number & 1 for ballot in ballots)
            judged = had * 2 > seats
            self.cases["half could have it"] += had * 2 == seats
            self.cases["most who came could have it, and too few"] += not judged and had * 2 > record.reveals
            self.cases["more for it than against it, and no majority"] += (
                judged and had < 2 * (had - bad) <= record.reveals
            )
            self.cases["as many for it as against it"] += judged and bad * 2 == had
            self.cases["rejected, and not clearly"] += judged and had < bad * 2 and bad * 4 < had * 3
            self.cases["just clearly rejected"] += judged and bad * 4 == had * 3
        for account, member in federation.state.ledger.members.items():
            if Act.PUBLISHED in federation.get_acts(member):
                self.note_seat(federation, docket.ballots.get(account), member)

    def note_lots(self, federation: Federation[Any]) -> None:
        """Note decoys, what wasn't shown, and what came of both."""
        record, docket, selected = federation.record, federation.docket, federation.docket.selected
        if not federation.terms.decoy_odds or docket.selection is None:
            return
        decided, every = record.outcome is not Outcome.UNDECIDED, (1 << record.proposals) - 1
        hidden = every & ~docket.shown
        self.cases["a decoy paid"] += decided and selected.decoys > 0
        self.cases["a decoy undecided"] += not decided and selected.decoys > 0
        self.cases["a decoy that most find good"] += selected.passed & selected.decoys > 0
        self.cases["a decoy that too few could have"] += docket.decoys & ~selected.judged > 0
        self.cases["nothing but decoys"] += docket.decoys == every and record.outcome is Outcome.REJECTED
        self.cases["passed and wasn't shown"] += selected.passed & hidden > 0
        self.cases["clearly rejected and wasn't shown"] += selected.rejected & hidden > 0
        self.cases["some shown, and not all"] += 0 < docket.shown < every

    def note_missing(self, federation: Federation[Any]) -> None:
        """Note who was reported to have missed the round, and whether it acted after all."""
        number, ledger = federation.round_number, federation.state.ledger
        for account, absence in federation.state.absences.items():
            reported, acted = absence.round == number, ledger.get(account).round == number
            self.cases["missed one round in a row"] += reported and absence.count == 1
            self.cases["missed several rounds in a row"] += reported and absence.count > 1
            self.cases["reported, and published all the same"] += reported and acted
            self.cases["acted after missing rounds"] += acted and 0 < absence.round < number

    def note_evicted(
        self, federation: Federation[Any], absent: set[Address], call: Call, events: list[Event]
    ) -> None:
        """Note who was put out for staying away, and who wasn't because nobody can be spared."""
        if call.method != "evict" or federation.mechanism.name != "stake_jury":
            return
        gone = {event.args["account"] for event in events if event.name == "Evicted"}
        (accounts,) = call.args
        self.cases["put out for staying away"] += bool(absent & gone)
        self.cases["one was put out, and another wasn't"] += bool(absent & gone) and bool(
            absent & {*accounts} - gone
        )

    def note_seat(self, federation: Federation[Any], ballot: Ballot | None, member: Member) -> None:
        selection, decided = federation.docket.selected, federation.record.outcome is not Outcome.UNDECIDED
        self.cases["published and hadn't committed"] += Act.COMMITTED not in member.acts
        self.cases["published and hadn't revealed"] += Act.COMMITTED in member.acts and ballot is None
        if ballot is None or not decided:
            return
        about = (ballot.had & selection.compared).bit_count()
        wrong = ((ballot.good ^ selection.passed) & ballot.had & selection.compared).bit_count()
        missed = ballot.good & selection.decoys & ~selection.passed
        self.cases["a seat lost by a decoy"] += (
            missed > 0 and 0 < about >= wrong * 3 and about * 2 >= (selection.compared.bit_count())
        )
        self.cases["a decoy found good, as by most"] += ballot.good & selection.decoys & selection.passed > 0
        self.cases["a juror that had nothing judged"] += selection.compared > 0 and about == 0 < ballot.had
        self.cases["a juror that had nothing"] += selection.compared > 0 and ballot.had == 0
        self.cases["nothing judged of what jurors had"] += selection.compared == 0 < ballot.had
        little = about * 2 < selection.compared.bit_count()
        self.cases["a ballot about little"] += little and about > 0
        self.cases["a ballot that differs in a third"] += not little and wrong > 0 and wrong * 3 == about
        self.cases["a ballot that differs in half"] += not little and wrong > 0 and wrong * 2 == about
        self.cases["a ballot that disagrees"] += wrong * 2 > about
        self.cases["a seat lost by the digest"] += (
            0 < about >= wrong * 2 and member.option != federation.record.leading_option
        )

    def note_accused(self, federation: Federation[Any]) -> None:
        record, docket = federation.record, federation.docket
        convicted = get_convicted(record.outcome, docket)
        approved = get_approved(record, docket, ties=False)
        members = federation.state.ledger.members.values()
        publishers = [m for m in members if Act.PUBLISHED in federation.get_acts(m)]
        self.cases["accused"] += docket.accused > 0
        self.cases["convicted"] += convicted > 0
        self.cases["convicted, and approved"] += convicted & approved > 0
        self.cases["convicted, and published"] += any(
            is_convicted(m, record.outcome, docket) for m in publishers
        )
        self.cases["convicted, and nothing else approved"] += convicted > 0 and docket.selected.bitmap == 0
        self.cases["convicted, but undecided"] += docket.selected.convicted > convicted
        few = docket.accused & get_majority(docket.names, record.reveals) & ~docket.selected.convicted
        self.cases["named by most who came, and too few"] += docket.selection is not None and few > 0

    def note_waiting(
        self, federation: Federation[Any], before: "Zones", call: Call, events: list[Event], error: str
    ) -> None:
        """Note who waits, who comes in, and who leaves from which zone of the registry."""
        if not federation.newcomers:
            return
        after = Zones.of(federation)
        for event in events:
            if event.name in ("Left", "Evicted"):
                self.cases[f"{event.name.lower()} from {before.find(event.args['account'])}"] += 1
            elif event.name == "Joined":
                founds = event.args["account"] in federation.terms.founders
                late, waits = federation.round_number > 0, after.inside == before.inside
                self.cases["joined and was in"] += not waits
                self.cases["joined and waits"] += waits
                self.cases["a founder joined late and was in"] += late and not waits
                self.cases["a founder came back and waits"] += founds and waits
                passed = not waits and before.inside < len(before.registry)
                self.cases["a founder joined and passed others"] += passed
        postponed = any(event.name == "Postponed" for event in events)
        first = federation.round_number == 0
        self.cases["the first round is postponed for founders"] += postponed and first
        self.cases["postponed, and some might come in"] += postponed and before.inside < before.eligible
        self.cases["postponed for who joined since the last round alone"] += (
            postponed and not first and before.inside == before.eligible
        )
        if any(event.name == "Opened" for event in events):
            self.cases["more came in than the limit"] += after.inside - before.inside > federation.newcomers
            came, waiting = after.inside - before.inside, before.eligible - before.inside
            self.cases["all came in who might"] += 0 < came == waiting
            self.cases["more waited than came in"] += came < waiting
            self.cases["nobody came in, and some are too new"] += (
                came == 0 and before.eligible < after.eligible
            )

    def note_step(self, federation: Federation[Any], call: Call, error: str, unable: str) -> None:
        barred_from = federation.state.access.barred_from.get(call.sender, 0)
        standing = federation.state.ledger.get(call.sender).standing
        self.cases["revealed though expelled"] += (
            call.method == "reveal" and not error and barred_from == federation.round_number + 1
        )
        self.cases["barred, and refused"] += (
            barred_from > 0 and standing is Standing.MEMBER and error == "AccountBanned"
        )
        self.cases["outsiders refused"] += (
            call.method in ("join", "bid") and error == "NotAdmitted" and bool(federation.terms.managers)
        )
        if federation.terms.managers:
            self.note_motion(federation, call, error)
        for why in ("no bounty", "too few") if federation.mechanism.name == "blade" else ():
            for method in ("exit", "reclaim", "fund"):
                done = unable == why and call.method == method and not error
                self.cases[f"{method} of a task that can't begin: {why}"] += done

    def note_motion(self, federation: Federation[Any], call: Call, error: str) -> None:
        """Note which motions are opened beside an equal one, which an aye comes too late for, and which it
        carries after others' ayes."""
        self.cases["a motion like an open one"] += error == "MotionOpen"
        number = call.args[0] if call.method in ("allow", "expel", "nameCommittee") else 0
        if not isinstance(number, int) or not 0 < number <= len(federation.state.access.motions):
            return
        carried = is_majority(federation.terms, len(federation.state.access.motions[number - 1].movers))
        self.cases["an aye for a motion that was carried"] += error == "MotionOver" and carried
        self.cases["an aye for a motion that lapsed"] += error == "MotionOver" and not carried
        self.cases["a motion carried by several"] += not error and carried

    def note_named(self, before: object, number: int) -> None:
        """Note what a committee is named in place of, between rounds."""
        assert isinstance(before, Council)
        for choice in Choice:
            whose = number > 0 and before.choice is choice
            self.cases[f"named in place of one that was {choice.name.lower()}"] += whose

    def as_dict(self) -> dict[str, object]:
        counters = {
            name: dict(sorted(getattr(self, name).items()))
            for name in ("actions", "errors", "phases", "outcomes", "events", "cases")
        }
        return {"steps": self.steps, "rounds": self.rounds, **counters}


def build_sequence(seed: str, steps: int, coverage: Coverage, mechanism: str = "stake_vote") -> Sequence:
    """Return the sequence of `seed`, of `steps` steps or up to as many again."""
    world = build_world(seed, mechanism)
    played = []
    coverage.spoilt = 0
    for _ in range(steps + int(world.rng.random() ** 2 * steps)):
        call = world.play()
        coverage.phases[world.federation.get_phase(world.env).name] += 1
        played.append(play_step(world.federation, world.env, call, list(world.funds), coverage))
        if world.player.is_finished(world.env):
            break
    coverage.rounds += world.federation.round_number
    coverage.cases["block hashes"] += world.beacon_value == ZERO32
    return Sequence(mechanism, world.beacon_value, world.federation.terms, world.funds, played)


def get_lack(federation: Federation[Any], env: Env) -> str:
    """Return what a blade task lacks so that it can't begin once bidding is over; "" where nothing."""
    state, terms = federation.state, federation.terms
    if not isinstance(state.own, TaskBook) or federation.round_number or env.time >= terms.deadline:
        return ""
    if not is_over(terms, state, env):
        return ""
    return "no bounty" if len(state.ledger.registry) >= terms.min_winners else "too few"


def get_absent(federation: Federation[Any]) -> set[Address]:
    """Return whom anybody may put out for staying away."""
    ledger = federation.state.ledger
    return {one for one in ledger.registry if federation.is_absent(one, ledger.get(one))}


def play_step(
    federation: Federation[Any],
    env: Env,
    call: Call,
    accounts: list[Address],
    coverage: Coverage,
) -> Step:
    coverage.steps += 1
    events: list[Event] = []
    before, zones, refused = federation.state.own, Zones.of(federation), ""
    unable, absent = get_lack(federation, env), get_absent(federation)
    try:
        events = federation.apply(env, call)
    except ProtocolError as error:
        ok, outcome = False, keccak(encode_error(error))
        coverage.errors[error.name] += 1
        refused = error.name
    else:
        ok, outcome = True, compute_events_hash(events)
        coverage.actions[call.method] += 1
        if call.method == "settle":
            coverage.note_settled(federation, before)
    coverage.note_step(federation, call, refused, unable)
    coverage.note_waiting(federation, zones, call, events, refused)
    coverage.note_evicted(federation, absent, call, events)
    for event in events:
        coverage.events[event.name] += 1
        if event.name == "CommitteeNamed":
            coverage.note_named(before, federation.round_number)
    state = keccak(encode_state(federation, env, accounts))
    return Step(
        env.time, env.block, call, encode_call(federation.actions[call.method], call), ok, outcome, state
    )
