"""A federation's state and events as JSON, and back: what lets a run on the specification resume."""

from collections.abc import Iterable
from dataclasses import astuple, replace
from typing import Any

from clients.protocol.ledger import Ledger, Token
from clients.protocol.state import State
from clients.protocol.tally import Tally
from clients.types.federation import Act, Event, Member, Outcome, Round, Standing

Json = dict[str, Any]


def dump_state(state: State) -> Json:
    """Return `state` as JSON-able data."""
    tally, ledger, token = state.tally, state.ledger, state.token
    return {
        "head": state.head.hex(),
        "pool": state.pool,
        "mix": state.mix.hex(),
        "rest_until": state.rest_until,
        "seal_block": state.seal_block,
        "seed": state.seed.hex(),
        "rounds": [list(map(int, astuple(record))) for record in state.rounds],
        "tally": [[ballot.hex() for ballot in tally.ballots], list(tally.counts), tally.leader],
        "commitments": {voter: commitment.hex() for voter, commitment in state.commitments.items()},
        "members": {account: list(map(int, astuple(member))) for account, member in ledger.members.items()},
        "registry": list(ledger.registry),
        "balances": dict(token.balances),
        "allowances": [[owner, spender, amount] for (owner, spender), amount in token.allowances.items()],
    }


def load_state(data: Json) -> State:
    """Return the state that `dump_state` wrote."""
    ballots, counts, leader = data["tally"]
    return State(
        head=bytes.fromhex(data["head"]),
        pool=data["pool"],
        mix=bytes.fromhex(data["mix"]),
        rest_until=data["rest_until"],
        seal_block=data["seal_block"],
        seed=bytes.fromhex(data["seed"]),
        rounds=[_load_round(values) for values in data["rounds"]],
        tally=Tally(tuple(map(bytes.fromhex, ballots)), tuple(counts), leader),
        commitments={voter: bytes.fromhex(commitment) for voter, commitment in data["commitments"].items()},
        ledger=Ledger(
            {account: _load_member(values) for account, values in data["members"].items()},
            list(data["registry"]),
        ),
        token=Token(
            dict(data["balances"]),
            {(owner, spender): amount for owner, spender, amount in data["allowances"]},
        ),
    )


def dump_events(events: Iterable[Event]) -> list[Json]:
    """Return `events` as JSON-able data."""
    return [
        {
            "name": event.name,
            "args": {name: _dump_value(value) for name, value in event.args.items()},
            "block": event.block,
            "transaction": event.transaction,
        }
        for event in events
    ]


def load_events(data: Iterable[Json]) -> list[Event]:
    """Return the events that `dump_events` wrote."""
    return [
        Event(
            item["name"],
            {name: _load_value(name, value) for name, value in item["args"].items()},
            item["block"],
            item["transaction"],
        )
        for item in data
    ]


def _dump_value(value: object) -> object:
    return {"bytes": value.hex()} if isinstance(value, bytes) else value


def _load_value(name: str, value: Any) -> object:
    if isinstance(value, dict):
        return bytes.fromhex(value["bytes"])
    return Outcome(value) if name == "outcome" else value


def _load_round(values: list[Any]) -> Round:
    record = Round(*values)
    return replace(record, outcome=Outcome(record.outcome))


def _load_member(values: list[Any]) -> Member:
    member = Member(*values)
    return replace(member, act=Act(member.act), standing=Standing(member.standing))
