// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {FixedBeacon} from "../../contracts/FixedBeacon.sol";
import {JuryToken} from "../../contracts/JuryToken.sol";
import {StakeVote} from "../../contracts/federations/StakeVote.sol";
import {IFederation} from "../../contracts/interfaces/IFederation.sol";
import {IStakeVote} from "../../contracts/interfaces/IStakeVote.sol";
import {Test} from "forge-std/Test.sol";
import {Vm} from "forge-std/Vm.sol";

/// @dev The contracts do what the executable specification says: the format is in `docs/reference/vectors.md`.
/// The files are dealt out to as many tests as run side by side. Without files there is nothing to replay, and the
/// tests say so by being skipped.
contract VectorsTest is Test {
    struct Step {
        uint64 time;
        uint64 blockNumber;
        address sender;
        bytes callData;
        bool ok;
        bytes32 outcome;
        bytes32 state;
    }

    struct Sequence {
        bytes32 beaconValue;
        bytes constructorTerms;
        address[] accounts;
        uint256[] funds;
        Step[] steps;
    }

    string private constant FOLDER = "build/vectors";
    string private constant PREFIX = "stake_vote-";
    address private constant FEDERATION = 0xfeD000000000000000000000000000000000Fed0;
    address private constant TOKEN = 0x70Ce0000000000000000000000000000000070CE;
    address private constant BEACON = 0xBEAC00000000000000000000000000000000BEaC;
    bytes32 private constant OPENED = IFederation.Opened.selector;
    uint256 private constant SHARDS = 4;

    uint256 private sealBlock;

    function test_replay_0() public {
        replayShard(0);
    }

    function test_replay_1() public {
        replayShard(1);
    }

    function test_replay_2() public {
        replayShard(2);
    }

    function test_replay_3() public {
        replayShard(3);
    }

    function replayShard(uint256 shard) private {
        vm.pauseGasMetering();
        vm.chainId(31337);
        string[] memory files = vectorFiles();
        if (files.length == 0) vm.skip(true, "no vectors: write them with the executable specification first");
        uint256 clean = vm.snapshotState();
        for (uint256 f = shard; f < files.length; f += SHARDS) {
            Sequence[] memory sequences = abi.decode(vm.readFileBinary(files[f]), (Sequence[]));
            for (uint256 i = 0; i < sequences.length; ++i) {
                replay(sequences[i], string.concat(files[f], ", sequence ", vm.toString(i)));
                vm.revertToState(clean);
            }
            emit log_named_uint(string.concat("sequences replayed from ", files[f]), sequences.length);
        }
    }

    function vectorFiles() private returns (string[] memory files) {
        if (!vm.isDir(FOLDER)) return files;
        Vm.DirEntry[] memory entries = vm.readDir(FOLDER);
        files = new string[](entries.length);
        uint256 count = 0;
        for (uint256 i = 0; i < entries.length; ++i) {
            if (vm.indexOf(entries[i].path, PREFIX) != type(uint256).max) files[count++] = entries[i].path;
        }
        assembly ("memory-safe") {
            mstore(files, count)
        }
    }

    function replay(Sequence memory s, string memory name) private {
        deploy(s);
        sealBlock = type(uint256).max;
        vm.recordLogs();
        for (uint256 i = 0; i < s.steps.length; ++i) {
            uint256 free;
            assembly ("memory-safe") {
                free := mload(0x40)
            }
            play(s, s.steps[i], name, i);
            assembly ("memory-safe") {
                // a step leaves nothing behind in memory: without this a file's replay grows by its square
                mstore(0x40, free)
            }
        }
    }

    function play(Sequence memory s, Step memory step, string memory name, uint256 i) private {
        vm.warp(step.time);
        vm.roll(step.blockNumber);
        if (s.beaconValue == 0 && step.blockNumber > sealBlock && step.blockNumber <= sealBlock + 256) {
            vm.setBlockhash(sealBlock, keccak256(abi.encode("block", sealBlock)));
        }
        vm.prank(step.sender);
        (bool ok, bytes memory answer) = FEDERATION.call(step.callData);
        bytes32 told = foldLogs();
        if (ok != step.ok) differ(name, i, step, ok ? "succeeded, should fail" : "failed, should succeed", answer);
        if ((ok ? told : keccak256(answer)) != step.outcome) {
            differ(name, i, step, ok ? "other events" : "other error", answer);
        }
        if (stateOf(s) != step.state) differ(name, i, step, "other state after it", answer);
    }

    /// @dev Fold the federation's logs since the last call, and note the block that an `Opened` among them seals.
    function foldLogs() private returns (bytes32 h) {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 i = 0; i < logs.length; ++i) {
            if (logs[i].emitter != FEDERATION) continue;
            h = keccak256(abi.encode(h, logs[i].topics, logs[i].data));
            if (logs[i].topics[0] == OPENED) sealBlock = block.number;
        }
    }

    function stateOf(Sequence memory s) private view returns (bytes32) {
        IFederation federation = IFederation(FEDERATION);
        uint256 count = s.accounts.length;
        IFederation.Seat[] memory seats = new IFederation.Seat[](count);
        uint256[] memory balances = new uint256[](count + 1);
        for (uint256 i = 0; i < count; ++i) {
            seats[i] = federation.seatOf(s.accounts[i]);
            balances[i] = JuryToken(TOKEN).balanceOf(s.accounts[i]);
        }
        balances[count] = JuryToken(TOKEN).balanceOf(FEDERATION);
        return keccak256(
            abi.encode(
                federation.phase(), federation.head(), federation.pool(), federation.memberCount(), seats, balances
            )
        );
    }

    function deploy(Sequence memory s) private {
        place(TOKEN, abi.encodePacked(type(JuryToken).creationCode, abi.encode(0, address(0), address(this))));
        IStakeVote.StakeVoteTerms memory terms = abi.decode(s.constructorTerms, (IStakeVote.StakeVoteTerms));
        terms.token = TOKEN;
        terms.beacon = address(0);
        if (s.beaconValue != 0) {
            place(BEACON, abi.encodePacked(type(FixedBeacon).creationCode, s.beaconValue));
            terms.beacon = BEACON;
        }
        place(FEDERATION, abi.encodePacked(type(StakeVote).creationCode, abi.encode(terms)));
        for (uint256 i = 0; i < s.accounts.length; ++i) {
            JuryToken(TOKEN).mint(s.accounts[i], s.funds[i]);
            vm.prank(s.accounts[i]);
            JuryToken(TOKEN).approve(FEDERATION, type(uint256).max);
        }
    }

    /// @dev Run the creation code at `where`, and leave there what it returns.
    function place(address where, bytes memory creation) private {
        vm.etch(where, creation);
        (bool ok, bytes memory runtime) = where.call("");
        require(ok, "the constructor refuses the vector's terms");
        vm.etch(where, runtime);
    }

    function differ(string memory name, uint256 i, Step memory step, string memory what, bytes memory answer) private {
        emit log_named_bytes("call", step.callData);
        emit log_named_address("sender", step.sender);
        emit log_named_uint("time", step.time);
        emit log_named_uint("block", step.blockNumber);
        emit log_named_bytes("answer", answer);
        IFederation federation = IFederation(FEDERATION);
        emit log_named_uint("phase", uint256(federation.phase()));
        emit log_named_bytes32("head", federation.head());
        emit log_named_uint("pool", federation.pool());
        emit log_named_uint("members", federation.memberCount());
        emit log_named_bytes("seat of the sender", abi.encode(federation.seatOf(step.sender)));
        revert(string.concat(name, ", step ", vm.toString(i), ": ", what));
    }
}
