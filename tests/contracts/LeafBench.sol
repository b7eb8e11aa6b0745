// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {IFederation} from "../../contracts/interfaces/IFederation.sol";
import {IManagers} from "../../contracts/interfaces/IManagers.sol";
import {Roles} from "../../contracts/libraries/Flags.sol";
import {Bench} from "./Bench.sol";

/// @dev What the federations that judge each update and publish a model have in common, in words.
abstract contract LeafBench is Bench {
    function setUp() public virtual override {
        super.setUp();
        federation = deploy();
    }

    /// @dev A federation of the leaf, with the token, beacon and terms that are set up.
    function deploy() internal virtual returns (IFederation);

    /// @dev A ballot of the leaf for all of the three or more updates that were proposed, or one against them.
    function ballot(bool good) internal pure virtual returns (bytes memory);

    /// @dev A schedule with a phase to publish in.
    function longSchedule() internal view returns (IFederation.Schedule memory s) {
        s = schedule();
        s.publish = 100;
    }

    // ------------------------------------------------------------------ managers

    function lists() internal view returns (IManagers) {
        return IManagers(address(federation));
    }

    /// @dev The ayes of the first `count` managers for `call`, which opens a motion: its number.
    function motion(bytes memory call, uint256 count) internal returns (uint256 number) {
        moves(managers[0], call);
        number = lists().motionCount();
        for (uint256 i = 1; i < count; ++i) {
            moves(managers[i], numbered(call, number));
        }
    }

    function moves(address manager, bytes memory call) internal {
        vm.prank(manager);
        (bool ok,) = address(federation).call(call);
        assertTrue(ok, "moved");
    }

    /// @dev The same call as an aye for motion `motionNumber`.
    function numbered(bytes memory call, uint256 motionNumber) internal pure returns (bytes memory aye) {
        aye = bytes.concat(call);
        assembly ("memory-safe") {
            mstore(add(aye, 36), motionNumber)
        }
    }

    /// @dev A motion's content: the call without the motion's number.
    function contentOf(bytes4 method, address[] memory accounts) internal pure returns (bytes32) {
        return keccak256(abi.encodeWithSelector(method, accounts));
    }

    function allowed(address who) internal {
        motion(abi.encodeCall(IManagers.allow, (0, one(who))), managers.length / 2 + 1);
    }

    function expelled(address who) internal {
        motion(abi.encodeCall(IManagers.expel, (0, one(who))), managers.length / 2 + 1);
    }

    // ------------------------------------------------------------------ a round

    function publishers() internal view returns (address[] memory) {
        return drawn(Roles.PUBLISHER);
    }

    function train(address who, uint256 samples, uint256 epochs) internal {
        uint256 number = round();
        vm.prank(who);
        federation.propose(number, digestOf(who, number), samples, epochs);
    }

    function digestOf(address who, uint256 number) internal pure returns (bytes32) {
        return keccak256(abi.encode("update", who, number));
    }

    /// @dev One ballot a voter, in the order of the draw; fewer ballots than voters leave the rest silent.
    function judge(bytes[] memory ballots) internal {
        address[] memory list = voters();
        for (uint256 i = 0; i < ballots.length; ++i) {
            commitBallot(list[i], ballots[i]);
        }
        pass(IFederation.Phase.Commit);
        for (uint256 i = 0; i < ballots.length; ++i) {
            revealBallot(list[i], ballots[i]);
        }
        pass(IFederation.Phase.Reveal);
    }

    /// @dev All voters say the same.
    function judgeAll(bytes memory each) internal {
        judge(copies(each, voters().length));
    }

    function copies(bytes memory each, uint256 count) internal pure returns (bytes[] memory list) {
        list = new bytes[](count);
        for (uint256 i = 0; i < count; ++i) {
            list[i] = each;
        }
    }

    function publish(address who, bytes32 digest, uint256 selection) internal {
        publishWith(who, digest, selection, 0);
    }

    function publishWith(address who, bytes32 digest, uint256 selection, bytes32 nonce) internal {
        uint256 number = round();
        vm.prank(who);
        federation.publish(number, digest, selection, nonce);
    }

    function publishAll(bytes32 digest, uint256 selection) internal {
        address[] memory list = publishers();
        for (uint256 i = 0; i < list.length; ++i) {
            publish(list[i], digest, selection);
        }
    }

    /// @dev Let whatever is left of the round pass, and settle it.
    function finish() internal returns (IFederation.Round memory) {
        pass(IFederation.Phase.Pledge);
        pass(IFederation.Phase.Propose);
        pass(IFederation.Phase.Commit);
        pass(IFederation.Phase.Reveal);
        pass(IFederation.Phase.Publish);
        federation.settle();
        return federation.roundOf(round());
    }

    /// @dev A round that comes to nothing.
    function skipRound() internal {
        openAndDraw();
        finish();
    }

    // ------------------------------------------------------------------ looking

    function outcome() internal view returns (uint256) {
        return uint256(federation.roundOf(round()).outcome);
    }

    function assertOutcome(IFederation.Outcome expected) internal view {
        assertEq(outcome(), uint256(expected), "outcome");
    }

    function standing(address who) internal view returns (uint256) {
        return uint256(entry(who).standing);
    }

    function has(address[] memory list, address who) internal pure returns (bool) {
        for (uint256 i = 0; i < list.length; ++i) {
            if (list[i] == who) return true;
        }
        return false;
    }

    function one(address who) internal pure returns (address[] memory list) {
        list = new address[](1);
        list[0] = who;
    }

    /// @dev Nothing is owed that isn't there; with nothing given away, all that is there is owed.
    function assertSolvent() internal view {
        assertEq(token.balanceOf(address(federation)), owed(members), "what is owed is there");
    }

    // ------------------------------------------------------------------ calls and refusals

    function proposing(uint256 samples, uint256 epochs) internal view returns (bytes memory) {
        return abi.encodeCall(IFederation.propose, (round(), keccak256("an update"), samples, epochs));
    }

    function publishing(bytes32 digest, uint256 selection) internal view returns (bytes memory) {
        return abi.encodeCall(IFederation.publish, (round(), digest, selection, 0));
    }

    function wrongRole(address who, uint8 roles, uint8 needed) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(IFederation.WrongRole.selector, who, roles, needed);
    }

    function wrongSelection(uint256 given, uint256 right) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(IFederation.WrongSelection.selector, given, right);
    }

    /// @dev `bad` can be committed to, and not be revealed.
    function refusesBallot(address voter, bytes memory bad) internal {
        uint256 snapshot = vm.snapshotState();
        commitBallot(voter, bad);
        pass(IFederation.Phase.Commit);
        refuses(
            voter,
            abi.encodeCall(IFederation.reveal, (round(), bad, saltOf(voter))),
            abi.encodeWithSelector(IFederation.InvalidBallot.selector, bad)
        );
        vm.revertToState(snapshot);
    }
}
