"""Every planted fault is found and named: kind, round, account, expected, found."""

from copy import deepcopy
from functools import cache

import pytest

from tests.unit.auditing.faults import Fault, Sign
from tests.unit.auditing.faults_of_duty import FAULTS
from tests.unit.auditing.played import Recorded, audit, play_history

SEEDS = 120


@cache
def history(mechanism: str, seed: int) -> Recorded:
    return play_history(f"faults-{seed}", mechanism, 250).record()


def plant(fault: Fault, mechanism: str) -> tuple[Recorded, Sign]:
    """Return the first history that has room for the fault, with it."""
    for seed in range(SEEDS):
        record = deepcopy(history(mechanism, seed))
        try:
            return record, fault.plant(record)
        except (LookupError, StopIteration):
            continue
    raise AssertionError(f"no history of {mechanism} has room for: {fault.name}")


CASES = [pytest.param(fault, mechanism, id=f"{mechanism}: {fault.name}")
         for fault in FAULTS for mechanism in fault.mechanisms]  # fmt: skip


@pytest.mark.parametrize(("fault", "mechanism"), CASES)
def test_a_planted_fault_is_found_and_named(fault: Fault, mechanism: str) -> None:
    record, sign = plant(fault, mechanism)
    found = audit(record).findings
    assert found, "nothing was found"
    fitting = [
        one
        for one in found
        if one.kind == sign.kind
        and (sign.round is None or one.round == sign.round)
        and (not sign.account or one.account == sign.account)
    ]
    assert fitting, [(sign, one.sentence) for one in found]
    assert fitting[0].sentence.endswith(".")
    assert fitting[0].expected != fitting[0].found
    if sign.kind in ("balance", "pool", "money"):
        assert any(" tokens" in one.expected + one.found for one in fitting)


@pytest.mark.parametrize("mechanism", ["stake_vote", "vbfl"])
def test_an_update_that_breaks_its_pledge_is_followed_and_reported_once(mechanism: str) -> None:
    [fault] = [one for one in FAULTS if one.name == "an update of another digest than was pledged"]
    record, sign = plant(fault, mechanism)
    [finding] = audit(record).findings
    assert (finding.kind, finding.round, finding.account) == (sign.kind, sign.round, sign.account)


@pytest.mark.parametrize("name", ["a secret that wasn't anchored", "a decoy told of as an honest update"])
def test_a_lie_about_a_lot_is_followed_and_reported_once(name: str) -> None:
    """A false secret tells another lot, whatever is said of it."""
    [fault] = [one for one in FAULTS if one.name == name]
    record, sign = plant(fault, "stake_jury")
    found = audit(record).findings
    assert {(one.kind, one.account) for one in found} >= {(sign.kind, sign.account)}
    assert {one.kind for one in found} <= {"decoy", "selection", "payout", "outcome", "balance", "acts"}


def test_an_eviction_without_a_reason_is_followed_and_reported_once() -> None:
    """Else every later draw would differ."""
    [fault] = [one for one in FAULTS if one.name.startswith("a member that is put out for fewer")]
    record, sign = plant(fault, "stake_jury")
    put_out = {one.args["account"] for one in record.entries if one.name == "Evicted"}
    found = audit(record).findings
    assert sign.account in {one.account for one in found}
    assert {(one.kind, one.what) for one in found} == {("membership", "the eviction")}
    assert {one.account for one in found} <= put_out
    assert len(found) == len({(one.account, one.round) for one in found})


def test_a_report_that_comes_early_is_followed_and_reported_once() -> None:
    [fault] = [one for one in FAULTS if one.name == "an absence noted before the ballots were in"]
    record, sign = plant(fault, "stake_jury")
    [finding] = audit(record).findings
    assert (finding.kind, finding.round, finding.account) == (sign.kind, sign.round, sign.account)


def test_enough_faults_are_planted() -> None:
    assert len({fault.name for fault in FAULTS}) >= 25
