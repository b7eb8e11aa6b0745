// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {StakeVote} from "../../contracts/federations/StakeVote.sol";
import {IFederation} from "../../contracts/interfaces/IFederation.sol";
import {IStakeVote} from "../../contracts/interfaces/IStakeVote.sol";
import {Draw} from "../../contracts/libraries/Draw.sol";
import {Bench} from "./Bench.sol";

/// @dev What a round costs doesn't grow with the federation: opening, drawing, acting and settling.
/// forge-config: default.isolate = true
contract FlatTest is Bench {
    struct Costs {
        uint256 open;
        uint256 draw;
        uint256 propose;
        uint256 commit;
        uint256 settle;
    }

    uint32 private mostProposers = 2;

    function terms() internal view override returns (IStakeVote.StakeVoteTerms memory t) {
        t = super.terms();
        (t.proposers, t.quorumBps) = (mostProposers, 0);
    }

    /// @dev Registries of which three are members and the rest is made up: who is drawn is looked for, so that they are.
    function test_opening_and_acting_cost_the_same_with_ten_and_with_ten_thousand() public {
        Costs memory few = costsWith(10);
        assertFlat(few, costsWith(100), "a hundred");
        assertFlat(few, costsWith(1000), "a thousand");
        assertFlat(few, costsWith(10_000), "ten thousand");
        assertFlat(few, costsWith(65_535), "as many as can be");
    }

    function assertFlat(Costs memory few, Costs memory many, string memory size) private pure {
        assertEq(many.open, few.open, size);
        assertEq(many.draw, few.draw, size);
        assertEq(many.settle, few.settle, size);
        // a position takes one walk or a few more
        assertApproxEqAbs(many.propose, few.propose, 8000, size);
        assertApproxEqAbs(many.commit, few.commit, 8000, size);
    }

    /// @dev Everybody is there and acts, and a third of the voters pay the others.
    function test_settling_costs_the_same_with_ten_and_with_a_thousand() public {
        uint256 few = settleAfterAll(10);
        assertApproxEqAbs(settleAfterAll(100), few, 60);
        assertApproxEqAbs(settleAfterAll(1000), few, 60);
    }

    // ------------------------------------------------------------------

    function costsWith(uint256 size) private returns (Costs memory c) {
        federation = new StakeVote(terms());
        delete members;
        for (uint256 i = 0; i < 3; ++i) {
            joinOne(account(i), BOND + i);
        }
        fillRegistry(size);
        c.open = act(account(0), abi.encodeCall(IFederation.open, ()));
        vm.roll(block.number + 1);
        c.draw = act(account(0), abi.encodeCall(IFederation.draw, ()));
        bytes32 seed = federation.status().seed;
        uint256[3] memory places;
        for (uint256 place = 0; place < size; ++place) {
            uint256 position = Draw.position(seed, place, size);
            if (position < 3) places[position] = place;
        }
        for (uint256 i = 0; i < 3; ++i) {
            moveTo(account(i), places[i]);
        }
        c.propose = act(account(0), abi.encodeCall(IFederation.propose, (1, MODEL, 1, 1)));
        act(account(1), abi.encodeCall(IFederation.propose, (1, MODEL, 1, 1)));
        bytes32 hidden = federation.commitmentOf(1, account(2), abi.encode(MODEL), "salt");
        c.commit = act(account(2), abi.encodeCall(IFederation.commit, (1, hidden)));
        pass(IFederation.Phase.Commit);
        act(account(2), abi.encodeCall(IFederation.reveal, (1, abi.encode(MODEL), "salt")));
        c.settle = act(account(2), abi.encodeCall(IFederation.settle, ()));
    }

    function settleAfterAll(uint32 size) private returns (uint256) {
        mostProposers = size * 3 / 5;
        federation = new StakeVote(terms());
        delete members;
        joinMany(size, BOND);
        openAndDraw();
        address[] memory list = proposers();
        for (uint256 i = 0; i < list.length; ++i) {
            propose(list[i]);
        }
        list = voters();
        for (uint256 i = 0; i < list.length; ++i) {
            commit(list[i], i % 3 == 1 ? REJECT : MODEL);
        }
        for (uint256 i = 0; i < list.length; ++i) {
            reveal(list[i], i % 3 == 1 ? REJECT : MODEL);
        }
        return act(account(0), abi.encodeCall(IFederation.settle, ()));
    }

    function act(address who, bytes memory data) private returns (uint256 used) {
        vm.prank(who);
        (bool ok,) = address(federation).call(data);
        used = vm.lastCallGas().gasTotalUsed;
        assertTrue(ok, "refused");
    }

    function fillRegistry(uint256 size) private {
        vm.record();
        federation.memberCount();
        (bytes32[] memory reads,) = vm.accesses(address(federation));
        vm.store(address(federation), reads[0], bytes32(size));
    }

    /// @dev Give the member `who`, of a stake that nobody else has, the place `place` of the registry.
    function moveTo(address who, uint256 place) private {
        uint256 stake = entry(who).stake;
        vm.record();
        federation.memberOf(who);
        (bytes32[] memory reads,) = vm.accesses(address(federation));
        for (uint256 i = 0; i < reads.length; ++i) {
            uint256 word = uint256(vm.load(address(federation), reads[i]));
            if (uint96(word) != stake) continue;
            // stake and unbondsAt, of 96 and 40 bits, come before the index
            word = (word & ~(uint256(type(uint16).max) << 136)) | ((place + 1) << 136);
            vm.store(address(federation), reads[i], bytes32(word));
            break;
        }
        assertEq(entry(who).index, place + 1);
    }
}
