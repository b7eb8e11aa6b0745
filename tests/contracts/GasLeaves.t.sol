// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {IFederation} from "../../contracts/interfaces/IFederation.sol";
import {Bench} from "./Bench.sol";
import {BflcBench} from "./BflcBench.sol";
import {BladeBench} from "./BladeBench.sol";
import {GasBench} from "./GasBench.sol";
import {LeafBench} from "./LeafBench.sol";
import {VbflBench} from "./VbflBench.sol";

/// @dev A round of ten members in which all agree, when the federation has been going for some rounds. A `round` books
/// what is due from the one before; the actions are those of members to whom nothing is due. The first publication
/// works out what was selected, `publish` is one of the others.
abstract contract GasLeafBench is LeafBench, GasBench {
    uint256 internal constant SIZE = 10;
    uint256 private constant WARM_ROUNDS = 3;

    function setUp() public virtual override(LeafBench, Bench) {
        super.setUp();
    }

    /// @dev Past whatever has to pass before the first vote.
    function pastEvidence() internal virtual {}

    function measure(string memory prefix, uint256 selection, bytes memory ballot) internal {
        for (uint256 i = 0; i < WARM_ROUNDS; ++i) {
            play(selection, ballot);
        }
        play(selection, ballot);
        note("round", total);
        for (uint256 i = 0; i < members.length; ++i) {
            federation.collect(members[i]);
        }
        play(selection, ballot);
        assertOutcome(IFederation.Outcome.Accepted);
        note("propose", least[IFederation.propose.selector]);
        note("commit", least[IFederation.commit.selector]);
        note("reveal", least[IFederation.reveal.selector]);
        note("first_publish", most[IFederation.publish.selector]);
        note("publish", least[IFederation.publish.selector]);
        note("settle", least[IFederation.settle.selector]);
        address winner = members[0];
        for (uint256 i = 0; i < members.length; ++i) {
            if (balance(members[i]) > balance(winner)) winner = members[i];
        }
        note("claim", act(winner, abi.encodeCall(IFederation.claim, ())));
        compare(prefix, "_10");
    }

    /// @dev A round with its actions' gas.
    function play(uint256 selection, bytes memory ballot) internal {
        uint256 rest = federation.status().restUntil;
        if (block.timestamp < rest) vm.warp(rest);
        forget();
        act(account(0), abi.encodeCall(IFederation.open, ()));
        vm.roll(block.number + 1);
        act(account(0), abi.encodeCall(IFederation.draw, ()));
        uint256 number = round();
        address[] memory list = proposers();
        for (uint256 i = 0; i < list.length; ++i) {
            act(list[i], abi.encodeCall(IFederation.propose, (number, digestOf(list[i], number), 100, 5)));
        }
        pastEvidence();
        list = voters();
        for (uint256 i = 0; i < list.length; ++i) {
            bytes32 hidden = federation.commitmentOf(number, list[i], ballot, saltOf(list[i]));
            act(list[i], abi.encodeCall(IFederation.commit, (number, hidden)));
        }
        for (uint256 i = 0; i < list.length; ++i) {
            act(list[i], abi.encodeCall(IFederation.reveal, (number, ballot, saltOf(list[i]))));
        }
        list = publishers();
        bytes32 digest = keccak256(abi.encode(number));
        for (uint256 i = 0; i < list.length; ++i) {
            act(list[i], abi.encodeCall(IFederation.publish, (number, digest, selection, 0)));
        }
        act(account(0), abi.encodeCall(IFederation.settle, ()));
    }

    function fillPool(uint256 amount, address from) internal {
        fund(from, amount);
        vm.prank(from);
        federation.fund(amount);
    }
}

/// @dev Five workers, three validators, two miners.
/// forge-config: default.isolate = true
contract GasVbflTest is VbflBench, GasLeafBench {
    function setUp() public override(LeafBench, GasLeafBench) {
        (workers, validators, miners) = (5, 3, 2);
        super.setUp();
        joinMany(SIZE, 10 * BOND);
        fillPool(1e9, address(0xF00D));
    }

    function deploy() internal override(LeafBench, VbflBench) returns (IFederation) {
        return VbflBench.deploy();
    }

    function test_gas_stays() public {
        measure("vbfl_", 31, abi.encode(uint256(31)));
    }
}

/// @dev A committee of three, seven proposals, of which four make the model.
/// forge-config: default.isolate = true
contract GasBflcTest is BflcBench, GasLeafBench {
    /// @dev The most gas that a transaction may take (EIP-7825).
    uint256 private constant MOST = 1 << 24;

    function setUp() public override(LeafBench, GasLeafBench) {
        mostSeats = 7;
        super.setUp();
        admitMany(SIZE);
        fillPool(1e9, address(0xF00D));
    }

    function deploy() internal override(LeafBench, BflcBench) returns (IFederation) {
        return BflcBench.deploy();
    }

    function test_gas_stays() public {
        measure("bflc_", 15, scoresOf(7));
    }

    /// @dev With the largest committee that there can be, the first publication fits a transaction.
    function test_gas_of_the_largest_committee() public {
        uint32[3] memory proposals = [uint32(64), 256, 256];
        uint32[3] memory selected = [uint32(32), 32, 128];
        string[3] memory suffixes = ["_32_64_32", "_32_256_32", "_32_256_128"];
        for (uint256 i = 0; i < 3; ++i) {
            (committee, updates, mostSeats) = (32, selected[i], proposals[i]);
            redeploy(32 + proposals[i]);
            play(type(uint256).max >> (256 - selected[i]), scoresOf(proposals[i]));
            assertOutcome(IFederation.Outcome.Accepted);
            assertLt(most[IFederation.publish.selector], MOST, "fits a transaction");
            note("first_publish", most[IFederation.publish.selector]);
            compare("bflc_", suffixes[i]);
        }
    }

    /// @dev Scores that all pass and all differ.
    function scoresOf(uint256 count) private pure returns (bytes memory ballot) {
        for (uint256 n = 0; n < count; ++n) {
            ballot = abi.encodePacked(ballot, uint16(9000 - n));
        }
    }
}

/// @dev Ten winners, who all train, judge and mine.
/// forge-config: default.isolate = true
contract GasBladeTest is BladeBench, GasLeafBench {
    function setUp() public override(LeafBench, GasLeafBench) {
        (winners, taskRounds) = (uint32(SIZE), 9);
        super.setUp();
        for (uint256 i = 0; i < SIZE; ++i) {
            bid(account(i), 200, 10);
        }
        fillPool(BOUNTY, PUBLISHER);
        vm.warp(BIDDING_ENDS);
    }

    function deploy() internal override(LeafBench, BladeBench) returns (IFederation) {
        return BladeBench.deploy();
    }

    function pastEvidence() internal override {
        pastChallenge();
    }

    function test_gas_stays() public {
        measure("blade_", 1023, approving(1023, 0));
    }
}
