// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {FixedBeacon} from "../../contracts/FixedBeacon.sol";
import {JuryToken} from "../../contracts/JuryToken.sol";
import {IFederation} from "../../contracts/interfaces/IFederation.sol";
import {BallotAttacks} from "./BallotAttacks.sol";
import {FalseToken, FeeToken, FreeToken, ReentrantToken} from "./Tokens.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuard} from "@openzeppelin/contracts/utils/ReentrancyGuard.sol";

/// @dev Attacks that every federation must stand, a test each.
///
/// Which attack is tested where. "Every leaf": here or in `BallotAttacks.sol`, run by each `NamedAttacks<Leaf>.t.sol`.
///
/// | attack | test |
/// |---|---|
/// | copied commitment | every leaf: test_copied_commitment; Attacks: test_copied_commitment |
/// | replayed commitment in another round | every leaf: test_replayed_in_another_round; Attacks |
/// | replayed commitment in another contract | every leaf: test_replayed_in_another_contract; Attacks |
/// | replayed commitment on another chain | every leaf: test_replayed_on_another_chain; Attacks |
/// | early, late, double reveal | every leaf: test_early_reveal, test_late_reveal, test_double_reveal; Attacks |
/// | wrong salt | every leaf: test_wrong_salt; Attacks: test_wrong_salt_or_ballot |
/// | no reveal | every leaf: test_no_reveal; Attacks: test_no_reveal_costs_as_much_as_a_wrong_vote |
/// | tie | Attacks: test_tie; NamedAttacks{StakeJury,Vbfl,Bflc,Blade}: test_tie |
/// | no quorum | Attacks: test_no_quorum; NamedAttacks{StakeJury,Vbfl,Bflc,Blade}: test_no_quorum |
/// | 50 % + 1 colluders | NamedAttacks{StakeVote,StakeJury,Vbfl,Bflc,Blade}: test_majority_of_colluders |
/// | one owner as many sybils | NamedAttacks{StakeVote,StakeJury,Vbfl,Bflc,Blade}: test_one_owner_as_many_sybils |
/// | withdrawing before a slash | every leaf: test_withdrawing_before_a_slash; Attacks |
/// | staking after the seed | every leaf: test_staking_after_the_seed; Attacks: test_joining_after_the_freeze |
/// | re-rolling the seed | every leaf: test_rerolling_the_seed, test_rerolling_the_seed_by_waiting; Attacks |
/// | settling and opening at once | every leaf: test_settling_and_opening_at_once |
/// | half of an even committee | NamedAttacksBflc: test_half_of_an_even_committee |
/// | half of a jury | NamedAttacksStakeJury: test_half_of_a_jury |
/// | half of the validators are silent | NamedAttacksVbfl: test_half_of_the_validators |
/// | first in every phase; garbage first; copies in front (hardened bflc) | StakeJuryAdmitted |
/// | the most claimed (hardened vbfl) | StakeJuryClaims |
/// | one bad update that slashes honest proposers | StakeJurySabotage |
/// | a flood that joins and opens at once | StakeJuryFlood; Newcomers: test_flood_and_open_at_once |
/// | a minority against a named committee | NamedAttacksBflc: test_a_minority_against_a_named_committee |
/// | a rich convict, few who convict | NamedAttacksBlade: test_rich_convict, test_few_who_convict |
/// | reentrant token | every leaf: test_reentrant_token; Blade: test_reentrant_token_in_a_reclaim; Attacks |
/// | false-returning token | every leaf: test_false_returning_token; Attacks |
/// | fee-on-transfer token | every leaf: test_fee_on_transfer_token; Attacks |
/// | forced ether | every leaf: test_forced_ether |
/// | 1-unit and 100 % slashes | NamedAttacksStakeVote: test_slash_of_one_unit, test_slash_of_everything; Blade |
/// | 1,000 idle rounds before a claim | every leaf: test_thousand_idle_rounds_before_a_claim |
/// | a banned account coming back | NamedAttacks{StakeJury,Vbfl,Bflc,Blade}: test_banned_account_coming_back; Attacks |
/// | a block-stuffed deadline | every leaf: test_block_stuffed_{commits,deadline,publications}; Blade |
/// | front-run registration | every leaf: test_front_run_registration; Blade: test_front_run_{bid,anchor} |
/// | a malicious manager | NamedAttacksBflc: test_malicious_manager, test_malicious_majority_of_managers |
/// | an outsider that joins or outbids; a manager that votes twice; an old majority; half of the managers; an aye after the
/// end of its motion, or for another | every leaf: ManagedAttacks |
/// | a copy of an open motion, or the same motion in front | every leaf: ManagedAttacks: test_a_copied_motion,
/// test_the_same_motion_in_front |
/// | late ayes, and one manager that repeats their motions | NamedAttacksBflc: test_late_ayes, test_old_ayes_lapse |
/// | the expelled coming back | every leaf: ManagedAttacks: test_the_expelled_come_back, test_expelled_twice |
/// | managers that expel a voter before its reveal, or a drawn proposer | every leaf: ManagedAttacks |
/// | managers that lock somebody in | every leaf: ManagedAttacks: test_managers_lock_nobody_in |
/// | managers that name their friends | NamedAttacksBflc: test_a_majority_of_managers_writes_the_model |
/// | leaving in front of the bounty | Blade: test_leaving_in_front_of_the_bounty_locks_nobody_in |
/// | a publisher that publishes something else | NamedAttacks{StakeJury,Vbfl,Bflc,Blade}: test_publisher_of_something_else |
/// | learning or choosing one's lot, a copied anchor | DecoyAttacks: test_a_lot_is_not_known_before_it_is_anchored,
/// test_a_copied_anchor_is_a_lot_that_nobody_chose |
/// | another's secret, a secret twice | DecoyAttacks: test_anothers_secret_is_shown, test_a_secret_is_shown_twice |
/// | poison that claims to be a decoy, or is one | DecoyAttacks: test_poison_passes_for_no_decoy,
/// test_a_decoy_is_no_way_into_the_model |
/// | a juror that approves untested | DecoyAttacks: test_approving_untested |
/// | a secret that is never shown | DecoyAttacks: test_silence_hangs_no_round |
abstract contract NamedAttacks is BallotAttacks {
    // ------------------------------------------------------------------ what a leaf says

    /// @dev What who commits and doesn't reveal pays, whatever the round comes to.
    function silenceCosts() internal view virtual returns (uint256) {}

    /// @dev The leaf's own call that moves tokens, or one of the core's.
    function moving() internal view virtual returns (bytes memory) {
        return abi.encodeCall(IFederation.claim, ());
    }

    // ------------------------------------------------------------------ stakes

    /// @dev Once a member has acted, its stake stays where it can be slashed until the round is settled and booked.
    function test_withdrawing_before_a_slash() public {
        address voter = toCommit()[0];
        commitBallot(voter, ballot(true));
        refusesPhase(voter, abi.encodeCall(IFederation.exit, ()), IFederation.Phase.Open);
        refuses(
            voter,
            abi.encodeCall(IFederation.withdraw, ()),
            abi.encodeWithSelector(IFederation.NothingToWithdraw.selector, voter)
        );
        bytes memory inPlay = abi.encodeWithSelector(IFederation.RoundInPlay.selector, voter, 1);
        refuses(voter, abi.encodeCall(IFederation.claim, ()), inPlay);
        vm.expectRevert(inPlay);
        federation.collect(voter);
    }

    /// @dev Neither a place in the registry nor a larger stake can be had once the registry is frozen.
    function test_staking_after_the_seed() public {
        address late = account(90);
        prepare(late);
        (bytes memory call, uint256 cost) = entering(late);
        fund(late, cost);
        fund(members[0], 10);
        for (uint256 i = 0; i < 2; ++i) {
            if (i == 0) toOpen();
            else draw();
            refusesPhase(late, call, IFederation.Phase.Open);
            refusesPhase(members[0], abi.encodeCall(IFederation.deposit, (10)), IFederation.Phase.Open);
            refusesPhase(members[0], abi.encodeCall(IFederation.exit, ()), IFederation.Phase.Open);
        }
        assertEq(federation.memberOf(late).roles, 0);
    }

    /// @dev A seed is drawn once; letting it lapse voids the round, and costs all of them the same wait.
    function test_rerolling_the_seed() public {
        toOpen();
        draw();
        bytes32 seed = federation.status().seed;
        refusesPhase(members[0], abi.encodeCall(IFederation.draw, ()), IFederation.Phase.Draw);
        refusesPhase(members[0], abi.encodeCall(IFederation.open, ()), IFederation.Phase.Open);
        assertEq(federation.status().seed, seed);
        finish();
        toOpen();
        vm.roll(block.number + 257);
        refusesPhase(members[0], abi.encodeCall(IFederation.draw, ()), IFederation.Phase.Draw);
        federation.settle();
        assertOutcome(IFederation.Outcome.Undecided);
        // not before the pause is over
        uint256 rest = federation.status().restUntil;
        vm.expectRevert(abi.encodeWithSelector(IFederation.TooEarly.selector, block.timestamp, rest));
        federation.open();
    }

    /// @dev By the chain's own randomness: the seed is the sealed block's, whoever draws it in whichever block after.
    /// Only where nobody at all draws for 256 blocks is there another one, a round later.
    function test_rerolling_the_seed_by_waiting() public {
        beacon = FixedBeacon(address(0));
        again();
        toOpen();
        uint256 seal = block.number;
        bytes32 seed = keccak256(abi.encode(bytes32("sealed"), bytes32(0), round()));
        assertEq(seedDrawnAt(seal, seal + 1), seed);
        assertEq(seedDrawnAt(seal, seal + 2), seed);
        assertEq(seedDrawnAt(seal, seal + 256), seed);
        vm.roll(seal + 257);
        refusesPhase(members[0], abi.encodeCall(IFederation.draw, ()), IFederation.Phase.Draw);
        federation.settle();
        assertOutcome(IFederation.Outcome.Undecided);
        toOpen();
        bytes32 other = keccak256(abi.encode(bytes32("sealed"), bytes32(0), round()));
        assertEq(seedDrawnAt(block.number, block.number + 1), other);
        assertTrue(other != seed, "a re-roll, for 256 blocks");
    }

    function seedDrawnAt(uint256 seal, uint256 at) private returns (bytes32 seed) {
        uint256 snapshot = vm.snapshotState();
        vm.roll(at);
        vm.setBlockhash(seal, "sealed");
        if (at - 1 != seal) vm.setBlockhash(at - 1, "another");
        federation.draw();
        seed = federation.status().seed;
        vm.revertToState(snapshot);
    }

    /// @dev Whoever settles can't open in the same transaction, and so keep everybody in and all others out.
    function test_settling_and_opening_at_once() public {
        skipRound();
        uint256 rest = federation.status().restUntil;
        assertGt(rest, block.timestamp);
        vm.expectRevert(abi.encodeWithSelector(IFederation.TooEarly.selector, block.timestamp, rest));
        federation.open();
        vm.warp(rest - 1);
        vm.expectRevert(abi.encodeWithSelector(IFederation.TooEarly.selector, rest - 1, rest));
        federation.open();
        vm.warp(rest);
        federation.open();
    }

    /// @dev What waits doesn't get lost, or dearer to fetch.
    function test_thousand_idle_rounds_before_a_claim() public {
        playAccepted();
        (address winner, uint256 due) = richest();
        uint256 snapshot = vm.snapshotState();
        uint256 soon = claimGas(winner);
        vm.revertToState(snapshot);
        vm.warp(federation.status().restUntil);
        for (uint256 i = 0; i < 1000; ++i) {
            federation.open();
            draw();
            vm.warp(block.timestamp + 100);
            federation.settle();
            vm.warp(block.timestamp + 50);
        }
        assertEq(round(), 1001);
        assertEq(balance(winner), due);
        assertApproxEqAbs(claimGas(winner), soon, 200, "the same cost");
        assertEq(token.balanceOf(winner), due - BOND);
    }

    /// @dev Blocks stuffed until the reveals' deadline shut the jury out: the head stays, and nobody can be made to pay
    /// more than the silent pay anyway. It costs the gas of all blocks of a phase, and gains no vote.
    function test_block_stuffed_deadline() public {
        uint256[] memory had = balances();
        address[] memory list = toCommit();
        for (uint256 i = 0; i < list.length; ++i) {
            commitBallot(list[i], ballot(true));
        }
        pass(IFederation.Phase.Commit);
        bytes32 salt = saltOf(list[0]);
        vm.warp(federation.status().revealEnd);
        refusesPhase(list[0], revealing(ballot(true), salt), IFederation.Phase.Reveal);
        assertVoid(had, list, silenceCosts());
    }

    /// @dev Until the commitments' deadline: nobody has committed to anything, so nobody pays at all.
    function test_block_stuffed_commits() public {
        uint256[] memory had = balances();
        address[] memory list = toCommit();
        bytes32 hidden = federation.commitmentOf(round(), list[0], ballot(true), saltOf(list[0]));
        vm.warp(federation.status().commitEnd);
        refusesPhase(list[0], abi.encodeCall(IFederation.commit, (round(), hidden)), IFederation.Phase.Commit);
        assertVoid(had, list, 0);
    }

    /// @dev Until the publications' deadline, where there is one: the jury's work is lost, and nobody's money.
    function test_block_stuffed_publications() public {
        uint256[] memory had = balances();
        address[] memory list = toCommit();
        if (federation.status().publishers == 0) return;
        judgeAll(ballot(true));
        assertEq(phase(), uint256(IFederation.Phase.Publish));
        vm.warp(federation.status().publishEnd);
        refusesPhase(publishers()[0], publishing(MODEL, 15), IFederation.Phase.Publish);
        assertVoid(had, list, 0);
    }

    /// @dev The round ends undecided: each of `voters_` pays `cost` into the pool, and nobody else anything.
    function assertVoid(uint256[] memory had, address[] memory voters_, uint256 cost) private {
        uint256 pool = federation.pool();
        federation.settle();
        assertOutcome(IFederation.Outcome.Undecided);
        assertEq(federation.head(), GENESIS);
        for (uint256 i = 0; i < members.length; ++i) {
            assertEq(balance(members[i]), had[i] - (has(voters_, members[i]) ? cost : 0), "no more than silence costs");
        }
        assertEq(federation.pool(), pool + cost * voters_.length);
        assertSolvent();
        skipRound(); // and it goes on
    }

    function balances() private view returns (uint256[] memory list) {
        list = new uint256[](members.length);
        for (uint256 i = 0; i < list.length; ++i) {
            list[i] = balance(members[i]);
        }
    }

    /// @dev Who copies a registration gets a place of its own for its own tokens; the copied one still gets in.
    function test_front_run_registration() public {
        fresh();
        (address honest, address copier) = (account(90), account(91));
        prepare(honest);
        prepare(copier);
        (bytes memory call, uint256 cost) = entering(honest);
        fund(honest, cost);
        fund(copier, cost);
        enter(copier, call);
        enter(honest, call);
        assertEq(token.balanceOf(copier), 0, "paid by the copier");
        assertEq(balance(honest), BOND);
        assertEq(standing(honest), uint256(IFederation.Standing.Member));
    }

    // ------------------------------------------------------------------ tokens

    /// @dev A token that says false moves nothing, and nothing is booked as moved.
    function test_false_returning_token() public {
        FalseToken lame = new FalseToken();
        withToken(lame);
        address who = account(90);
        prepare(who);
        (bytes memory call, uint256 cost) = entering(who);
        fundFree(lame, who, cost);
        lame.setLame(true);
        bytes memory refusal = abi.encodeWithSelector(SafeERC20.SafeERC20FailedOperation.selector, lame);
        refuses(who, call, refusal);
        assertEq(federation.memberCount(), 0);
        lame.setLame(false);
        enter(who, call);
        lame.setLame(true);
        fundFree(lame, who, 10);
        refuses(who, abi.encodeCall(IFederation.deposit, (10)), refusal);
        refuses(who, abi.encodeCall(IFederation.fund, (10)), refusal);
        assertEq(balance(who), BOND, "nothing is lost");
    }

    /// @dev What arrives is less than what is booked: refused, wherever tokens come in.
    function test_fee_on_transfer_token() public {
        FeeToken taking = new FeeToken();
        withToken(taking);
        address who = account(90);
        prepare(who);
        (bytes memory call, uint256 cost) = entering(who);
        fundFree(taking, who, cost + 10);
        refuses(who, call, abi.encodeWithSelector(IFederation.TransferMismatch.selector, cost, cost - 1));
        refuses(
            who,
            abi.encodeCall(IFederation.fund, (10)),
            abi.encodeWithSelector(IFederation.TransferMismatch.selector, 10, 9)
        );
        assertEq(federation.pool(), 0);
    }

    /// @dev A token that calls back gets into no action that moves tokens: it can't be paid twice.
    function test_reentrant_token() public {
        ReentrantToken calling = new ReentrantToken();
        withToken(calling);
        address who = account(90);
        prepare(who);
        (bytes memory call, uint256 cost) = entering(who);
        bytes[6] memory calls = [
            call,
            abi.encodeCall(IFederation.fund, (1)),
            abi.encodeCall(IFederation.deposit, (1)),
            abi.encodeCall(IFederation.withdraw, ()),
            abi.encodeCall(IFederation.claim, ()),
            moving()
        ];
        for (uint256 i = 0; i < calls.length; ++i) {
            uint256 snapshot = vm.snapshotState();
            fundFree(calling, who, cost);
            calling.callBack(address(federation), calls[i]);
            enter(who, call);
            assertFalse(calling.succeeded(), "re-entered");
            assertEq(calling.answer(), abi.encodeWithSelector(ReentrancyGuard.ReentrancyGuardReentrantCall.selector));
            assertEq(federation.memberCount(), 1);
            vm.revertToState(snapshot);
        }
    }

    /// @dev Ether can be forced in and is nobody's: it changes neither stakes nor pool, and is lost to who sent it.
    function test_forced_ether() public {
        vm.deal(address(federation), 5 ether);
        playAccepted();
        assertEq(address(federation).balance, 5 ether);
        assertSolvent();
        (bool ok,) = address(federation).call{value: 1 wei}("");
        assertFalse(ok, "and it isn't taken");
    }

    // ------------------------------------------------------------------ words

    function richest() internal view returns (address who, uint256 most) {
        for (uint256 i = 0; i < members.length; ++i) {
            if (balance(members[i]) > most) (who, most) = (members[i], balance(members[i]));
        }
        assertGt(most, BOND, "somebody earned something");
    }

    function claimGas(address who) private returns (uint256 used) {
        vm.prank(who);
        uint256 before = gasleft();
        federation.claim();
        used = before - gasleft();
    }

    function withToken(FreeToken other) internal {
        token = JuryToken(address(other));
        fresh();
    }

    function fundFree(FreeToken other, address who, uint256 amount) internal {
        other.mint(who, amount);
        vm.prank(who);
        other.approve(address(federation), type(uint256).max);
    }
}
