// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {StakeJury} from "../../contracts/federations/StakeJury.sol";
import {IFederation} from "../../contracts/interfaces/IFederation.sol";
import {IStakeJury} from "../../contracts/interfaces/IStakeJury.sol";
import {LeafBench} from "./LeafBench.sol";
import {PledgeBench} from "./PledgeBench.sol";
import {StakeJuryBench} from "./StakeJuryBench.sol";

/// @dev What a round pays, and who is out when.
contract StakeJuryMoneyTest is StakeJuryBench {
    function setUp() public override {
        super.setUp();
        joinMany(9, BOND);
    }

    // ------------------------------------------------------------------ shares

    function test_pay_by_hand() public {
        fillPool(POOL);
        IFederation.Round memory r = playJury(MODEL, 5);
        assertOutcome(IFederation.Outcome.Accepted);
        assertEq(federation.head(), MODEL);
        assertEq(r.proposerReward, PART);
        assertEq(r.voterReward, 0);
        uint256[3] memory owners; // who lost, who was paid for an update, who for a seat
        for (uint256 i = 0; i < 9; ++i) {
            uint256 has = balance(members[i]);
            if (has == BOND - PROPOSER_STAKE) ++owners[0];
            if (has == BOND + UPDATE_PAY) ++owners[1];
            if (has == BOND + PART) ++owners[2];
        }
        assertEq(owners[0], 1);
        assertEq(owners[1], 2);
        assertEq(owners[2], 4);
        assertEq(federation.pool(), POOL - 2 * UPDATE_PAY - 4 * PART + PROPOSER_STAKE);
        assertSolvent();
    }

    /// @dev A part is worth the same however many places are filled and however many parts are earned.
    function testFuzz_a_part_does_not_depend_on_who_earns(uint256 selection, uint256 sitting) public {
        fillPool(POOL);
        selection = bound(selection, 0, 7);
        sitting = bound(sitting, 3, 4);
        toPublish(copies(opinion(selection, 7), sitting));
        address[] memory list = voters();
        for (uint256 i = 0; i < sitting; ++i) {
            publish(list[i], selection == 0 ? bytes32(0) : MODEL, selection);
        }
        assertEq(finish().proposerReward, PART);
        assertSolvent();
    }

    function test_the_part_is_floored_and_the_pool_keeps_the_rest() public {
        uint256[5] memory pools = [uint256(0), 219, 220, 439, 440];
        uint256[5] memory parts = [uint256(0), 0, 1, 1, 2];
        uint256 snapshot = vm.snapshotState();
        for (uint256 i = 0; i < 5; ++i) {
            if (pools[i] != 0) fillPool(pools[i]);
            assertEq(playJury(MODEL, 7).proposerReward, parts[i]);
            assertEq(federation.pool(), pools[i] - parts[i] * 22);
            assertSolvent();
            vm.revertToState(snapshot);
        }
    }

    /// @dev What a round takes is in no pay of that round.
    function test_a_round_pays_before_it_takes() public {
        assertEq(playJury(MODEL, 1).proposerReward, 0);
        assertEq(federation.pool(), 2 * PROPOSER_STAKE);
    }

    function test_no_pay_is_more_than_a_stake_can_be() public {
        (mostProposers, mostVoters, minVoters, profitBps) = (1, 1, 1, 10_000);
        redeploy(2);
        for (uint256 i = 0; i < 3; ++i) {
            fillPool(MAX);
        }
        openAndDraw();
        address author = proposers()[0];
        proposeAll();
        judgeAll(opinion(1, 1));
        publishAll(MODEL, 1);
        assertEq(finish().proposerReward, MAX / 6);
        assertEq(balance(author), MAX, "cut to what a stake can be");
        assertEq(federation.pool(), 3 * uint256(MAX) - 7 * uint256(MAX / 6));
    }

    function testFuzz_rewards_conserve(uint96 pool, uint256 random) public {
        if (pool != 0) fillPool(pool);
        uint256 size = random % 5;
        bytes[] memory ballots = new bytes[](size);
        uint256[2][3] memory counts; // good, had
        for (uint256 i = 0; i < size; ++i) {
            uint256 had = random >> (3 * i + 8) & 7;
            uint256 good = random >> (3 * i + 32) & had;
            ballots[i] = opinion(good, had);
            for (uint256 n = 0; n < 3; ++n) {
                counts[n][0] += good >> n & 1;
                counts[n][1] += had >> n & 1;
            }
        }
        toPublish(ballots);
        uint256 selection;
        for (uint256 n = 0; n < 3; ++n) {
            if (counts[n][1] > 2 && counts[n][0] * 2 > size) selection |= 1 << n;
        }
        address[] memory list = voters();
        for (uint256 i = 0; i < 4 && size > 2; ++i) {
            if (random >> (i + 64) & 3 == 0) continue;
            bytes32 digest = random >> (i + 96) & 3 == 0 ? OTHER : MODEL;
            publish(list[i], selection == 0 ? bytes32(0) : digest, selection);
        }
        finish();
        assertSolvent();
        for (uint256 i = 0; i < members.length; ++i) {
            federation.collect(members[i]);
        }
        assertSolvent();
    }

    // ------------------------------------------------------------------ the floor

    /// @dev A stake between floor and bond goes on; below the floor it is out. There is nothing to claim below the bond.
    function test_a_member_is_out_below_the_floor() public {
        playJury(0, 0);
        address first = authorOf(0);
        federation.collect(first);
        assertEq(balance(first), BOND - PROPOSER_STAKE, "the floor itself");
        assertFalse(federation.memberOf(first).out);
        refuses(
            first,
            abi.encodeCall(IFederation.claim, ()),
            abi.encodeWithSelector(IFederation.NothingToClaim.selector, first)
        );
        for (uint256 i = 0; i < 30 && !federation.memberOf(first).out; ++i) {
            playJury(0, 0);
            assertSolvent();
        }
        assertTrue(federation.memberOf(first).out, "it lost again");
        federation.evict(one(first));
        assertEq(standing(first), uint256(IFederation.Standing.Banned));
        assertSolvent();
    }

    // ------------------------------------------------------------------ terms

    function test_jury_terms_are_kept() public view {
        assertEq(abi.encode(jury().terms()), abi.encode(juryTerms()));
        assertEq(jury().mechanism(), "stake_jury");
    }

    function test_jury_terms_are_checked_in_order() public {
        IStakeJury.StakeJuryTerms memory t = juryTerms();
        (t.bond, t.fee, t.proposers, t.minVoters, t.voters, t.floor) = (0, 1 << 96, 0, 0, 1, 101);
        (t.maxSamples, t.maxEpochs, t.schedule.publish, t.decoyOdds) = (0, 0, 0, 1);
        (t.proposerStake, t.voterStake, t.updateShares, t.seatShares, t.profitBps) = (102, 102, 0, 0, 10_001);
        invalid(t, "bond", 0);
        t.bond = BOND;
        invalid(t, "fee", 1 << 96);
        t.fee = (1 << 96) - 1;
        invalid(t, "proposers", 0);
        t.proposers = 65_534;
        invalid(t, "minVoters", 0);
        t.minVoters = 2;
        invalid(t, "minVoters", 2);
        t.proposers = 257;
        invalid(t, "voters", 1);
        t.voters = 2;
        invalid(t, "decoyOdds", 1);
        t.decoyOdds = 2;
        invalid(t, "proposers", 257);
        t.proposers = 256;
        invalid(t, "maxSamples", 0);
        t.maxSamples = 1;
        invalid(t, "maxEpochs", 0);
        t.maxEpochs = 1;
        invalid(t, "publish", 0);
        t.schedule.publish = 1;
        invalid(t, "proposerStake", 102);
        t.proposerStake = 101;
        invalid(t, "voterStake", 102);
        t.voterStake = 101;
        invalid(t, "updateShares", 0);
        t.updateShares = 1;
        invalid(t, "seatShares", 0);
        t.seatShares = 1;
        invalid(t, "profitBps", 10_001);
        t.profitBps = 10_000;
        invalid(t, "floor", 101);
        (t.floor, t.proposerStake, t.voterStake) = (100, 100, 100);
        new StakeJury(t);
        t.voters = 0;
        new StakeJury(t);
    }

    function invalid(IStakeJury.StakeJuryTerms memory t, string memory field, uint256 given) private {
        expectInvalid(field, given);
        new StakeJury(t);
    }
}

