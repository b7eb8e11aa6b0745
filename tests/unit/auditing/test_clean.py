"""A history that keeps to the rules has nothing that doesn't add up, whatever happened in it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clients.protocol.mechanisms import MECHANISMS
from tests.unit.auditing.played import audit, play_history


@pytest.mark.parametrize("mechanism", sorted(MECHANISMS))
@settings(max_examples=12)
@given(seed=st.integers(0, 2**32))
def test_nothing_is_found_in_a_history_by_the_rules(mechanism: str, seed: int) -> None:
    ground = play_history(str(seed), mechanism)
    verdict = audit(ground.record())
    assert [one.sentence for one in verdict.findings] == []
    assert verdict.rounds >= ground.chain.core.round_number - 1
