// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {IBlade} from "../../contracts/interfaces/IBlade.sol";
import {IFederation} from "../../contracts/interfaces/IFederation.sol";
import {IManagers} from "../../contracts/interfaces/IManagers.sol";
import {BallotAttacks} from "./BallotAttacks.sol";
import {BflcBench} from "./BflcBench.sol";
import {BladeBench} from "./BladeBench.sol";
import {LeafBench} from "./LeafBench.sol";
import {StakeVoteBench} from "./StakeVoteBench.sol";
import {VbflBench} from "./VbflBench.sol";

/// @dev What outsiders, the expelled and the managers themselves try where managers say who gets in: four of them, so
/// that it takes three. See the table in `NamedAttacks.sol`.
abstract contract ManagedAttacks is BallotAttacks {
    address internal constant DAN = address(0xA4);

    constructor() {
        managers = [ADA, BOB, CAT, DAN];
    }

    function prepare(address who) internal virtual override {
        allowed(who);
    }

    function entering(address) internal view virtual override returns (bytes memory, uint256) {
        return (abi.encodeCall(IFederation.join, (BOND)), BOND);
    }

    function playAccepted() internal override {}

    /// @dev How `who` takes its stake out of a federation.
    function leave(address who) internal virtual {
        vm.prank(who);
        federation.exit();
    }

    // ------------------------------------------------------------------ getting in

    function test_an_outsider_joins() public {
        fresh();
        address who = account(70);
        (bytes memory call, uint256 cost) = entering(who);
        fund(who, cost);
        bytes memory refusal = abi.encodeWithSelector(IFederation.NotAdmitted.selector, who);
        refuses(who, call, refusal);
        IFederation.Standing stranger = IFederation.Standing.Stranger;
        bytes memory other = abi.encodeWithSelector(IFederation.NotMember.selector, who, stranger);
        refuses(who, abi.encodeCall(IFederation.deposit, (1)), other);
        expelled(who);
        refuses(who, call, refusal);
        allowed(who);
        enter(who, call);
        assertEq(standing(who), uint256(IFederation.Standing.Member));
    }

    function test_half_of_the_managers_let_nobody_in_and_put_nobody_out() public {
        (address friend, address foe, uint256 before) = (account(70), members[0], lists().motionCount());
        bytes[2] memory calls = [abi.encodeCall(IManagers.allow, (0, one(friend))), abi.encodeCall(IManagers.expel, (0, one(foe)))];
        for (uint256 i = 0; i < 2; ++i) {
            before += 1;
            assertEq(motion(calls[i], 2), before);
            assertFalse(lists().isAllowed(friend));
            assertFalse(lists().isExpelled(foe));
        }
        assertFalse(federation.memberOf(foe).out);
        for (uint256 i = 0; i < 2; ++i) {
            uint256 number = before - 1 + i;
            vm.expectEmit(address(federation));
            emit IManagers.Moved(DAN, number, bytes4(calls[i]), one(i == 0 ? friend : foe), 3, block.timestamp);
            vm.expectEmit(address(federation));
            if (i == 0) emit IManagers.Allowed(friend);
            else emit IManagers.Expelled(foe);
            moves(DAN, numbered(calls[i], number));
        }
        assertTrue(lists().isAllowed(friend));
        assertTrue(lists().isExpelled(foe));
        assertFalse(lists().isAllowed(foe));
    }

    function test_a_manager_votes_twice() public {
        bytes memory call = abi.encodeCall(IManagers.expel, (0, one(members[0])));
        uint256 number = motion(call, 2);
        bytes memory refusal = abi.encodeWithSelector(IManagers.AlreadyMoved.selector, ADA, number);
        refuses(ADA, numbered(call, number), refusal);
        for (uint256 i = 0; i < 2; ++i) {
            uint256 end = block.timestamp + 7 days;
            refuses(ADA, call, isOpen(number + i, end));
            vm.warp(end);
            moves(ADA, call); // a new motion, with one aye
        }
        assertEq(lists().motionOf(number + 2).ayes, 1);
        assertFalse(lists().isExpelled(members[0]));
    }

    /// @dev A manager copies a motion, so that some ayes go to the copy. If it could, ayes for the one that isn't carried
    /// would wait; once the managers have changed their mind, it alone would carry the same again, and evict the account.
    function test_a_copied_motion() public {
        address who = members[0];
        bytes memory call = abi.encodeCall(IManagers.expel, (0, one(who)));
        (uint256 start, uint256 number) = (block.timestamp, motion(call, 2));
        refuses(DAN, call, isOpen(number, start + 7 days));
        vm.warp(start + 7 days - 1);
        refuses(DAN, call, isOpen(number, start + 7 days));
        vm.warp(start + 1 days);
        moves(CAT, numbered(call, number));
        assertTrue(lists().isExpelled(who));
        allowed(who);
        refuses(DAN, numbered(call, number), abi.encodeWithSelector(IManagers.MotionOver.selector, number, start + 1 days));
        moves(DAN, call); // anew, at once, and alone
        assertEq(lists().motionOf(number + 2).ayes, 1);
        federation.evict(one(who));
        assertFalse(lists().isExpelled(who));
        assertEq(standing(who), uint256(IFederation.Standing.Member));
    }

    /// @dev What was carried once is carried again by a majority, and not by the ayes that it had.
    function test_a_carried_motion_is_moved_again() public {
        address who = members[0];
        expelled(who);
        allowed(who);
        assertFalse(federation.memberOf(who).out);
        motion(abi.encodeCall(IManagers.expel, (0, one(who))), 2);
        assertFalse(lists().isExpelled(who));
        motion(abi.encodeCall(IManagers.allow, (0, one(account(70)))), 2);
        assertFalse(lists().isAllowed(account(70)));
    }

    /// @dev An aye that comes after a motion was carried is refused. Otherwise it would wait until one manager alone
    /// could repeat the motion.
    function test_an_aye_after_the_end() public {
        (address who, uint256 before) = (members[0], lists().motionCount());
        bytes[2] memory calls = [abi.encodeCall(IManagers.expel, (0, one(who))), abi.encodeCall(IManagers.allow, (0, one(who)))];
        uint256 carriedAt = block.timestamp;
        for (uint256 i = 0; i < 4; ++i) {
            uint256 number = motion(calls[i % 2], 3);
            bytes memory refusal = abi.encodeWithSelector(IManagers.MotionOver.selector, number, carriedAt);
            refuses(DAN, numbered(calls[i % 2], number), refusal);
        }
        vm.warp(block.timestamp + 365 days);
        for (uint256 number = before + 1; number <= before + 4; ++number) {
            IManagers.Motion memory m = lists().motionOf(number);
            assertTrue(m.carried && m.ayes == 3 && m.end == carriedAt);
            bytes memory aye = numbered(calls[(number - before - 1) % 2], number);
            bytes memory refusal = abi.encodeWithSelector(IManagers.MotionOver.selector, number, carriedAt);
            refuses(ADA, aye, refusal);
            refuses(DAN, aye, refusal);
        }
        assertEq(lists().motionCount(), before + 4);
        moves(DAN, calls[0]); // one aye of four
        assertFalse(lists().isExpelled(who));
    }

    /// @dev A motion that wasn't carried lapses after a week, to the second, and its ayes with it.
    function test_a_motion_lapses() public {
        address who = members[0];
        bytes memory call = abi.encodeCall(IManagers.expel, (0, one(who)));
        uint256 end = block.timestamp + 7 days;
        uint256 number = motion(call, 2);
        assertEq(lists().motionOf(number).end, end);
        uint256 snapshot = vm.snapshotState();
        vm.warp(end - 1);
        moves(CAT, numbered(call, number));
        assertTrue(lists().isExpelled(who));
        assertEq(lists().motionOf(number).end, end - 1);
        vm.revertToState(snapshot);
        vm.warp(end);
        refuses(CAT, numbered(call, number), abi.encodeWithSelector(IManagers.MotionOver.selector, number, end));
        IManagers.Motion memory m = lists().motionOf(number);
        assertTrue(!m.carried && m.ayes == 2 && m.end == end);
        assertEq(motion(call, 2), number + 1); // anew, and their old ayes don't count
        assertFalse(lists().isExpelled(who));
        moves(DAN, numbered(call, number + 1));
        assertTrue(lists().isExpelled(who));
    }

    /// @dev An aye counts for the motion that the call names if the call is that motion, and for no other.
    function test_an_aye_for_another_motion() public {
        (address who, address other) = (members[0], members[1]);
        uint256 number = motion(abi.encodeCall(IManagers.expel, (0, one(who))), 2);
        bytes32 content = contentOf(IManagers.expel.selector, one(who));
        assertEq(lists().motionOf(number).content, content);
        bytes4 mismatch = IManagers.MotionMismatch.selector;
        refuses(
            CAT,
            abi.encodeCall(IManagers.expel, (number, one(other))),
            abi.encodeWithSelector(mismatch, number, content, contentOf(IManagers.expel.selector, one(other)))
        );
        refuses(
            CAT,
            abi.encodeCall(IManagers.allow, (number, one(who))),
            abi.encodeWithSelector(mismatch, number, content, contentOf(IManagers.allow.selector, one(who)))
        );
        bytes memory nothing = abi.encodeWithSelector(IManagers.NoSuchMotion.selector, number + 1, number);
        refuses(CAT, abi.encodeCall(IManagers.expel, (number + 1, one(who))), nothing);
        refuses(CAT, abi.encodeCall(IManagers.motionOf, (number + 1)), nothing);
        nothing = abi.encodeWithSelector(IManagers.NoSuchMotion.selector, 0, number);
        refuses(CAT, abi.encodeCall(IManagers.motionOf, (0)), nothing);
        assertEq(lists().motionOf(number).ayes, 2);
        assertFalse(lists().isExpelled(who));
    }

    /// @dev A manager opens the others' motion in front of them: that is an aye for it.
    function test_the_same_motion_in_front() public {
        bytes memory call = abi.encodeCall(IManagers.expel, (0, one(members[0])));
        moves(DAN, call);
        uint256 number = lists().motionCount();
        refuses(ADA, call, isOpen(number, block.timestamp + 7 days));
        moves(ADA, numbered(call, number));
        assertFalse(lists().isExpelled(members[0]));
        moves(BOB, numbered(call, number));
        assertTrue(lists().isExpelled(members[0]));
        assertEq(lists().motionCount(), number);
    }

    /// @dev A manager alone opens motion after motion, in front of the others': they are carried all the same.
    function test_motions_in_front() public {
        bytes memory call = abi.encodeCall(IManagers.expel, (0, one(members[0])));
        for (uint256 i = 0; i < 3; ++i) {
            moves(DAN, abi.encodeCall(IManagers.expel, (0, one(account(80 + i)))));
            if (i == 0) moves(ADA, call);
        }
        uint256 number = lists().motionCount() - 2;
        moves(BOB, numbered(call, number));
        moves(CAT, numbered(call, number));
        assertTrue(lists().isExpelled(members[0]));
        assertFalse(lists().isExpelled(account(80)));
    }

    function test_who_is_no_manager_moves() public {
        address[2] memory others = [members[0], account(70)];
        for (uint256 i = 0; i < 2; ++i) {
            bytes memory refusal = abi.encodeWithSelector(IManagers.NotManager.selector, others[i]);
            refuses(others[i], abi.encodeCall(IManagers.allow, (0, one(others[1]))), refusal);
            refuses(others[i], abi.encodeCall(IManagers.expel, (0, one(members[1]))), refusal);
        }
    }

    function test_without_managers_anyone_gets_in() public virtual {
        delete managers;
        fresh();
        address who = account(70);
        (bytes memory call, uint256 cost) = entering(who);
        fund(who, cost);
        enter(who, call);
        refuses(
            ADA,
            abi.encodeCall(IManagers.expel, (0, one(who))),
            abi.encodeWithSelector(IManagers.NotManager.selector, ADA)
        );
        assertFalse(lists().isAllowed(who));
    }

    // ------------------------------------------------------------------ expelled within a round

    /// @dev Managers who collude can't make a silent voter of one who has committed.
    function test_a_voter_expelled_after_its_commitment_reveals() public {
        address[] memory list = toCommit();
        for (uint256 i = 0; i < list.length; ++i) {
            commitBallot(list[i], ballot(true));
        }
        pass(IFederation.Phase.Commit);
        expelled(list[0]);
        assertTrue(lists().isExpelled(list[0]));
        assertFalse(federation.memberOf(list[0]).out);
        for (uint256 i = 0; i < list.length; ++i) {
            revealBallot(list[i], ballot(true));
        }
        finish();
        assertGe(balance(list[0]), BOND, "no silent voter");
        assertTrue(federation.memberOf(list[0]).out);
        assertSolvent();
    }

    /// @dev A drawn proposer finishes its round, and has no seat in the next.
    function test_a_proposer_expelled_after_the_draw_proposes() public {
        openAndDraw();
        address who = proposers()[0];
        uint8 roles = federation.memberOf(who).roles;
        expelled(who);
        expelled(who); // and again
        assertEq(federation.memberOf(who).roles, roles);
        propose(who);
        assertEq(federation.roundOf(1).proposals, 1);
        finish();
        assertEq(balance(who), BOND);
        openAndDraw();
        bytes memory banned = abi.encodeWithSelector(IFederation.AccountBanned.selector, who);
        assertEq(federation.memberOf(who).roles, 0);
        refuses(who, proposing(10, 1), banned);
        pass(IFederation.Phase.Propose);
        if (phase() == uint256(IFederation.Phase.Commit)) {
            refuses(who, abi.encodeCall(IFederation.commit, (2, keccak256("any"))), banned);
        }
    }

    function test_expelled_between_the_opening_and_the_draw() public {
        toOpen();
        for (uint256 i = 0; i < members.length; ++i) {
            expelled(members[i]);
        }
        draw();
        for (uint256 i = 0; i < members.length; ++i) {
            assertFalse(federation.memberOf(members[i]).out);
        }
        propose(proposers()[0]);
        finish();
        for (uint256 i = 0; i < members.length; ++i) {
            assertTrue(federation.memberOf(members[i]).out);
        }
    }

    /// @dev Who is barred already is not let into a round by being expelled once more in it.
    function test_expelled_twice() public {
        address who = members[0];
        expelled(who);
        openAndDraw();
        expelled(who);
        assertTrue(federation.memberOf(who).out);
        assertEq(federation.memberOf(who).roles, 0);
    }

    function test_allowed_again_before_it_takes_effect() public {
        openAndDraw();
        address who = members[0];
        expelled(who);
        allowed(who);
        finish();
        assertFalse(federation.memberOf(who).out);
        openAndDraw();
        assertTrue(federation.memberOf(who).roles != 0 || federation.memberOf(who).position != 0);
    }

    // ------------------------------------------------------------------ expelled, and back by another way

    function test_the_expelled_come_back() public {
        openAndDraw();
        address bad = members[0];
        expelled(bad);
        finish();
        bytes memory banned = abi.encodeWithSelector(IFederation.AccountBanned.selector, bad);
        fund(bad, 10 * BOND);
        refuses(bad, abi.encodeCall(IFederation.deposit, (10)), banned);
        (bytes memory call,) = entering(bad);
        assertFalse(tries(bad, call), "it is in, and out");
        // two friends are not enough
        uint256 number = motion(abi.encodeCall(IManagers.allow, (0, one(bad))), 2);
        refuses(bad, abi.encodeCall(IFederation.deposit, (10)), banned);
        vm.expectEmit(address(federation));
        emit IFederation.Banned(bad, entry(bad).round, BOND);
        federation.evict(one(bad));
        vm.prank(CAT); // with the third it is carried: that lifts the expulsion, and not the ban
        lists().allow(number, one(bad));
        assertTrue(lists().isAllowed(bad));
        refuses(bad, abi.encodeCall(IFederation.deposit, (10)), banned);
        vm.warp(block.timestamp + 1000);
        vm.prank(bad);
        federation.withdraw();
        assertFalse(tries(bad, call), "banned for good");
        assertEq(standing(bad), uint256(IFederation.Standing.Banned));
    }

    /// @dev It goes with all its stake, before it is evicted and after.
    function test_managers_lock_nobody_in() public {
        address[2] memory victims = [members[0], members[1]];
        openAndDraw();
        expelled(victims[0]);
        finish();
        expelled(victims[1]);
        leave(victims[0]);
        federation.evict(one(victims[1]));
        vm.warp(block.timestamp + 1000);
        for (uint256 i = 0; i < 2; ++i) {
            uint256 before = token.balanceOf(victims[i]);
            vm.prank(victims[i]);
            federation.withdraw();
            assertEq(token.balanceOf(victims[i]) - before, BOND);
        }
        assertFalse(tries(victims[0], abi.encodeCall(IFederation.join, (BOND))));
    }

    // ------------------------------------------------------------------ words

    function isOpen(uint256 number, uint256 end) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(IManagers.MotionOpen.selector, number, end);
    }

    function tries(address who, bytes memory call) internal returns (bool ok) {
        vm.prank(who);
        (ok,) = address(federation).call(call);
    }
}

