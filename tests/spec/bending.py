"""Bent specifications: with any one rule changed, some vector must no longer hold."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from clients.protocol.docket import Docket, Selection
from clients.protocol.federation import Federation
from clients.protocol.mechanisms import MECHANISMS
from clients.protocol.policies import Mechanism, Settlement
from clients.protocol.publication import build_block_winner
from clients.protocol.state import Env
from clients.types.errors import ProtocolError
from clients.types.federation import Outcome, Round
from tests.spec.abi import compute_events_hash, encode_error, encode_state, keccak
from tests.spec.sequences import Coverage, Sequence, build_sequence
from tests.spec.worlds import build_world

STEPS = 50
Patch = pytest.MonkeyPatch
Mutant = Callable[[Patch], None]

PLAIN_INIT = Federation.__init__


@cache
def get_sequences(mechanism: str, count: int) -> Mapping[str, Sequence]:
    """Return what the specification as it stands does."""
    seeds = [f"mutant-{number}" for number in range(count)]
    return {seed: build_sequence(seed, STEPS, Coverage(), mechanism) for seed in seeds}


def is_replayed(seed: str, expected: Sequence) -> bool:
    """Return whether the specification as it is now does what its vector of `seed` says."""
    world = build_world(seed, expected.mechanism)
    federation, accounts = world.federation, list(world.funds)
    for step in expected.steps:
        env = Env(step.time, step.block, world.env.entropy)
        try:
            ok, outcome = True, compute_events_hash(federation.apply(env, step.call))
            state = keccak(encode_state(federation, env, accounts))
        except ProtocolError as error:
            ok, outcome = False, keccak(encode_error(error))
            state = keccak(encode_state(federation, env, accounts))
        except (ArithmeticError, LookupError, AssertionError, ValueError):
            return False  # a bent rule may lead to what no word can hold, or where nothing is
        if (ok, outcome, state) != (step.ok, step.outcome, step.state):
            return False
    return True


def is_noticed(mechanism: str, count: int) -> bool:
    """Return whether any sequence shows that the specification is not what it was."""
    return any(not is_replayed(seed, sequence) for seed, sequence in get_sequences(mechanism, count).items())


def use(patch: Patch, name: str, **policies: object) -> None:
    """Put these policies into the mechanism `name`."""
    plain: Mechanism[Any] = MECHANISMS[name]
    bent = replace(plain, **policies)  # type: ignore[arg-type]

    def build(self: Federation[Any], mechanism: Mechanism[Any], *args: Any, **named: Any) -> None:
        PLAIN_INIT(self, bent if mechanism is plain else mechanism, *args, **named)

    patch.setattr(Federation, "__init__", build)


def bend(name: str, policy: str, **functions: Callable[..., Any]) -> Mutant:
    """Return the mutant in which these functions of a policy are replaced."""

    def mutant(patch: Patch) -> None:
        use(patch, name, **{policy: replace(getattr(MECHANISMS[name], policy), **functions)})

    return mutant


def put(module: object, name: str, bent: Any) -> Mutant:
    """Return the mutant in which a module's name stands for something else."""

    def mutant(patch: Patch) -> None:
        patch.setattr(module, name, bent)

    return mutant


def settled(name: str, change: Callable[..., Settlement]) -> Mutant:
    """Return the mutant that pays what `change` makes of arguments and payment of a settlement."""
    plain = MECHANISMS[name].payout.compute_settlement

    def bent(t: Any, r: Round, d: Docket, o: Outcome, pool: int) -> Settlement:
        return change(t, r, d, o, pool, plain(t, r, d, o, pool))

    return bend(name, "payout", compute_settlement=bent)


def selected(name: str, select: Callable[..., Selection], may_mine: Callable[..., bool]) -> Mutant:
    """Return the mutant in which this passes, and these may mine."""
    return lambda patch: use(patch, name, publication=build_block_winner(select, may_mine))


def may_all(*of: object) -> bool:
    return True


def ids(mutants: Iterable[tuple[str, Any]]) -> list[str]:
    """Return a name for each mutant."""
    return [f"{mechanism}-{getattr(mutant, '__name__', mutant)}" for mechanism, mutant in mutants]
