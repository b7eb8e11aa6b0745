// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {IFederation} from "../../contracts/interfaces/IFederation.sol";
import {IMined} from "../../contracts/interfaces/IMined.sol";
import {Acts, Roles} from "../../contracts/libraries/Flags.sol";
import {VbflBench} from "./VbflBench.sol";

/// @dev Who wins a block, and who is put out for updates that are rejected time and again.
contract VbflBlocksTest is VbflBench {
    function setUp() public override {
        super.setUp();
        joinMany(8, BOND);
    }

    // ------------------------------------------------------------------ the highest stake

    function test_the_highest_stake_wins_the_block() public {
        joinByStake();
        toPublish();
        address[] memory m = minersOnly();
        (address rich, address poor) = balance(m[0]) > balance(m[1]) ? (m[0], m[1]) : (m[1], m[0]);
        uint256 snapshot = vm.snapshotState();
        for (uint256 order = 0; order < 2; ++order) {
            publish(order == 0 ? rich : poor, MODEL, 7);
            publish(order == 0 ? poor : rich, MODEL, 7);
            publishValidators(MODEL);
            vm.expectEmit(address(federation));
            emit IMined.BlockWon(1, rich, MODEL);
            federation.settle();
            assertEq(vbfl().winnerOf(1), rich);
            vm.revertToState(snapshot);
        }
    }

    function test_among_equal_stakes_the_first_wins() public {
        toPublish();
        address[] memory m = minersOnly();
        publish(m[1], MODEL, 7);
        publish(m[0], MODEL, 7);
        publishValidators(MODEL);
        federation.settle();
        assertEq(vbfl().winnerOf(1), m[1]);
    }

    /// @dev Stakes count with what is due: nobody has to claim or be collected before it mines.
    function test_what_is_due_counts_as_stake() public {
        joinByStake();
        fillPool(1_000_000);
        for (uint256 i = 1; i <= 12; ++i) {
            toPublish();
            address[] memory m = minersOnly();
            address rich = balance(m[1]) > balance(m[0]) ? m[1] : m[0];
            publishAll(MODEL, 7);
            federation.settle();
            assertEq(vbfl().winnerOf(i), rich);
        }
    }

    /// @dev Validators check, and compete for nothing: with only them behind a digest, nobody wins.
    function test_a_validator_wins_nothing() public {
        fillPool(1000);
        toPublish();
        publishValidators(MODEL);
        IFederation.Round memory r = finish();
        assertOutcome(IFederation.Outcome.Accepted);
        assertEq(federation.head(), MODEL);
        assertEq(vbfl().winnerOf(1), address(0));
        assertEq(r.leadingCount, 3);
        assertEq(federation.pool(), 1000 - UNIT * (3 * 10 + 3 * 6), "no miner is paid");
        assertSolvent();
    }

    /// @dev The winner that an option had in an earlier round is not this round's.
    function test_an_earlier_rounds_winner_is_not_this_rounds() public {
        toPublish();
        publishAll(MODEL, 7);
        federation.settle();
        assertTrue(vbfl().winnerOf(1) != address(0));
        toPublish();
        publishValidators(MODEL);
        finish();
        assertOutcome(IFederation.Outcome.Accepted);
        assertEq(vbfl().winnerOf(2), address(0));
    }

    // ------------------------------------------------------------------ proof of work

    function test_the_first_proof_of_work_wins() public {
        powBits = 6;
        joinByStake();
        toPublish();
        address[] memory m = minersOnly();
        (address rich, address poor) = balance(m[0]) > balance(m[1]) ? (m[0], m[1]) : (m[1], m[0]);
        publishWith(poor, MODEL, 7, mined(poor, MODEL, true));
        publishWith(rich, MODEL, 7, mined(rich, MODEL, true));
        publishValidators(MODEL);
        federation.settle();
        assertEq(vbfl().winnerOf(1), poor, "first, whatever its stake");
    }

    function test_a_nonce_that_proves_nothing_does_not_win() public {
        powBits = 6;
        joinByStake();
        toPublish();
        address[] memory m = minersOnly();
        publishWith(m[0], MODEL, 7, mined(m[0], MODEL, false));
        // a proof belongs to its miner and its digest
        bytes32 stolen = notMined(m[1], mined(m[0], MODEL, true));
        publishWith(m[1], MODEL, 7, stolen);
        publishValidators(MODEL);
        federation.settle();
        assertOutcome(IFederation.Outcome.Accepted);
        assertEq(vbfl().winnerOf(1), address(0), "nobody wins");
        assertEq(federation.head(), MODEL, "and the model is accepted");
    }

    function test_the_second_miner_wins_where_the_first_proves_nothing() public {
        powBits = 6;
        joinByStake();
        toPublish();
        address[] memory m = minersOnly();
        publishWith(m[0], MODEL, 7, mined(m[0], MODEL, false));
        publishWith(m[1], MODEL, 7, mined(m[1], MODEL, true));
        publishValidators(MODEL);
        federation.settle();
        assertEq(vbfl().winnerOf(1), m[1]);
    }

    function test_a_validators_proof_of_work_wins_nothing() public {
        powBits = 6;
        joinByStake();
        toPublish();
        address[] memory v = voters();
        for (uint256 i = 0; i < 3; ++i) {
            publishWith(v[i], MODEL, 7, mined(v[i], MODEL, true));
        }
        finish();
        assertOutcome(IFederation.Outcome.Accepted);
        assertEq(vbfl().winnerOf(1), address(0));
    }

    // ------------------------------------------------------------------ what is published

    function test_another_model_is_outvoted_and_not_paid() public {
        fillPool(1000);
        toPublish();
        address[] memory m = minersOnly();
        publish(m[0], OTHER, 7);
        publish(m[1], MODEL, 7);
        publishValidators(MODEL);
        IFederation.Round memory r = finish();
        assertEq(federation.head(), MODEL);
        assertEq(r.leadingCount, 4);
        assertEq(r.options, 2);
        assertEq(vbfl().winnerOf(1), m[1]);
        assertEq(balance(m[0]), BOND);
        assertEq(balance(m[1]), BOND + 9 * UNIT);
        assertSolvent();
    }

    /// @dev A miner who published the losing digest first is not in the winning option's count.
    function test_a_split_over_models_is_undecided() public {
        fillPool(1000);
        toPublish();
        address[] memory m = minersOnly();
        address[] memory v = voters();
        publish(m[0], OTHER, 7);
        publish(v[0], OTHER, 7);
        publish(m[1], MODEL, 7);
        publish(v[1], MODEL, 7);
        publish(v[2], keccak256("a third"), 7);
        federation.settle();
        assertOutcome(IFederation.Outcome.Undecided);
        assertEq(federation.head(), GENESIS);
        assertEq(federation.pool(), 1000);
        assertEq(vbfl().winnerOf(1), address(0));
    }

    function test_other_votes_than_the_chains_are_refused() public {
        openAndDraw();
        proposeAll();
        judgeAll(abi.encode(uint256(5)));
        address[] memory m = minersOnly();
        refuses(m[0], publishing(MODEL, 7), wrongSelection(7, 5));
        refuses(m[0], publishing(MODEL, 0), wrongSelection(0, 5));
        refuses(m[0], publishing(0, 5), abi.encodeWithSelector(IFederation.DigestMismatch.selector, bytes32(0), 5));
        publish(m[0], MODEL, 5);
        refuses(m[1], publishing(MODEL, 4), wrongSelection(4, 5));
        assertEq(federation.roundOf(1).publications, 1);
    }

    // ------------------------------------------------------------------ kick_rounds

    function test_rejections_in_a_row_ban() public {
        address target = rejectOnce();
        assertEq(entryOf(target).strikes, 1);
        assertEq(standing(target), uint256(IFederation.Standing.Member));
        uint256 last = reject(target);
        assertTrue(federation.memberOf(target).out, "foretold");
        assertEq(federation.memberOf(target).record.strikes, 1, "and not booked yet");
        vm.expectEmit(address(federation));
        emit IFederation.Banned(target, last, BOND);
        federation.collect(target);
        assertEq(entry(target).strikes, 2);
        assertEq(standing(target), uint256(IFederation.Standing.Banned));
        assertEq(balance(target), BOND, "nobody is slashed");
    }

    function test_an_accepted_update_wipes_the_strikes() public {
        address target = rejectOnce();
        accept(target);
        assertEq(entryOf(target).strikes, 0);
        reject(target);
        assertEq(entryOf(target).strikes, 1);
        reject(target);
        assertEq(standing(target), uint256(IFederation.Standing.Member), "not booked");
        federation.collect(target);
        assertEq(standing(target), uint256(IFederation.Standing.Banned));
    }

    /// @dev Neither an undecided round nor one in which it has another role counts for or against it.
    function test_other_rounds_leave_the_strikes() public {
        address target = rejectOnce();
        drawAs(target, Roles.PROPOSER);
        proposeAll();
        finish(); // nobody votes
        assertOutcome(IFederation.Outcome.Undecided);
        assertEq(entryOf(target).strikes, 1);
        drawAs(target, Roles.PUBLISHER);
        proposeAll();
        judgeAll(abi.encode(uint256(7)));
        publishAll(MODEL, 7);
        finish();
        assertEq(entryOf(target).strikes, 1);
        reject(target);
        federation.collect(target);
        assertEq(standing(target), uint256(IFederation.Standing.Banned));
    }

    /// @dev Strikes are the account's: leaving and joining again with a new bond doesn't wipe them.
    function test_leaving_does_not_wipe_the_strikes() public {
        address target = rejectOnce();
        joinOne(account(8), BOND);
        vm.prank(target);
        federation.exit();
        vm.warp(block.timestamp + 1000);
        vm.prank(target);
        federation.withdraw();
        vm.prank(target);
        token.approve(address(federation), BOND);
        vm.prank(target);
        federation.join(BOND);
        assertEq(entry(target).strikes, 1);
        reject(target);
        refuses(
            target,
            abi.encodeCall(IFederation.exit, ()),
            abi.encodeWithSelector(IFederation.AccountBanned.selector, target)
        );
        federation.collect(target);
        assertEq(standing(target), uint256(IFederation.Standing.Banned));
    }

    function test_an_update_that_was_never_proposed_is_no_strike() public {
        openAndDraw();
        address idle = proposers()[0];
        propose(proposers()[1]);
        pass(IFederation.Phase.Propose);
        judgeAll(abi.encode(uint256(0)));
        publishAll(0, 0);
        finish();
        assertOutcome(IFederation.Outcome.Rejected);
        assertEq(entry(idle).acts, 0);
        federation.collect(idle);
        assertEq(entry(idle).strikes, 0);
    }

    function test_after_a_ban_the_round_goes_on_with_fewer_workers() public {
        address target = rejectOnce();
        reject(target);
        federation.evict(one(target));
        assertEq(federation.memberCount(), 7);
        assertEq(standing(target), uint256(IFederation.Standing.Banned));
        openAndDraw();
        assertEq(federation.status().proposers, 2);
        assertEq(proposers().length, 2);
        assertEq(federation.memberOf(target).roles, 0);
        proposeAll();
        judgeAll(abi.encode(uint256(3)));
        publishAll(MODEL, 3);
        finish();
        assertOutcome(IFederation.Outcome.Accepted);
        fund(target, BOND);
        refuses(
            target,
            abi.encodeCall(IFederation.join, (BOND)),
            abi.encodeWithSelector(IFederation.AccountBanned.selector, target)
        );
    }

    /// @dev Until somebody evicts it, a banned member's seat is empty.
    function test_a_banned_worker_can_not_act() public {
        address target = rejectOnce();
        reject(target);
        openAndDraw();
        IFederation.MemberView memory member = federation.memberOf(target);
        while (member.position >= 3) {
            finish();
            openAndDraw();
            member = federation.memberOf(target);
        }
        assertEq(member.roles, 0);
        refuses(target, proposing(1, 1), abi.encodeWithSelector(IFederation.AccountBanned.selector, target));
        assertEq(proposers().length, 2);
        assertEq(federation.status().proposers, 3, "the round waits for it until the deadline");
    }

    // ------------------------------------------------------------------ words

    /// @dev Members with stakes that all differ.
    function joinByStake() private {
        federation = deploy();
        delete members;
        for (uint256 i = 0; i < 8; ++i) {
            joinOne(account(i), BOND + 7 * i % 8);
        }
    }

    function toPublish() private {
        uint256 rest = federation.status().restUntil;
        if (block.timestamp < rest) vm.warp(rest);
        openAndDraw();
        proposeAll();
        judgeAll(abi.encode(uint256(7)));
    }

    function publishValidators(bytes32 digest) private {
        address[] memory v = voters();
        for (uint256 i = 0; i < v.length; ++i) {
            publish(v[i], digest, 7);
        }
    }

    function mined(address who, bytes32 digest, bool proven) private view returns (bytes32) {
        for (uint256 nonce = 0;; ++nonce) {
            if (proves(who, digest, bytes32(nonce)) == proven) return bytes32(nonce);
        }
        revert();
    }

    /// @dev `nonce` itself, unless by chance it proves something for `who` too.
    function notMined(address who, bytes32 nonce) private view returns (bytes32) {
        return proves(who, MODEL, nonce) ? mined(who, MODEL, false) : nonce;
    }

    function proves(address who, bytes32 digest, bytes32 nonce) private view returns (bool) {
        bytes32 seed = federation.status().seed;
        return uint256(keccak256(abi.encode(seed, who, digest, nonce))) < 1 << (256 - powBits);
    }

    /// @dev A round in which one update is rejected; its proposer.
    function rejectOnce() private returns (address target) {
        openAndDraw();
        target = proposers()[0];
        judgeTarget(target, false);
    }

    function reject(address target) private returns (uint256) {
        drawAs(target, Roles.PROPOSER);
        judgeTarget(target, false);
        return round();
    }

    function accept(address target) private {
        drawAs(target, Roles.PROPOSER);
        judgeTarget(target, true);
    }

    function judgeTarget(address target, bool passes) private {
        proposeAll();
        uint256 selection = passes ? 7 : 7 ^ 1 << entry(target).updateNumber;
        judgeAll(abi.encode(selection));
        publishAll(MODEL, selection);
        finish();
    }

    /// @dev Rounds in which nothing happens, until `target` has `role` in one.
    function drawAs(address target, uint8 role) private {
        openAndDraw();
        while (federation.memberOf(target).roles != role) {
            finish();
            openAndDraw();
        }
    }

    /// @dev As it is once what is due is booked; members other than the banned can be collected at any time.
    function entryOf(address who) private returns (IFederation.Member memory m) {
        federation.collect(who);
        m = entry(who);
        assertEq(m.acts & Acts.PROPOSED, 0);
    }
}
