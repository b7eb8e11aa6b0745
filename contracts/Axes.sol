// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {IFederation} from "./interfaces/IFederation.sol";

/// @title The axes on which federations differ, as hooks.
/// @notice Who acts, what is judged, how votes are counted, who publishes, who is paid and who must leave is for the
/// policies to say: each overrides the hooks of one axis. What several policies write or read is in a book (`books/`),
/// and no policy knows another axis's: a leaf names one for each axis, and says itself what takes more than one.
/// @dev A `Round` handed to a hook has no rewards in it, but for `_due` and `_guard`, whose round is settled.
/// Sets of roles and acts are `Roles` and `Acts`.
abstract contract Axes is IFederation {
    /// @dev A whole, in hundredths of a percent.
    uint256 internal constant WHOLE_BPS = 10_000;

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

    /// @dev What a member publishes.
    struct Publication {
        bytes32 digest;
        uint256 selection;
        bytes32 nonce;
    }

    // ------------------------------------------------------------------ hooks: who acts

    /// @dev Members needed to open a round.
    function _fewestMembers() internal view virtual returns (uint256);

    /// @dev Proposals that a round of record `r` waits for.
    function _proposers(Round memory r) internal view virtual returns (uint256);

    /// @dev Commitments that it waits for.
    function _voters(Round memory r) internal view virtual returns (uint256);

    /// @dev Publications that it waits for.
    function _publishers(Round memory r) internal view virtual returns (uint256);

    /// @dev What `account`, drawn to `position`, has to do in a round of record `r`.
    function _rolesAt(Round memory r, address account, uint256 position) internal view virtual returns (uint8);

    // ------------------------------------------------------------------ hooks: what is judged

    /// @dev Refuse or note the update `digest` that the caller says to have trained on `samples` samples for `epochs`
    /// epochs. `r.proposals` is its number, from 0.
    function _admit(uint256 round, Round memory r, bytes32 digest, uint256 samples, uint256 epochs) internal virtual;

    // ------------------------------------------------------------------ hooks: verdict

    /// @dev Count a revealed ballot or refuse it, and return the option that the voter is held to have chosen. May
    /// change `leadingCount`, `leadingOption` and `options` of `r`, which the caller writes back. `r.reveals` were
    /// counted before.
    function _count(uint256 round, Round memory r, bytes calldata ballot) internal virtual returns (uint16);

    /// @dev What round `r` comes to, never `None`. An accepted candidate becomes the head.
    function _verdict(uint256 round, Round memory r) internal virtual returns (Verdict memory);

    // ------------------------------------------------------------------ hooks: publication

    /// @dev Note or refuse what the caller, of record `m` and with `roles`, publishes, and return the option of it. May
    /// change `leadingCount`, `leadingOption` and `options` of `r`, which the caller writes back. Not called unless
    /// there are publishers.
    function _publish(uint256 round, Round memory r, Member memory m, uint8 roles, Publication memory p)
        internal
        virtual
        returns (uint16);

    // ------------------------------------------------------------------ hooks: payout

    /// @dev What is earned in round `r`, whose outcome is known, and what becomes of the pool. Rewards are floored, and
    /// the pool loses no more than they come to together: what a division leaves over stays in it.
    function _reward(uint256 round, Round memory r, uint256 pool_) internal virtual returns (Payout memory);

    /// @dev What `account`, whose record is `m`, gained or lost in the settled round `r` in which it last acted.
    function _due(address account, Member memory m, Round memory r) internal view virtual returns (int256);

    // ------------------------------------------------------------------ hooks: admission

    /// @dev What joining costs `account` above its stake, for the pool. Refuses whoever may not join.
    function _admission(address account) internal view virtual returns (uint256 fee);

    /// @dev Whether `account` may not act, whatever it did before.
    function _barred(address account) internal view virtual returns (bool);

    // ------------------------------------------------------------------ hooks: task

    /// @dev Refuse to open a round yet.
    function _checkOpen() internal view virtual;

    /// @dev Refuse to let members go yet.
    function _checkExit() internal view virtual;

    // ------------------------------------------------------------------ hooks: guard

    /// @dev Refuse commitments yet, in phase Commit of a round of record `r`: evidence comes before votes.
    function _checkCommit(Round memory r) internal view virtual;

    /// @dev Whether the account of record `m`, as booked after round `r`, is banned. May change `strikes` of `m`.
    function _guard(Member memory m, Round memory r) internal view virtual returns (bool);

    // ------------------------------------------------------------------ for policies

    function _requireTime(uint256 earliest) internal view {
        if (block.timestamp < earliest) revert TooEarly(block.timestamp, earliest);
    }

    function _requireAtMost(uint256 amount, uint256 limit) internal pure {
        if (amount > limit) revert AmountTooLarge(amount, limit);
    }

    function _requireTerm(bool valid, string memory field, uint256 given) internal pure {
        if (!valid) revert InvalidTerms(field, given);
    }
}
