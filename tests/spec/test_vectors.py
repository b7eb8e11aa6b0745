"""The vectors: reproducible, well formed, and deep enough to mean something."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from eth_abi import decode

from clients.protocol.rounds import ACTIONS
from tests.spec.abi import ERRORS
from tests.spec.sequences import Coverage, build_sequence
from tests.spec.vectors import SEQUENCES_TYPE, write_vectors

UNREACHABLE = {"InvalidTerms", "TransferMismatch"}
"""A vector's terms are valid and its token takes no fee."""


@pytest.fixture(scope="module")
def coverage() -> Coverage:
    found = Coverage()
    for number in range(150):
        build_sequence(f"coverage-{number}", 50, found)
    return found


def test_same_seed_same_bytes(tmp_path: Path) -> None:
    for name in ("first", "second"):
        write_vectors(tmp_path / name, 12, 50, 7)
    first, second = (sorted((tmp_path / name).iterdir()) for name in ("first", "second"))
    assert [path.name for path in first] == ["coverage.json", "stake_vote-000.bin"]
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]


def test_files_decode_to_what_the_page_says(tmp_path: Path) -> None:
    write_vectors(tmp_path, 103, 2, 1)
    sizes = []
    for path in sorted(tmp_path.glob("*.bin")):
        (sequences,) = decode([SEQUENCES_TYPE], path.read_bytes())
        sizes.append(len(sequences))
        for _, terms, accounts, funds, steps in sequences:
            assert len(terms) == 16 * 32
            assert len(set(accounts)) == len(funds) >= 1
            moments = [(time, block) for time, block, *_ in steps]
            assert moments == sorted(moments)
            assert len(steps) >= 2
    assert sizes == [100, 3]


def test_sequences_reach_every_error(coverage: Coverage) -> None:
    assert set(coverage.errors) == set(ERRORS) - UNREACHABLE


def test_sequences_reach_every_action_event_phase_and_outcome(coverage: Coverage) -> None:
    assert set(coverage.actions) == set(ACTIONS)
    assert set(coverage.phases) == {"OPEN", "DRAW", "PROPOSE", "COMMIT", "REVEAL", "SETTLE"}
    assert set(coverage.outcomes) == {"ACCEPTED", "REJECTED", "UNDECIDED"}
    assert min(coverage.events.values()) > 0
    rare: Mapping[str, int] = coverage.cases
    assert not [name for name, times in rare.items() if times == 0]


def test_about_as_many_steps_are_refused_as_meant(coverage: Coverage) -> None:
    refused = sum(coverage.errors.values()) / coverage.steps
    assert 0.25 < refused < 0.5
