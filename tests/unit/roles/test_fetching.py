"""Waiting for withheld files: bounded, in long phases and in short ones, whenever they begin."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from clients.roles.fetching import FETCH_MARGIN, is_early, is_patient
from clients.types.federation import Phase, Status
from tests.unit.roles.test_roles import view

LENGTHS = st.integers(1, 20) | st.integers(1, 100_000)


def build_status(phase: Phase, before: int, length: int) -> Status:
    """Return a status in a phase of this length, which by the schedule begins `before` seconds after 0."""
    ends = {"commit_end": before, "reveal_end": before, "publish_end": before + length}
    if phase is Phase.COMMIT:
        ends = {"propose_end": before, "commit_end": before + length}
    return replace(view(phase).status, **ends)


@given(
    phase=st.sampled_from([Phase.COMMIT, Phase.PUBLISH]),
    before=st.integers(0, 10_000),
    length=LENGTHS,
    began=st.floats(0, 1),
    looks=st.floats(0, 2),
)
def test_a_juror_leaves_half_of_the_length_to_judge_in(
    phase: Phase, before: int, length: int, began: float, looks: float
) -> None:
    """Though all proposed before the phase's time, and though it came, or came back, late."""
    status = build_status(phase, before, length)
    first = int(before * began)
    waited = looks * length
    now = int(first + waited)
    end = before + length
    if is_early(status, now, waited):
        assert end - now > length // 2
        assert waited < length / 2
        assert is_patient(status, now), "whoever may wait longer does"
    else:
        assert waited >= length / 2 or end - now <= length // 2, "and it waits no less"
    assert is_patient(status, now) == (end - now > min(FETCH_MARGIN, length // 2))
    assert not is_early(status, end - length // 2, 0.0), "no restart makes it wait longer"


@given(length=LENGTHS, before=st.integers(0, 10_000))
def test_what_arrives_in_the_first_half_is_had(length: int, before: int) -> None:
    status = build_status(Phase.COMMIT, before, length)
    for waited in range(0, (length + 1) // 2, max(length // 20, 1)):
        assert is_early(status, before + waited, waited)
