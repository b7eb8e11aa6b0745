"""Seeded sequences of actions with what the specification says must come of each."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from eth_hash.auto import keccak

from clients.protocol.council import get_council
from clients.protocol.evidence import is_convicted
from clients.protocol.federation import Federation
from clients.protocol.state import Env
from clients.types.chain import Call
from clients.types.errors import ProtocolError
from clients.types.federation import ZERO32, Address, Event, Outcome
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

    def note_settled(self, federation: Federation[Any]) -> None:
        record = federation.record
        self.outcomes[record.outcome.name] += 1
        self.cases["seed lost"] += record.drawn_at == 0
        self.cases["nobody proposed"] += record.drawn_at > 0 and record.proposals == 0
        self.cases["nobody committed"] += record.proposals > 0 and record.commits == 0
        self.cases["nobody revealed"] += record.commits > 0 and record.reveals == 0
        self.cases["not all revealed"] += 0 < record.reveals < record.commits
        self.cases["not all proposed"] += 0 < record.proposals < federation.wanted.proposers
        self.cases["proposers or voters paid"] += record.proposer_reward > 0 or record.voter_reward > 0
        self.cases["several options"] += record.options > 1
        if federation.mechanism.name == "stake_vote":
            self.cases["a tie"] += record.reveals > 0 and record.lead * 2 == record.reveals
            self.cases["a minority paid"] += record.voter_reward > 0
            self.cases["some blamed"] += self._is_partly_blamed(federation)
        else:
            self.note_judged(federation)

    def _is_partly_blamed(self, federation: Federation[Any]) -> bool:
        record, marks = federation.record, federation.docket.marks
        blamed = sum(mark * 2 > record.lead for mark in marks)
        return record.outcome is Outcome.REJECTED and 0 < blamed < record.proposals

    def note_judged(self, federation: Federation[Any]) -> None:
        record, docket, wanted = federation.record, federation.docket, federation.wanted
        selected = len(docket.selected.numbers)
        self.cases["nobody published"] += record.reveals > 0 and record.publications == 0
        self.cases["not all published"] += 0 < record.publications < wanted.publishers
        self.cases["some selected"] += 0 < selected < record.proposals
        if federation.mechanism.name == "bflc":
            self.cases[f"a committee was {get_council(federation.state).choice.name.lower()}"] += 1
        else:
            self.cases["a block won"] += docket.winner != ""
            self.cases["no block won"] += docket.winner == "" and record.outcome is not Outcome.UNDECIDED
        if federation.mechanism.name == "blade":
            self.cases["accused"] += docket.accused > 0
            accused = range(record.proposals)
            self.cases["convicted"] += any(is_convicted(record, docket, number) for number in accused)

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
    for _ in range(steps + int(world.rng.random() ** 2 * steps)):
        call = world.play()
        coverage.phases[world.federation.get_phase(world.env).name] += 1
        played.append(play_step(world.federation, world.env, call, list(world.funds), coverage))
        if world.player.is_finished(world.env):
            break
    coverage.rounds += world.federation.number
    coverage.cases["block hashes"] += world.beacon_value == ZERO32
    return Sequence(mechanism, world.beacon_value, world.federation.terms, world.funds, played)


def play_step(
    federation: Federation[Any],
    env: Env,
    call: Call,
    accounts: list[Address],
    coverage: Coverage,
) -> Step:
    coverage.steps += 1
    events: list[Event] = []
    try:
        events = federation.apply(env, call)
    except ProtocolError as error:
        ok, outcome = False, keccak(encode_error(error))
        coverage.errors[error.name] += 1
    else:
        ok, outcome = True, compute_events_hash(events)
        coverage.actions[call.method] += 1
        if call.method == "settle":
            coverage.note_settled(federation)
    for event in events:
        coverage.events[event.name] += 1
    state = keccak(encode_state(federation, env, accounts))
    return Step(
        env.time, env.block, call, encode_call(federation.actions[call.method], call), ok, outcome, state
    )
