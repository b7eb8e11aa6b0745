// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {IBflc} from "../../contracts/interfaces/IBflc.sol";
import {IFederation} from "../../contracts/interfaces/IFederation.sol";
import {IManagers} from "../../contracts/interfaces/IManagers.sol";
import {Roles} from "../../contracts/libraries/Flags.sol";
import {BflcBench} from "./BflcBench.sol";

/// @dev Who is let in and put out, what passes, what is recorded and what it pays.
contract BflcTest is BflcBench {
    function setUp() public override {
        super.setUp();
        admitMany(8);
    }

    // ------------------------------------------------------------------ motions

    function test_a_motion_is_carried_by_more_than_half() public {
        uint256 number = bflc().motionCount() + 1;
        (bytes4 method, address[] memory list) = (IManagers.allow.selector, one(account(20)));
        (uint256 opened, uint256 end) = (block.timestamp, block.timestamp + 7 days);
        vm.expectEmit(address(federation));
        emit IManagers.Moved(ADA, number, method, list, 1, end);
        vm.prank(ADA);
        bflc().allow(0, list);
        assertFalse(bflc().isAllowed(account(20)));
        assertMotion(number, contentOf(method, list), 1, end, false);
        vm.warp(opened + 1 days);
        vm.expectEmit(address(federation));
        emit IManagers.Moved(CAT, number, method, list, 2, opened + 1 days);
        vm.expectEmit(address(federation));
        emit IManagers.Allowed(account(20));
        vm.prank(CAT);
        bflc().allow(number, list);
        assertMotion(number, contentOf(method, list), 2, opened + 1 days, true);
        assertTrue(bflc().isAllowed(account(20)));
        assertFalse(bflc().isExpelled(account(20)));
        assertEq(bflc().motionCount(), number);
    }

    /// @dev With one manager a motion is carried by the call that opens it.
    function test_one_manager_carries_alone() public {
        managers = [ADA];
        federation = deploy();
        vm.expectEmit(address(federation));
        emit IManagers.Moved(ADA, 1, IManagers.allow.selector, one(account(20)), 1, block.timestamp);
        vm.prank(ADA);
        bflc().allow(0, one(account(20)));
        assertTrue(bflc().isAllowed(account(20)));
        bytes memory again = abi.encodeCall(IManagers.allow, (1, one(account(20))));
        refuses(ADA, again, abi.encodeWithSelector(IManagers.MotionOver.selector, 1, block.timestamp));
        assertMotion(1, contentOf(IManagers.allow.selector, one(account(20))), 1, block.timestamp, true);
    }

    function test_nobody_moves_twice() public {
        vm.prank(ADA);
        bflc().allow(0, one(account(20)));
        uint256 number = bflc().motionCount();
        bytes memory call = abi.encodeCall(IManagers.allow, (number, one(account(20))));
        refuses(ADA, call, abi.encodeWithSelector(IManagers.AlreadyMoved.selector, ADA, number));
        assertFalse(bflc().isAllowed(account(20)));
    }

    function test_a_carried_motion_can_be_moved_anew() public {
        uint256 before = bflc().motionCount();
        allowed(account(20));
        expelled(account(20));
        assertTrue(bflc().isExpelled(account(20)));
        assertFalse(bflc().isAllowed(account(20)));
        allowed(account(20)); // the same two, the same call, another number
        assertTrue(bflc().isAllowed(account(20)));
        assertFalse(bflc().isExpelled(account(20)));
        assertEq(bflc().motionCount(), before + 3);
    }

    /// @dev Each other list is another motion, in another order too, and so is each other call.
    function test_ayes_of_different_motions_do_not_add_up() public {
        address[] memory two = new address[](2);
        (two[0], two[1]) = (account(20), account(21));
        uint256 number = bflc().motionCount() + 1;
        vm.prank(ADA);
        bflc().allow(0, two);
        vm.prank(BOB);
        bflc().allow(0, one(account(20)));
        vm.prank(CAT);
        bflc().expel(0, two);
        address[] memory turned = new address[](2);
        (turned[0], turned[1]) = (two[1], two[0]);
        vm.prank(CAT);
        bflc().allow(0, turned);
        assertFalse(bflc().isAllowed(account(20)));
        assertFalse(bflc().isExpelled(account(20)));
        vm.prank(CAT);
        bflc().allow(number, two);
        assertTrue(bflc().isAllowed(account(20)));
        assertTrue(bflc().isAllowed(account(21)));
    }

    /// @dev The ayes of so many managers as there may be share their slot with the end.
    function test_as_many_managers_as_there_may_be() public {
        delete managers;
        for (uint256 i = 0; i < 200; ++i) {
            managers.push(account(1000 + i));
        }
        federation = deploy();
        uint256 end = block.timestamp + 7 days;
        bytes memory call = abi.encodeCall(IManagers.allow, (0, one(account(20))));
        moves(managers[199], call);
        for (uint256 i = 0; i < 99; ++i) {
            moves(managers[i], numbered(call, 1));
        }
        assertMotion(1, contentOf(IManagers.allow.selector, one(account(20))), 100, end, false);
        moves(managers[198], numbered(call, 1));
        assertMotion(1, contentOf(IManagers.allow.selector, one(account(20))), 101, block.timestamp, true);
    }

    function test_others_move_nothing() public {
        bytes memory refusal = abi.encodeWithSelector(IManagers.NotManager.selector, account(0));
        refuses(account(0), abi.encodeCall(IManagers.allow, (0, one(account(20)))), refusal);
        refuses(account(0), abi.encodeCall(IManagers.expel, (0, one(account(1)))), refusal);
        refuses(account(0), abi.encodeCall(IBflc.nameCommittee, (0, firstThree())), refusal);
    }

    function assertMotion(uint256 number, bytes32 content, uint256 ayes, uint256 end, bool carried) private view {
        IManagers.Motion memory m = bflc().motionOf(number);
        assertEq(m.content, content, "content");
        assertEq(m.ayes, ayes, "ayes");
        assertEq(m.end, end, "end");
        assertEq(m.carried, carried, "carried");
    }

    // ------------------------------------------------------------------ admission

    function test_who_is_not_allowed_does_not_get_in() public {
        fund(account(20), BOND + FEE);
        refuses(
            account(20),
            abi.encodeCall(IFederation.join, (BOND)),
            abi.encodeWithSelector(IFederation.NotAdmitted.selector, account(20))
        );
    }

    function test_the_fee_goes_to_the_pool() public {
        assertEq(federation.pool(), 8 * FEE);
        allowed(account(8));
        fund(account(8), BOND + FEE);
        vm.expectEmit(address(federation));
        emit IFederation.Joined(account(8), BOND);
        vm.expectEmit(address(federation));
        emit IFederation.Funded(account(8), FEE, 9 * FEE);
        vm.prank(account(8));
        federation.join(BOND);
        assertEq(balance(account(8)), BOND);
        assertEq(token.balanceOf(account(8)), 0);
    }

    /// @dev `ManagedAttacks.t.sol` has more of it: what is said of every federation with managers.
    function test_who_is_expelled_is_out_from_the_next_round_and_banned_for_good() public {
        openAndDraw();
        address bad = proposers()[0];
        bytes memory banned = abi.encodeWithSelector(IFederation.AccountBanned.selector, bad);
        expelled(bad);
        assertFalse(federation.memberOf(bad).out);
        finish();
        assertTrue(federation.memberOf(bad).out);
        fund(bad, 10);
        refuses(bad, abi.encodeCall(IFederation.deposit, (10)), banned);
        vm.expectEmit(address(federation));
        emit IFederation.Banned(bad, 0, BOND);
        federation.evict(one(bad));
        assertEq(federation.memberCount(), 7);
        allowed(bad); // lifts the expulsion, and not the ban
        fund(bad, BOND + FEE);
        refuses(bad, abi.encodeCall(IFederation.join, (BOND)), banned);
        vm.warp(block.timestamp + 1000);
        vm.prank(bad);
        federation.withdraw();
        refuses(bad, abi.encodeCall(IFederation.join, (BOND)), banned);
    }

    function test_an_expelled_juror_finishes_its_round_and_neither_votes_nor_publishes_in_the_next() public {
        toPublish(scores(6000, 6000, 6000, 6000, 6000));
        address juror = voters()[0];
        expelled(juror);
        publishAll(MODEL, 15);
        finish();
        assertOutcome(IFederation.Outcome.Accepted);
        named(firstThree());
        juror = account(0);
        expelled(juror);
        openAndDraw();
        proposeAll();
        pass(IFederation.Phase.Propose);
        assertFalse(has(voters(), juror));
        bytes memory banned = abi.encodeWithSelector(IFederation.AccountBanned.selector, juror);
        refuses(juror, abi.encodeCall(IFederation.commit, (round(), keccak256("any"))), banned);
    }

    /// @dev Expelled and not evicted, it may still leave with its stake.
    function test_who_is_expelled_may_leave() public {
        expelled(account(3));
        vm.prank(account(3));
        federation.exit();
        vm.warp(block.timestamp + 1000);
        vm.prank(account(3));
        federation.withdraw();
        assertEq(token.balanceOf(account(3)), BOND);
        refuses(
            account(3),
            abi.encodeCall(IFederation.join, (BOND)),
            abi.encodeWithSelector(IFederation.NotAdmitted.selector, account(3))
        );
    }

    // ------------------------------------------------------------------ ballots

    function test_ballots_that_say_nothing_are_refused() public {
        openAndDraw();
        proposeAll();
        address voter = voters()[0];
        refusesBallot(voter, "");
        refusesBallot(voter, hex"00");
        refusesBallot(voter, abi.encodePacked(uint64(0))); // four scores for five updates
        refusesBallot(voter, abi.encodePacked(uint96(0)));
        refusesBallot(voter, scores(10001, 0, 0, 0, 0));
        refusesBallot(voter, scores(0, 0, 0, 0, 10001));
        refusesBallot(voter, scores(0, 0, 65535, 0, 0));
        commitBallot(voter, scores(10000, 10000, 0, 0, 10000));
        pass(IFederation.Phase.Commit);
        revealBallot(voter, scores(10000, 10000, 0, 0, 10000));
    }

    // ------------------------------------------------------------------ selection

    function test_the_first_that_pass_are_selected() public {
        toPublish(scores(6000, 4999, 5000, 9000, 9999));
        publishAll(MODEL, 29);
        finish();
        assertOutcome(IFederation.Outcome.Accepted);
        // the fifth that would pass comes too late
        toPublish(scores(6000, 6000, 5000, 9000, 9999));
        publishAll(OTHER, 15);
        finish();
        assertEq(federation.head(), OTHER);
    }

    function test_too_few_pass() public {
        toPublish(scores(6000, 4999, 4999, 9000, 9999));
        address publisher = publishers()[0];
        refuses(publisher, publishing(MODEL, 25), wrongSelection(25, 0));
        publishAll(0, 0);
        finish();
        assertOutcome(IFederation.Outcome.Rejected);
        assertEq(federation.head(), GENESIS);
        assertEq(federation.pool(), 8 * FEE);
        assertEq(bflc().height(), 0);
        assertSolvent();
    }

    /// @dev One of a committee of three is no quorum, whatever its scores; nor are two of four.
    function test_no_quorum() public {
        for (committee = 3; committee <= 4; ++committee) {
            redeploy(committee + 5);
            openAndDraw();
            proposeAll();
            judge(copies(scores(9000, 9000, 9000, 9000, 9000), committee / 2));
            assertEq(phase(), uint256(IFederation.Phase.Settle));
            refusesPhase(publishers()[0], publishing(MODEL, 15), IFederation.Phase.Publish);
            finish();
            assertOutcome(IFederation.Outcome.Undecided);
            assertEq(federation.pool(), members.length * FEE);
        }
    }

    function test_two_of_three_are_a_quorum() public {
        openAndDraw();
        proposeAll();
        judge(copies(scores(9000, 9000, 9000, 9000, 9000), 2));
        publishAll(MODEL, 15);
        finish();
        assertOutcome(IFederation.Outcome.Accepted);
    }

    function test_three_of_four_are_a_quorum() public {
        committee = 4;
        redeploy(9);
        openAndDraw();
        proposeAll();
        judge(copies(scores(9000, 9000, 9000, 9000, 9000), 3));
        publishAll(MODEL, 15);
        finish();
        assertOutcome(IFederation.Outcome.Accepted);
    }

    function test_other_selections_are_refused() public {
        toPublish(scores(9000, 9000, 9000, 9000, 9000));
        address[] memory jury = publishers();
        refuses(jury[0], publishing(MODEL, 30), wrongSelection(30, 15));
        refuses(jury[0], publishing(MODEL, 31), wrongSelection(31, 15));
        refuses(jury[0], publishing(0, 15), abi.encodeWithSelector(IFederation.DigestMismatch.selector, bytes32(0), 15));
        publish(jury[0], MODEL, 15);
        refuses(jury[1], publishing(MODEL, 0), wrongSelection(0, 15));
    }

    function test_the_median_of_three_is_the_middle_one() public {
        assertEq(medianOf(6000, 9000, 7000, 3), 7000);
        assertEq(medianOf(10000, 5000, 5000, 3), 5000);
    }

    function test_the_median_of_two_is_the_lower() public {
        assertEq(medianOf(9000, 6000, 0, 2), 6000);
        assertEq(medianOf(6000, 9000, 0, 2), 6000);
    }

    function testFuzz_medians_as_by_a_naive_sort(uint256 random, uint8 count) public {
        (committee, updates, minScore) = (5, 5, 0);
        redeploy(10);
        openAndDraw();
        address[] memory providers = proposers();
        for (uint256 i = 0; i < 5; ++i) {
            propose(providers[i]);
        }
        bytes[] memory ballots = new bytes[](bound(count, 3, 5));
        uint256[][5] memory given;
        for (uint256 i = 0; i < ballots.length; ++i) {
            for (uint256 n = 0; n < 5; ++n) {
                if (i == 0) given[n] = new uint256[](ballots.length);
                given[n][i] = uint256(keccak256(abi.encode(random, i, n))) % 10001;
            }
            ballots[i] = scores(given[0][i], given[1][i], given[2][i], given[3][i], given[4][i]);
        }
        judge(ballots);
        publish(publishers()[0], MODEL, 31);
        for (uint256 n = 0; n < 5; ++n) {
            assertEq(bflc().recordOf(n + 1).score, naiveMedian(given[n]));
        }
    }

    /// @dev More updates than a word of scores holds, and scores that an earlier round left behind.
    function test_many_updates_in_rounds_that_follow_each_other() public {
        (committee, updates, mostProposers) = (3, 3, 18);
        redeploy(21);
        bytes memory high = "";
        bytes memory low = "";
        for (uint256 n = 0; n < 18; ++n) {
            high = abi.encodePacked(high, uint16(9000));
            low = abi.encodePacked(low, uint16(n < 15 ? 4000 : 7000 + n));
        }
        playBflc(high, MODEL, 7);
        address[] memory providers = playBflc(low, OTHER, 7 << 15);
        assertEq(federation.head(), OTHER);
        for (uint256 i = 0; i < 3; ++i) {
            IBflc.Record memory record = bflc().recordOf(5 + i);
            assertEq(record.score, 7015 + i);
            assertEq(record.uploader, providers[15 + i]);
        }
    }

    // ------------------------------------------------------------------ records

    /// @dev Section III-A with k = 4: models are numbers 0, 5, 10, the updates between them made the next.
    function test_records_by_number() public {
        assertRecord(0, GENESIS, address(0), 0);
        assertEq(bflc().height(), 0);
        address[] memory providers = toPublish(scores(6000, 4999, 5000, 9000, 9999));
        assertRecord(1, 0, address(0), 0);
        publish(publishers()[0], MODEL, 29);
        assertRecord(1, digestOf(providers[0], 1), providers[0], 6000);
        assertRecord(2, digestOf(providers[2], 1), providers[2], 5000);
        assertRecord(3, digestOf(providers[3], 1), providers[3], 9000);
        assertRecord(4, digestOf(providers[4], 1), providers[4], 9999);
        assertRecord(5, 0, address(0), 0);
        publish(publishers()[1], MODEL, 29);
        finish();
        assertRecord(5, MODEL, address(0), 0);
        assertRecord(6, 0, address(0), 0);
        assertEq(bflc().height(), 1);
        playBflc(scores(1, 2, 3, 4, 5), 0, 0);
        assertEq(bflc().height(), 1);
        assertRecord(6, 0, address(0), 0);
        providers = playBflc(scores(5001, 5002, 5003, 5004, 0), OTHER, 15);
        assertRecord(6, digestOf(providers[0], 3), providers[0], 5001);
        assertRecord(9, digestOf(providers[3], 3), providers[3], 5004);
        assertRecord(10, OTHER, address(0), 0);
        assertRecord(0, GENESIS, address(0), 0);
        assertEq(bflc().height(), 2);
    }

    function test_an_undecided_round_leaves_no_lasting_record() public {
        toPublish(scores(6000, 6000, 6000, 6000, 6000));
        publish(publishers()[0], OTHER, 15);
        finish();
        assertOutcome(IFederation.Outcome.Undecided);
        assertEq(bflc().height(), 0);
        assertRecord(5, 0, address(0), 0);
        address[] memory providers = playBflc(scores(0, 7001, 7002, 7003, 7004), MODEL, 30);
        for (uint256 i = 1; i <= 4; ++i) {
            assertRecord(i, digestOf(providers[i], 2), providers[i], uint16(7000 + i));
        }
        assertRecord(5, MODEL, address(0), 0);
        assertRecord(6, 0, address(0), 0);
    }

    // ------------------------------------------------------------------ profit

    /// @dev A quarter of 1,200,000 over 30,000 points of score is 10 a point.
    function test_profit_by_score() public {
        fillPool(1_200_000);
        address[] memory providers = playBflc(scores(6000, 9000, 4000, 8000, 7000), MODEL, 27);
        IFederation.Round memory r = federation.roundOf(1);
        assertEq(r.proposerReward, 10);
        assertEq(r.voterReward, 0);
        assertEq(balance(providers[0]), BOND + 60_000);
        assertEq(balance(providers[1]), BOND + 90_000);
        assertEq(balance(providers[2]), BOND);
        assertEq(balance(providers[3]), BOND + 80_000);
        assertEq(balance(providers[4]), BOND + 70_000);
        assertEq(federation.pool(), 900_000);
        assertSolvent();
    }

    /// @dev 100,000 of profit over 28,000 points: 3 a point, and 16,000 stay in the pool.
    function test_what_does_not_divide_stays_in_the_pool() public {
        fillPool(400_000);
        address[] memory providers = playBflc(scores(7000, 7000, 7000, 7000, 7000), MODEL, 15);
        assertEq(balance(providers[3]), BOND + 21_000);
        assertEq(balance(providers[4]), BOND, "passed, too late");
        assertEq(federation.pool(), 400_000 - 84_000);
        assertSolvent();
    }

    function test_scores_of_nothing_pay_nothing() public {
        minScore = 0;
        redeploy(8);
        fillPool(400_000);
        playBflc(scores(0, 0, 0, 0, 0), MODEL, 15);
        assertOutcome(IFederation.Outcome.Accepted);
        assertEq(federation.pool(), 400_000);
        assertSolvent();
    }

    function test_an_undecided_round_pays_nothing() public {
        fillPool(400_000);
        toPublish(scores(7000, 7000, 7000, 7000, 7000));
        publish(publishers()[0], MODEL, 15);
        publish(publishers()[1], OTHER, 15);
        finish();
        assertOutcome(IFederation.Outcome.Undecided);
        assertEq(federation.pool(), 400_000);
        assertSolvent();
    }

    // ------------------------------------------------------------------ words

    function fillPool(uint256 target) private {
        uint256 amount = target - federation.pool();
        fund(address(this), amount);
        federation.fund(amount);
    }

    function assertRecord(uint256 number, bytes32 digest, address uploader, uint256 score) private view {
        IBflc.Record memory record = bflc().recordOf(number);
        assertEq(record.digest, digest);
        assertEq(record.uploader, uploader);
        assertEq(record.score, score);
    }

    /// @dev What a round with these scores for update 0 records of it.
    function medianOf(uint256 a, uint256 b, uint256 c, uint256 count) private returns (uint256) {
        openAndDraw();
        proposeAll();
        uint256[3] memory given = [a, b, c];
        bytes[] memory ballots = new bytes[](count);
        for (uint256 i = 0; i < count; ++i) {
            ballots[i] = scores(given[i], 9000, 9000, 9000, 9000);
        }
        judge(ballots);
        publish(publishers()[0], MODEL, 15);
        uint256 median = bflc().recordOf(1).score;
        finish();
        return median;
    }

    /// @dev The least of the scores with at least half of all at or below it.
    function naiveMedian(uint256[] memory all) private pure returns (uint256 median) {
        median = type(uint256).max;
        for (uint256 i = 0; i < all.length; ++i) {
            uint256 notAbove;
            for (uint256 j = 0; j < all.length; ++j) {
                if (all[j] <= all[i]) ++notAbove;
            }
            if (notAbove * 2 >= all.length && all[i] < median) median = all[i];
        }
    }
}
