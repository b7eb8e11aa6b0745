"""The vectors are worth something: a specification with any one rule bent no longer agrees with them.

The rules that all share, and those of stake_vote; the others' are in `bent_stake_jury.py`, `bent_vbfl.py`,
`bent_bflc.py` and `bent_blade.py`.
"""

from collections.abc import Callable
from dataclasses import replace

import pytest

import clients.protocol.blame as blame_module
import clients.protocol.federation as federation_module
import clients.protocol.payouts as payouts_module
import clients.protocol.rounds as rounds_module
import clients.protocol.views as views_module
from clients.protocol.docket import Docket
from clients.protocol.federation import Federation
from clients.protocol.ledger import STAKE_MAX, Ledger
from clients.protocol.panels import RANDOM_PANEL
from clients.protocol.payouts import STAKE_REDISTRIBUTION
from clients.protocol.policies import GuardPolicy, Settlement, Wanted
from clients.protocol.tally import Tally
from clients.protocol.verdicts import DIGEST_MAJORITY
from clients.types.federation import Act, Member, Outcome, Role, Round, StakeVoteTerms, Standing
from tests.spec.bending import Patch, get_sequences, is_noticed, is_replayed, use

SEQUENCES = 400
NAME = "stake_vote"
T = StakeVoteTerms


def verdict(patch: Patch, bent: Callable[[T, Round, Docket, Wanted], Outcome]) -> None:
    use(patch, NAME, verdict=replace(DIGEST_MAJORITY, compute_outcome=bent))


def quorum_met_by_less(patch: Patch) -> None:
    verdict(
        patch, lambda t, r, d, w: DIGEST_MAJORITY.compute_outcome(t, r, d, w._replace(voters=w.voters - 1))
    )


def quorum_needs_more(patch: Patch) -> None:
    def bent(t: T, r: Round, d: Docket, w: Wanted) -> Outcome:
        exact = r.reveals * 10_000 == t.quorum_bps * w.voters
        return Outcome.UNDECIDED if exact else DIGEST_MAJORITY.compute_outcome(t, r, d, w)

    verdict(patch, bent)


def half_is_a_majority(patch: Patch) -> None:
    def bent(t: T, r: Round, d: Docket, w: Wanted) -> Outcome:
        if r.leading_count * 2 == r.reveals and r.reveals:
            r = replace(r, reveals=r.reveals - 1)
        return DIGEST_MAJORITY.compute_outcome(t, r, d, w)

    verdict(patch, bent)


def settlement(patch: Patch, bend: Callable[[T, Round, Outcome, int, Settlement], Settlement]) -> None:
    def bent(t: T, r: Round, d: Docket, o: Outcome, pool: int) -> Settlement:
        return bend(t, r, o, pool, STAKE_REDISTRIBUTION.compute_settlement(t, r, d, o, pool))

    use(patch, NAME, payout=replace(STAKE_REDISTRIBUTION, compute_settlement=bent))


def dust_is_lost(patch: Patch) -> None:
    def bend(t: T, r: Round, o: Outcome, pool: int, paid: Settlement) -> Settlement:
        dust = t.voter_stake * (r.commits - r.leading_count) - paid.voter_reward * r.leading_count
        return paid if o is Outcome.UNDECIDED else paid._replace(pool=paid.pool - dust)

    settlement(patch, bend)


def silence_is_free_when_undecided(patch: Patch) -> None:
    settlement(
        patch, lambda t, r, o, pool, paid: paid if o is not Outcome.UNDECIDED else Settlement(0, 0, pool)
    )


def pool_pays_after_the_dust(patch: Patch) -> None:
    def bend(t: T, r: Round, o: Outcome, pool: int, paid: Settlement) -> Settlement:
        if o is not Outcome.ACCEPTED:
            return paid
        whole = paid.pool + paid.proposer_reward * r.proposals
        reward = whole // r.proposals
        return paid._replace(proposer_reward=reward, pool=whole - reward * r.proposals)

    settlement(patch, bend)


def stakes_are_not_cut(patch: Patch) -> None:
    patch.setattr(views_module, "STAKE_MAX", STAKE_MAX + 1)


def delta(patch: Patch, bend: Callable[[T, Member, Round, int], int]) -> None:
    def bent(t: T, a: str, m: Member, r: Round, d: Docket) -> int:
        return bend(t, m, r, STAKE_REDISTRIBUTION.compute_delta(t, a, m, r, d))

    use(patch, NAME, payout=replace(STAKE_REDISTRIBUTION, compute_delta=bent))


def minority_keeps_its_stake(patch: Patch) -> None:
    delta(patch, lambda t, m, r, gain: max(gain, 0) if Act.REVEALED in m.acts else gain)


def rejected_proposers_keep_their_stake(patch: Patch) -> None:
    delta(patch, lambda t, m, r, gain: max(gain, 0) if Act.PROPOSED in m.acts else gain)


def guard(patch: Patch, is_out: Callable[[T, Member], bool]) -> None:
    def bent(t: T, m: Member, booked: Member, r: Round, d: Docket) -> Member:
        return replace(booked, standing=Standing.BANNED) if is_out(t, booked) else booked

    use(patch, NAME, guard=GuardPolicy(bent))