contract ManagedAttacksStakeVoteTest is StakeVoteBench, ManagedAttacks {
    function setUp() public override(LeafBench, BallotAttacks) {
        super.setUp();
    }

    function populate() internal override {
        for (uint256 i = 0; i < 7; ++i) {
            allowed(account(i));
            joinOne(account(i), BOND);
        }
    }

    /// @dev The silent pay here: what managers could do to a voter by keeping it from revealing.
    function test_silence_costs_and_expulsion_does_not() public {
        address[] memory list = toCommit();
        for (uint256 i = 0; i < list.length; ++i) {
            commitBallot(list[i], ballot(true));
        }
        pass(IFederation.Phase.Commit);
        expelled(list[0]);
        for (uint256 i = 0; i < list.length; ++i) {
            if (i != 1) revealBallot(list[i], ballot(true));
        }
        finish();
        assertEq(balance(list[0]), BOND + VOTER_STAKE / 4);
        assertEq(balance(list[1]), BOND - VOTER_STAKE);
    }
}

contract ManagedAttacksVbflTest is VbflBench, ManagedAttacks {
    function setUp() public override(LeafBench, BallotAttacks) {
        super.setUp();
    }

    function populate() internal override {
        for (uint256 i = 0; i < 8; ++i) {
            allowed(account(i));
            joinOne(account(i), BOND);
        }
    }

    /// @dev Between the votes and the block, too: it publishes, and may win.
    function test_a_miner_expelled_before_it_publishes() public {
        openAndDraw();
        proposeAll();
        judgeAll(abi.encode(uint256(7)));
        address miner = minersOnly()[0];
        expelled(miner);
        publishAll(MODEL, 7);
        finish();
        assertOutcome(IFederation.Outcome.Accepted);
        assertEq(vbfl().winnerOf(1), miner);
    }
}

