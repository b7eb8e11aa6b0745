// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {IBlade} from "../../contracts/interfaces/IBlade.sol";
import {IFederation} from "../../contracts/interfaces/IFederation.sol";
import {BallotAttacks} from "./BallotAttacks.sol";
import {BladeBench} from "./BladeBench.sol";
import {LeafBench} from "./LeafBench.sol";
import {NamedAttacks} from "./NamedAttacks.sol";
import {ReentrantToken} from "./Tokens.sol";
import {ReentrancyGuard} from "@openzeppelin/contracts/utils/ReentrancyGuard.sol";

/// @dev See the table in `NamedAttacks.sol`.
contract NamedAttacksBladeTest is BladeBench, NamedAttacks {
    function setUp() public override(LeafBench, BallotAttacks) {
        deadline = type(uint40).max; // some attacks take long
        super.setUp();
    }

    function populate() internal override {
        startTask();
    }

    function prepare(address who) internal override {}

    function entering(address who) internal pure override returns (bytes memory, uint256) {
        return (bidding(who, 1000, 10), BOND);
    }

    function playAccepted() internal override {
        playBlade(MODEL, 15);
    }

    function pastEvidence() internal override {
        pastChallenge();
    }

    function moving() internal pure override returns (bytes memory) {
        return abi.encodeCall(IBlade.reclaim, ());
    }

    function fresh() internal override {
        vm.warp(START); // bids are taken
        super.fresh();
    }

    /// @dev Half of the votes are not enough to pass, nor to convict.
    function test_tie() public {
        openAndDraw();
        address[] memory p = train(100);
        accuse(p[0], 1);
        pastChallenge();
        bytes[] memory ballots = copies(approving(15, 0), 4);
        (ballots[0], ballots[1]) = (approving(0, 15), approving(0, 15));
        judge(ballots);
        publishAll(0, 0);
        federation.settle();
        assertOutcome(IFederation.Outcome.Rejected);
        assertEq(balance(p[1]), BOND, "accused, and held to be a copy by half");
        assertSolvent();
    }

    /// @dev Half of the members by themselves select nothing, convict nobody, and get nothing.
    function test_no_quorum() public {
        openAndDraw();
        address[] memory p = train(100);
        accuse(p[0], 2);
        pastChallenge();
        judge(copies(approving(3, 4), 2));
        refusesPhase(p[0], publishing(OTHER, 3), IFederation.Phase.Publish);
        finish();
        assertOutcome(IFederation.Outcome.Undecided);
        assertEq(federation.head(), GENESIS);
        assertEq(federation.pool(), BOUNTY);
        for (uint256 i = 0; i < 4; ++i) {
            assertEq(balance(p[i]), BOND);
            assertFalse(federation.memberOf(p[i]).out);
        }
    }

    /// @dev A convict with the highest stake, whose update all approved of, publishes first: it wins neither block nor
    /// bounty, and what it claimed doesn't make the others' shares smaller.
    function test_rich_convict() public {
        address thief = account(2);
        fund(thief, 500);
        vm.prank(thief);
        federation.deposit(500);
        openAndDraw();
        train(account(0), 100, 1);
        train(account(1), 100, 1);
        train(thief, 200, 1);
        train(account(3), 100, 1);
        accuse(account(0), 2);
        pastChallenge();
        judgeAll(approving(15, 4));
        refuses(thief, publishing(OTHER, 15), wrongSelection(15, 11));
        publish(thief, MODEL, 11);
        publish(account(0), MODEL, 11);
        publish(account(1), MODEL, 11);
        publish(account(3), MODEL, 11);
        federation.settle();
        assertEq(blade().winnerOf(1), account(0), "the first of the others");
        assertEq(balance(thief), 500, "its bond is gone, and nothing came");
        assertEq(balance(account(0)), BOND + 900 + 300);
        assertEq(balance(account(1)), BOND + 900);
        assertEq(balance(account(3)), BOND + 900);
        assertEq(federation.pool(), BOUNTY - 3000 + BOND);
        assertTrue(federation.memberOf(thief).out);
        assertSolvent();
    }

    /// @dev Who stays away convicts nobody: two of three ballots are not more than half of four members.
    function test_few_who_convict() public {
        openAndDraw();
        address[] memory p = train(100);
        accuse(p[0], 3);
        pastChallenge();
        bytes[] memory ballots = copies(approving(15, 8), 3);
        ballots[0] = approving(15, 0);
        judge(ballots);
        publishAll(MODEL, 15);
        federation.settle();
        assertOutcome(IFederation.Outcome.Accepted);
        assertFalse(federation.memberOf(p[3]).out);
        assertGe(balance(p[3]), BOND + 600);
        assertSolvent();
    }

    /// @dev Three of four share the round's bounty, write the model, and by a false accusation take the fourth's bond,
    /// which the pool gets, and with it the publisher.
    function test_majority_of_colluders() public {
        openAndDraw();
        address[] memory p = train(100);
        accuse(p[0], 3);
        pastChallenge();
        bytes[] memory ballots = new bytes[](4);
        address[] memory v = voters();
        for (uint256 i = 0; i < 4; ++i) {
            ballots[i] = v[i] == p[3] ? approving(15, 0) : approving(7, 8);
        }
        judge(ballots);
        publish(p[3], MODEL, 7);
        for (uint256 i = 0; i < 3; ++i) {
            publish(p[i], OTHER, 7);
        }
        federation.settle();
        assertEq(federation.head(), OTHER);
        assertEq(balance(p[3]), 0);
        assertEq(balance(p[1]), BOND + 900);
        assertEq(federation.pool(), BOUNTY - 3000 + BOND);
        assertSolvent();
    }

    /// @dev Places go by value alone: whoever bids highest four times has all four, for four bonds. What it claims is
    /// for nobody else to check, unless the publisher asks for more winners than it can afford to be.
    function test_one_owner_as_many_sybils() public {
        again();
        vm.warp(START);
        for (uint256 i = 0; i < 4; ++i) {
            fund(account(40 + i), BOND);
            enter(account(40 + i), bidding(account(40 + i), 1000, 1));
        }
        for (uint256 i = 0; i < 4; ++i) {
            assertEq(standing(account(i)), uint256(IFederation.Standing.Leaving));
            vm.prank(account(i));
            federation.withdraw();
            assertEq(token.balanceOf(account(i)), BOND, "the others lose nothing");
        }
        // nor does it take a better bid than the others': one that is as good and earlier is enough
        fund(account(90), BOND);
        refuses(account(90), bidding(account(90), 1000, 1), outbid(1000, 1));
    }

    /// @dev Of equal bids the later one is the worse. So whoever copies a bid in front of it takes the last free place
    /// instead of it, or, where there is none, the place of the bid that it would have put out. What helps is a higher
    /// bid: it puts the copy out again, at no loss to either.
    function test_front_run_bid() public {
        fresh();
        (address owner, address copier) = (account(90), account(91));
        for (uint256 i = 0; i < 3; ++i) {
            bid(account(i), 500, 10);
        }
        fund(owner, BOND);
        fund(copier, BOND);
        uint256 snapshot = vm.snapshotState();
        for (uint256 i = 0; i < 2; ++i) {
            if (i == 1) bid(account(3), 200, 10); // the last free place
            enter(copier, bidding(copier, 1000, 40));
            refuses(owner, bidding(owner, 1000, 40), outbid(1000, 40));
            assertEq(token.balanceOf(owner), BOND);
            assertEq(standing(copier), uint256(IFederation.Standing.Member));
            enter(owner, bidding(owner, 1000, 39));
            assertEq(standing(owner), uint256(IFederation.Standing.Member));
            assertEq(standing(copier), uint256(IFederation.Standing.Leaving));
            vm.prank(copier);
            federation.withdraw();
            assertEq(token.balanceOf(copier), BOND);
            assertEq(federation.memberCount(), 4);
            vm.revertToState(snapshot);
        }
    }

    /// @dev While the rest is paid out, nothing that moves tokens can be entered: not the same again either.
    function test_reentrant_token_in_a_reclaim() public {
        ReentrantToken calling = new ReentrantToken();
        withToken(calling);
        fundFree(calling, address(this), BOUNTY);
        federation.fund(BOUNTY);
        vm.warp(BIDDING_ENDS); // nobody came
        bytes[3] memory calls =
            [moving(), abi.encodeCall(IFederation.fund, (1)), abi.encodeCall(IFederation.withdraw, ())];
        uint256 snapshot = vm.snapshotState();
        for (uint256 i = 0; i < calls.length; ++i) {
            calling.callBack(address(federation), calls[i]);
            blade().reclaim();
            assertFalse(calling.succeeded(), "re-entered");
            assertEq(calling.answer(), abi.encodeWithSelector(ReentrancyGuard.ReentrancyGuardReentrantCall.selector));
            assertEq(calling.balanceOf(PUBLISHER), BOUNTY, "once");
            vm.revertToState(snapshot);
        }
    }

    /// @dev An anchor can be copied, and what its owner reveals then opens it for the copier too. So a copier can accuse
    /// the owner with the owner's seed, which is found in the owner's update. It gains nothing by it, and costs the
    /// owner its bond unless voters know: noise has to come from the seed and the account, not from the seed alone.
    function test_front_run_anchor() public {
        fresh();
        (address owner, address copier, address friend) = (account(0), account(1), account(2));
        fund(copier, BOND);
        enter(copier, bidding(owner, 200, 10));
        fund(owner, BOND);
        enter(owner, bidding(owner, 200, 10));
        bid(friend, 200, 10);
        fillPool(BOUNTY);
        vm.warp(BIDDING_ENDS);
        openAndDraw();
        train(100);
        refuses(copier, accusing(copier, entry(owner).updateNumber), badSeed(noiseSeed(copier, 1), noiseSeed(owner, 0)));
        accuse(owner, entry(friend).updateNumber);
        uint256 number = entry(owner).updateNumber;
        bytes memory call = accusing(owner, number);
        vm.prank(copier);
        (bool ok,) = address(federation).call(call);
        assertTrue(ok, "the copier has the seed now");
    }

    /// @dev The bond is what a plagiarist loses: 100 %, and nothing is left to withdraw. It comes back in no way.
    function test_slash_of_everything() public {
        address thief = convictOne();
        assertEq(balance(thief), 0);
        federation.evict(one(thief));
        assertEq(entry(thief).stake, 0);
        refuses(
            thief,
            abi.encodeCall(IFederation.withdraw, ()),
            abi.encodeWithSelector(IFederation.NothingToWithdraw.selector, thief)
        );
        assertSolvent();
    }

    /// @dev A convicted account gets no place again, whatever it bids, while bids are taken or later.
    function test_banned_account_coming_back() public {
        address thief = convictOne();
        federation.evict(one(thief));
        fund(thief, 2 * BOND);
        refuses(
            thief,
            bidding(thief, 1000, 1),
            abi.encodeWithSelector(IBlade.TooLate.selector, block.timestamp, BIDDING_ENDS)
        );
        bytes memory banned = abi.encodeWithSelector(IFederation.AccountBanned.selector, thief);
        refuses(thief, abi.encodeCall(IFederation.deposit, (BOND)), banned);
        vm.warp(BIDDING_ENDS - 1);
        refuses(thief, bidding(thief, 1000, 1), banned);
    }

    /// @dev Blocks stuffed while evidence may come in save a plagiarist: the accusation comes too late. It costs the gas
    /// of all blocks until then, for a bond; the jury can still reject the copy.
    function test_block_stuffed_challenge() public {
        openAndDraw();
        address[] memory p = train(100);
        vm.warp(federation.status().proposeEnd + 40);
        refuses(p[0], accusing(p[0], 1), tooLate());
        judgeAll(approving(13, 2));
        publishAll(MODEL, 13);
        federation.settle();
        assertFalse(federation.memberOf(p[1]).out);
        assertGe(balance(p[1]), BOND);
    }

    /// @dev An accusation that the jury doesn't share costs the accused nothing; nor does it cost the accuser, who shows
    /// its seed of the round for it.
    function test_false_accusations() public {
        openAndDraw();
        address[] memory p = train(100);
        for (uint256 n = 1; n < 4; ++n) {
            accuse(p[0], n);
        }
        pastChallenge();
        judgeAll(approving(15, 0));
        publishAll(MODEL, 15);
        federation.settle();
        for (uint256 n = 0; n < 4; ++n) {
            assertGe(balance(p[n]), BOND + 600);
        }
    }

    /// @dev Every publisher has to name the model that most name; a richer stake doesn't make another one win.
    function test_publisher_of_something_else() public {
        fund(account(0), 500);
        vm.prank(account(0));
        federation.deposit(500);
        toCommit();
        judgeAll(approving(15, 0));
        refuses(account(0), publishing(OTHER, 1), wrongSelection(1, 15));
        publish(account(0), OTHER, 15);
        for (uint256 i = 1; i < 4; ++i) {
            publish(account(i), MODEL, 15);
        }
        federation.settle();
        assertEq(federation.head(), MODEL);
        assertEq(blade().winnerOf(1), account(1));
        assertEq(balance(account(0)), BOND + 500 + 670, "it trained, and loses the block's share");
    }

    /// @dev A round in which all others convict one; it did not mine.
    function convictOne() private returns (address thief) {
        openAndDraw();
        address[] memory p = train(100);
        thief = p[3];
        accuse(p[0], 3);
        pastChallenge();
        judgeAll(approving(7, 8));
        for (uint256 i = 0; i < 3; ++i) {
            publish(p[i], MODEL, 7);
        }
        finish();
        assertOutcome(IFederation.Outcome.Accepted);
    }

    function outbid(uint256 capability, uint256 cost) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IBlade.Outbid.selector, capability, cost);
    }

    function badSeed(bytes32 seed, bytes32 anchor) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IBlade.BadSeed.selector, seed, anchor);
    }

    function tooLate() private view returns (bytes memory) {
        uint256 end = federation.status().proposeEnd + 40;
        return abi.encodeWithSelector(IBlade.TooLate.selector, block.timestamp, end);
    }
}