def the_poor_stay(patch: Patch) -> None:
    guard(patch, lambda t, m: m.stake < t.bond - 1)


def the_just_solvent_go(patch: Patch) -> None:
    guard(patch, lambda t, m: m.stake <= t.bond)


def undecided_candidates_become_head(patch: Patch) -> None:
    plain = Federation.process_settle

    def bent(self: Federation[T], *args: object) -> object:
        events = plain(self, *args)  # type: ignore[arg-type]
        if self.record.outcome is Outcome.UNDECIDED:
            self.state.head = self.docket.tally.candidate
        return events

    patch.setattr(Federation, "process_settle", bent)


def one_more_proposes(patch: Patch) -> None:
    def bent(t: T, state: object, account: str, position: int, members: int) -> Role:
        return Role.PROPOSER if position <= t.proposers else Role.VOTER

    use(patch, NAME, panel=replace(RANDOM_PANEL, get_roles=bent))


def one_fewer_will_do(patch: Patch) -> None:
    use(patch, NAME, panel=replace(RANDOM_PANEL, get_fewest=lambda t: t.proposers + t.min_voters - 1))


def the_seed_forgets_the_reveals(patch: Patch) -> None:
    patch.setattr(federation_module, "compute_mix", lambda mix, voter, salt: mix)


def a_seed_lasts_one_block_less(patch: Patch) -> None:
    patch.setattr(rounds_module, "SEAL_BLOCKS", 255)


def a_seed_lasts_one_block_more(patch: Patch) -> None:
    patch.setattr(rounds_module, "SEAL_BLOCKS", 257)


def the_last_leader_wins(patch: Patch) -> None:
    plain = blame_module.compute_tally

    def bent(tally: Tally, entry: bytes) -> tuple[Tally, int]:
        counted, option = plain(tally, entry)
        level = counted.counts[option - 1] == counted.leading_count
        return (replace(counted, leading_option=option) if level else counted), option

    patch.setattr(blame_module, "compute_tally", bent)


def who_leaves_shifts_the_others(patch: Patch) -> None:
    def bent(self: Ledger, account: str, member: Member, standing: Standing, unbonds_at: int) -> None:
        self.registry.remove(account)
        for place, other in enumerate(self.registry):
            self.members[other] = replace(self.members[other], index=place + 1)
        self.members[account] = replace(member, index=0, standing=standing, unbonds_at=unbonds_at)

    patch.setattr(Ledger, "process_remove", bent)


def who_joins_again_starts_anew(patch: Patch) -> None:
    plain = Ledger.process_register

    def bent(self: Ledger, account: str, stake: int, *, waits: bool) -> None:
        self.members.pop(account, None)
        plain(self, account, stake, waits=waits)

    patch.setattr(Ledger, "process_register", bent)


def ends_slip_by_a_second(patch: Patch) -> None:
    plain = rounds_module.compute_ends
    patch.setattr(rounds_module, "compute_ends", lambda drawn_at, schedule: plain(drawn_at + 1, schedule))


def blame(patch: Patch, bent: Callable[[T, Round, Docket, int], bool]) -> None:
    patch.setattr(payouts_module, "is_blamed", bent)


def all_are_to_blame(patch: Patch) -> None:
    blame(patch, lambda t, r, d, n: True)


def half_of_them_can_blame(patch: Patch) -> None:
    blame(patch, lambda t, r, d, n: not t.attribution or d.names[n] * 2 >= r.leading_count)


def blame_needs_half_of_all_ballots(patch: Patch) -> None:
    blame(patch, lambda t, r, d, n: not t.attribution or d.names[n] * 2 > r.reveals)


def epochs_may_be_any(patch: Patch) -> None:
    plain = federation_module.check_claim

    def bent(terms: T, samples: int, epochs: int) -> None:
        plain(terms, samples, 1 if epochs else 0)

    patch.setattr(federation_module, "check_claim", bent)


def acts_pile_up_over_rounds(patch: Patch) -> None:
    patch.setattr(Federation, "get_acts", lambda self, member: member.acts)


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
    one_fewer_will_do,
    the_seed_forgets_the_reveals,
    a_seed_lasts_one_block_less,
    a_seed_lasts_one_block_more,
    the_last_leader_wins,
    who_leaves_shifts_the_others,
    who_joins_again_starts_anew,
    ends_slip_by_a_second,
    all_are_to_blame,
    half_of_them_can_blame,
    blame_needs_half_of_all_ballots,
    epochs_may_be_any,
    acts_pile_up_over_rounds,
)


def test_the_specification_does_what_its_vectors_say() -> None:
    assert all(
        is_replayed(seed, sequence) for seed, sequence in list(get_sequences(NAME, SEQUENCES).items())[:50]
    )


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.__name__)
def test_a_bent_rule_is_noticed(mutant: Callable[[Patch], None], monkeypatch: Patch) -> None:
    get_sequences(NAME, SEQUENCES)
    mutant(monkeypatch)
    assert is_noticed(NAME, SEQUENCES)
