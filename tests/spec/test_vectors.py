"""The vectors: reproducible, well formed, and deep enough to mean something."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from eth_abi import decode

from clients.protocol.mechanisms import MECHANISMS
from clients.protocol.rounds import ACTIONS
from tests.spec.abi import ERRORS, EVENTS, TERMS_TYPES
from tests.spec.sequences import Coverage, build_sequence
from tests.spec.vectors import SEQUENCES_TYPE, write_vectors

NEVER = {"InvalidTerms", "TransferMismatch", "RegistryFull"}
"""A vector's terms are valid, its token takes no fee, and its members are few."""
JUDGED = {"WrongSelection", "DigestMismatch"}
BIDS = {"TooLate", "InvalidBid", "Outbid", "NotFunded", "TaskOver", "NoSuchUpdate", "BadSeed"}
LOTS = {"EmptyAnchor", "BadSecret"}
PROVEN = {"NotProposed"}
"""Where proposers prove something: that it was theirs, or that it had to be bad."""
UNREACHABLE = {
    "stake_vote": NEVER | JUDGED | BIDS | LOTS | PROVEN | {"InvalidCommittee"},
    "stake_jury": NEVER | BIDS | {"InvalidCommittee"},
    "vbfl": NEVER | BIDS | LOTS | PROVEN | {"InvalidCommittee"},
    "bflc": NEVER | BIDS | LOTS | PROVEN,
    "blade": NEVER | LOTS | {"InvalidCommittee", "StakeTooLow", "WrongRole"},
}
"""What no sequence of a mechanism can meet: in blade, everybody has every role, and deposits are the bond."""
PHASES = {"OPEN", "DRAW", "PLEDGE", "PROPOSE", "COMMIT", "REVEAL", "SETTLE"}
WHICH = pytest.mark.parametrize("mechanism", MECHANISMS)
SEQUENCES = {
    mechanism: {"stake_jury": 900, "bflc": 250, "blade": 400}.get(mechanism, 150) for mechanism in MECHANISMS
}
"""How many must reach everything: in stake_jury, only a large jury is just clear; in bflc, a model takes
several updates besides a broken pledge; in blade, tasks are over soon and juries seldom convict."""


@pytest.fixture(scope="module")
def coverages() -> Mapping[str, Coverage]:
    found = {mechanism: Coverage() for mechanism in MECHANISMS}
    for mechanism, coverage in found.items():
        for number in range(SEQUENCES[mechanism]):
            build_sequence(f"coverage-{number}", 50, coverage, mechanism)
    return found


@WHICH
def test_same_seed_same_bytes(mechanism: str, tmp_path: Path) -> None:
    for name in ("first", "second"):
        write_vectors(tmp_path / name, 12, 50, 7, [mechanism])
    first, second = (sorted((tmp_path / name).iterdir()) for name in ("first", "second"))
    assert {path.name for path in first} == {"coverage.json", f"{mechanism}-000.bin"}
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]


@WHICH
def test_files_decode_to_what_the_page_says(mechanism: str, tmp_path: Path) -> None:
    write_vectors(tmp_path, 103, 2, 1, [mechanism])
    sizes = []
    for path in sorted(tmp_path.glob("*.bin")):
        (sequences,) = decode([SEQUENCES_TYPE], path.read_bytes())
        sizes.append(len(sequences))
        for _, terms, accounts, funds, steps in sequences:
            decode([TERMS_TYPES[mechanism]], terms)
            assert len(set(accounts)) == len(funds) >= 1
            moments = [(time, block) for time, block, *_ in steps]
            assert moments == sorted(moments)
            assert len(steps) >= 1
    assert sizes == [100, 3]


@pytest.mark.slow
@WHICH
def test_sequences_reach_every_error(mechanism: str, coverages: Mapping[str, Coverage]) -> None:
    assert set(coverages[mechanism].errors) == set(ERRORS) - UNREACHABLE[mechanism]


@pytest.mark.slow
@WHICH
def test_sequences_reach_every_action_phase_and_outcome(
    mechanism: str, coverages: Mapping[str, Coverage]
) -> None:
    coverage = coverages[mechanism]
    unable = {"stake_vote": {"publish"}, "blade": {"join"}}.get(mechanism, set())
    actions = {*ACTIONS, *MECHANISMS[mechanism].actions}
    assert set(coverage.actions) == actions - unable
    assert set(coverage.phases) == PHASES | ({"PUBLISH"} if mechanism != "stake_vote" else set())
    assert set(coverage.outcomes) == {"ACCEPTED", "REJECTED", "UNDECIDED"}
    assert not [name for name, times in coverage.cases.items() if times == 0]


@pytest.mark.slow
def test_sequences_reach_every_event(coverages: Mapping[str, Coverage]) -> None:
    assert {name for coverage in coverages.values() for name in coverage.events} == set(EVENTS)


@pytest.mark.slow
@WHICH
def test_about_as_many_steps_are_refused_as_meant(mechanism: str, coverages: Mapping[str, Coverage]) -> None:
    coverage = coverages[mechanism]
    refused = sum(coverage.errors.values()) / coverage.steps
    assert 0.25 < refused < 0.6
