"""Bent rules of stake_jury, vbfl, bflc and blade, managers and pledges are noticed by their vectors."""

import pytest

from tests.spec.bending import Mutant, Patch, get_sequences, ids, is_noticed, is_replayed
from tests.spec.bent_bflc import BFLC_MUTANTS
from tests.spec.bent_blade import BLADE_MUTANTS
from tests.spec.bent_decoys import DECOY_MUTANTS
from tests.spec.bent_duty import DUTY_MUTANTS
from tests.spec.bent_managers import MANAGED_MUTANTS
from tests.spec.bent_pledges import PLEDGE_MUTANTS
from tests.spec.bent_stake_jury import STAKE_JURY_MUTANTS
from tests.spec.bent_vbfl import QUORUM_MUTANTS, VBFL_MUTANTS

SEQUENCES = {"stake_jury": 900}
"""How many must notice; of the others, 400."""


def count(mechanism: str) -> int:
    return SEQUENCES.get(mechanism, 400)


OF = {
    "stake_jury": STAKE_JURY_MUTANTS | DECOY_MUTANTS | DUTY_MUTANTS,
    "vbfl": VBFL_MUTANTS,
    "bflc": BFLC_MUTANTS,
    "blade": BLADE_MUTANTS,
}
MUTANTS: list[tuple[str, str, Mutant]] = [
    (mechanism, name, mutant)
    for mechanism, mutants in OF.items()
    for name, mutant in (QUORUM_MUTANTS | mutants).items()
]
MUTANTS += [
    (mechanism, name, mutant)
    for shared in (MANAGED_MUTANTS, PLEDGE_MUTANTS)
    for mechanism, mutants in shared.items()
    for name, mutant in mutants.items()
]


@pytest.mark.slow
@pytest.mark.parametrize("mechanism", OF)
def test_the_specification_does_what_its_vectors_say(mechanism: str) -> None:
    sequences = list(get_sequences(mechanism, count(mechanism)).items())[:30]
    assert all(is_replayed(seed, sequence) for seed, sequence in sequences)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("mechanism", "name", "mutant"), MUTANTS, ids=ids((mechanism, name) for mechanism, name, _ in MUTANTS)
)
def test_a_bent_rule_is_noticed(mechanism: str, name: str, mutant: Mutant, monkeypatch: Patch) -> None:
    get_sequences(mechanism, count(mechanism))
    mutant(monkeypatch)
    assert is_noticed(mechanism, count(mechanism))
