// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {IFederation} from "../../contracts/interfaces/IFederation.sol";
import {Acts} from "../../contracts/libraries/Flags.sol";
import {LeafBench} from "./LeafBench.sol";

/// @dev Attacks on ballots that every federation must stand; a leaf says how its members join and what they vote.
abstract contract BallotAttacks is LeafBench {
    bytes32 private constant SALT = "salt";

    function setUp() public virtual override {
        super.setUp();
        populate();
    }

    // ------------------------------------------------------------------ what a leaf says

    /// @dev Fill a new federation with enough members for a round.
    function populate() internal virtual;

    /// @dev What lets `who` in, apart from its tokens.
    function prepare(address who) internal virtual;

    /// @dev The call with which `who` gets in, and what it costs.
    function entering(address who) internal view virtual returns (bytes memory call, uint256 cost);

    /// @dev A round that is accepted, by all or most.
    function playAccepted() internal virtual;

    /// @dev Past whatever has to pass before the first vote.
    function pastEvidence() internal virtual {}

    // ------------------------------------------------------------------ commitments

    /// @dev The copier learns ballot and salt, and can't open what it copied: it has lost its vote.
    function test_copied_commitment() public {
        address[] memory list = toCommit();
        bytes32 hidden = federation.commitmentOf(1, list[0], ballot(true), SALT);
        commitRaw(list[0], hidden);
        commitRaw(list[1], hidden);
        pass(IFederation.Phase.Commit);
        vm.prank(list[0]);
        federation.reveal(1, ballot(true), SALT);
        refuses(list[1], revealing(ballot(true), SALT), mismatch(list[1], hidden, ballot(true), SALT));
    }

    /// @dev A commitment opened in one round can't be opened in the next.
    function test_replayed_in_another_round() public {
        address voter = toCommit()[0];
        bytes32 hidden = federation.commitmentOf(1, voter, ballot(true), SALT);
        commitRaw(voter, hidden);
        pass(IFederation.Phase.Commit);
        vm.prank(voter);
        federation.reveal(1, ballot(true), SALT);
        finish();
        toCommitAs(voter);
        commitRaw(voter, hidden);
        pass(IFederation.Phase.Commit);
        refuses(voter, revealing(ballot(true), SALT), mismatch(voter, hidden, ballot(true), SALT));
    }

    /// @dev Nor in another federation of the same terms and members.
    function test_replayed_in_another_contract() public {
        IFederation first = federation;
        again();
        address voter = toCommit()[0];
        bytes32 hidden = first.commitmentOf(1, voter, ballot(true), SALT);
        commitRaw(voter, hidden);
        pass(IFederation.Phase.Commit);
        refuses(voter, revealing(ballot(true), SALT), mismatch(voter, hidden, ballot(true), SALT));
    }

    /// @dev Nor on a fork with another chain id: who votes on both has to commit on both.
    function test_replayed_on_another_chain() public {
        address voter = toCommit()[0];
        bytes32 hidden = federation.commitmentOf(1, voter, ballot(true), SALT);
        commitRaw(voter, hidden);
        pass(IFederation.Phase.Commit);
        vm.chainId(block.chainid + 1);
        refuses(voter, revealing(ballot(true), SALT), mismatch(voter, hidden, ballot(true), SALT));
    }

    /// @dev While others may still commit, nothing can be shown to them on chain.
    function test_early_reveal() public {
        address voter = toCommit()[0];
        commitBallot(voter, ballot(true));
        refusesPhase(voter, revealing(ballot(true), saltOf(voter)), IFederation.Phase.Reveal);
    }

    /// @dev Who waits until the deadline to see how the others voted has no vote.
    function test_late_reveal() public {
        address voter = toCommit()[0];
        bytes32 salt = saltOf(voter);
        commitBallot(voter, ballot(true));
        pass(IFederation.Phase.Commit);
        pass(IFederation.Phase.Reveal);
        refusesPhase(voter, revealing(ballot(true), salt), IFederation.Phase.Reveal);
        federation.settle();
        refusesPhase(voter, revealing(ballot(true), salt), IFederation.Phase.Reveal);
    }

    /// @dev A second reveal gains no second vote.
    function test_double_reveal() public {
        address[] memory list = toCommit();
        commitBallot(list[0], ballot(true));
        commitBallot(list[1], ballot(true));
        pass(IFederation.Phase.Commit);
        revealBallot(list[0], ballot(true));
        uint8 acts = entry(list[0]).acts;
        assertTrue(acts & Acts.REVEALED != 0);
        refuses(
            list[0],
            revealing(ballot(true), saltOf(list[0])),
            abi.encodeWithSelector(IFederation.AlreadyActed.selector, list[0], 1, acts)
        );
        assertEq(federation.roundOf(1).reveals, 1);
    }

    /// @dev Nobody changes its mind after the commitment: neither the salt nor the ballot may be another.
    function test_wrong_salt() public {
        address voter = toCommit()[0];
        commitBallot(voter, ballot(true));
        pass(IFederation.Phase.Commit);
        bytes32 salt = saltOf(voter);
        bytes32 hidden = federation.commitmentOf(1, voter, ballot(true), salt);
        refuses(voter, revealing(ballot(true), SALT), mismatch(voter, hidden, ballot(true), SALT));
        refuses(voter, revealing(ballot(false), salt), mismatch(voter, hidden, ballot(false), salt));
    }

    /// @dev Who commits and doesn't reveal has no vote, and ends with no more than it came with.
    function test_no_reveal() public {
        address[] memory list = toCommit();
        for (uint256 i = 0; i < list.length; ++i) {
            commitBallot(list[i], ballot(true));
        }
        pass(IFederation.Phase.Commit);
        for (uint256 i = 1; i < list.length; ++i) {
            revealBallot(list[i], ballot(true));
        }
        assertEq(federation.roundOf(1).reveals, list.length - 1);
        finish();
        assertLe(balance(list[0]), BOND);
        assertSolvent();
    }

    // ------------------------------------------------------------------ words

    /// @dev A new federation of the leaf, empty.
    function fresh() internal virtual {
        federation = deploy();
        delete members;
    }

    /// @dev A new federation of the leaf, with members, before its first round.
    function again() internal {
        fresh();
        populate();
    }

    function enter(address who, bytes memory call) internal {
        vm.prank(who);
        (bool ok,) = address(federation).call(call);
        assertTrue(ok, "gets in");
        members.push(who);
    }

    function toOpen() internal {
        uint256 rest = federation.status().restUntil;
        if (block.timestamp < rest) vm.warp(rest);
        federation.open();
    }

    function draw() internal {
        vm.roll(block.number + 1);
        federation.draw();
    }

    /// @dev A round up to its first votes; its voters.
    function toCommit() internal returns (address[] memory) {
        openAndDraw();
        proposeAll();
        pass(IFederation.Phase.Propose);
        pastEvidence();
        return voters();
    }

    /// @dev The same in the first round in which `voter` is one.
    function toCommitAs(address voter) internal {
        while (!has(toCommit(), voter)) finish();
    }

    function commitRaw(address who, bytes32 commitment) private {
        uint256 number = round();
        vm.prank(who);
        federation.commit(number, commitment);
    }

    function revealing(bytes memory shown, bytes32 salt) internal view returns (bytes memory) {
        return abi.encodeCall(IFederation.reveal, (round(), shown, salt));
    }

    function mismatch(address who, bytes32 hidden, bytes memory shown, bytes32 salt)
        private
        view
        returns (bytes memory)
    {
        bytes32 opened = federation.commitmentOf(round(), who, shown, salt);
        return abi.encodeWithSelector(IFederation.CommitmentMismatch.selector, who, hidden, opened);
    }
}
