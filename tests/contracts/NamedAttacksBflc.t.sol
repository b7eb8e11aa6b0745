// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {IBflc} from "../../contracts/interfaces/IBflc.sol";
import {IFederation} from "../../contracts/interfaces/IFederation.sol";
import {IManagers} from "../../contracts/interfaces/IManagers.sol";
import {Roles} from "../../contracts/libraries/Flags.sol";
import {BallotAttacks} from "./BallotAttacks.sol";
import {BflcBench} from "./BflcBench.sol";
import {LeafBench} from "./LeafBench.sol";
import {NamedAttacks} from "./NamedAttacks.sol";

/// @dev See the table in `NamedAttacks.sol`.
contract NamedAttacksBflcTest is BflcBench, NamedAttacks {
    function setUp() public override(LeafBench, BallotAttacks) {
        super.setUp();
    }

    function populate() internal override {
        admitMany(8);
    }

    function prepare(address who) internal override {
        allowed(who);
    }

    function entering(address) internal pure override returns (bytes memory, uint256) {
        return (abi.encodeCall(IFederation.join, (BOND)), BOND + FEE);
    }

    function playAccepted() internal override {
        fillPool(1_000_000);
        playBflc(ballot(true), MODEL, 15);
    }

    /// @dev Between two jurors the lower score counts: one harsh juror of two keeps an update out, a kind one can't
    /// bring it in. It gains nothing by that but the round.
    function test_tie() public {
        toBallots();
        bytes[] memory ballots = new bytes[](2);
        (ballots[0], ballots[1]) = (ballot(true), ballot(false));
        judge(ballots);
        publishAll(0, 0);
        finish();
        assertOutcome(IFederation.Outcome.Rejected);
        assertEq(federation.head(), GENESIS);
    }

    /// @dev One juror alone selects nothing, whatever its scores; nobody is paid and nobody loses. The committee that
    /// let it come to this is drawn anew.
    function test_no_quorum() public {
        playAccepted();
        uint256 pool = federation.pool();
        toBallots();
        address juror = voters()[0];
        judge(copies(ballot(true), 1));
        refusesPhase(juror, publishing(MODEL, 15), IFederation.Phase.Publish);
        finish();
        assertOutcome(IFederation.Outcome.Undecided);
        assertEq(federation.pool(), pool);
        assertSolvent();
        openAndDraw();
        for (uint256 i = 0; i < members.length; ++i) {
            IFederation.MemberView memory member = federation.memberOf(members[i]);
            assertEq(member.roles & Roles.VOTER != 0, member.position < 3, "by the draw");
        }
    }

    /// @dev Half of an even committee can let nothing pass. By silence it has one round, then the draw says who sits;
    /// by low scores it has as many as it likes, until managers name another committee.
    function test_half_of_an_even_committee() public {
        (committee, updates) = (2, 4);
        redeploy(7);
        playBflc(ballot(true), MODEL, 15);
        uint256 snapshot = vm.snapshotState();
        toBallots();
        judge(copies(ballot(true), 1));
        finish();
        assertOutcome(IFederation.Outcome.Undecided);
        openAndDraw();
        assertFalse(holdsTheCommittee(), "by the draw");
        vm.revertToState(snapshot);

        for (uint256 i = 0; i < 6; ++i) {
            toBallots();
            assertTrue(holdsTheCommittee(), "by the election");
            bytes[] memory ballots = copies(ballot(true), 2);
            ballots[1] = ballot(false);
            judge(ballots);
            publishAll(0, 0);
            finish();
            assertOutcome(IFederation.Outcome.Rejected);
            assertEq(federation.head(), MODEL);
        }
        address[] memory others = new address[](2);
        (others[0], others[1]) = (bflc().recordOf(3).uploader, bflc().recordOf(4).uploader);
        named(others);
        openAndDraw();
        assertTrue(has(voters(), others[0]) && has(voters(), others[1]), "by the managers");
        proposeAll();
        judgeAll(ballot(true));
        publishAll(OTHER, 15);
        federation.settle();
        assertEq(federation.head(), OTHER);
    }

    /// @dev All who propose stay away, or send what an honest committee doesn't let pass, or nobody draws, to be rid of
    /// the committee that managers named: it stays however often, and judges as soon as somebody proposes.
    function test_a_minority_against_a_named_committee() public {
        named(firstThree());
        for (uint256 i = 0; i < 9; ++i) {
            openAndDraw();
            for (uint256 n = 0; n < 3; ++n) {
                assertTrue(federation.memberOf(account(n)).roles & Roles.VOTER != 0, "the named one");
            }
            if (i % 3 == 0) {
                proposeAll();
                judgeAll(ballot(false));
                publishAll(0, 0);
            } else if (i % 3 == 1) {
                propose(proposers()[0]); // too few for a model
                pass(IFederation.Phase.Propose);
                judgeAll(abi.encodePacked(uint16(9000)));
                publishAll(0, 0);
            }
            finish();
            assertTrue(outcome() != uint256(IFederation.Outcome.Accepted));
        }
        playBflc(ballot(true), MODEL, 15);
        assertEq(federation.head(), MODEL);
    }

    /// @dev Whether those sit whom the first round elected: with equal scores the providers of its first two updates.
    function holdsTheCommittee() private view returns (bool held) {
        address[] memory list = voters();
        held = list.length == 2;
        for (uint256 i = 0; i < list.length; ++i) {
            bool elected = list[i] == bflc().recordOf(1).uploader || list[i] == bflc().recordOf(2).uploader;
            held = held && elected;
        }
    }

    /// @dev Two of three jurors set every median, take the profit to whom they like and have them elected: they write
    /// model and committee from then on. What is left against them is the managers.
    function test_majority_of_colluders() public {
        fillPool(1_000_000);
        toBallots();
        address[] memory p = new address[](5);
        for (uint256 i = 0; i < 8; ++i) {
            if (has(proposers(), account(i))) p[entry(account(i)).updateNumber] = account(i);
        }
        bytes[] memory ballots = copies(scores(5000, 10000, 10000, 10000, 0), 3);
        ballots[2] = scores(10000, 0, 0, 0, 10000);
        judge(ballots);
        address[] memory jury = publishers();
        publish(jury[0], OTHER, 15);
        publish(jury[1], OTHER, 15);
        publish(jury[2], MODEL, 15);
        federation.settle();
        assertEq(federation.head(), OTHER);
        assertEq(balance(p[4]), BOND, "the best by the honest juror's score");
        openAndDraw();
        assertTrue(has(voters(), p[1]) && has(voters(), p[2]) && has(voters(), p[3]), "their friends");
        expelled(p[1]);
        expelled(p[2]);
        finish();
        named(firstThree());
        openAndDraw();
        assertEq(federation.memberOf(p[1]).roles, 0, "put out, and others in their place");
        assertEq(federation.memberOf(p[2]).roles, 0);
    }

    /// @dev Accounts cost a bond and a fee each, and nobody gets in whom the managers don't know.
    function test_one_owner_as_many_sybils() public {
        uint256 pool = federation.pool();
        for (uint256 i = 0; i < 4; ++i) {
            address sybil = account(40 + i);
            fund(sybil, BOND + FEE);
            refuses(
                sybil,
                abi.encodeCall(IFederation.join, (BOND)),
                abi.encodeWithSelector(IFederation.NotAdmitted.selector, sybil)
            );
            allowed(sybil);
            vm.prank(sybil);
            federation.join(BOND);
        }
        assertEq(federation.pool(), pool + 4 * FEE, "the fees are lost to it for good");
    }

    /// @dev Allowed again, an account that was evicted still doesn't get in. It keeps its bond, and lost the fee.
    function test_banned_account_coming_back() public {
        address bad = account(4);
        expelled(bad);
        federation.evict(one(bad));
        allowed(bad);
        vm.warp(block.timestamp + 1000);
        vm.prank(bad);
        federation.withdraw();
        fund(bad, FEE);
        refuses(
            bad,
            abi.encodeCall(IFederation.join, (BOND)),
            abi.encodeWithSelector(IFederation.AccountBanned.selector, bad)
        );
    }

    /// @dev Alone, a manager lets nobody in, puts nobody out and names no committee, however often it tries.
    function test_malicious_manager() public {
        address friend = account(60);
        bytes[3] memory calls = [
            abi.encodeCall(IManagers.allow, (0, one(friend))),
            abi.encodeCall(IManagers.expel, (0, one(account(0)))),
            abi.encodeCall(IBflc.nameCommittee, (0, firstThree()))
        ];
        for (uint256 i = 0; i < calls.length; ++i) {
            moves(CAT, calls[i]);
            uint256 number = bflc().motionCount();
            bytes memory refusal = abi.encodeWithSelector(IManagers.AlreadyMoved.selector, CAT, number);
            refuses(CAT, numbered(calls[i], number), refusal);
            refusal = abi.encodeWithSelector(IManagers.MotionOpen.selector, number, block.timestamp + 7 days);
            refuses(CAT, calls[i], refusal);
        }
        vm.warp(block.timestamp + 7 days);
        for (uint256 i = 0; i < calls.length; ++i) {
            moves(CAT, calls[i]); // another motion
        }
        assertFalse(bflc().isAllowed(friend));
        assertFalse(bflc().isExpelled(account(0)));
        openAndDraw();
        assertTrue(federation.memberOf(account(0)).roles != 0);
    }

    /// @dev More than half of the managers expel whom they like, and can't take its stake: it leaves with all of it.
    function test_malicious_majority_of_managers() public {
        playAccepted();
        (address victim, uint256 due) = richest();
        expelled(victim);
        vm.prank(victim);
        federation.claim();
        vm.prank(victim);
        federation.exit();
        vm.warp(block.timestamp + 1000);
        vm.prank(victim);
        federation.withdraw();
        assertEq(token.balanceOf(victim), due);
    }

    /// @dev More than half of the managers make of their friends the committee, in the place of an elected one: it
    /// accepts what it likes, pays whom it likes, and elects its like. This is what managers are trusted for.
    function test_a_majority_of_managers_writes_the_model() public {
        playAccepted();
        named(firstThree());
        openAndDraw();
        for (uint256 i = 0; i < 3; ++i) {
            assertTrue(has(voters(), account(i)), "their friends");
        }
        address victim = proposers()[0];
        proposeAll();
        uint256 due = balance(victim);
        judgeAll(scores(0, 10000, 10000, 10000, 10000));
        publishAll(OTHER, 30);
        federation.settle();
        assertEq(federation.head(), OTHER);
        assertEq(balance(victim), due, "it is paid nothing, and loses nothing");
        assertSolvent();
    }

    /// @dev What one manager moved waits for the others over a round, but not for longer than a week.
    function test_old_ayes_lapse() public {
        bytes memory call = abi.encodeCall(IManagers.expel, (0, one(account(0))));
        uint256 end = block.timestamp + 7 days;
        moves(CAT, call);
        bytes memory aye = numbered(call, bflc().motionCount());
        skipRound();
        uint256 snapshot = vm.snapshotState();
        moves(ADA, aye);
        assertTrue(bflc().isExpelled(account(0)));
        vm.revertToState(snapshot);
        vm.warp(end);
        refuses(ADA, aye, abi.encodeWithSelector(IManagers.MotionOver.selector, bflc().motionCount(), end));
        assertFalse(bflc().isExpelled(account(0)));
    }

    /// @dev All three managers aye each motion, the last of them late. Years later one of them repeats each motion
    /// alone, by its number and anew: it bans no member, and names no committee.
    function test_late_ayes() public {
        address who = account(0);
        address[] memory others = firstThree();
        (others[0], others[1], others[2]) = (account(3), account(4), account(5));
        uint256 first = bflc().motionCount() + 1;
        bytes[4] memory calls = [
            abi.encodeCall(IManagers.expel, (0, one(who))),
            abi.encodeCall(IManagers.allow, (0, one(who))), // a mistake, put right
            abi.encodeCall(IBflc.nameCommittee, (0, others)),
            abi.encodeCall(IBflc.nameCommittee, (0, firstThree()))
        ];
        for (uint256 i = 0; i < calls.length; ++i) {
            assertEq(motion(calls[i], 2), first + i);
            refuses(CAT, numbered(calls[i], first + i), isOver(first + i, START));
        }
        vm.warp(START + 3 * 365 days);
        for (uint256 i = 0; i < calls.length; ++i) {
            refuses(ADA, numbered(calls[i], first + i), isOver(first + i, START));
            moves(ADA, calls[i]);
            refuses(ADA, numbered(calls[i], first + i), isOver(first + i, START));
        }
        federation.evict(one(who));
        assertEq(standing(who), uint256(IFederation.Standing.Member));
        openAndDraw();
        for (uint256 i = 0; i < 3; ++i) {
            assertTrue(has(voters(), account(i)), "the committee stands");
        }
    }

    function isOver(uint256 number, uint256 end) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IManagers.MotionOver.selector, number, end);
    }

    /// @dev A juror that publishes another model than most changes nothing; with other updates, it is refused.
    function test_publisher_of_something_else() public {
        toPublish(ballot(true));
        address[] memory jury = publishers();
        refuses(jury[0], publishing(OTHER, 30), wrongSelection(30, 15));
        publish(jury[0], OTHER, 15);
        publish(jury[1], MODEL, 15);
        publish(jury[2], MODEL, 15);
        federation.settle();
        assertEq(federation.head(), MODEL);
        assertEq(bflc().recordOf(5).digest, MODEL);
    }

    function toBallots() private {
        openAndDraw();
        proposeAll();
    }

    function fillPool(uint256 amount) private {
        fund(address(this), amount);
        federation.fund(amount);
    }
}
