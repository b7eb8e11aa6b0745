// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {FixedBeacon} from "../../contracts/FixedBeacon.sol";
import {JuryToken} from "../../contracts/JuryToken.sol";
import {StakeVote} from "../../contracts/federations/StakeVote.sol";
import {IFederation} from "../../contracts/interfaces/IFederation.sol";
import {IStakeVote} from "../../contracts/interfaces/IStakeVote.sol";
import {Roles} from "../../contracts/libraries/Flags.sol";
import {Test} from "forge-std/Test.sol";

/// @dev A federation with members, and words for what they do.
abstract contract Bench is Test {
    uint96 internal constant MAX = type(uint96).max;
    uint256 internal constant BOND = 100;
    uint256 internal constant PROPOSER_STAKE = 40;
    uint256 internal constant VOTER_STAKE = 30;
    bytes32 internal constant GENESIS = keccak256("genesis");
    bytes32 internal constant MODEL = keccak256("model");
    bytes32 internal constant OTHER = keccak256("other model");
    bytes32 internal constant REJECT = 0;
    uint256 internal constant START = 1_800_000_000;
    address internal constant ADA = address(0xA1);
    address internal constant BOB = address(0xA2);
    address internal constant CAT = address(0xA3);

    JuryToken internal token;
    FixedBeacon internal beacon;
    IFederation internal federation;
    address[] internal members;
    /// @dev Who admits and expels: nobody, unless a test says so before it deploys.
    address[] internal managers;
    /// @dev The length of phase Pledge: there is none, unless a test says so before it deploys.
    uint32 internal pledgeSeconds;
    /// @dev Who are in at once, and how many come in with a round; everybody at once, unless a test says otherwise.
    address[] internal founders;
    uint16 internal newcomers;

    function setUp() public virtual {
        vm.warp(START);
        vm.roll(1000);
        token = new JuryToken(0, address(0), address(this));
        beacon = new FixedBeacon("bench");
        federation = new StakeVote(terms());
    }

    function terms() internal view virtual returns (IStakeVote.StakeVoteTerms memory) {
        return IStakeVote.StakeVoteTerms({
            token: address(token),
            beacon: address(beacon),
            genesis: GENESIS,
            bond: BOND,
            managers: managers,
            founders: founders,
            newcomers: newcomers,
            proposerStake: PROPOSER_STAKE,
            voterStake: VOTER_STAKE,
            proposers: 2,
            minVoters: 3,
            quorumBps: 5000,
            maxSamples: 1000,
            maxEpochs: 10,
            attribution: false,
            schedule: schedule()
        });
    }

    function schedule() internal view returns (IFederation.Schedule memory) {
        return IFederation.Schedule({
            open: 50, pledge: pledgeSeconds, propose: 100, commit: 100, reveal: 100, publish: 0, unbonding: 1000
        });
    }

    // ------------------------------------------------------------------ membership

    function account(uint256 i) internal pure returns (address) {
        return address(uint160(0x1000 + i));
    }

    /// @dev Give `who` tokens and the federation's approval.
    function fund(address who, uint256 amount) internal {
        token.mint(who, amount);
        vm.prank(who);
        token.approve(address(federation), type(uint256).max);
    }

    function joinOne(address who, uint256 stake) internal {
        fund(who, stake);
        vm.prank(who);
        federation.join(stake);
        members.push(who);
    }

    function joinMany(uint256 count, uint256 stake) internal {
        for (uint256 i = 0; i < count; ++i) {
            joinOne(account(i), stake);
        }
    }

    // ------------------------------------------------------------------ a round

    function round() internal view returns (uint256) {
        return federation.status().round;
    }

    function phase() internal view returns (uint256) {
        return uint256(federation.phase());
    }

    function openAndDraw() internal {
        uint256 rest = federation.status().restUntil;
        if (block.timestamp < rest) vm.warp(rest);
        federation.open();
        vm.roll(block.number + 1);
        federation.draw();
    }

    /// @dev Members who have `role`, one flag, in the round in progress, in the order of the draw.
    function drawn(uint8 role) internal view returns (address[] memory list) {
        IFederation.MemberView[] memory views = federation.members(0, type(uint256).max);
        address[] memory places = new address[](views.length);
        uint256 count = 0;
        for (uint256 i = 0; i < views.length; ++i) {
            if (views[i].waitsFor == 0) places[views[i].position] = views[i].account;
            if (views[i].roles & role != 0) ++count;
        }
        list = new address[](count);
        uint256 next = 0;
        for (uint256 i = 0; i < places.length; ++i) {
            if (federation.memberOf(places[i]).roles & role != 0) list[next++] = places[i];
        }
    }

    function proposers() internal view returns (address[] memory) {
        return drawn(Roles.PROPOSER);
    }

    function voters() internal view returns (address[] memory) {
        return drawn(Roles.VOTER);
    }

    function propose(address who) internal {
        uint256 number = round();
        vm.prank(who);
        federation.propose(number, keccak256(abi.encode("update", who, number)), 10, 1);
    }

    function proposeAll() internal {
        address[] memory list = proposers();
        for (uint256 i = 0; i < list.length; ++i) {
            propose(list[i]);
        }
    }

    function saltOf(address who) internal view returns (bytes32) {
        return keccak256(abi.encode("salt", who, round()));
    }

    function commit(address who, bytes32 digest) internal {
        commitBallot(who, abi.encode(digest));
    }

    function commitBallot(address who, bytes memory ballot) internal {
        uint256 number = round();
        bytes32 commitment = federation.commitmentOf(number, who, ballot, saltOf(who));
        vm.prank(who);
        federation.commit(number, commitment);
    }

    function reveal(address who, bytes32 digest) internal {
        revealBallot(who, abi.encode(digest));
    }

    function revealBallot(address who, bytes memory ballot) internal {
        uint256 number = round();
        bytes32 salt = saltOf(who);
        vm.prank(who);
        federation.reveal(number, ballot, salt);
    }

    /// @dev One ballot a voter, in the order of the draw; fewer ballots than voters leave the rest silent.
    function vote(bytes32[] memory ballots) internal {
        address[] memory list = voters();
        for (uint256 i = 0; i < ballots.length; ++i) {
            commit(list[i], ballots[i]);
        }
        pass(IFederation.Phase.Commit);
        for (uint256 i = 0; i < ballots.length; ++i) {
            reveal(list[i], ballots[i]);
        }
    }

    /// @dev Let the rest of `current` pass, if it is the phase.
    function pass(IFederation.Phase current) internal {
        IFederation.Status memory s = federation.status();
        if (s.phase != current) return;
        if (current == IFederation.Phase.Pledge) vm.warp(s.pledgeEnd);
        if (current == IFederation.Phase.Propose) vm.warp(s.proposeEnd);
        if (current == IFederation.Phase.Commit) vm.warp(s.commitEnd);
        if (current == IFederation.Phase.Reveal) vm.warp(s.revealEnd);
        if (current == IFederation.Phase.Publish) vm.warp(s.publishEnd);
    }

    function ballotsOf(uint256 model, uint256 reject, uint256 other) internal pure returns (bytes32[] memory list) {
        list = new bytes32[](model + reject + other);
        for (uint256 i = 0; i < list.length; ++i) {
            list[i] = i < model ? MODEL : i < model + reject ? REJECT : OTHER;
        }
    }

    /// @dev A whole round in which everybody acts, up to its settlement.
    function playRound(uint256 model, uint256 reject, uint256 other) internal {
        openAndDraw();
        proposeAll();
        vote(ballotsOf(model, reject, other));
        pass(IFederation.Phase.Reveal);
        federation.settle();
    }

    // ------------------------------------------------------------------ looking

    /// @dev The next deployment is refused for `field`, which was `given`.
    function expectInvalid(string memory field, uint256 given) internal {
        vm.expectRevert(abi.encodeWithSelector(IFederation.InvalidTerms.selector, field, given));
    }

    /// @dev `who` is refused `data`, with exactly this error.
    function refuses(address who, bytes memory data, bytes memory expected) internal {
        vm.prank(who);
        (bool ok, bytes memory answer) = address(federation).call(data);
        assertFalse(ok, "went through");
        assertEq(answer, expected, "another error");
    }

    /// @dev In which phase `data` is refused, whatever else may be wrong.
    function refusesPhase(address who, bytes memory data, IFederation.Phase needed) internal {
        refuses(who, data, abi.encodeWithSelector(IFederation.WrongPhase.selector, federation.phase(), needed));
    }

    function entry(address who) internal view returns (IFederation.Member memory) {
        return federation.memberOf(who).record;
    }

    function balance(address who) internal view returns (uint256) {
        return federation.memberOf(who).balance;
    }

    /// @dev What the federation owes: every stake with what is due, and the pool.
    function owed(address[] memory accounts) internal view returns (uint256 sum) {
        sum = federation.pool();
        for (uint256 i = 0; i < accounts.length; ++i) {
            sum += balance(accounts[i]);
        }
    }
}
