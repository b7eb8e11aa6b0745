// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {IFederation} from "../../contracts/interfaces/IFederation.sol";
import {IStakeVote} from "../../contracts/interfaces/IStakeVote.sol";
import {GasBench} from "./GasBench.sol";

/// @dev What each action costs as a transaction of its own, in a federation that has been going for some rounds. Three
/// fifths of the members propose; one voter is outvoted, so that rewards are written. A `round` books what is due from
/// those before it, as real rounds do; `propose` and `commit` are those of a member to whom nothing is due.
/// forge-config: default.isolate = true
contract GasTest is GasBench {
    uint256 private constant WARM_ROUNDS = 9;

    uint32 private mostProposers = 6;
    uint256 private settled;
    address private lastVoter;

    function terms() internal view override returns (IStakeVote.StakeVoteTerms memory t) {
        t = super.terms();
        t.proposers = mostProposers;
    }

    function test_gas_stays() public {
        measure(10);
        compare("", "_10");
        uint256 small = settled;
        measure(20);
        compare("", "_20");
        measure(100);
        compare("", "_100");
        assertApproxEqAbs(settled, small, 50, "settling grew with the federation");
    }

    /// @dev Where newcomers wait: two come in with a round, others wait behind them, and the first of those who are in
    /// leaves, whose place passes through both other zones.
    function test_gas_of_waiting() public {
        uint256[3] memory small = waiting(10);
        uint256[3] memory large = waiting(100);
        for (uint256 i = 0; i < 3; ++i) {
            assertApproxEqAbs(large[i], small[i], 50, "it grew with the federation");
        }
        note("join", large[0]);
        note("open", large[1]);
        note("exit", large[2]);
        compare("waiting_", "");
    }

    function waiting(uint256 size) private returns (uint256[3] memory used) {
        delete members;
        delete founders;
        for (uint256 i = 0; i < size; ++i) {
            founders.push(account(i));
        }
        newcomers = 2;
        mostProposers = 3;
        federation = IFederation(create("StakeVote", abi.encode(terms())));
        joinMany(size + 4, BOND);
        for (uint256 round = 0; round < 2; ++round) {
            vm.warp(block.timestamp + 50);
            used[1] = act(account(0), abi.encodeCall(IFederation.open, ()));
            vm.roll(block.number + 1);
            federation.draw();
            pass(IFederation.Phase.Propose);
            federation.settle();
        }
        address latest = account(size + 4);
        fund(latest, BOND);
        used[0] = act(latest, abi.encodeCall(IFederation.join, (BOND)));
        joinOne(account(size + 5), BOND);
        used[2] = act(account(0), abi.encodeCall(IFederation.exit, ()));
    }

    function measure(uint256 size) private {
        mostProposers = uint32(size * 3 / 5);
        federation = IFederation(create("StakeVote", abi.encode(terms())));
        delete members;
        joinMany(size, 10 * BOND);
        for (uint256 i = 0; i < WARM_ROUNDS; ++i) {
            bool accepted = i % 2 == 0;
            playRound(
                accepted ? size - mostProposers - 1 : 0, accepted ? 1 : size - mostProposers - 1, accepted ? 0 : 1
            );
        }
        play(size - mostProposers, "tenth");
        note("round", total);

        note("collect", act(lastVoter, abi.encodeCall(IFederation.collect, (lastVoter))));
        for (uint256 i = 0; i < size; ++i) {
            federation.collect(account(i));
        }
        play(size - mostProposers, "eleventh");
        note("open", least[IFederation.open.selector]);
        note("draw", least[IFederation.draw.selector]);
        note("propose", least[IFederation.propose.selector]);
        note("commit", least[IFederation.commit.selector]);
        note("reveal", least[IFederation.reveal.selector]);
        settled = least[IFederation.settle.selector];
        note("settle", settled);
        note("claim", act(lastVoter, abi.encodeCall(IFederation.claim, ())));
        fund(account(size), BOND);
        note("join", act(account(size), abi.encodeCall(IFederation.join, (BOND))));
    }

    /// @dev A round with one outvoted voter, the last.
    function play(uint256 count, string memory model) private {
        vm.warp(federation.status().restUntil);
        forget();
        act(account(0), abi.encodeCall(IFederation.open, ()));
        vm.roll(block.number + 1);
        act(account(0), abi.encodeCall(IFederation.draw, ()));
        uint256 number = round();
        address[] memory list = proposers();
        for (uint256 i = 0; i < list.length; ++i) {
            act(list[i], abi.encodeCall(IFederation.propose, (number, keccak256(abi.encode(i)), 600, 5)));
        }
        list = voters();
        for (uint256 i = 0; i < count; ++i) {
            bytes memory ballot = abi.encode(i == count - 1 ? REJECT : keccak256(bytes(model)));
            bytes32 hidden = federation.commitmentOf(number, list[i], ballot, saltOf(list[i]));
            act(list[i], abi.encodeCall(IFederation.commit, (number, hidden)));
        }
        for (uint256 i = 0; i < count; ++i) {
            bytes memory ballot = abi.encode(i == count - 1 ? REJECT : keccak256(bytes(model)));
            act(list[i], abi.encodeCall(IFederation.reveal, (number, ballot, saltOf(list[i]))));
        }
        act(account(0), abi.encodeCall(IFederation.settle, ()));
        lastVoter = list[0];
    }
}