/// @dev Managers let members in for a fee, and with a floor and stakes of 0 nobody's stake is ever slashed.
contract StakeJuryUnslashedTest is StakeJuryBench {
    uint256 private constant FEE = 7;

    function setUp() public override {
        (fee, floor, proposerStake, voterStake, managers) = (FEE, 0, 0, 0, [ADA, BOB, CAT]);
        super.setUp();
        for (uint256 i = 0; i < 9; ++i) {
            admit(account(i));
        }
    }

    function test_the_fee_goes_to_the_pool() public {
        assertEq(federation.pool(), 9 * FEE);
        assertEq(jury().terms().fee, FEE);
        allowed(account(9));
        fund(account(9), BOND + FEE);
        vm.expectEmit(address(federation));
        emit IFederation.Joined(account(9), BOND);
        vm.expectEmit(address(federation));
        emit IFederation.Funded(account(9), FEE, 10 * FEE);
        vm.prank(account(9));
        federation.join(BOND);
        assertEq(balance(account(9)), BOND);
        assertEq(token.balanceOf(account(9)), 0);
    }

    function test_nobody_gets_in_whom_managers_do_not_allow() public {
        fund(account(9), BOND + FEE);
        refuses(
            account(9),
            abi.encodeCall(IFederation.join, (BOND)),
            abi.encodeWithSelector(IFederation.NotAdmitted.selector, account(9))
        );
    }

    /// @dev Of three updates one is clearly rejected; of four jurors one votes against the others, and one commits and
    /// is never heard of again.
    function test_what_is_rejected_wrong_or_missing_earns_nothing_and_costs_nothing() public {
        fillPool(POOL);
        openAndDraw();
        proposeAll();
        bytes[] memory ballots = four(opinion(3, ALL), opinion(3, ALL), opinion(0, ALL), opinion(3, ALL));
        address[] memory list = voters();
        for (uint256 i = 0; i < 4; ++i) {
            commitBallot(list[i], ballots[i]);
        }
        pass(IFederation.Phase.Commit);
        for (uint256 i = 0; i < 3; ++i) {
            revealBallot(list[i], ballots[i]);
        }
        pass(IFederation.Phase.Reveal);
        for (uint256 i = 0; i < 3; ++i) {
            publish(list[i], MODEL, 3);
        }
        IFederation.Round memory r = finish();
        assertOutcome(IFederation.Outcome.Accepted);
        uint256 part = r.proposerReward;
        assertGt(part, 0);
        uint256[3] memory owners; // who got nothing, who was paid for an update, who for a seat
        for (uint256 i = 0; i < 9; ++i) {
            uint256 has = balance(members[i]) - BOND;
            if (has == 0) ++owners[0];
            if (has == 6 * part) ++owners[1];
            if (has == part) ++owners[2];
            assertFalse(federation.memberOf(members[i]).out, "nobody is out");
        }
        assertEq(owners[0], 5);
        assertEq(owners[1], 2);
        assertEq(owners[2], 2);
        assertEq(federation.pool(), 9 * FEE + POOL - 14 * part);
        assertSolvent();
    }

    function admit(address who) private {
        allowed(who);
        fund(who, BOND + FEE);
        vm.prank(who);
        federation.join(BOND);
        members.push(who);
    }
}

