// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {IDuty} from "../../contracts/interfaces/IDuty.sol";
import {IFederation} from "../../contracts/interfaces/IFederation.sol";
import {Roles} from "../../contracts/libraries/Flags.sol";
import {StakeJuryBench} from "./StakeJuryBench.sol";

/// @dev Nine members, of whom three propose, four judge and two rest. Two missed rounds in a row put a member out.
contract DutyTest is StakeJuryBench {
    address private constant ANYBODY = address(0xA9);

    function setUp() public override {
        super.setUp();
        absentAfter = 2;
        redeploy(9);
    }

    // ------------------------------------------------------------------ words

    function report(address who) internal {
        reportAll(one(who));
    }

    function reportAll(address[] memory list) internal {
        uint256 number = round();
        vm.prank(ANYBODY);
        IDuty(address(federation)).report(number, list);
    }

    function reporting(uint256 number, address who) internal pure returns (bytes memory) {
        return abi.encodeCall(IDuty.report, (number, one(who)));
    }

    function evict(address who) internal {
        vm.prank(ANYBODY);
        federation.evict(one(who));
    }

    function missedBy(address who) internal view returns (uint256) {
        return federation.memberOf(who).missed;
    }

    function isIn(address who) internal view returns (bool) {
        return entry(who).index != 0;
    }

    /// @dev All jurors but the first are of one mind, in a round in which some proposed.
    function judgeWithoutFirst(bytes memory ballot_) internal {
        address[] memory list = voters();
        for (uint256 i = 1; i < list.length; ++i) {
            commitBallot(list[i], ballot_);
        }
        pass(IFederation.Phase.Commit);
        for (uint256 i = 1; i < list.length; ++i) {
            revealBallot(list[i], ballot_);
        }
    }

    function comeBack(address who) internal {
        vm.startPrank(who);
        federation.withdraw();
        assertEq(token.balanceOf(who), BOND, "all of it");
        federation.join(BOND);
        vm.stopPrank();
    }

    /// @dev Rounds without `absent` until it was drawn for a seat and reported `count` times.
    function missRounds(address absent, uint256 count) internal {
        while (missedBy(absent) < count) {
            playWithout(absent);
            report(absent);
            finish();
        }
    }

    /// @dev So many rounds take too long: the counter is written where the contract keeps it.
    function setMissed(address who, uint16 count) internal {
        IFederation.MemberView memory m = federation.memberOf(who);
        uint256 before = uint256(m.missed) << 80 | uint256(entry(who).round) << 40 | m.missedRound;
        vm.record();
        federation.memberOf(who);
        (bytes32[] memory slots,) = vm.accesses(address(federation));
        for (uint256 i = 0; i < slots.length; ++i) {
            if (uint256(vm.load(address(federation), slots[i])) != before) continue;
            vm.store(address(federation), slots[i], bytes32(before + (uint256(count - m.missed) << 80)));
        }
        assertEq(missedBy(who), count);
    }

    // ------------------------------------------------------------------ what is missed

    function test_who_is_drawn_and_does_nothing_misses_the_round() public {
        openAndDraw();
        address[] memory judges = voters();
        address[] memory trainers = proposers();
        propose(trainers[1]);
        propose(trainers[2]);
        pass(IFederation.Phase.Propose);
        judgeWithoutFirst(opinion(3, 3));
        for (uint256 i = 0; i < 2; ++i) {
            address absent = i == 0 ? judges[0] : trainers[0];
            vm.expectEmit(address(federation));
            emit IDuty.Missed(1, absent, 1);
            report(absent);
            IFederation.MemberView memory m = federation.memberOf(absent);
            assertEq(m.missed, 1);
            assertEq(m.missedRound, 1);
            assertEq(m.balance, BOND, "an outage costs nothing");
        }
    }

    function test_all_others_are_passed_over() public {
        openAndDraw();
        address[] memory judges = voters();
        address[] memory trainers = proposers();
        propose(trainers[1]);
        pass(IFederation.Phase.Propose);
        judgeWithoutFirst(opinion(1, 1));
        reportAll(members);
        assertEq(missedBy(judges[1]) + missedBy(trainers[1]), 0, "who acted");
        uint256 count = 0;
        for (uint256 i = 0; i < members.length; ++i) {
            uint256 drawnFor = federation.memberOf(members[i]).roles;
            if (drawnFor == 0) assertEq(missedBy(members[i]), 0, "who rests");
            count += missedBy(members[i]);
        }
        assertEq(count, 3, "two proposers and a juror");
        vm.recordLogs();
        reportAll(members);
        report(ANYBODY);
        reportAll(new address[](0));
        assertEq(vm.getRecordedLogs().length, 0, "twice, or no member");
    }

    function test_reports_come_when_the_ballots_are_fixed_and_before_the_round_is_settled() public {
        address who = members[0];
        refuses(ANYBODY, reporting(0, who), wrongPhase(IFederation.Phase.Open, IFederation.Phase.Reveal));
        openAndDraw();
        refuses(ANYBODY, reporting(1, who), wrongPhase(IFederation.Phase.Propose, IFederation.Phase.Reveal));
        proposeAll();
        refuses(ANYBODY, reporting(1, who), wrongPhase(IFederation.Phase.Commit, IFederation.Phase.Reveal));
        address[] memory judges = voters();
        judgeWithoutFirst(opinion(ALL, ALL));
        refuses(ANYBODY, reporting(2, who), wrongRound(2, 1));
        vm.warp(federation.status().publishEnd);
        assertEq(phase(), uint256(IFederation.Phase.Settle));
        report(judges[0]);
        assertEq(missedBy(judges[0]), 1, "as late as that");
        federation.settle();
        refuses(ANYBODY, reporting(1, judges[0]), wrongPhase(IFederation.Phase.Open, IFederation.Phase.Reveal));
    }

    /// @dev Perhaps few could come. Those who are there alone would put out all others.
    function test_a_round_without_a_quorum_is_missed_by_nobody() public {
        openAndDraw();
        proposeAll();
        address[] memory judges = voters();
        for (uint256 i = 1; i < 4; ++i) {
            commitBallot(judges[i], opinion(ALL, ALL));
        }
        pass(IFederation.Phase.Commit);
        bytes memory refusal = wrongPhase(IFederation.Phase.Reveal, IFederation.Phase.Reveal);
        refuses(ANYBODY, reporting(1, judges[0]), refusal);
        revealBallot(judges[1], opinion(ALL, ALL));
        revealBallot(judges[2], opinion(ALL, ALL));
        refuses(ANYBODY, reporting(1, judges[0]), refusal);
        uint256 half = vm.snapshotState();
        pass(IFederation.Phase.Reveal);
        refuses(ANYBODY, reporting(1, judges[0]), wrongPhase(IFederation.Phase.Settle, IFederation.Phase.Reveal));
        vm.revertToState(half);
        revealBallot(judges[3], opinion(ALL, ALL));
        report(judges[0]);
        assertEq(missedBy(judges[0]), 1, "three of four");
    }

    function test_who_acts_starts_anew() public {
        address who = members[4];
        missRounds(who, 1);
        while (federation.memberOf(who).roles == 0) {
            if (phase() != 0) finish();
            openAndDraw();
        }
        bool trains = federation.memberOf(who).roles & Roles.PROPOSER != 0;
        proposeAll();
        judgeAll(opinion(ALL, ALL));
        if (trains) assertEq(entry(who).round, round());
        finish();
        assertEq(missedBy(who), 0, "it was there");
        missRounds(who, 1);
        evict(who);
        assertTrue(isIn(who), "once since");
    }

    /// @dev It takes no part in the vote, but isn't away.
    function test_who_only_publishes_was_there() public {
        openAndDraw();
        proposeAll();
        address[] memory judges = voters();
        judgeWithoutFirst(opinion(ALL, ALL));
        report(judges[0]);
        assertEq(missedBy(judges[0]), 1);
        publish(judges[0], MODEL, ALL);
        assertEq(missedBy(judges[0]), 0);
        report(judges[0]);
        assertEq(missedBy(judges[0]), 0);
    }

    /// @dev A stranger's report never fails for others', however many rounds somebody misses who can't be spared.
    function test_counting_ends_where_the_counter_does() public {
        (minVoters, mostVoters) = (6, 6);
        redeploy(9);
        address who = members[4];
        missRounds(who, 1);
        setMissed(who, type(uint16).max - 1);
        missRounds(who, type(uint16).max);
        playWithout(who);
        uint256 number = round();
        vm.expectEmit(address(federation));
        emit IDuty.Missed(number, who, type(uint16).max);
        report(who);
        IFederation.MemberView memory m = federation.memberOf(who);
        assertEq(m.missed, type(uint16).max);
        assertEq(m.missedRound, number);
        finish();
        joinOne(account(20), BOND);
        evict(who);
        assertFalse(isIn(who), "as soon as one more is in");
    }

    // ------------------------------------------------------------------ out

    function test_who_misses_rounds_in_a_row_is_put_out_and_may_come_back() public {
        newcomers = 1;
        absentAfter = 2;
        redeploy(9);
        address who = members[4];
        missRounds(who, 1);
        evict(who);
        assertTrue(isIn(who), "once isn't too often");
        missRounds(who, 2);
        uint256 free = block.timestamp + 1000;
        vm.expectEmit(address(federation));
        emit IFederation.Evicted(who, BOND, free);
        evict(who);
        assertEq(standing(who), uint256(IFederation.Standing.Leaving));
        assertEq(missedBy(who), 0, "forgotten");

        vm.warp(free);
        comeBack(who);
        assertEq(federation.memberOf(who).waitsFor, round() + 2, "as any newcomer");
        evict(who);
        assertTrue(isIn(who));
        assertSolvent();
    }

    /// @dev Or an outage of many would make a majority of a few overnight.
    function test_one_a_round_is_put_out() public {
        absentAfter = 1;
        redeploy(9);
        openAndDraw();
        address[] memory trainers = proposers();
        propose(trainers[2]);
        pass(IFederation.Phase.Propose);
        judgeWithoutFirst(opinion(1, 1));
        reportAll(trainers);
        finish();
        (address first, address second) = (trainers[0], trainers[1]);
        assertTrue(federation.memberOf(first).absent && federation.memberOf(second).absent);
        federation.evict(trainers);
        assertTrue(!isIn(first) && isIn(second), "the first of them");
        assertFalse(federation.memberOf(second).absent);
        evict(second);
        assertTrue(isIn(second), "not in the same pause");
        skipRound();
        assertTrue(federation.memberOf(second).absent);
        evict(second);
        assertFalse(isIn(second), "after another round");
    }

    /// @dev However many wait.
    function test_who_waits_is_nobody_who_can_be_spared() public {
        (minVoters, mostVoters, newcomers) = (6, 6, 1);
        redeploy(9);
        address who = members[4];
        missRounds(who, 3);
        joinOne(account(20), BOND);
        assertFalse(federation.memberOf(who).absent);
        evict(who);
        assertTrue(isIn(who), "nine are needed, and the tenth isn't in");
    }

    function test_who_is_needed_stays() public {
        minVoters = 6;
        mostVoters = 6;
        redeploy(9);
        address who = members[4];
        missRounds(who, 3);
        evict(who);
        assertTrue(isIn(who), "nine are needed");
        joinOne(account(20), BOND);
        evict(who);
        assertFalse(isIn(who), "one more came");
    }

    function test_where_no_round_may_be_too_many_nobody_is_put_out() public {
        absentAfter = 0;
        redeploy(9);
        address who = members[4];
        missRounds(who, 5);
        evict(who);
        assertTrue(isIn(who));
    }

    /// @dev Leaving and coming back doesn't wash it off.
    function test_what_was_missed_is_remembered_of_who_left() public {
        address who = members[4];
        missRounds(who, 1);
        vm.prank(who);
        federation.exit();
        vm.warp(block.timestamp + 1000);
        comeBack(who);
        missRounds(who, 2);
        evict(who);
        assertFalse(isIn(who));
    }

    /// @dev Whoever is banned goes as one who is banned, however absent.
    function test_a_ban_comes_first() public {
        (minVoters, proposerStake) = (3, 60);
        redeploy(9);
        openAndDraw();
        proposeAll();
        address who = authorOf(0);
        judgeAll(opinion(ALL & ~uint256(1), ALL));
        publishAll(MODEL, ALL & ~uint256(1));
        finish();
        assertTrue(federation.memberOf(who).out);
        evict(who);
        assertEq(standing(who), uint256(IFederation.Standing.Banned));
    }

    function wrongPhase(IFederation.Phase current, IFederation.Phase needed) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(IFederation.WrongPhase.selector, current, needed);
    }

    function wrongRound(uint256 given, uint256 current) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(IFederation.WrongRound.selector, given, current);
    }
}
