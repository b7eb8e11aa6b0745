// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {IBlade} from "../../contracts/interfaces/IBlade.sol";
import {IFederation} from "../../contracts/interfaces/IFederation.sol";
import {BladeBench} from "./BladeBench.sol";

/// @dev Who wins a place, when a task begins and ends, and where its money goes.
contract BladeTest is BladeBench {
    // ------------------------------------------------------------------ bids

    function test_a_bid_takes_a_place_for_the_deposit() public {
        fund(account(0), BOND);
        vm.expectEmit(address(federation));
        emit IFederation.Joined(account(0), BOND);
        vm.expectEmit(address(federation));
        emit IBlade.Bid(account(0), 200, 10, noiseSeed(account(0), 0));
        vm.prank(account(0));
        blade().bid(200, 10, noiseSeed(account(0), 0));
        IBlade.BidRecord memory b = blade().bidOf(account(0));
        assertEq(b.capability, 200);
        assertEq(b.cost, 10);
        assertEq(b.order, 1);
        assertEq(b.anchor, noiseSeed(account(0), 0));
        assertEq(balance(account(0)), BOND);
        assertEq(token.balanceOf(address(federation)), BOND);
        assertEq(federation.memberCount(), 1);
    }

    /// @dev Values 20, 10, 30, 15; then 12 puts the 10 out, and 12 again, being later, gets nothing.
    function test_the_highest_values_win() public {
        bid(account(0), 200, 10);
        bid(account(1), 100, 10);
        bid(account(2), 300, 10);
        bid(account(3), 150, 10);
        fund(account(4), BOND);
        vm.expectEmit(address(federation));
        emit IFederation.Left(account(1), BOND, block.timestamp);
        vm.prank(account(4));
        blade().bid(120, 10, noiseSeed(account(4), 0));
        assertEq(standing(account(1)), uint256(IFederation.Standing.Leaving));
        assertEq(federation.memberCount(), 4);
        fund(account(5), BOND);
        refuses(account(5), bidding(account(5), 120, 10), abi.encodeWithSelector(IBlade.Outbid.selector, 120, 10));
        refuses(account(5), bidding(account(5), 12, 1), abi.encodeWithSelector(IBlade.Outbid.selector, 12, 1));
        refuses(account(5), bidding(account(5), 10, 1), abi.encodeWithSelector(IBlade.Outbid.selector, 10, 1));
        bidAs(account(5), 25, 2); // 12.5
        assertEq(standing(account(4)), uint256(IFederation.Standing.Leaving));
    }

    /// @dev Of two bids of the same value, the later one goes first.
    function test_ties_go_to_the_earlier_bid() public {
        for (uint256 i = 0; i < 4; ++i) {
            bid(account(i), 100 * (i + 1), 10 * (i + 1));
        }
        bidAs(account(4), 101, 10);
        assertEq(standing(account(3)), uint256(IFederation.Standing.Leaving));
        bidAs(account(5), 102, 10);
        assertEq(standing(account(2)), uint256(IFederation.Standing.Leaving));
        assertEq(standing(account(0)), uint256(IFederation.Standing.Member));
    }

    /// @dev Values are compared exactly: no division loses what tells two bids apart.
    function test_values_that_hardly_differ() public {
        uint256 cost = type(uint96).max;
        for (uint256 i = 0; i < 4; ++i) {
            bid(account(i), 1000, cost);
        }
        bidAs(account(4), 1000, cost - 1);
        assertEq(standing(account(3)), uint256(IFederation.Standing.Leaving));
    }

    function test_an_outbid_deposit_is_back_at_once() public {
        for (uint256 i = 0; i < 4; ++i) {
            bid(account(i), 100, 10);
        }
        bidAs(account(4), 110, 10);
        fund(account(3), BOND);
        refuses(
            account(3),
            bidding(account(3), 120, 10),
            abi.encodeWithSelector(IFederation.AlreadyMember.selector, account(3), IFederation.Standing.Leaving)
        );
        vm.prank(account(3));
        federation.withdraw();
        assertEq(token.balanceOf(account(3)), 2 * BOND);
        bidAs(account(3), 120, 10); // and again
        assertEq(standing(account(3)), uint256(IFederation.Standing.Member));
        assertEq(standing(account(2)), uint256(IFederation.Standing.Leaving));
        assertEq(blade().bidOf(account(3)).order, 6);
        assertEq(token.balanceOf(address(federation)), 5 * BOND, "four deposits and one to withdraw");
    }

    function test_bids_that_are_refused() public {
        address who = account(0);
        fund(who, BOND);
        refuses(who, bidding(who, 9, 1), abi.encodeWithSelector(IFederation.SamplesOutOfRange.selector, 9, 1000));
        refuses(who, bidding(who, 1001, 1), abi.encodeWithSelector(IFederation.SamplesOutOfRange.selector, 1001, 1000));
        refuses(who, bidding(who, 100, 0), abi.encodeWithSelector(IBlade.InvalidBid.selector, 100, 0));
        uint256 high = uint256(type(uint96).max) + 1;
        refuses(who, bidding(who, 100, high), abi.encodeWithSelector(IBlade.InvalidBid.selector, 100, high));
        refuses(
            who,
            abi.encodeCall(IBlade.bid, (100, 1, bytes32(0))),
            abi.encodeWithSelector(IFederation.EmptyDigest.selector)
        );
        refuses(
            who, abi.encodeCall(IFederation.join, (BOND)), abi.encodeWithSelector(IFederation.NotAdmitted.selector, who)
        );
        vm.warp(BIDDING_ENDS);
        refuses(who, bidding(who, 100, 1), abi.encodeWithSelector(IBlade.TooLate.selector, BIDDING_ENDS, BIDDING_ENDS));
        vm.warp(BIDDING_ENDS - 1);
        bidAs(who, 10, 1);
        refuses(
            who,
            bidding(who, 100, 1),
            abi.encodeWithSelector(IFederation.AlreadyMember.selector, who, IFederation.Standing.Member)
        );
    }

    function testFuzz_the_best_of_all_bids_are_in(uint256 random) public {
        uint256[8] memory capability;
        uint256[8] memory cost;
        bool[8] memory tried;
        for (uint256 i = 0; i < 8; ++i) {
            capability[i] = 10 + (random >> (8 * i) & 0x0f);
            cost[i] = 1 + (random >> (8 * i + 4) & 3);
            fund(account(i), BOND);
            vm.prank(account(i));
            (tried[i],) = address(federation).call(bidding(account(i), capability[i], cost[i]));
        }
        // a bid that was refused or put out was beaten by four; earlier bids beat equal ones
        for (uint256 i = 0; i < 8; ++i) {
            uint256 better;
            for (uint256 j = 0; j < 8; ++j) {
                (uint256 own, uint256 other) = (capability[i] * cost[j], capability[j] * cost[i]);
                if (other > own || (other == own && j < i)) ++better;
            }
            assertEq(standing(account(i)) == uint256(IFederation.Standing.Member), better < 4);
            if (!tried[i]) assertGe(better, 4);
        }
    }

    // ------------------------------------------------------------------ the task begins

    function test_a_task_begins_after_the_bidding() public {
        startTask();
        vm.warp(BIDDING_ENDS - 1);
        vm.expectRevert(abi.encodeWithSelector(IFederation.TooEarly.selector, BIDDING_ENDS - 1, BIDDING_ENDS));
        federation.open();
        vm.warp(BIDDING_ENDS);
        federation.open();
    }

    function test_a_task_begins_when_it_is_funded() public {
        for (uint256 i = 0; i < 4; ++i) {
            bid(account(i), 200, 10);
        }
        vm.warp(BIDDING_ENDS);
        vm.expectRevert(abi.encodeWithSelector(IBlade.NotFunded.selector, 0, BOUNTY));
        federation.open();
        fillPool(BOUNTY - 1);
        vm.expectRevert(abi.encodeWithSelector(IBlade.NotFunded.selector, BOUNTY - 1, BOUNTY));
        federation.open();
        fillPool(1);
        federation.open();
    }

    function test_a_task_needs_enough_winners() public {
        bid(account(0), 200, 10);
        bid(account(1), 200, 10);
        fillPool(BOUNTY);
        vm.warp(BIDDING_ENDS);
        vm.expectRevert(abi.encodeWithSelector(IFederation.TooFewMembers.selector, 2, 3));
        federation.open();
    }

    // ------------------------------------------------------------------ whom a task binds

    /// @dev While bids come in nobody goes, be the task funded or not, but whoever is outbid.
    function test_bids_bind_while_bids_come_in() public {
        for (uint256 i = 0; i < 4; ++i) {
            bid(account(i), 200, 10);
        }
        refusesExit(account(0));
        fillPool(BOUNTY - 1);
        refusesExit(account(0));
        fillPool(1);
        vm.warp(BIDDING_ENDS - 1);
        refusesExit(account(0));
        refusesReclaim();
        bidAs(account(4), 210, 10);
        assertEq(standing(account(3)), uint256(IFederation.Standing.Leaving));
        vm.warp(BIDDING_ENDS);
        refusesExit(account(0)); // funded, and enough members: it can begin
        refusesReclaim();
        federation.open();
    }

    /// @dev With the bounty and the fewest winners that will do, everybody is bound, also when rounds use up the pool.
    function test_a_task_that_can_begin_binds() public {
        for (uint256 i = 0; i < 3; ++i) {
            bid(account(i), 200, 10);
        }
        fillPool(BOUNTY);
        vm.warp(BIDDING_ENDS + 1000);
        refusesExit(account(1));
        refusesReclaim();
        playBlade(MODEL, 7);
        assertLt(federation.pool(), BOUNTY);
        refusesExit(account(0));
        refusesReclaim();
    }

    /// @dev A round that came to nothing was one all the same: the task has begun.
    function test_a_void_round_begins_a_task() public {
        startTask();
        federation.open();
        vm.roll(block.number + 257);
        federation.settle();
        refusesExit(account(0));
        refusesReclaim();
    }

    /// @dev Without its bounty a task binds nobody once bidding is over, and what was paid in goes back.
    function test_a_task_without_its_bounty_binds_nobody() public {
        for (uint256 i = 0; i < 4; ++i) {
            bid(account(i), 200, 10);
        }
        fillPool(BOUNTY - 1);
        vm.warp(BIDDING_ENDS);
        leaves(account(0));
        uint256 snapshot = vm.snapshotState();
        fillPool(1); // three are enough: whoever is still in is bound
        refusesExit(account(1));
        federation.open();
        vm.revertToState(snapshot);
        blade().reclaim();
        assertEq(token.balanceOf(PUBLISHER), BOUNTY - 1);
        leaves(account(1));
        leaves(account(2));
        vm.warp(block.timestamp + 1000);
        for (uint256 i = 0; i < 3; ++i) {
            vm.prank(account(i));
            federation.withdraw();
            assertEq(token.balanceOf(account(i)), BOND);
        }
    }

    /// @dev An attacker outbids others, waits for the bounty, and leaves in front of it, so that too few are left for a
    /// round. Nobody waits for the deadline: everybody else leaves too, and the publisher has its bounty back.
    function test_leaving_in_front_of_the_bounty_locks_nobody_in() public {
        winners = 3;
        federation = deploy();
        for (uint256 i = 0; i < 3; ++i) {
            bid(account(i), 200, 10);
        }
        address attacker = account(9);
        bidAs(attacker, 1000, 1);
        vm.warp(BIDDING_ENDS + 10);
        leaves(attacker);
        fillPool(BOUNTY);
        vm.expectRevert(abi.encodeWithSelector(IFederation.TooFewMembers.selector, 2, 3));
        federation.open();
        uint256 snapshot = vm.snapshotState();
        for (uint256 order = 0; order < 2; ++order) {
            if (order == 0) blade().reclaim();
            leaves(account(0));
            leaves(account(1));
            if (order == 1) blade().reclaim();
            assertEq(token.balanceOf(PUBLISHER), BOUNTY, "all of it");
            assertEq(federation.pool(), 0);
            vm.warp(block.timestamp + 1000);
            assertLt(block.timestamp, DEADLINE);
            for (uint256 i = 0; i < 3; ++i) {
                vm.prank(account(i));
                federation.withdraw();
                assertEq(token.balanceOf(account(i)), BOND);
            }
            vm.revertToState(snapshot);
        }
    }

    /// @dev Nor does a publisher lock anybody in who pays when too few have won: at any time, and whatever it pays.
    function test_a_bounty_for_too_few_winners_binds_nobody() public {
        for (uint256 early = 0; early < 2; ++early) {
            federation = deploy();
            vm.warp(START);
            bid(account(2 * early), 200, 10);
            bid(account(2 * early + 1), 200, 10);
            if (early == 1) fillPool(2 * BOUNTY);
            vm.warp(BIDDING_ENDS);
            if (early == 0) fillPool(2 * BOUNTY);
            leaves(account(2 * early));
            leaves(account(2 * early + 1));
            blade().reclaim();
            assertEq(federation.pool(), 0);
        }
    }

    // ------------------------------------------------------------------ the task ends

    function test_the_task_is_over_after_its_rounds() public {
        startTask();
        for (uint256 i = 0; i < 2; ++i) {
            playBlade(MODEL, 15);
            skipRound(); // counts for nothing
        }
        refusesExit(account(0));
        playBlade(OTHER, 15);
        vm.warp(block.timestamp + 50);
        vm.expectRevert(abi.encodeWithSelector(IBlade.TaskOver.selector, 3, block.timestamp));
        federation.open();
        uint256 due = balance(account(0));
        vm.prank(account(0));
        federation.exit();
        vm.warp(block.timestamp + 1000);
        vm.prank(account(0));
        federation.withdraw();
        assertEq(token.balanceOf(account(0)), due, "deposit and rewards");
        assertEq(federation.head(), OTHER);
    }

    function test_the_task_is_over_at_its_deadline() public {
        startTask();
        playBlade(MODEL, 15);
        vm.warp(DEADLINE - 1);
        refusesExit(account(0));
        vm.warp(DEADLINE);
        vm.expectRevert(abi.encodeWithSelector(IBlade.TaskOver.selector, 1, DEADLINE));
        federation.open();
        for (uint256 i = 0; i < 4; ++i) {
            vm.prank(account(i));
            federation.exit();
        }
        vm.warp(DEADLINE + 1000);
        for (uint256 i = 0; i < 4; ++i) {
            vm.prank(account(i));
            federation.withdraw();
        }
        blade().reclaim();
        assertEq(token.balanceOf(address(federation)), 0, "all is given out");
    }

    function test_a_round_in_progress_at_the_deadline_is_finished() public {
        startTask();
        vm.warp(DEADLINE - 1);
        openAndDraw();
        train(100);
        pastChallenge();
        judgeAll(approving(15, 0));
        publishAll(MODEL, 15);
        refusesPhase(account(0), abi.encodeCall(IFederation.exit, ()), IFederation.Phase.Open);
        refusesPhase(account(0), abi.encodeCall(IBlade.reclaim, ()), IFederation.Phase.Open);
        federation.settle();
        assertEq(federation.head(), MODEL);
        blade().reclaim();
    }

    function test_the_publisher_reclaims_what_is_left() public {
        startTask();
        playBlade(MODEL, 15);
        uint256 left = federation.pool();
        refusesReclaim();
        vm.warp(DEADLINE);
        vm.expectEmit(address(federation));
        emit IBlade.Reclaimed(PUBLISHER, left);
        vm.prank(account(9)); // anybody may call it
        blade().reclaim();
        assertEq(token.balanceOf(PUBLISHER), left);
        assertEq(federation.pool(), 0);
        assertSolvent();
        refuses(
            PUBLISHER,
            abi.encodeCall(IBlade.reclaim, ()),
            abi.encodeWithSelector(IFederation.NothingToClaim.selector, PUBLISHER)
        );
    }

    function test_rewards_come_out_while_the_task_runs() public {
        startTask();
        playBlade(MODEL, 15);
        uint256 due = balance(account(0)) - BOND;
        assertGt(due, 0);
        vm.prank(account(0));
        federation.claim();
        assertEq(token.balanceOf(account(0)), due);
    }

    // ------------------------------------------------------------------ words

    function bidAs(address who, uint256 capability, uint256 cost) private {
        fund(who, BOND);
        vm.prank(who);
        blade().bid(capability, cost, noiseSeed(who, 0));
    }

    function leaves(address who) private {
        vm.prank(who);
        federation.exit();
    }

    function refusesReclaim() private {
        refuses(
            PUBLISHER,
            abi.encodeCall(IBlade.reclaim, ()),
            abi.encodeWithSelector(IFederation.TooEarly.selector, block.timestamp, DEADLINE)
        );
    }

    function refusesExit(address who) private {
        refuses(
            who,
            abi.encodeCall(IFederation.exit, ()),
            abi.encodeWithSelector(IFederation.TooEarly.selector, block.timestamp, DEADLINE)
        );
    }
}