contract ManagedAttacksBflcTest is BflcBench, ManagedAttacks {
    function setUp() public override(LeafBench, BallotAttacks) {
        super.setUp();
    }

    function populate() internal override {
        admitMany(8);
    }

    function entering(address who) internal view override returns (bytes memory call, uint256 cost) {
        (call, cost) = super.entering(who);
        cost += FEE;
    }

    /// @dev A committee is named by somebody.
    function test_without_managers_anyone_gets_in() public override {
        delete managers;
        expectInvalid("managers", 0);
        deploy();
    }
}

contract ManagedAttacksBladeTest is BladeBench, ManagedAttacks {
    function setUp() public override(LeafBench, BallotAttacks) {
        super.setUp();
    }

    function populate() internal override {
        for (uint256 i = 0; i < 4; ++i) {
            allowed(account(i));
        }
        startTask();
    }

    function entering(address who) internal pure override returns (bytes memory, uint256) {
        return (bidding(who, 1000, 10), BOND);
    }

    function pastEvidence() internal override {
        pastChallenge();
    }

    function fresh() internal override {
        vm.warp(START); // bids are taken
        super.fresh();
    }

    /// @dev Deposits stay until the task is over, but for those who are evicted: anybody may do that, and so may it.
    function leave(address who) internal override {
        vm.prank(who);
        federation.evict(one(who));
    }

    /// @dev However good its bid is, an outsider puts nobody out; nor does it come in by `join`.
    function test_an_outsider_outbids() public {
        fresh();
        for (uint256 i = 0; i < 4; ++i) {
            allowed(account(i));
            bid(account(i), 100, 10);
        }
        address who = account(70);
        fund(who, BOND);
        bytes memory refusal = abi.encodeWithSelector(IFederation.NotAdmitted.selector, who);
        refuses(who, bidding(who, 1000, 1), refusal);
        refuses(who, abi.encodeCall(IFederation.join, (BOND)), refusal);
        allowed(who);
        refuses(who, abi.encodeCall(IFederation.join, (BOND)), refusal);
        refuses(who, bidding(who, 100, 10), abi.encodeWithSelector(IBlade.Outbid.selector, 100, 10));
        enter(who, bidding(who, 1000, 1));
        assertEq(standing(account(3)), uint256(IFederation.Standing.Leaving));
    }

    /// @dev An expelled bidder that was outbid has its deposit back, and can't bid again.
    function test_the_expelled_bid_again() public {
        fresh();
        for (uint256 i = 0; i < 5; ++i) {
            allowed(account(i));
        }
        for (uint256 i = 0; i < 4; ++i) {
            bid(account(i), 100, 10);
        }
        expelled(account(3));
        assertTrue(federation.memberOf(account(3)).out);
        bid(account(4), 110, 10);
        vm.prank(account(3));
        federation.withdraw();
        assertEq(token.balanceOf(account(3)), BOND);
        refuses(
            account(3),
            bidding(account(3), 1000, 1),
            abi.encodeWithSelector(IFederation.NotAdmitted.selector, account(3))
        );
    }

    /// @dev Evidence is an act of the round in progress, too.
    function test_an_accuser_expelled_in_its_round() public {
        openAndDraw();
        address[] memory list = train(100);
        expelled(list[0]);
        vm.prank(list[0]);
        blade().accuse(1, 1, noiseSeed(list[0], 1), 9000);
    }
}
