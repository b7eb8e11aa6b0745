"""What participants claim: what they trained on, as far as the terms allow."""

from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.mechanisms.base import Done
from clients.mechanisms.behaviours import overclaiming
from clients.mechanisms.training import propose
from clients.roles.proposer import Claim
from clients.types.errors import OwnTrouble

counts = st.integers(1, 2**20)
DIGEST = b"\7" * 32


def desk(most_samples: int, most_epochs: int) -> Any:
    schedule = SimpleNamespace(pledge=0)
    terms = SimpleNamespace(max_samples=most_samples, max_epochs=most_epochs, schedule=schedule)
    return SimpleNamespace(terms=terms, status=SimpleNamespace(round=3))


def update(samples: int, epochs: int) -> Any:
    return SimpleNamespace(data=b"", digest=DIGEST, samples=samples, epochs=epochs)


def claims(done: Done | None, account: str) -> list[tuple[int, int]]:
    assert done is not None
    calls = done.calls[account]
    assert not isinstance(calls, OwnTrouble)
    return [(claim.samples, claim.epochs) for claim in map(Claim.of, calls)]


@given(own=st.tuples(counts, counts), most=st.tuples(counts, counts))
def test_a_claim_is_what_was_trained_on_as_far_as_the_terms_allow(
    own: tuple[int, int], most: tuple[int, int]
) -> None:
    who = cast(Any, [SimpleNamespace(account="0x1")])
    done = propose(desk(*most), who, [update(*own)])
    assert claims(done, "0x1") == [(min(own[0], most[0]), min(own[1], most[1]))]


@pytest.mark.parametrize("most", [1, 600])
def test_who_claims_more_is_ready_to_be_refused(most: int) -> None:
    who = cast(Any, [SimpleNamespace(account=name, overclaims=name == "liar") for name in ("honest", "liar")])
    train = overclaiming(lambda desk, who: propose(desk, who, [update(500, 5)] * 2))
    done = train(desk(most, 1), who)
    assert claims(done, "honest") == [(min(500, most), 1)]
    assert claims(done, "liar") == [(most + 1, 1), (most, 1)]
