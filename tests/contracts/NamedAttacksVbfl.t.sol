// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Vbfl} from "../../contracts/federations/Vbfl.sol";
import {IFederation} from "../../contracts/interfaces/IFederation.sol";
import {IVbfl} from "../../contracts/interfaces/IVbfl.sol";
import {BallotAttacks} from "./BallotAttacks.sol";
import {LeafBench} from "./LeafBench.sol";
import {NamedAttacks} from "./NamedAttacks.sol";
import {VbflBench} from "./VbflBench.sol";

/// @dev See the table in `NamedAttacks.sol`.
contract NamedAttacksVbflTest is VbflBench, NamedAttacks {
    function setUp() public override(LeafBench, BallotAttacks) {
        super.setUp();
    }

    function populate() internal override {
        joinMany(8, BOND);
    }

    function prepare(address who) internal override {}

    function entering(address) internal pure override returns (bytes memory, uint256) {
        return (abi.encodeCall(IFederation.join, (BOND)), BOND);
    }

    function playAccepted() internal override {
        fillPool(1000);
        playVbfl(MODEL, 7);
    }

    /// @dev Half of the validators carry a bad update: N+ >= N-. It gains its worker as much as good work.
    function test_tie() public {
        fillPool(1000);
        openAndDraw();
        address worker = proposers()[0];
        proposeAll();
        bytes[] memory ballots = new bytes[](2); // the third is silent
        (ballots[0], ballots[1]) = (abi.encode(uint256(7)), abi.encode(uint256(6)));
        judge(ballots);
        publishAll(MODEL, 7);
        finish();
        assertOutcome(IFederation.Outcome.Accepted);
        assertEq(balance(worker), BOND + 10 * UNIT);
    }

    /// @dev Twenty members with a bond of 16 tokens, a pool of 1000, and one proposer that claims 2^20 samples and 4,095
    /// epochs. By the default terms the claim is refused. Where it is allowed, all earn what they earn without it.
    function test_the_most_claimed() public {
        uint256[] memory honest = earnedBy(2 ** 20, 4095, false);
        uint256[] memory foul = earnedBy(2 ** 20, 4095, true);
        assertEq(foul, honest);
        assertGt(foul[0], 0);
        assertEq(foul[0], foul[1], "the liar, and another proposer");
        earnedBy(1, 1, false);
        openAndDraw();
        address liar = proposers()[0];
        bytes memory refusal = abi.encodeWithSelector(IFederation.SamplesOutOfRange.selector, 2 ** 20, 1);
        refuses(liar, proposing(2 ** 20, 4095), refusal);
        refuses(liar, proposing(1, 4095), abi.encodeWithSelector(IFederation.EpochsOutOfRange.selector, 4095, 1));
    }

    /// @dev What each member has above its bond after a round in which all updates pass, proposers first.
    function earnedBy(uint32 maxSamples, uint32 maxEpochs, bool lies) private returns (uint256[] memory earned) {
        (mostProposers, validators, miners, updateUnits) = (5, 13, 2, 50);
        IVbfl.VbflTerms memory t = vbflTerms();
        (t.bond, t.unitReward, t.maxSamples, t.maxEpochs) = (16e18, 6e16, maxSamples, maxEpochs);
        federation = new Vbfl(t);
        delete members;
        joinMany(20, 16e18);
        fillPool(1000e18);
        openAndDraw();
        address[] memory list = proposers();
        for (uint256 i = 0; i < list.length; ++i) {
            bool most = lies && i == 0;
            train(list[i], most ? maxSamples : 1, most ? maxEpochs : 1);
        }
        uint256 all = (1 << list.length) - 1;
        address[] memory others = publishers();
        judgeAll(abi.encode(all));
        publishAll(MODEL, all);
        finish();
        assertOutcome(IFederation.Outcome.Accepted);
        earned = new uint256[](list.length + others.length);
        for (uint256 i = 0; i < earned.length; ++i) {
            earned[i] = balance(i < list.length ? list[i] : others[i - list.length]) - 16e18;
        }
    }

    /// @dev One validator of three selects nothing: the round is undecided, nobody is paid, nobody's failure counts.
    function test_no_quorum() public {
        fillPool(1000);
        address worker = proposedBy();
        judge(copies(abi.encode(uint256(6)), 1));
        refusesPhase(publishers()[0], publishing(OTHER, 6), IFederation.Phase.Publish);
        finish();
        assertOutcome(IFederation.Outcome.Undecided);
        assertEq(federation.head(), GENESIS);
        assertEq(federation.pool(), 1000);
        federation.collect(worker);
        assertEq(entry(worker).strikes, 0);
        assertEq(balance(worker), BOND);
    }

    /// @dev Half of the validators commit and don't reveal: the round is void, and nobody is paid for it, they neither.
    function test_half_of_the_validators() public {
        validators = 2;
        redeploy(7);
        fillPool(1000);
        openAndDraw();
        proposeAll();
        address[] memory v = voters();
        commitBallot(v[0], ballot(true));
        commitBallot(v[1], ballot(true));
        revealBallot(v[0], ballot(true));
        pass(IFederation.Phase.Reveal);
        refusesPhase(v[0], publishing(MODEL, 7), IFederation.Phase.Publish);
        finish();
        assertOutcome(IFederation.Outcome.Undecided);
        assertEq(federation.head(), GENESIS);
        assertEq(federation.pool(), 1000);
        for (uint256 i = 0; i < members.length; ++i) {
            assertEq(balance(members[i]), BOND);
        }
        playVbfl(MODEL, 7);
        assertEq(federation.head(), MODEL, "others may be drawn, or all come");
    }

    /// @dev Two of three validators pass what they like, and put honest workers out in `kickRounds` such rounds. To
    /// write the model they need more than half of the publishers too: with a miner they have it.
    function test_majority_of_colluders() public {
        fillPool(1000);
        address worker = proposedBy();
        bytes[] memory ballots = copies(abi.encode(uint256(6)), 3);
        ballots[2] = abi.encode(uint256(7));
        judge(ballots);
        address[] memory v = voters();
        address[] memory m = minersOnly();
        publish(v[0], OTHER, 6);
        publish(v[1], OTHER, 6);
        publish(m[0], MODEL, 6);
        publish(v[2], MODEL, 6);
        uint256 snapshot = vm.snapshotState();
        publish(m[1], MODEL, 6);
        federation.settle();
        assertEq(federation.head(), MODEL, "two of five publishers don't write it");
        vm.revertToState(snapshot);
        publish(m[1], OTHER, 6);
        federation.settle();
        assertEq(federation.head(), OTHER, "three do");
        federation.collect(worker);
        assertEq(entry(worker).strikes, 1);
        assertEq(balance(worker), BOND, "its work is unpaid, its stake is whole");
    }

    /// @dev Four accounts of twelve cost four bonds and hold a third of all seats, as four owners would.
    function test_one_owner_as_many_sybils() public {
        for (uint256 i = 0; i < 4; ++i) {
            joinOne(account(40 + i), BOND);
        }
        uint256 seats;
        for (uint256 k = 0; k < 100; ++k) {
            openAndDraw();
            address[] memory v = voters();
            for (uint256 i = 0; i < v.length; ++i) {
                if (v[i] >= account(40)) ++seats;
            }
            finish();
        }
        assertApproxEqAbs(seats, 100, 30, "a third of 300 seats");
    }

    /// @dev Put out for rejected updates, it gets in neither under its name nor with a larger stake; its bond is its own.
    function test_banned_account_coming_back() public {
        openAndDraw();
        address bad = proposers()[0];
        for (uint256 strikes = 0; strikes < 2;) {
            if (has(proposers(), bad)) {
                proposeAll();
                uint256 selection = 7 ^ 1 << entry(bad).updateNumber;
                judgeAll(abi.encode(selection));
                publishAll(MODEL, selection);
                ++strikes;
            }
            finish();
            if (strikes < 2) openAndDraw();
        }
        federation.evict(one(bad));
        vm.warp(block.timestamp + 1000);
        vm.prank(bad);
        federation.withdraw();
        assertEq(token.balanceOf(bad), BOND);
        fund(bad, 3 * BOND);
        bytes memory banned = abi.encodeWithSelector(IFederation.AccountBanned.selector, bad);
        refuses(bad, abi.encodeCall(IFederation.join, (3 * BOND)), banned);
        refuses(bad, abi.encodeCall(IFederation.deposit, (BOND)), banned);
    }

    /// @dev However rich, a miner that publishes another model than most wins no block and is not paid; one that states
    /// other votes is refused.
    function test_publisher_of_something_else() public {
        fillPool(1000);
        for (uint256 i = 0; i < 8; ++i) {
            fund(account(i), 1000 * i);
            if (i == 0) continue;
            vm.prank(account(i));
            federation.deposit(1000 * i);
        }
        proposedBy();
        judgeAll(abi.encode(uint256(7)));
        address[] memory m = minersOnly();
        (address rich, address poor) = balance(m[0]) > balance(m[1]) ? (m[0], m[1]) : (m[1], m[0]);
        uint256 before = balance(rich);
        refuses(rich, publishing(MODEL, 3), wrongSelection(3, 7));
        publish(rich, OTHER, 7);
        publish(poor, MODEL, 7);
        address[] memory v = voters();
        for (uint256 i = 0; i < 3; ++i) {
            publish(v[i], MODEL, 7);
        }
        federation.settle();
        assertEq(federation.head(), MODEL);
        assertEq(vbfl().winnerOf(1), poor);
        assertEq(balance(rich), before);
    }

    /// @dev A round up to its ballots; the worker of update 0.
    function proposedBy() private returns (address worker) {
        openAndDraw();
        worker = proposers()[0];
        proposeAll();
    }
}
