// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {IBflc} from "../../contracts/interfaces/IBflc.sol";
import {IFederation} from "../../contracts/interfaces/IFederation.sol";
import {IManagers} from "../../contracts/interfaces/IManagers.sol";
import {Draw} from "../../contracts/libraries/Draw.sol";
import {Roles} from "../../contracts/libraries/Flags.sol";
import {BflcBench} from "./BflcBench.sol";

/// @dev Who sits on the committee: named, drawn, elected.
contract BflcElectionTest is BflcBench {
    uint8 private constant JUROR = Roles.VOTER | Roles.PUBLISHER;

    function setUp() public override {
        super.setUp();
        admitMany(8);
    }

    // ------------------------------------------------------------------ the first committee

    function test_managers_name_the_first() public {
        uint256 number = bflc().motionCount() + 1;
        vm.prank(ADA);
        bflc().nameCommittee(0, firstThree());
        vm.expectEmit(address(federation));
        emit IBflc.CommitteeNamed(firstThree());
        vm.prank(BOB);
        bflc().nameCommittee(number, firstThree());
        openAndDraw();
        assertCommittee(firstThree());
        IFederation.Status memory s = federation.status();
        assertEq(s.voters, 3);
        assertEq(s.publishers, 3);
        assertEq(s.proposers, 5);
        refuses(account(1), proposing(1, 1), wrongRole(account(1), JUROR, Roles.PROPOSER));
    }

    function test_a_later_naming_replaces_it() public {
        named(firstThree());
        address[] memory others = firstThree();
        (others[0], others[1]) = (account(6), account(7)); // account 2 stays
        named(others);
        openAndDraw();
        assertCommittee(others);
    }

    function test_naming_is_refused() public {
        address[] memory four = new address[](4);
        refuses(
            ADA,
            abi.encodeCall(IBflc.nameCommittee, (0, four)),
            abi.encodeWithSelector(IBflc.InvalidCommittee.selector, 4, 3)
        );
        refusesNaming(account(0), account(1), account(0), 2);
        refusesNaming(account(0), address(0), account(1), 1);
    }

    /// @dev From the opening of a round to its settlement nobody names anybody, be it a manager or not.
    function test_naming_is_refused_in_a_round() public {
        bytes memory call = abi.encodeCall(IBflc.nameCommittee, (0, firstThree()));
        for (uint256 i = 0; i < 2; ++i) {
            vm.warp(block.timestamp + 100);
            federation.open();
            refusesPhase(ADA, call, IFederation.Phase.Open);
            vm.roll(block.number + 1);
            federation.draw();
            refusesPhase(ADA, call, IFederation.Phase.Open);
            proposeAll();
            refusesPhase(account(0), call, IFederation.Phase.Open);
            judgeAll(scores(9000, 9000, 9000, 9000, 9000));
            refusesPhase(ADA, call, IFederation.Phase.Open);
            publishAll(MODEL, 15);
            federation.settle();
            refuses(account(0), call, abi.encodeWithSelector(IManagers.NotManager.selector, account(0)));
        }
    }

    function test_where_none_is_named_the_draw_decides() public {
        openAndDraw();
        assertDrawn();
    }

    /// @dev A named account needn't be a member: then its seat is empty.
    function test_a_named_stranger_leaves_its_seat_empty() public {
        address[] memory list = firstThree();
        list[2] = account(30);
        named(list);
        openAndDraw();
        assertEq(voters().length, 2);
        assertEq(federation.status().voters, 3);
        assertEq(federation.memberOf(account(30)).roles, 0);
    }

    function test_too_few_members() public {
        redeploy(6);
        vm.expectRevert(abi.encodeWithSelector(IFederation.TooFewMembers.selector, 6, 7));
        federation.open();
        admit(account(6), BOND);
        openAndDraw();
        assertEq(federation.status().proposers, 4, "all others propose");
        assertEq(proposers().length, 4);
    }

    // ------------------------------------------------------------------ what a round changes

    /// @dev Nothing passes, nothing is proposed, or nobody draws: in any order and however often, who was chosen stays.
    function test_no_number_of_failures_gets_rid_of_a_committee() public {
        named(firstThree());
        for (uint256 i = 0; i < 12; ++i) {
            fail_(i * 7 % 3);
            fail_(i % 4 == 0 ? 0 : i % 3);
            openAndDraw();
            assertCommittee(firstThree());
            reject();
        }
        address[] memory p = playBflc(scores(6000, 9000, 4000, 8000, 7000), MODEL, 27);
        for (uint256 i = 0; i < 12; ++i) {
            fail_(i % 3);
            openAndDraw();
            assertCommittee(three(p, 1, 3, 4));
            finish();
        }
    }

    /// @dev Those who were drawn don't stay: each round has a draw of its own, until a committee is chosen.
    function test_failures_under_drawn_committees() public {
        for (uint256 i = 0; i < 7; ++i) {
            fail_(i % 3);
            openAndDraw();
            assertDrawn();
            reject();
        }
        address[] memory p = playBflc(scores(6000, 9000, 4000, 8000, 7000), MODEL, 27);
        openAndDraw();
        assertCommittee(three(p, 1, 3, 4));
    }

    // ------------------------------------------------------------------ named between rounds

    function test_a_naming_after_an_election_and_an_election_after_a_naming() public {
        for (uint256 i = 0; i < 3; ++i) {
            address[] memory p = playBflc(scores(6000, 9000, 4000, 8000, 7000), MODEL, 27);
            uint256 snapshot = vm.snapshotState();
            openAndDraw();
            assertCommittee(three(p, 1, 3, 4));
            vm.revertToState(snapshot);
            address[] memory list = three(p, 0, 2, 4);
            named(list);
            fail_(i);
            openAndDraw();
            assertCommittee(list);
            reject();
        }
    }

    /// @dev A naming holds after an undecided round too, and the draw is back after the next one.
    function test_a_naming_after_an_undecided_round() public {
        for (uint256 i = 0; i < 2; ++i) {
            named(firstThree());
            openAndDraw();
            assertCommittee(firstThree());
            proposeAll();
            finish();
            assertOutcome(IFederation.Outcome.Undecided);
            openAndDraw();
            assertDrawn();
            reject();
        }
    }

    /// @dev Who was elected by an earlier round isn't any more once others were named, whatever it proposes.
    function test_an_old_election_does_not_come_back() public {
        address[] memory p = playBflc(scores(6000, 9000, 4000, 8000, 7000), MODEL, 27);
        address[] memory list = three(p, 0, 2, 4);
        named(list);
        fail_(0);
        fail_(2);
        openAndDraw();
        assertCommittee(list);
        proposeAll();
        finish();
        openAndDraw();
        assertDrawn();
    }

    /// @dev A second naming of the same accounts is one: it takes their seats back after an election.
    function test_the_same_committee_named_again() public {
        named(firstThree());
        playBflc(scores(6000, 9000, 4000, 8000, 7000), MODEL, 27);
        named(firstThree());
        openAndDraw();
        assertCommittee(firstThree());
    }

    /// @dev An aye waits for others over rounds and elections, but not for more than a week.
    function test_a_stale_aye() public {
        uint256 number = bflc().motionCount() + 1;
        uint256 end = block.timestamp + 7 days;
        vm.prank(ADA);
        bflc().nameCommittee(0, firstThree());
        address[] memory p = playBflc(scores(6000, 9000, 4000, 8000, 7000), MODEL, 27);
        fail_(0);
        bytes memory call = abi.encodeCall(IBflc.nameCommittee, (number, firstThree()));
        refuses(ADA, call, abi.encodeWithSelector(IManagers.AlreadyMoved.selector, ADA, number));
        uint256 snapshot = vm.snapshotState();
        openAndDraw();
        assertCommittee(three(p, 1, 3, 4)); // one aye of three does nothing
        vm.revertToState(snapshot);
        snapshot = vm.snapshotState();
        vm.warp(end);
        refuses(CAT, call, abi.encodeWithSelector(IManagers.MotionOver.selector, number, end));
        vm.revertToState(snapshot);
        vm.prank(CAT);
        bflc().nameCommittee(number, firstThree());
        openAndDraw();
        assertCommittee(firstThree());
    }

    /// @dev A stuck committee rejects whatever comes. Managers replace it, between rounds and only then.
    function test_managers_replace_a_stuck_committee() public {
        address[] memory p = playBflc(scores(6000, 9000, 4000, 8000, 7000), MODEL, 27);
        for (uint256 i = 0; i < 4; ++i) {
            openAndDraw();
            assertCommittee(three(p, 1, 3, 4));
            refusesPhase(ADA, abi.encodeCall(IBflc.nameCommittee, (0, three(p, 0, 2, 4))), IFederation.Phase.Open);
            reject();
        }
        named(three(p, 0, 2, 4));
        playBflc(scores(9000, 9000, 9000, 9000, 9000), OTHER, 15);
        assertOutcome(IFederation.Outcome.Accepted);
        assertEq(federation.head(), OTHER);
    }

    // ------------------------------------------------------------------ rounds that are left undecided

    /// @dev Updates, and no model of them: by silence, or by different models of half of the committee each.
    function test_after_a_round_that_the_committee_left_undecided_the_draw_decides() public {
        address[] memory p = playBflc(scores(6000, 9000, 4000, 8000, 7000), MODEL, 27);
        for (uint256 i = 0; i < 2; ++i) {
            uint256 snapshot = vm.snapshotState();
            openAndDraw();
            assertCommittee(three(p, 1, 3, 4));
            proposeAll();
            if (i == 0) judge(copies(scores(9000, 9000, 9000, 9000, 9000), 1));
            else judgeAll(scores(9000, 9000, 9000, 9000, 9000));
            if (i == 1) publish(publishers()[0], OTHER, 15);
            finish();
            assertOutcome(IFederation.Outcome.Undecided);
            openAndDraw();
            assertDrawn();
            reject();
            openAndDraw();
            assertDrawn(); // by the new draw
            vm.revertToState(snapshot);
        }
    }

    /// @dev One update is enough for a committee to answer for its silence.
    function test_an_undecided_round_with_one_update() public {
        named(firstThree());
        openAndDraw();
        propose(proposers()[0]);
        finish();
        assertOutcome(IFederation.Outcome.Undecided);
        openAndDraw();
        assertDrawn();
    }

    function test_an_acceptance_after_an_undecided_round_elects() public {
        named(firstThree());
        skipRound();
        address[] memory p = playBflc(scores(6000, 9000, 4000, 8000, 7000), MODEL, 27);
        openAndDraw();
        assertCommittee(three(p, 1, 3, 4));
    }

    // ------------------------------------------------------------------ by score

    function test_the_highest_scores_are_elected() public {
        address[] memory p = playBflc(scores(6000, 9000, 4000, 8000, 7000), MODEL, 27);
        openAndDraw();
        assertCommittee(three(p, 1, 3, 4));
        refuses(p[3], proposing(1, 1), wrongRole(p[3], JUROR, Roles.PROPOSER));
        assertEq(proposers().length, 5);
    }

    function test_who_came_too_late_is_not_elected() public {
        address[] memory p = playBflc(scores(6000, 7000, 5000, 8000, 10000), MODEL, 15);
        openAndDraw();
        assertCommittee(three(p, 3, 1, 0));
    }

    function test_ties_go_to_the_lower_number() public {
        address[] memory p = playBflc(scores(7000, 9000, 7000, 7000, 4000), MODEL, 15);
        openAndDraw();
        assertCommittee(three(p, 1, 0, 2));
    }

    function test_who_left_keeps_its_seat_empty() public {
        admit(account(8), BOND);
        address[] memory p = playBflc(scores(6000, 9000, 4000, 8000, 7000), MODEL, 27);
        vm.prank(p[1]);
        federation.exit();
        openAndDraw();
        assertEq(voters().length, 2);
        assertEq(federation.memberOf(p[3]).roles, JUROR);
        assertEq(federation.memberOf(p[4]).roles, JUROR);
        assertEq(federation.memberOf(p[0]).roles, Roles.PROPOSER, "the next one doesn't move up");
    }

    // ------------------------------------------------------------------ by several factors

    /// @dev Half score, half speed, of 5 proposals: merits are 5000 times 6000 + 10000, 6000 + 8000, 9000 + 6000,
    /// 8000 + 4000: numbers 0, 2 and 1 win, where by score alone it were 2, 3 and 0.
    function test_factors_by_hand() public {
        (election, speedBps) = (2, 5000);
        redeploy(8);
        address[] memory p = playBflc(scores(6000, 6000, 9000, 8000, 9900), MODEL, 15);
        openAndDraw();
        assertCommittee(three(p, 0, 2, 1));
    }

    /// @dev Speed alone: the first three, whatever their scores.
    function test_speed_alone() public {
        (election, speedBps, mostProposers) = (2, 10000, 7);
        redeploy(10);
        openAndDraw();
        address[] memory p = proposers();
        proposeAll();
        judgeAll(abi.encodePacked(scores(4000, 6000, 5000, 7000, 9900), uint16(9000), uint16(9000)));
        publishAll(MODEL, 30);
        finish();
        openAndDraw();
        assertCommittee(three(p, 1, 2, 3));
    }

    /// @dev Of 7 proposals the speeds are 8571.4, 7142.9, 5714.3 and 4285.7, floored. Halves of score and speed then
    /// leave the first two equal, at 13771, and the lower number goes before; exactly the other would be ahead by 0.4.
    function test_speeds_are_floored() public {
        (election, speedBps, mostProposers) = (2, 5000, 7);
        redeploy(10);
        openAndDraw();
        address[] memory p = proposers();
        proposeAll();
        judgeAll(abi.encodePacked(scores(4000, 5200, 6629, 9000, 9600), uint16(9000), uint16(9000)));
        publishAll(MODEL, 30);
        finish();
        openAndDraw();
        assertCommittee(three(p, 3, 4, 1));
    }

    /// @dev Of no weight, speed is nothing but the order among equals.
    function test_score_alone_of_several_factors() public {
        election = 2;
        redeploy(8);
        address[] memory p = playBflc(scores(6000, 8000, 9000, 8000, 9900), MODEL, 15);
        openAndDraw();
        assertCommittee(three(p, 2, 1, 3));
    }

    /// @dev Points of score and of speed are exact: 1 point of score at 9999 bps beats no place in the order.
    function test_factors_keep_what_division_would_lose() public {
        (election, speedBps) = (2, 1);
        redeploy(8);
        // merits: 7000 * 9999 + 10000, 7001 * 9999 + 8000, 7000 * 9999 + 6000, 7001 * 9999 + 4000
        address[] memory p = playBflc(scores(7000, 7001, 7000, 7001, 0), MODEL, 15);
        openAndDraw();
        assertCommittee(three(p, 1, 3, 0));
    }

    // ------------------------------------------------------------------ at random

    function test_random_elects_from_the_selected() public {
        election = 1;
        redeploy(8);
        uint256 differing;
        for (uint256 i = 0; i < 5; ++i) {
            address[] memory p = playBflc(scores(6000, 9000, 4000, 8000, 7000), MODEL, 27);
            openAndDraw();
            if (assertElectedAtRandom(p) != 7) ++differing;
            proposeAll();
            finish();
            openAndDraw();
            assertDrawn();
            finish();
        }
        assertGt(differing, 0);
    }

    /// @dev A rejected round leaves whom to choose from; the new draw chooses, also among those who proposed since.
    function test_random_draws_anew_after_a_rejection() public {
        election = 1;
        redeploy(8);
        address[] memory p = playBflc(scores(6000, 9000, 4000, 8000, 7000), MODEL, 27);
        for (uint256 i = 0; i < 5; ++i) {
            openAndDraw();
            assertElectedAtRandom(p);
            reject();
        }
    }

    // ------------------------------------------------------------------ words

    /// @dev Nothing passes in the round that is drawn.
    function reject() private {
        proposeAll();
        judgeAll(scores(0, 0, 0, 0, 0));
        publishAll(0, 0);
        finish();
        assertOutcome(IFederation.Outcome.Rejected);
    }

    /// @dev A round that fails: nothing passes, nothing is proposed, or nobody draws.
    function fail_(uint256 kind) private {
        if (kind == 2) {
            uint256 rest = federation.status().restUntil;
            if (block.timestamp < rest) vm.warp(rest);
            federation.open();
            vm.roll(block.number + 257);
            federation.settle();
        } else {
            openAndDraw();
            if (kind == 0) reject();
            else finish();
        }
        assertTrue(outcome() != uint256(IFederation.Outcome.Accepted));
    }

    function three(address[] memory from, uint256 a, uint256 b, uint256 c)
        private
        pure
        returns (address[] memory list)
    {
        list = new address[](3);
        (list[0], list[1], list[2]) = (from[a], from[b], from[c]);
    }

    /// @dev These sit, and all other members propose.
    function assertCommittee(address[] memory expected) private view {
        for (uint256 i = 0; i < members.length; ++i) {
            assertEq(
                federation.memberOf(members[i]).roles, has(expected, members[i]) ? JUROR : Roles.PROPOSER, "committee"
            );
        }
    }

    /// @dev Those sit who have the first positions.
    function assertDrawn() private view {
        for (uint256 i = 0; i < members.length; ++i) {
            IFederation.MemberView memory member = federation.memberOf(members[i]);
            assertEq(member.roles, member.position < 3 ? JUROR : Roles.PROPOSER, "drawn");
        }
    }

    /// @dev Of the providers 0, 1, 3 and 4, those sit whom the round's seed sends below 3; which, as a bitmap.
    function assertElectedAtRandom(address[] memory providers) private view returns (uint256 which) {
        uint8[4] memory numbers = [0, 1, 3, 4];
        bytes32 seed = federation.status().seed;
        uint256 count;
        for (uint256 place = 0; place < 4; ++place) {
            bool sits = Draw.position(seed, place, 4) < 3;
            assertEq(
                federation.memberOf(providers[numbers[place]]).roles, sits ? JUROR : Roles.PROPOSER, "elected at random"
            );
            if (sits) which |= 1 << place;
            if (sits) ++count;
        }
        assertEq(count, 3);
        assertEq(federation.memberOf(providers[2]).roles, Roles.PROPOSER, "not selected");
    }

    function refusesNaming(address a, address b, address c, uint256 place) private {
        address[] memory list = new address[](3);
        (list[0], list[1], list[2]) = (a, b, c);
        vm.prank(ADA);
        bflc().nameCommittee(0, list);
        refuses(
            BOB,
            abi.encodeCall(IBflc.nameCommittee, (bflc().motionCount(), list)),
            abi.encodeWithSelector(IBflc.InvalidCommittee.selector, place, 3)
        );
    }
}
