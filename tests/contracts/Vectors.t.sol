// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {FixedBeacon} from "../../contracts/FixedBeacon.sol";
import {JuryToken} from "../../contracts/JuryToken.sol";
import {Bflc} from "../../contracts/federations/Bflc.sol";
import {Blade} from "../../contracts/federations/Blade.sol";
import {StakeJury} from "../../contracts/federations/StakeJury.sol";
import {StakeVote} from "../../contracts/federations/StakeVote.sol";
import {Vbfl} from "../../contracts/federations/Vbfl.sol";
import {IBflc} from "../../contracts/interfaces/IBflc.sol";
import {IBlade} from "../../contracts/interfaces/IBlade.sol";
import {IFederation} from "../../contracts/interfaces/IFederation.sol";
import {IManagers} from "../../contracts/interfaces/IManagers.sol";
import {IMined} from "../../contracts/interfaces/IMined.sol";
import {IStakeJury} from "../../contracts/interfaces/IStakeJury.sol";
import {IStakeVote} from "../../contracts/interfaces/IStakeVote.sol";
import {IVbfl} from "../../contracts/interfaces/IVbfl.sol";
import {Deployed} from "./Deployed.sol";
import {Vm} from "forge-std/Vm.sol";

/// @dev The contracts do what the executable specification says: the format is in `docs/reference/vectors.md`.
/// Each mechanism has a contract below, and its files are dealt out to tests that run side by side. Without files
/// there is nothing to replay, and the tests say so by being skipped.
abstract contract Replay is Deployed {
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
    address internal constant FEDERATION = 0xfeD000000000000000000000000000000000Fed0;
    address private constant TOKEN = 0x70Ce0000000000000000000000000000000070CE;
    address private constant BEACON = 0xBEAC00000000000000000000000000000000BEaC;
    bytes32 private constant OPENED = IFederation.Opened.selector;
    uint256 private constant SHARDS = 2;

    uint256 private sealBlock;
    bytes private creation;

    /// @dev What is replayed is the code that a deployment sends, or, where a mutant is to be found, forge's own.
    function setUp() public {
        (string memory name, bytes memory code) = leaf();
        creation = vm.envOr("FEDJURY_DEPLOYED", false) ? creationOf(name) : code;
    }

    /// @dev The name of the mechanism, with which its files' names begin.
    function mechanism() internal pure virtual returns (string memory);

    /// @dev The mechanism's contract: its name, and the code that creates it.
    function leaf() internal pure virtual returns (string memory name, bytes memory code);

    /// @dev What its constructor is given for the vector's terms, with this token and this beacon.
    function arguments(bytes memory terms, address token, address beacon) internal pure virtual returns (bytes memory);

    /// @dev What this mechanism's own views say, ABI-encoded.
    function own(address[] memory accounts) internal view virtual returns (bytes memory);

    function test_replay_0() public {
        replayShard(0);
    }

    function test_replay_1() public {
        replayShard(1);
    }

    function replayShard(uint256 shard) private {
        vm.pauseGasMetering();
        vm.chainId(31337);
        string[] memory files = vectorFiles();
        if (files.length == 0) vm.skip(true, "no vectors: write them with the executable specification first");
        uint256 clean = vm.snapshotState();
        for (uint256 f = shard; f < files.length; f += SHARDS) {
            uint256 free;
            assembly ("memory-safe") {
                free := mload(0x40)
            }
            Sequence[] memory sequences = abi.decode(vm.readFileBinary(files[f]), (Sequence[]));
            for (uint256 i = 0; i < sequences.length; ++i) {
                replay(sequences[i], string.concat(files[f], ", sequence ", vm.toString(i)));
                vm.revertToState(clean);
            }
            emit log_named_uint(string.concat("sequences replayed from ", files[f]), sequences.length);
            assembly ("memory-safe") {
                // nor does a file: twenty of them are more than a test may hold
                mstore(0x40, free)
            }
        }
    }

    function vectorFiles() private returns (string[] memory files) {
        if (!vm.isDir(FOLDER)) return files;
        Vm.DirEntry[] memory entries = vm.readDir(FOLDER);
        files = new string[](entries.length);
        uint256 count = 0;
        string memory prefix = string.concat("/", mechanism(), "-");
        for (uint256 i = 0; i < entries.length; ++i) {
            if (vm.indexOf(entries[i].path, prefix) != type(uint256).max) files[count++] = entries[i].path;
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
        if (stateOf(s) != step.state) {
            emit log_named_bytes("what its own views say", ownAndLists(s.accounts));
            differ(name, i, step, "other state after it", answer);
        }
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
        IFederation.MemberView[] memory members = new IFederation.MemberView[](count);
        uint256[] memory balances = new uint256[](count + 1);
        for (uint256 i = 0; i < count; ++i) {
            members[i] = federation.memberOf(s.accounts[i]);
            balances[i] = JuryToken(TOKEN).balanceOf(s.accounts[i]);
        }
        balances[count] = JuryToken(TOKEN).balanceOf(FEDERATION);
        return keccak256(abi.encode(federation.status(), members, balances, keccak256(ownAndLists(s.accounts))));
    }

    /// @dev Followed by whom managers allow and expelled, a word each, and by the motions.
    function ownAndLists(address[] memory accounts) private view returns (bytes memory) {
        bool[] memory allowed = new bool[](accounts.length);
        bool[] memory expelled = new bool[](accounts.length);
        for (uint256 i = 0; i < accounts.length; ++i) {
            allowed[i] = IManagers(FEDERATION).isAllowed(accounts[i]);
            expelled[i] = IManagers(FEDERATION).isExpelled(accounts[i]);
        }
        IManagers.Motion[] memory motions = new IManagers.Motion[](IManagers(FEDERATION).motionCount());
        for (uint256 i = 0; i < motions.length; ++i) {
            motions[i] = IManagers(FEDERATION).motionOf(i + 1);
        }
        return abi.encodePacked(own(accounts), allowed, expelled, abi.encode(motions));
    }

    function deploy(Sequence memory s) private {
        place(TOKEN, abi.encodePacked(type(JuryToken).creationCode, abi.encode(0, address(0), address(this))));
        address beacon = address(0);
        if (s.beaconValue != 0) {
            place(BEACON, abi.encodePacked(type(FixedBeacon).creationCode, s.beaconValue));
            beacon = BEACON;
        }
        place(FEDERATION, abi.encodePacked(creation, arguments(s.constructorTerms, TOKEN, beacon)));
        assertEq(IFederation(FEDERATION).mechanism(), mechanism(), "the mechanism that it names");
        for (uint256 i = 0; i < s.accounts.length; ++i) {
            JuryToken(TOKEN).mint(s.accounts[i], s.funds[i]);
            vm.prank(s.accounts[i]);
            JuryToken(TOKEN).approve(FEDERATION, type(uint256).max);
        }
    }

    /// @dev Run the creation code at `where`, and leave there what it returns. What an earlier one created makes room.
    function place(address where, bytes memory code) private {
        vm.setNonceUnsafe(where, 1);
        address first = vm.computeCreateAddress(where, 1);
        vm.etch(first, "");
        vm.resetNonce(first);
        vm.etch(where, code);
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
        emit log_named_bytes("status", abi.encode(IFederation(FEDERATION).status()));
        emit log_named_bytes("members", abi.encode(IFederation(FEDERATION).members(0, type(uint256).max)));
        emit log_named_bytes("view of the sender", abi.encode(IFederation(FEDERATION).memberOf(step.sender)));
        revert(string.concat(name, ", step ", vm.toString(i), ": ", what));
    }
}

contract StakeVoteVectorsTest is Replay {
    function mechanism() internal pure override returns (string memory) {
        return "stake_vote";
    }

    function leaf() internal pure override returns (string memory name, bytes memory code) {
        return ("StakeVote", type(StakeVote).creationCode);
    }

    function arguments(bytes memory given, address token, address beacon) internal pure override returns (bytes memory) {
        IStakeVote.StakeVoteTerms memory terms = abi.decode(given, (IStakeVote.StakeVoteTerms));
        (terms.token, terms.beacon) = (token, beacon);
        return abi.encode(terms);
    }

    function own(address[] memory) internal pure override returns (bytes memory) {
        return "";
    }
}

contract StakeJuryVectorsTest is Replay {
    function mechanism() internal pure override returns (string memory) {
        return "stake_jury";
    }

    function leaf() internal pure override returns (string memory name, bytes memory code) {
        return ("StakeJury", type(StakeJury).creationCode);
    }

    function arguments(bytes memory given, address token, address beacon) internal pure override returns (bytes memory) {
        IStakeJury.StakeJuryTerms memory terms = abi.decode(given, (IStakeJury.StakeJuryTerms));
        (terms.token, terms.beacon) = (token, beacon);
        return abi.encode(terms);
    }

    function own(address[] memory accounts) internal view override returns (bytes memory anchors) {
        for (uint256 i = 0; i < accounts.length; ++i) {
            anchors = abi.encodePacked(anchors, IStakeJury(FEDERATION).anchorOf(accounts[i]));
        }
    }
}

contract VbflVectorsTest is Replay {
    function mechanism() internal pure override returns (string memory) {
        return "vbfl";
    }

    function leaf() internal pure override returns (string memory name, bytes memory code) {
        return ("Vbfl", type(Vbfl).creationCode);
    }

    function arguments(bytes memory given, address token, address beacon) internal pure override returns (bytes memory) {
        IVbfl.VbflTerms memory terms = abi.decode(given, (IVbfl.VbflTerms));
        (terms.token, terms.beacon) = (token, beacon);
        return abi.encode(terms);
    }

    function own(address[] memory) internal view override returns (bytes memory) {
        return abi.encode(IMined(FEDERATION).winnerOf(IFederation(FEDERATION).status().round));
    }
}

contract BflcVectorsTest is Replay {
    function mechanism() internal pure override returns (string memory) {
        return "bflc";
    }

    function leaf() internal pure override returns (string memory name, bytes memory code) {
        return ("Bflc", type(Bflc).creationCode);
    }

    function arguments(bytes memory given, address token, address beacon) internal pure override returns (bytes memory) {
        IBflc.BflcTerms memory terms = abi.decode(given, (IBflc.BflcTerms));
        (terms.token, terms.beacon) = (token, beacon);
        return abi.encode(terms);
    }

    function own(address[] memory) internal view override returns (bytes memory) {
        IBflc federation = IBflc(FEDERATION);
        uint256 height = federation.height();
        IBflc.Record[] memory records = new IBflc.Record[]((height + 2) * (federation.terms().updates + 1));
        for (uint256 i = 0; i < records.length; ++i) {
            records[i] = federation.recordOf(i);
        }
        return abi.encode(height, records);
    }
}

contract BladeVectorsTest is Replay {
    function mechanism() internal pure override returns (string memory) {
        return "blade";
    }

    function leaf() internal pure override returns (string memory name, bytes memory code) {
        return ("Blade", type(Blade).creationCode);
    }

    function arguments(bytes memory given, address token, address beacon) internal pure override returns (bytes memory) {
        IBlade.BladeTerms memory terms = abi.decode(given, (IBlade.BladeTerms));
        (terms.token, terms.beacon) = (token, beacon);
        return abi.encode(terms);
    }

    function own(address[] memory accounts) internal view override returns (bytes memory) {
        IBlade federation = IBlade(FEDERATION);
        IBlade.BidRecord[] memory bids = new IBlade.BidRecord[](accounts.length);
        for (uint256 i = 0; i < accounts.length; ++i) {
            bids[i] = federation.bidOf(accounts[i]);
        }
        return abi.encode(federation.winnerOf(federation.status().round), bids);
    }
}
