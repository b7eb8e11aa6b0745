"""The vectors are worth something: a specification with any one rule bent no longer agrees with them."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest

import clients.protocol.federation as federation_module
import clients.protocol.rounds as rounds_module
import clients.protocol.views as views_module
from clients.protocol.federation import Federation
from clients.protocol.ledger import STAKE_MAX, Ledger
from clients.protocol.panels import RANDOM_PROPOSERS
from clients.protocol.payouts import POOL_AND_MINORITY
from clients.protocol.policies import Mechanism, Payout, Settlement, Verdict
from clients.protocol.publications import MAJORITY_DIGEST
from clients.protocol.stake_vote import STAKE_VOTE
from clients.protocol.state import Env
from clients.protocol.tally import Tally
from clients.protocol.verdicts import MAJORITY
from clients.types.errors import ProtocolError
from clients.types.federation import Act, Member, Outcome, Role, Round, StakeVoteTerms
from tests.spec.abi import compute_events_hash, encode_error, encode_state, keccak
from tests.spec.sequences import Coverage, Sequence, build_sequence, build_world

SEQUENCES, STEPS = 400, 50
Patch = pytest.MonkeyPatch


@pytest.fixture(scope="module")
def vectors() -> Mapping[str, Sequence]:
    seeds = [f"mutant-{number}" for number in range(SEQUENCES)]
    return {seed: build_sequence(seed, STEPS, Coverage()) for seed in seeds}


def replayed(seed: str, expected: Sequence) -> bool:
    """Return whether the specification as it is now does what its vector of `seed` says."""
    world = build_world(seed)
    federation, accounts = world.federation, list(world.funds)
    for step in expected.steps:
        env = Env(step.time, step.block, world.env.entropy)
        try:
            ok, outcome = True, compute_events_hash(federation.apply(env, step.call))
        except ProtocolError as error:
            ok, outcome = False, keccak(encode_error(error))
        except ArithmeticError:
            return False  # a bent rule may lead to what no word can hold
        if (ok, outcome) != (step.ok, step.outcome):
            return False
        if keccak(encode_state(federation, env, accounts)) != step.state:
            return False
    return True


def use(patch: Patch, **policies: object) -> None:
    bent: Mechanism[StakeVoteTerms] = replace(STAKE_VOTE, **policies)

    def build(self: Federation[StakeVoteTerms], *args: object, **named: object) -> None:
        PLAIN_INIT(self, *args, **named)  # type: ignore[arg-type]
        self.mechanism = bent

    patch.setattr(Federation, "__init__", build)


PLAIN_INIT = Federation.__init__


def verdict(patch: Patch, bend: Callable[[StakeVoteTerms, Round, Tally, int], Outcome]) -> None:
    use(patch, verdict=Verdict(MAJORITY.check_terms, bend))


def quorum_met_by_less(patch: Patch) -> None:
    verdict(patch, lambda t, r, a, v: MAJORITY.compute_outcome(t, r, a, v - 1))


def quorum_needs_more(patch: Patch) -> None:
    def bend(t: StakeVoteTerms, r: Round, a: Tally, v: int) -> Outcome:
        exact = r.reveals * 10_000 == t.quorum_bps * v
        return Outcome.UNDECIDED if exact else MAJORITY.compute_outcome(t, r, a, v)

    verdict(patch, bend)


def half_is_a_majority(patch: Patch) -> None:
    def bend(t: StakeVoteTerms, r: Round, a: Tally, v: int) -> Outcome:
        if a.lead * 2 == r.reveals and r.reveals:
            r = replace(r, reveals=r.reveals - 1)
        return MAJORITY.compute_outcome(t, r, a, v)

    verdict(patch, bend)


def settlement(patch: Patch, bend: Callable[[StakeVoteTerms, Round, Outcome, int], Settlement]) -> None:
    use(patch, payout=replace(POOL_AND_MINORITY, compute_settlement=bend))


def dust_is_lost(patch: Patch) -> None:
    def bend(t: StakeVoteTerms, r: Round, o: Outcome, pool: int) -> Settlement:
        paid = POOL_AND_MINORITY.compute_settlement(t, r, o, pool)
        dust = t.voter_stake * (r.commits - r.lead) - paid.voter_reward * r.lead
        return paid if o is Outcome.UNDECIDED else replace(paid, pool=paid.pool - dust)

    settlement(patch, bend)


def silence_is_free_when_undecided(patch: Patch) -> None:
    def bend(t: StakeVoteTerms, r: Round, o: Outcome, pool: int) -> Settlement:
        paid = POOL_AND_MINORITY.compute_settlement(t, r, o, pool)
        return replace(paid, pool=pool) if o is Outcome.UNDECIDED else paid

    settlement(patch, bend)


def pool_pays_after_the_dust(patch: Patch) -> None:
    def bend(t: StakeVoteTerms, r: Round, o: Outcome, pool: int) -> Settlement:
        paid = POOL_AND_MINORITY.compute_settlement(t, r, o, pool)
        if o is not Outcome.ACCEPTED:
            return paid
        whole = paid.pool + paid.proposer_reward * r.proposals
        reward = whole // r.proposals
        return replace(paid, proposer_reward=reward, pool=whole - reward * r.proposals)

    settlement(patch, bend)


def stakes_are_not_cut(patch: Patch) -> None:
    patch.setattr(views_module, "STAKE_MAX", STAKE_MAX + 1)


def delta(patch: Patch, bend: Callable[[StakeVoteTerms, Member, Round], int]) -> None:
    bent: Payout[StakeVoteTerms] = replace(POOL_AND_MINORITY, compute_delta=bend)
    use(patch, payout=bent)


def minority_keeps_its_stake(patch: Patch) -> None:
    def bend(t: StakeVoteTerms, m: Member, r: Round) -> int:
        return max(POOL_AND_MINORITY.compute_delta(t, m, r), 0) if m.act is Act.REVEALED else 0

    delta(patch, bend)


def rejected_proposers_keep_their_stake(patch: Patch) -> None:
    def bend(t: StakeVoteTerms, m: Member, r: Round) -> int:
        return r.proposer_reward if m.act is Act.PROPOSED else POOL_AND_MINORITY.compute_delta(t, m, r)

    delta(patch, bend)


def the_poor_stay(patch: Patch) -> None:
    use(patch, is_out=lambda t, m, r: m.stake < t.bond - 1)


def the_just_solvent_go(patch: Patch) -> None:
    use(patch, is_out=lambda t, m, r: m.stake <= t.bond)


def undecided_candidates_become_head(patch: Patch) -> None:
    bent = replace(MAJORITY_DIGEST, get_head=lambda o, a, h: h if o is Outcome.REJECTED else a.candidate or h)
    use(patch, publication=bent)


def one_more_proposes(patch: Patch) -> None:
    def role(t: StakeVoteTerms, position: int, members: int) -> Role:
        return Role.PROPOSER if position <= t.seats else Role.VOTER

    use(patch, panel=replace(RANDOM_PROPOSERS, get_role=role))


def the_seed_forgets_the_reveals(patch: Patch) -> None:
    patch.setattr(federation_module, "compute_mix", lambda mix, voter, salt: mix)


def a_seed_lasts_one_block_less(patch: Patch) -> None:
    patch.setattr(rounds_module, "SEAL_BLOCKS", 255)


def a_seed_lasts_one_block_more(patch: Patch) -> None:
    patch.setattr(rounds_module, "SEAL_BLOCKS", 257)


def the_last_leader_wins(patch: Patch) -> None:
    plain = federation_module.compute_tally

    def bend(tally: Tally, ballot: bytes) -> tuple[Tally, int]:
        counted, option = plain(tally, ballot)
        level = counted.counts[option - 1] == counted.lead
        return (replace(counted, leader=option) if level else counted), option

    patch.setattr(federation_module, "compute_tally", bend)


def who_leaves_shifts_the_others(patch: Patch) -> None:
    def bend(self: Ledger, account: str, member: Member, standing: object, unbonds_at: int) -> None:
        self.registry.remove(account)
        for place, other in enumerate(self.registry):
            self.members[other] = replace(self.members[other], index=place + 1)
        gone = {"index": 0, "standing": standing, "unbonds_at": unbonds_at}
        self.members[account] = replace(member, **gone)

    patch.setattr(Ledger, "process_remove", bend)


def who_joins_again_starts_anew(patch: Patch) -> None:
    plain = Ledger.process_register

    def bend(self: Ledger, account: str, stake: int) -> None:
        self.members.pop(account, None)
        plain(self, account, stake)

    patch.setattr(Ledger, "process_register", bend)


def ends_slip_by_a_second(patch: Patch) -> None:
    plain = rounds_module.compute_ends

    def bend(drawn_at: int, schedule: object) -> rounds_module.Ends:
        return plain(drawn_at + 1, schedule)  # type: ignore[arg-type]

    patch.setattr(rounds_module, "compute_ends", bend)


MUTANTS = (
    quorum_met_by_less,
    quorum_needs_more,
    half_is_a_majority,
    dust_is_lost,
    silence_is_free_when_undecided,
    pool_pays_after_the_dust,
    stakes_are_not_cut,
    minority_keeps_its_stake,
    rejected_proposers_keep_their_stake,
    the_poor_stay,
    the_just_solvent_go,
    undecided_candidates_become_head,
    one_more_proposes,
    the_seed_forgets_the_reveals,
    a_seed_lasts_one_block_less,
    a_seed_lasts_one_block_more,
    the_last_leader_wins,
    who_leaves_shifts_the_others,
    who_joins_again_starts_anew,
    ends_slip_by_a_second,
)


def test_the_specification_does_what_its_vectors_say(vectors: Mapping[str, Sequence]) -> None:
    assert all(replayed(seed, sequence) for seed, sequence in list(vectors.items())[:50])


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.__name__)
def test_a_bent_rule_is_noticed(
    mutant: Callable[[Patch], None], vectors: Mapping[str, Sequence], monkeypatch: Patch
) -> None:
    mutant(monkeypatch)
    assert any(not replayed(seed, sequence) for seed, sequence in vectors.items())
