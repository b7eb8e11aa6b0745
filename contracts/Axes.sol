// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {IFederation} from "./interfaces/IFederation.sol";

/// @title The axes on which federations differ, as hooks.
/// @notice Who acts, what is judged, how votes are counted, who publishes, who is paid and who must leave is for the
/// policies to say: each overrides the hooks of one axis.
/// @dev A `Round` handed to a hook has no rewards in it, but for `_due` and `_mustLeave`, whose round is settled.
abstract contract Axes is IFederation {
    /// @dev What a round came to, and the votes to tell of.
    struct Verdict {
        Outcome outcome;
        bytes32 candidate;
        uint256 votesFor;
        uint256 votesAgainst;
    }

    /// @dev What settling pays a head, and the pool after it.
    struct Payout {
        uint256 proposerReward;
        uint256 voterReward;
        uint256 pool;
    }

    // ------------------------------------------------------------------ hooks: who acts

    /// @dev Proposals that a round waits for.
    function _seats() internal view virtual returns (uint256);

    /// @dev Members needed to open a round.
    function _fewestMembers() internal view virtual returns (uint256);

    /// @dev Commitments that `round`, of record `r`, waits for.
    function _voters(uint256 round, Round memory r) internal view virtual returns (uint256);

    /// @dev What `account`, drawn to `position`, has to do in `round`.
    function _roleAt(uint256 round, Round memory r, address account, uint256 position)
        internal
        view
        virtual
        returns (Role);

    // ------------------------------------------------------------------ hooks: what is judged

    /// @dev Refuse or note the update `digest` that the proposer at `position` says to have trained on `samples`.
    /// `r.proposals` is its number, from 0.
    function _admit(uint256 round, Round memory r, uint256 position, bytes32 digest, uint256 samples) internal virtual;

    // ------------------------------------------------------------------ hooks: verdict

    /// @dev Count a revealed ballot, and return the option that `voter` is held to have chosen. May change `lead`,
    /// `leader` and `options` of `r`, which are written back. What the 32 bytes mean is the policy's own affair.
    function _count(uint256 round, Round memory r, address voter, bytes32 ballot) internal virtual returns (uint16);

    /// @dev What the ballots of round `r` come to, never `None`. An accepted candidate becomes the head.
    function _verdict(uint256 round, Round memory r) internal virtual returns (Verdict memory);

    // ------------------------------------------------------------------ hooks: publication

    /// @dev Whether `round` waits for somebody to publish.
    function _awaitsPublication(uint256, Round memory) internal view virtual returns (bool) {
        return false;
    }

    // ------------------------------------------------------------------ hooks: payout

    /// @dev What each head earns in round `r`, whose outcome is known, and what becomes of the pool.
    function _reward(uint256 round, Round memory r, uint256 pool_) internal virtual returns (Payout memory);

    /// @dev What `account`, whose entry is `m`, gained or lost in the settled round `r` in which it last acted.
    function _due(address account, Member memory m, Round memory r) internal view virtual returns (int256);

    // ------------------------------------------------------------------ hooks: guard

    /// @dev Whether `account`, whose entry `m` is as booked after round `r`, is banned. Called once a booking.
    function _mustLeave(address account, Member memory m, Round memory r) internal virtual returns (bool);

    // ------------------------------------------------------------------ for policies

    function _requireTerm(bool valid, string memory field, uint256 given) internal pure {
        if (!valid) revert InvalidTerms(field, given);
    }
}
