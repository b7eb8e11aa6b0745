// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {IFederation} from "../../contracts/interfaces/IFederation.sol";
import {Acts, Roles} from "../../contracts/libraries/Flags.sol";
import {LeafBench} from "./LeafBench.sol";

/// @dev What a phase Pledge promises in every leaf: an update is proposed by whoever pledged it, as it was pledged, or
/// not at all. `start` brings a leaf to where a round can be opened.
abstract contract PledgeBench is LeafBench {
    uint256 internal constant SAMPLES = 100;
    uint256 internal constant EPOCHS = 1;

    constructor() {
        pledgeSeconds = 100;
    }

    function start() internal virtual;

    // ------------------------------------------------------------------ words

    function pledgeOf(address who) internal view returns (bytes32) {
        return federation.pledgeOf(round(), who, digestOf(who, round()), SAMPLES, EPOCHS);
    }

    function pledge(address who) internal {
        pledgeWord(who, pledgeOf(who));
    }

    function pledgeWord(address who, bytes32 word) internal {
        uint256 number = round();
        vm.prank(who);
        federation.pledge(number, word);
    }

    function pledging(bytes32 word) internal view returns (bytes memory) {
        return abi.encodeCall(IFederation.pledge, (round(), word));
    }

    function proposalOf(address who) internal view returns (bytes memory) {
        return abi.encodeCall(IFederation.propose, (round(), digestOf(who, round()), SAMPLES, EPOCHS));
    }

    function mismatch(address who, bytes32 pledged, bytes32 shown) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(IFederation.PledgeMismatch.selector, who, pledged, shown);
    }

    function notPledged(address who) internal view returns (bytes memory) {
        return abi.encodeWithSelector(IFederation.NotPledged.selector, who, round());
    }

    /// @dev A round in which all those awaited pledge; who they are, in the order of the draw.
    function pledgeAll() internal returns (address[] memory list) {
        openAndDraw();
        list = awaited();
        for (uint256 i = 0; i < list.length; ++i) {
            pledge(list[i]);
        }
    }

    /// @dev As many of the drawn proposers as the round waits for.
    function awaited() internal view returns (address[] memory list) {
        list = proposers();
        uint256 most = federation.status().proposers;
        if (most < list.length) {
            assembly ("memory-safe") {
                mstore(list, most)
            }
        }
    }

    function trainAll(address[] memory list, uint256 count) internal {
        for (uint256 i = 0; i < count; ++i) {
            train(list[i], SAMPLES, EPOCHS);
        }
    }

    function inPhase(IFederation.Phase expected) internal view {
        assertEq(phase(), uint256(expected), "phase");
    }

    // ------------------------------------------------------------------ what always holds

    function test_an_update_is_pledged_before_any_is_proposed() public {
        start();
        openAndDraw();
        inPhase(IFederation.Phase.Pledge);
        address[] memory list = awaited();
        refusesPhase(list[0], proposalOf(list[0]), IFederation.Phase.Propose);
        for (uint256 i = 0; i < list.length; ++i) {
            inPhase(IFederation.Phase.Pledge);
            vm.expectEmit(address(federation));
            emit IFederation.Pledged(round(), list[i], pledgeOf(list[i]));
            pledge(list[i]);
            assertEq(federation.status().record.pledges, i + 1);
        }
        inPhase(IFederation.Phase.Propose);
        refusesPhase(list[0], pledging("another"), IFederation.Phase.Pledge);
        trainAll(list, list.length);
        assertEq(entry(list[0]).acts, Acts.PLEDGED | Acts.PROPOSED);
        inPhase(IFederation.Phase.Commit);
    }

    function test_a_pledge_is_a_proposers_and_one_a_round() public {
        start();
        openAndDraw();
        address[] memory list = awaited();
        bytes memory late = abi.encodeCall(IFederation.pledge, (round() + 1, "word"));
        refuses(list[0], late, abi.encodeWithSelector(IFederation.WrongRound.selector, round() + 1, round()));
        address[] memory all = members;
        for (uint256 i = 0; i < all.length; ++i) {
            uint8 roles = federation.memberOf(all[i]).roles;
            if (roles & Roles.PROPOSER == 0) refuses(all[i], pledging(""), wrongRole(all[i], roles, Roles.PROPOSER));
        }
        refuses(list[0], pledging(0), abi.encodeWithSelector(IFederation.EmptyPledge.selector));
        pledge(list[0]);
        bytes memory again = abi.encodeWithSelector(IFederation.AlreadyActed.selector, list[0], round(), Acts.PLEDGED);
        refuses(list[0], pledging("another"), again);
    }

    /// @dev Propose waits for what was pledged, not for those who missed their time.
    function test_propose_waits_for_the_pledges_alone() public {
        start();
        openAndDraw();
        address[] memory list = awaited();
        for (uint256 i = 0; i + 1 < list.length; ++i) {
            pledge(list[i]);
        }
        address missed = list[list.length - 1];
        vm.warp(federation.status().pledgeEnd - 1);
        inPhase(IFederation.Phase.Pledge);
        vm.warp(federation.status().pledgeEnd);
        inPhase(IFederation.Phase.Propose);
        refuses(missed, proposalOf(missed), notPledged(missed));
        refuses(
            missed,
            pledging("late"),
            abi.encodeWithSelector(IFederation.WrongPhase.selector, IFederation.Phase.Propose, IFederation.Phase.Pledge)
        );
        trainAll(list, list.length - 1);
        inPhase(IFederation.Phase.Commit);
    }

    function test_without_a_pledge_the_round_is_void() public {
        start();
        openAndDraw();
        uint256 owedBefore = owed(members);
        address[] memory list = awaited();
        pass(IFederation.Phase.Pledge);
        inPhase(IFederation.Phase.Settle);
        refusesPhase(list[0], proposalOf(list[0]), IFederation.Phase.Propose);
        federation.settle();
        assertOutcome(IFederation.Outcome.Undecided);
        for (uint256 i = 0; i < list.length; ++i) {
            assertEq(entry(list[i]).acts, 0);
        }
        assertEq(owed(members), owedBefore);
    }

    /// @dev Another digest, other samples, other epochs: the pledge binds all three.
    function testFuzz_nothing_else_can_be_proposed(bytes32 digest, uint256 samples, uint256 epochs) public {
        start();
        address who = pledgeAll()[0];
        vm.assume(digest != 0);
        bytes32 shown = federation.pledgeOf(round(), who, digest, samples, epochs);
        vm.assume(shown != pledgeOf(who));
        bytes memory data = abi.encodeCall(IFederation.propose, (round(), digest, samples, epochs));
        refuses(who, data, mismatch(who, pledgeOf(who), shown));
        data = abi.encodeCall(IFederation.propose, (round(), digestOf(who, round()), SAMPLES + 1, EPOCHS));
        shown = federation.pledgeOf(round(), who, digestOf(who, round()), SAMPLES + 1, EPOCHS);
        refuses(who, data, mismatch(who, pledgeOf(who), shown));
        data = abi.encodeCall(IFederation.propose, (round(), digestOf(who, round()), SAMPLES, EPOCHS + 1));
        shown = federation.pledgeOf(round(), who, digestOf(who, round()), SAMPLES, EPOCHS + 1);
        refuses(who, data, mismatch(who, pledgeOf(who), shown));
        train(who, SAMPLES, EPOCHS);
    }

    /// @dev Whoever copies a pledge can't keep it, and whoever sees an update has pledged another.
    function test_a_copied_pledge_can_not_be_kept() public {
        start();
        openAndDraw();
        address[] memory list = awaited();
        (address copier, address original) = (list[0], list[1]);
        bytes32 word = pledgeOf(original);
        pledgeWord(copier, word);
        for (uint256 i = 1; i < list.length; ++i) {
            pledge(list[i]);
        }
        bytes memory seen = proposalOf(original);
        bytes32 shown = federation.pledgeOf(round(), copier, digestOf(original, round()), SAMPLES, EPOCHS);
        refuses(copier, seen, mismatch(copier, word, shown));
        train(original, SAMPLES, EPOCHS);
        refuses(copier, seen, mismatch(copier, word, shown));
        assertEq(entry(original).updateNumber, 0, "the first, whoever copied");
    }

    /// @dev A pledge of one round is none in the next.
    function test_a_pledge_ends_with_its_round() public {
        start();
        address[] memory list = pledgeAll();
        bytes32 word = pledgeOf(list[0]);
        finish();
        openAndDraw();
        address[] memory next = awaited();
        for (uint256 i = 1; i < next.length; ++i) {
            pledge(next[i]);
        }
        pass(IFederation.Phase.Pledge);
        refuses(next[0], proposalOf(next[0]), notPledged(next[0]));
        assertTrue(word != pledgeOf(list[0]), "it names its round");
    }

    /// @dev An account that pledges may vote as well: its ballot replaces its pledge, when that is kept.
    function test_a_round_with_pledges_goes_all_the_way() public {
        start();
        address[] memory list = pledgeAll();
        trainAll(list, list.length);
        vm.warp(federation.status().proposeEnd + 50); // past any evidence
        judgeAll(ballot(true));
        if (federation.status().publishers != 0) publishAll(MODEL, (1 << bestOf(list.length)) - 1);
        finish();
        assertOutcome(IFederation.Outcome.Accepted);
        assertSolvent();
    }

    /// @dev How many of so many updates, all good, make the model.
    function bestOf(uint256 count) internal view virtual returns (uint256) {
        return count;
    }
}
