// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {IFederation} from "../../contracts/interfaces/IFederation.sol";
import {Acts, Roles} from "../../contracts/libraries/Flags.sol";
import {VbflBench} from "./VbflBench.sol";

/// @dev Who works, validates and mines; what passes; what is published and what it pays.
contract VbflTest is VbflBench {
    function setUp() public override {
        super.setUp();
        joinMany(8, BOND);
    }

    // ------------------------------------------------------------------ panel

    /// @dev The paper's experiment: 20 devices, 12 workers, 5 validators, 3 miners.
    function test_panel_by_the_papers_counts() public {
        (mostProposers, validators, miners) = (12, 5, 3);
        redeploy(20);
        openAndDraw();
        for (uint256 i = 0; i < 20; ++i) {
            IFederation.MemberView memory member = federation.memberOf(account(i));
            uint8 expected = member.position < 12
                ? Roles.PROPOSER
                : member.position < 17 ? Roles.VOTER | Roles.PUBLISHER : Roles.PUBLISHER;
            assertEq(member.roles, expected);
        }
        assertPanel(12, 5, 8);
        assertEq(proposers().length, 12);
        assertEq(voters().length, 5);
        assertEq(publishers().length, 8);
        assertEq(minersOnly().length, 3);
    }

    function test_roles_are_drawn_anew_each_round() public {
        uint256 changed;
        openAndDraw();
        uint8[8] memory before;
        for (uint256 i = 0; i < 8; ++i) {
            before[i] = federation.memberOf(account(i)).roles;
        }
        finish();
        openAndDraw();
        for (uint256 i = 0; i < 8; ++i) {
            if (federation.memberOf(account(i)).roles != before[i]) ++changed;
        }
        assertGt(changed, 0);
    }

    function test_few_members_make_fewer_workers() public {
        redeploy(6);
        openAndDraw();
        assertPanel(1, 3, 5);
        propose(proposers()[0]);
        assertEq(phase(), uint256(IFederation.Phase.Commit), "one worker is all");
    }

    function test_members_beyond_the_panel_are_idle() public {
        redeploy(10);
        openAndDraw();
        assertPanel(3, 3, 5);
        uint256 idle;
        for (uint256 i = 0; i < 10; ++i) {
            if (federation.memberOf(account(i)).roles != 0) continue;
            ++idle;
            refuses(account(i), proposing(1, 1), wrongRole(account(i), 0, Roles.PROPOSER));
        }
        assertEq(idle, 2);
    }

    function test_a_jury_without_workers_does_not_open() public {
        redeploy(5);
        vm.expectRevert(abi.encodeWithSelector(IFederation.TooFewMembers.selector, 5, 6));
        federation.open();
        joinOne(account(5), BOND);
        federation.open();
    }

    function test_each_role_does_its_own() public {
        toPublish(7, 7, 7);
        address worker = proposers()[0];
        address miner = minersOnly()[0];
        refuses(worker, publishing(MODEL, 7), wrongRole(worker, Roles.PROPOSER, Roles.PUBLISHER));
        publish(voters()[0], MODEL, 7);
        publish(miner, MODEL, 7);
        assertEq(entry(voters()[0]).acts, Acts.COMMITTED | Acts.REVEALED | Acts.PUBLISHED);
        finish();
        openAndDraw();
        miner = minersOnly()[0];
        refuses(miner, proposing(1, 1), wrongRole(miner, Roles.PUBLISHER, Roles.PROPOSER));
        proposeAll();
        refuses(
            miner,
            abi.encodeCall(IFederation.commit, (round(), keccak256("any"))),
            wrongRole(miner, Roles.PUBLISHER, Roles.VOTER)
        );
    }

    // ------------------------------------------------------------------ approvals

    function test_ballots_that_say_nothing_are_refused() public {
        openAndDraw();
        proposeAll();
        address voter = voters()[0];
        refusesBallot(voter, abi.encodePacked(bytes31(0)));
        refusesBallot(voter, abi.encodePacked(bytes32(0), bytes1(0)));
        refusesBallot(voter, "");
        refusesBallot(voter, abi.encode(uint256(8))); // there is no update 3
        refusesBallot(voter, abi.encode(type(uint256).max));
    }

    function test_a_majority_passes() public {
        toPublish(3, 5, 1); // update 0 has three approvals, 1 and 2 one each
        assertSelection(1);
    }

    /// @dev N+ >= N-: one of two is enough, none of two is not.
    function test_a_tie_passes() public {
        openAndDraw();
        proposeAll();
        bytes[] memory ballots = new bytes[](2);
        ballots[0] = abi.encode(3);
        ballots[1] = abi.encode(1);
        judge(ballots);
        assertSelection(3);
    }

    function testFuzz_passes_what_half_approve(uint256 random, uint8 count) public {
        count = uint8(bound(count, 2, 3)); // a quorum
        openAndDraw();
        proposeAll();
        bytes[] memory ballots = new bytes[](count);
        uint256[3] memory positive;
        for (uint256 i = 0; i < count; ++i) {
            uint256 approved = random >> (3 * i) & 7;
            ballots[i] = abi.encode(approved);
            for (uint256 n = 0; n < 3; ++n) {
                positive[n] += approved >> n & 1;
            }
        }
        judge(ballots);
        uint256 expected;
        for (uint256 n = 0; n < 3; ++n) {
            if (positive[n] >= count - positive[n]) expected |= 1 << n;
        }
        assertSelection(expected);
    }

    /// @dev Of four validators two are no quorum, whatever they say: no model, no pay, no strike. Three are one.
    function test_exactly_half_of_the_validators_is_no_quorum() public {
        validators = 4;
        redeploy(9);
        fillPool(1000);
        openAndDraw();
        proposeAll();
        judge(copies(abi.encode(7), 2));
        assertEq(phase(), uint256(IFederation.Phase.Settle));
        refusesPhase(publishers()[0], publishing(MODEL, 7), IFederation.Phase.Publish);
        address worker = proposers()[0];
        federation.settle();
        assertOutcome(IFederation.Outcome.Undecided);
        assertEq(federation.pool(), 1000);
        federation.collect(worker);
        assertEq(entry(worker).strikes, 0);
        openAndDraw();
        proposeAll();
        judge(copies(abi.encode(7), 3));
        publishAll(MODEL, 7);
        federation.settle();
        assertOutcome(IFederation.Outcome.Accepted);
        assertSolvent();
    }

    /// @dev More updates than a word of counts holds, and counts that an earlier round left behind.
    function test_many_updates_in_rounds_that_follow_each_other() public {
        (mostProposers, validators, miners) = (20, 1, 1);
        redeploy(22);
        uint256 all = (1 << 20) - 1;
        playVbfl(MODEL, all);
        playVbfl(OTHER, 1 << 16 | 1 << 19 | 1);
        assertEq(federation.head(), OTHER);
        playVbfl(MODEL, all ^ 1);
        assertEq(federation.head(), MODEL);
    }

    // ------------------------------------------------------------------ rewards

    /// @dev By the paper's formulas, r = 5, P = 3 updates, V = 3 votes on each, M = 2 miners:
    /// (1) 10 samples * 2 epochs * r = 100, 7 * 3 * r = 105, and nothing for what is rejected;
    /// (2) 3 signatures and 3 votes: 6 * r = 30 a validator; (3) 9 validator-transactions: 9 * r = 45 a miner.
    function test_rewards_by_hand() public {
        fillPool(1000);
        address[] memory w = toPublishClaims();
        address[] memory v = voters();
        address[] memory m = minersOnly();
        publishAll(MODEL, 5);
        IFederation.Round memory r = finish();
        assertOutcome(IFederation.Outcome.Accepted);
        assertEq(federation.head(), MODEL);
        assertEq(r.proposerReward, UNIT);
        assertEq(r.voterReward, 0);
        assertEq(balance(w[0]), BOND + 100);
        assertEq(balance(w[1]), BOND);
        assertEq(balance(w[2]), BOND + 105);
        for (uint256 i = 0; i < 3; ++i) {
            assertEq(balance(v[i]), BOND + 30);
        }
        for (uint256 i = 0; i < 2; ++i) {
            assertEq(balance(m[i]), BOND + 45);
        }
        assertEq(federation.pool(), 1000 - (100 + 105 + 3 * 30 + 2 * 45));
        assertSolvent();
    }

    /// @dev The terms say what an update earns, 4 units; claims of 10 * 2 and 7 * 3 don't matter. Its weight is theirs.
    function test_an_update_earns_what_the_terms_say() public {
        updateUnits = 4;
        redeploy(8);
        fillPool(1000);
        address[] memory w = toPublishClaims();
        publishAll(MODEL, 5);
        IFederation.Round memory r = finish();
        assertEq(r.proposerReward, UNIT);
        assertEq(balance(w[0]), BOND + 4 * UNIT);
        assertEq(balance(w[1]), BOND);
        assertEq(balance(w[2]), BOND + 4 * UNIT);
        assertEq(federation.pool(), 1000 - (2 * 4 + 3 * 6 + 2 * 9) * UNIT);
        assertSolvent();
    }

    /// @dev 77 units are due: 20 + 21 to the workers, 6 to each of 3 validators, 9 to each of 2 miners.
    function test_a_small_pool_shrinks_the_unit() public {
        uint256[6] memory pools = [uint256(0), 76, 77, 153, 384, 385];
        uint256[6] memory units = [uint256(0), 0, 1, 1, 4, 5];
        uint256 snapshot = vm.snapshotState();
        for (uint256 i = 0; i < 6; ++i) {
            if (pools[i] != 0) fillPool(pools[i]);
            address[] memory w = toPublishClaims();
            publishAll(MODEL, 5);
            assertEq(finish().proposerReward, units[i]);
            assertEq(federation.pool(), pools[i] - 77 * units[i]);
            assertEq(balance(w[2]), BOND + 21 * units[i]);
            assertSolvent();
            vm.revertToState(snapshot);
        }
    }

    function testFuzz_rewards_conserve(uint96 pool, uint256 random) public {
        if (pool != 0) fillPool(pool);
        openAndDraw();
        proposeAll();
        bytes[] memory ballots = new bytes[](random % 4);
        for (uint256 i = 0; i < ballots.length; ++i) {
            ballots[i] = abi.encode(random >> (3 * i + 8) & 7);
        }
        judge(ballots);
        if (ballots.length * 2 > 3) {
            uint256 selection = selected();
            address[] memory list = publishers();
            for (uint256 i = 0; i < list.length; ++i) {
                if (random >> (i + 32) & 1 != 0) continue;
                bytes32 digest = random >> (i + 64) & 1 == 0 ? MODEL : OTHER;
                publish(list[i], selection == 0 ? bytes32(0) : digest, selection);
            }
        }
        finish();
        assertSolvent();
        for (uint256 i = 0; i < members.length; ++i) {
            federation.collect(members[i]);
        }
        assertSolvent();
    }

    function testFuzz_rewards_conserve_whatever_an_update_earns(uint32 units, uint96 pool, uint256 random) public {
        updateUnits = units;
        redeploy(8);
        testFuzz_rewards_conserve(pool, random);
    }

    /// @dev A vote that isn't revealed is no vote; a miner who doesn't publish has verified nothing.
    function test_who_is_silent_earns_nothing() public {
        fillPool(1000);
        openAndDraw();
        proposeAll(); // 10 samples, 1 epoch each
        judge(copies(abi.encode(7), 2));
        address[] memory v = voters();
        address[] memory m = minersOnly();
        for (uint256 i = 0; i < 3; ++i) {
            publish(v[i], MODEL, 7);
        }
        publish(m[1], MODEL, 7);
        finish();
        assertEq(balance(v[0]), BOND + 6 * UNIT);
        assertEq(balance(v[2]), BOND, "published, and didn't vote");
        assertEq(balance(m[0]), BOND);
        assertEq(balance(m[1]), BOND + 3 * 2 * UNIT);
        assertEq(federation.pool(), 1000 - (30 + 2 * 6 + 6) * UNIT);
        assertSolvent();
    }

    // ------------------------------------------------------------------ outcomes

    function test_nothing_passes() public {
        fillPool(1000);
        address[] memory w = toPublish(0, 0, 0);
        address miner = minersOnly()[0];
        refuses(
            miner, publishing(MODEL, 0), abi.encodeWithSelector(IFederation.DigestMismatch.selector, MODEL, uint256(0))
        );
        publishAll(0, 0);
        vm.expectEmit(address(federation));
        emit IFederation.Settled(
            1, IFederation.Outcome.Rejected, 0, GENESIS, 5, 0, UNIT, 0, 1000 - UNIT * (3 * 6 + 2 * 9)
        );
        federation.settle();
        assertEq(federation.head(), GENESIS);
        assertEq(balance(w[0]), BOND);
        assertEq(balance(miner), BOND + 45, "what was verified is paid");
        federation.collect(w[0]);
        assertEq(entry(w[0]).strikes, 1);
        assertSolvent();
    }

    function test_a_silent_jury_leaves_the_round_undecided() public {
        fillPool(1000);
        openAndDraw();
        proposeAll();
        judge(new bytes[](0));
        finish();
        assertOutcome(IFederation.Outcome.Undecided);
        assertEq(federation.pool(), 1000);
        assertSolvent();
    }

    /// @dev Two of five publishers are no majority of those drawn, agree as they may.
    function test_a_minority_publishes() public {
        fillPool(1000);
        address[] memory w = toPublish(7, 7, 7);
        address[] memory m = minersOnly();
        publish(m[0], MODEL, 7);
        publish(m[1], MODEL, 7);
        IFederation.Round memory r = finish();
        assertOutcome(IFederation.Outcome.Undecided);
        assertEq(federation.head(), GENESIS);
        assertEq(r.proposerReward, 0);
        assertEq(balance(w[0]), BOND);
        assertEq(balance(m[0]), BOND);
        assertEq(vbfl().winnerOf(1), address(0));
        assertEq(federation.pool(), 1000);
    }

    function test_half_the_publishers_are_no_majority() public {
        (mostProposers, validators, miners) = (3, 2, 2);
        redeploy(7);
        openAndDraw();
        proposeAll();
        judgeAll(abi.encode(7));
        publish(minersOnly()[0], MODEL, 7);
        publish(minersOnly()[1], MODEL, 7);
        uint256 snapshot = vm.snapshotState();
        finish();
        assertOutcome(IFederation.Outcome.Undecided);
        vm.revertToState(snapshot);
        publish(voters()[0], MODEL, 7);
        finish();
        assertOutcome(IFederation.Outcome.Accepted);
    }

    // ------------------------------------------------------------------ words

    function assertPanel(uint256 proposing, uint256 jurors, uint256 all) private view {
        IFederation.Status memory s = federation.status();
        assertEq(s.proposers, proposing);
        assertEq(s.voters, jurors);
        assertEq(s.publishers, all);
    }

    /// @dev A round up to phase Publish, the validators' ballots as given; its workers, in order of proposal.
    function toPublish(uint256 a, uint256 b, uint256 c) private returns (address[] memory w) {
        openAndDraw();
        w = proposers();
        proposeAll();
        judgeThree(a, b, c);
    }

    /// @dev The same with claims of 10 * 2, 30 * 1 and 7 * 3 sample visits; updates 0 and 2 pass.
    function toPublishClaims() private returns (address[] memory w) {
        openAndDraw();
        w = proposers();
        train(w[0], 10, 2);
        train(w[1], 30, 1);
        train(w[2], 7, 3);
        judgeThree(5, 5, 7);
    }

    function judgeThree(uint256 a, uint256 b, uint256 c) private {
        bytes[] memory ballots = new bytes[](3);
        (ballots[0], ballots[1], ballots[2]) = (abi.encode(a), abi.encode(b), abi.encode(c));
        judge(ballots);
    }

    /// @dev What passed: a publisher who states something else is told.
    function selected() private returns (uint256 selection) {
        address publisher = publishers()[0];
        uint256 number = round();
        vm.prank(publisher);
        (bool ok, bytes memory answer) =
            address(federation).call(abi.encodeCall(IFederation.publish, (number, MODEL, type(uint256).max, 0)));
        assertFalse(ok);
        assembly ("memory-safe") {
            selection := mload(add(answer, 0x44))
        }
        assertEq(answer, wrongSelection(type(uint256).max, selection));
    }

    function assertSelection(uint256 expected) private {
        assertEq(selected(), expected);
    }
}
