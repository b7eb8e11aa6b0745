// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {IBlade} from "../../contracts/interfaces/IBlade.sol";
import {IFederation} from "../../contracts/interfaces/IFederation.sol";
import {IManagers} from "../../contracts/interfaces/IManagers.sol";
import {Bench} from "./Bench.sol";
import {BflcBench} from "./BflcBench.sol";
import {BladeBench} from "./BladeBench.sol";
import {GasBench} from "./GasBench.sol";
import {LeafBench} from "./LeafBench.sol";
import {StakeJuryBench} from "./StakeJuryBench.sol";
import {VbflBench} from "./VbflBench.sol";

/// @dev A round of ten members in which all agree, when the federation has been going for some rounds. A `round` books
/// what is due from the one before; the actions are those of members to whom nothing is due. The first publication
/// works out what was selected, `publish` is one of the others.
abstract contract GasLeafBench is LeafBench, GasBench {
    uint256 internal constant SIZE = 10;
    uint256 private constant WARM_ROUNDS = 3;
    /// @dev How much settling differs by what isn't the number of updates.
    uint256 private constant NOISE = 100;

    uint256 internal mostProposing = type(uint256).max;

    function setUp() public virtual override(LeafBench, Bench) {
        super.setUp();
    }

    /// @dev Past whatever has to pass before the first vote.
    function pastEvidence() internal virtual {}

    function measure(string memory prefix, uint256 selection, bytes memory each) internal {
        for (uint256 i = 0; i < WARM_ROUNDS; ++i) {
            play(selection, each);
        }
        play(selection, each);
        note("round", total);
        for (uint256 i = 0; i < members.length; ++i) {
            federation.collect(members[i]);
        }
        play(selection, each);
        assertOutcome(IFederation.Outcome.Accepted);
        if (pledgeSeconds != 0) note("pledge", least[IFederation.pledge.selector]);
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

    /// @dev A new federation of `size` members, whose round is of `updates` updates.
    function rebuild(uint256 size, uint256 updates) internal virtual;

    /// @dev Gas to settle the first round of such a federation, with all updates selected.
    function settling(uint256 size, uint256 updates) private returns (uint256) {
        rebuild(size, updates);
        play(type(uint256).max >> (256 - updates), ballotFor(updates));
        assertOutcome(IFederation.Outcome.Accepted);
        return least[IFederation.settle.selector];
    }

    function ballotFor(uint256 updates) internal pure virtual returns (bytes memory);

    /// @dev Settling costs the same for `updates` updates whatever the number of members, up to `members_`, and grows
    /// with the updates up to `most`, of which there can't be more.
    function measureSettling(string memory prefix, uint256 jury, uint256 members_, uint256 most_) internal {
        uint256 few = settling(10 + jury, 10);
        assertApproxEqAbs(settling(100, 10), few, NOISE, "with a hundred members");
        assertApproxEqAbs(settling(members_, 10), few, NOISE, "with many members");
        note("settle_10", few);
        note("settle_64", settling(64 + jury, 64));
        note(string.concat("settle_", vm.toString(most_)), settling(most_ + jury, most_));
        compare(prefix, "_updates");
    }

    /// @dev A round with its actions' gas.
    function play(uint256 selection, bytes memory each) internal {
        uint256 rest = federation.status().restUntil;
        if (block.timestamp < rest) vm.warp(rest);
        forget();
        act(account(0), abi.encodeCall(IFederation.open, ()));
        vm.roll(block.number + 1);
        act(account(0), abi.encodeCall(IFederation.draw, ()));
        uint256 number = round();
        address[] memory list = proposers();
        for (uint256 i = 0; i < list.length && i < mostProposing && pledgeSeconds != 0; ++i) {
            bytes32 word = federation.pledgeOf(number, list[i], digestOf(list[i], number), 100, 5);
            act(list[i], abi.encodeCall(IFederation.pledge, (number, word)));
        }
        pass(IFederation.Phase.Pledge);
        for (uint256 i = 0; i < list.length && i < mostProposing; ++i) {
            act(list[i], abi.encodeCall(IFederation.propose, (number, digestOf(list[i], number), 100, 5)));
        }
        pass(IFederation.Phase.Propose);
        pastEvidence();
        list = voters();
        for (uint256 i = 0; i < list.length; ++i) {
            bytes32 hidden = federation.commitmentOf(number, list[i], each, saltOf(list[i]));
            act(list[i], abi.encodeCall(IFederation.commit, (number, hidden)));
        }
        for (uint256 i = 0; i < list.length; ++i) {
            act(list[i], abi.encodeCall(IFederation.reveal, (number, each, saltOf(list[i]))));
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

/// @dev Five proposers, a jury of five.
/// forge-config: default.isolate = true
contract GasStakeJuryTest is StakeJuryBench, GasLeafBench {
    function setUp() public override(LeafBench, GasLeafBench) {
        (mostProposers, mostVoters) = (5, 0);
        super.setUp();
        joinMany(SIZE, 10 * BOND);
        fillPool(1e9, address(0xF00D));
    }

    function deploy() internal override(LeafBench, StakeJuryBench) returns (IFederation) {
        return IFederation(create("StakeJury", abi.encode(juryTerms())));
    }

    function test_gas_stays() public {
        measure("stake_jury_", 31, opinion(31, 31));
    }

    /// @dev As under the hardened rules, where updates are pledged.
    function test_gas_with_pledges_stays() public {
        pledgeSeconds = 100;
        redeploy(0);
        joinMany(SIZE, 10 * BOND);
        fillPool(1e9, address(0xF00D));
        measure("hardened_", 31, opinion(31, 31));
    }

    /// @dev With a jury of five.
    function test_gas_of_settling() public {
        mostVoters = 5;
        measureSettling("stake_jury_", 5, 1000, 256);
    }

    /// @dev The first publication counts each update's ballots: it is what grows most with them.
    function test_gas_of_the_first_publication() public {
        mostVoters = 5;
        uint256[3] memory updates = [uint256(10), 64, 256];
        for (uint256 i = 0; i < 3; ++i) {
            rebuild(updates[i] + 5, updates[i]);
            play(type(uint256).max >> (256 - updates[i]), ballotFor(updates[i]));
            assertOutcome(IFederation.Outcome.Accepted);
            note(vm.toString(updates[i]), most[IFederation.publish.selector]);
        }
        compare("stake_jury_first_publish_", "_judged");
    }

    function rebuild(uint256 size, uint256 updates) internal override {
        mostProposers = uint32(updates);
        redeploy(size);
        fillPool(1e9, address(0xF00D));
    }

    function ballotFor(uint256 updates) internal pure override returns (bytes memory) {
        uint256 all = type(uint256).max >> (256 - updates);
        return opinion(all, all);
    }
}

/// @dev Five workers, three validators, two miners.
/// forge-config: default.isolate = true
contract GasVbflTest is VbflBench, GasLeafBench {
    function setUp() public override(LeafBench, GasLeafBench) {
        (mostProposers, validators, miners) = (5, 3, 2);
        super.setUp();
        joinMany(SIZE, 10 * BOND);
        fillPool(1e9, address(0xF00D));
    }

    function deploy() internal override(LeafBench, VbflBench) returns (IFederation) {
        return IFederation(create("Vbfl", abi.encode(vbflTerms())));
    }

    function test_gas_stays() public {
        measure("vbfl_", 31, abi.encode(uint256(31)));
    }

    function test_gas_of_settling() public {
        measureSettling("vbfl_", 5, 1000, 256);
    }

    function rebuild(uint256 size, uint256 updates) internal override {
        mostProposers = uint32(updates);
        redeploy(size);
        fillPool(1e9, address(0xF00D));
    }

    function ballotFor(uint256 updates) internal pure override returns (bytes memory) {
        return abi.encode(type(uint256).max >> (256 - updates));
    }
}

/// @dev A committee of three, seven proposals, of which four make the model.
/// forge-config: default.isolate = true
contract GasBflcTest is BflcBench, GasLeafBench {
    /// @dev The most gas that a transaction may take (EIP-7825).
    uint256 private constant MOST = 1 << 24;

    function setUp() public override(LeafBench, GasLeafBench) {
        mostProposers = 7;
        super.setUp();
        admitMany(SIZE);
        fillPool(1e9, address(0xF00D));
    }

    function deploy() internal override(LeafBench, BflcBench) returns (IFederation) {
        return IFederation(create("Bflc", abi.encode(bflcTerms())));
    }

    function test_gas_stays() public {
        measure("bflc_", 15, scoresOf(7));
    }

    /// @dev About one account, and not the first motion: that one's number costs a slot more.
    function test_gas_of_motions() public {
        bytes memory call = abi.encodeCall(IManagers.allow, (0, one(account(60))));
        note("open", act(ADA, call));
        note("carry", act(BOB, numbered(call, bflc().motionCount())));
        compare("motion_", "");
    }

    /// @dev With the largest committee that there can be, the first publication fits a transaction.
    function test_gas_of_the_largest_committee() public {
        uint32[3] memory proposals = [uint32(64), 256, 256];
        uint32[3] memory selected = [uint32(32), 32, 128];
        string[3] memory suffixes = ["_32_64_32", "_32_256_32", "_32_256_128"];
        for (uint256 i = 0; i < 3; ++i) {
            (committee, updates, mostProposers) = (32, selected[i], proposals[i]);
            redeploy(32 + proposals[i]);
            play(type(uint256).max >> (256 - selected[i]), scoresOf(proposals[i]));
            assertOutcome(IFederation.Outcome.Accepted);
            assertLt(most[IFederation.publish.selector], MOST, "fits a transaction");
            note("first_publish", most[IFederation.publish.selector]);
            compare("bflc_", suffixes[i]);
        }
    }

    function test_gas_of_settling() public {
        measureSettling("bflc_", 3, 1000, 128);
    }

    function rebuild(uint256 size, uint256 updates_) internal override {
        (updates, mostProposers, mostProposing) = (uint32(updates_), uint32(updates_), updates_);
        redeploy(size);
        fillPool(1e9, address(0xF00D));
    }

    function ballotFor(uint256 updates_) internal pure override returns (bytes memory) {
        return scoresOf(updates_);
    }

    /// @dev Scores that all pass and all differ.
    function scoresOf(uint256 count) private pure returns (bytes memory list) {
        for (uint256 n = 0; n < count; ++n) {
            list = abi.encodePacked(list, uint16(9000 - n));
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
        return IFederation(create("Blade", abi.encode(bladeTerms())));
    }

    function pastEvidence() internal override {
        pastChallenge();
    }

    function test_gas_stays() public {
        measure("blade_", 1023, approving(1023, 0));
    }

    /// @dev There can't be more members than updates.
    function test_gas_of_settling() public {
        measureSettling("blade_", 0, 256, 256);
    }

    /// @dev An accusation hashes its seed on to the anchor, once for each round opened so far.
    function test_gas_of_an_accusation() public {
        uint256[3] memory rounds = [uint256(10), 1000, 10_000];
        for (uint256 i = 0; i < 3; ++i) {
            bytes32 seed = keccak256("noise");
            bytes32 anchor = seed;
            for (uint256 n = 0; n < rounds[i]; ++n) {
                anchor = keccak256(abi.encode(anchor));
            }
            begin();
            fund(account(0), BOND);
            vm.prank(account(0));
            blade().bid(200, 10, anchor);
            members.push(account(0));
            enroll(1, SIZE);
            skipTo(rounds[i] - 1);
            openAndDraw();
            train(100);
            uint256 other = (entry(account(0)).updateNumber + 1) % SIZE;
            note(vm.toString(rounds[i]), act(account(0), abi.encodeCall(IBlade.accuse, (round(), other, seed, 9000))));
        }
        compare("blade_accuse_", "_rounds");
    }

    function rebuild(uint256 size, uint256 updates) internal override {
        (winners, mostProposing) = (uint32(size), updates);
        begin();
        enroll(0, size);
    }

    function ballotFor(uint256 updates) internal pure override returns (bytes memory) {
        return approving(type(uint256).max >> (256 - updates), 0);
    }

    /// @dev Bids are taken for a new task.
    function begin() private {
        vm.warp(START);
        federation = deploy();
        delete members;
    }

    function enroll(uint256 from, uint256 to) private {
        for (uint256 i = from; i < to; ++i) {
            bid(account(i), 200, 10);
        }
        fillPool(BOUNTY, PUBLISHER);
        vm.warp(BIDDING_ENDS);
    }

    /// @dev As if `played` rounds had been opened. Their number is the lowest of the clock's fields.
    function skipTo(uint256 played) private {
        vm.record();
        federation.pool();
        (bytes32[] memory reads,) = vm.accesses(address(federation));
        uint256 clock = uint256(vm.load(address(federation), reads[0]));
        vm.store(address(federation), reads[0], bytes32(clock >> 40 << 40 | played));
        assertEq(round(), played);
    }
}
