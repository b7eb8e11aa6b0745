"""A mechanism with terms, a memory and an action of its own: what the page on adding one says is true."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import pytest

from clients import mechanisms, swarm
from clients.engine import swarm as engine
from clients.mechanisms.base import Conduct, Desk, Done, Run, Settings, Who
from clients.mechanisms.stake_vote import CONDUCT
from clients.protocol.policies import OwnAction, OwnState
from clients.protocol.rounds import Action
from clients.protocol.simulator import SpecChain
from clients.protocol.snapshot import dump_state, load_state
from clients.protocol.stake_vote import STAKE_VOTE
from clients.protocol.state import Env, compute_event
from clients.protocol.views import FederationView
from clients.roles import proposer, view, voter
from clients.types.chain import Call
from clients.types.errors import ProtocolError
from clients.types.federation import ZERO_ADDRESS, Address, Event, Phase, Role, Schedule
from tests.integration.exact_bench import use_exact_bench
from tests.integration.swarms import lines_of


@dataclass(frozen=True, slots=True)
class HailTerms:
    """The core's terms, and what the policies of stake_vote read, in any order."""

    genesis: bytes
    bond: int
    hails: int
    token: Address = ZERO_ADDRESS
    beacon: Address = ZERO_ADDRESS
    managers: tuple[Address, ...] = ()
    founders: tuple[Address, ...] = ()
    newcomers: int = 0
    proposer_stake: int = 3
    voter_stake: int = 2
    proposers: int = 3
    min_voters: int = 1
    quorum_bps: int = 5000
    attribution: bool = False
    max_samples: int = 10**6
    max_epochs: int = 100
    schedule: Schedule = Schedule()  # noqa: RUF009


@dataclass(frozen=True, slots=True)
class Hails:
    """Who hailed in which round, and how many rounds are settled."""

    by: dict[Address, tuple[int, ...]]
    settled: int = 0


def hail(core: FederationView[Any], env: Env, sender: Address, round_number: int) -> list[Event]:
    """Note that the sender hailed: once a round, and not too often."""
    own = cast(Hails, core.state.own)
    rounds = own.by.get(sender, ())
    if round_number in rounds or len(rounds) >= core.terms.hails:
        raise ProtocolError("AlreadyHailed", sender, round_number)
    core.state.own = replace(own, by={**own.by, sender: (*rounds, round_number)})
    return [compute_event(env, "Hailed", round=round_number, account=sender)]


def note_settled(terms: HailTerms, own: object, *_: object) -> Hails:
    assert isinstance(own, Hails)
    return replace(own, settled=own.settled + 1)


SPEC: Any = replace(
    STAKE_VOTE,
    name="hail",
    own_state=OwnState(Hails, lambda terms: Hails({}), note_settled=note_settled),
    actions={**STAKE_VOTE.actions, "hail": OwnAction(Action(("uint256",), Phase.COMMIT), hail)},
)


class Hail(view.Job):
    """Find out whether to hail."""


def step(seen: view.View) -> list[view.Action]:
    """Hail before voting."""
    voting = seen.status.phase == Phase.COMMIT and Role.VOTER in seen.member.roles
    return (view.prepare(seen, Hail, "hail") if voting else []) or voter.step(seen)


def prepare_hail(desk: Desk[Any, HailTerms], who: Who) -> Done:
    """Return calls for those who haven't hailed yet."""
    log, number = desk.read_log(), desk.status.round
    hailed = {event.args["account"] for event in log.named("Hailed")}
    left = [one.account for one in who if one.account not in hailed]
    return Done(calls={account: [Call(account, "hail", (number,))] for account in left})


def get_terms(settings: Settings, run: Run, genesis: bytes, samples: int) -> HailTerms:
    return HailTerms(genesis, run.stake // 2, hails=100)


HAIL: Conduct[Any, Any] = replace(
    cast(Any, CONDUCT),
    spec=SPEC,
    get_terms=get_terms,
    jobs={**CONDUCT.jobs, Hail: prepare_hail},
    roles=(proposer.step, step),
)


@pytest.fixture(autouse=True)
def chains(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[SpecChain[Any]]]:
    use_exact_bench(monkeypatch)
    made: list[SpecChain[Any]] = []
    launch = engine.launch

    def note(*args: Any) -> Any:
        launched = launch(*args)
        made.append(cast(SpecChain[Any], launched.chain))
        return launched

    monkeypatch.setattr(engine, "launch", note)
    mechanisms.register(HAIL)
    yield made
    for table in (mechanisms._conducts, mechanisms._settings):
        table.pop("hail")  # type: ignore[attr-defined]


def run(out: Path, rounds: int) -> list[dict[str, Any]]:
    words = ["--mechanism", "hail", "--store", "memory", "--clients", "8", "--malicious", "2"]
    assert swarm.main([*words, "--rounds", str(rounds), "--seed", "2", "--out", str(out)]) == 0
    return lines_of(out)


def test_it_acts_remembers_and_goes_on(chains: list[SpecChain[Any]], tmp_path: Path) -> None:
    whole = run(tmp_path / "whole", 4)
    [chain] = chains
    own = chain.core.state.own
    assert isinstance(own, Hails)
    assert own.settled == 4
    assert sum(map(len, own.by.values())) == sum(len(line["voters"]) for line in whole)
    # What the state's slot holds comes back from a snapshot.
    assert load_state(dump_state(chain.core.state), Hails) == chain.core.state
    # Nothing is made, and nothing is lost.
    owed = sum(chain.member(account).balance for account in chain.core.state.ledger.members)
    assert owed + chain.status().pool == chain.tokens(chain.federation)
    run(tmp_path / "part", 2)
    assert swarm.main(["--resume", str(tmp_path / "part"), "--rounds", "4"]) == 0
    assert lines_of(tmp_path / "part") == whole