/// @dev Updates are pledged, and a broken pledge costs, in every outcome.
contract PledgesStakeJuryTest is PledgeBench, StakeJuryBench {
    function deploy() internal override(LeafBench, StakeJuryBench) returns (IFederation) {
        return StakeJuryBench.deploy();
    }

    function start() internal override {
        joinMany(9, BOND);
        fillPool(POOL);
    }

    /// @dev One of three breaks its pledge: the others are paid as if it had proposed.
    function test_a_broken_pledge_costs_in_an_accepted_round() public {
        address[] memory list = broken(2);
        judgeAll(opinion(3, 3));
        publishAll(MODEL, 3);
        finish();
        assertOutcome(IFederation.Outcome.Accepted);
        assertEq(balance(list[0]), BOND + UPDATE_PAY);
        assertEq(balance(list[2]), BOND - PROPOSER_STAKE);
        assertEq(federation.pool(), POOL - 2 * UPDATE_PAY - 4 * PART + PROPOSER_STAKE);
        assertSolvent();
    }

    function test_a_broken_pledge_costs_in_a_rejected_round() public {
        address[] memory list = broken(2);
        judgeAll(opinion(0, 3));
        publishAll(0, 0);
        finish();
        assertOutcome(IFederation.Outcome.Rejected);
        for (uint256 i = 0; i < 3; ++i) {
            assertEq(balance(list[i]), BOND - PROPOSER_STAKE);
        }
        assertEq(federation.pool(), POOL - 4 * PART + 3 * PROPOSER_STAKE);
        assertSolvent();
    }

    function test_a_broken_pledge_costs_in_an_undecided_round() public {
        address[] memory list = broken(2);
        finish();
        assertOutcome(IFederation.Outcome.Undecided);
        assertEq(balance(list[0]), BOND);
        assertEq(balance(list[2]), BOND - PROPOSER_STAKE);
        assertEq(federation.pool(), POOL + PROPOSER_STAKE);
        assertSolvent();
    }

    function test_all_may_break_their_pledges() public {
        address[] memory list = broken(0);
        finish();
        assertOutcome(IFederation.Outcome.Undecided);
        for (uint256 i = 0; i < 3; ++i) {
            assertEq(balance(list[i]), BOND - PROPOSER_STAKE);
        }
        assertEq(federation.pool(), POOL + 3 * PROPOSER_STAKE);
        assertSolvent();
    }

    /// @dev All pledge, and the first `kept` propose.
    function broken(uint256 kept) private returns (address[] memory list) {
        start();
        list = pledgeAll();
        trainAll(list, kept);
        pass(IFederation.Phase.Propose);
    }
}
