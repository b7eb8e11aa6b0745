// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {IFederation} from "./interfaces/IFederation.sol";
import {Bitmap} from "./libraries/Bitmap.sol";

/// @title The axes on which federations differ, as hooks.
/// @notice Policies decide who acts, what is judged, how votes are counted, who publishes, who is paid and who must
/// leave: each policy overrides the hooks of one axis. State that several policies share is in a book (`books/`), and
/// no policy depends on another axis's. A leaf names a policy for each axis, and adds the rules that span several.
/// @dev A `Round` handed to a hook has no rewards in it, except in `_due` and `_guard`, whose round is settled.
/// `Roles` and `Acts` define sets of roles and acts.
abstract contract Axes is IFederation {
    /// @dev A whole, in hundredths of a percent.
    uint256 internal constant WHOLE_BPS = 10_000;

    /// @dev A round's result, and the votes to report in the event.
    struct Verdict {
        Outcome outcome;
        bytes32 candidate;
        uint256 votesFor;
        uint256 votesAgainst;
    }

    /// @dev What settling pays per recipient or per unit, and the pool afterwards.
    struct Payout {
        uint256 proposerReward;
        uint256 voterReward;
        uint256 pool;
    }

    /// @dev A member's publication.
    struct Publication {
        bytes32 digest;
        Bitmap selection;
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

    /// @dev The roles of `account`, drawn to `position`, in a round of record `r`.
    function _rolesAt(Round memory r, address account, uint256 position) internal view virtual returns (uint8);

    // ------------------------------------------------------------------ hooks: what is judged

    /// @dev Accept or refuse the update `digest`, which the caller claims to have trained on `samples` samples for
    /// `epochs` epochs. `r.proposals` is the update's number, from 0.
    function _admit(uint256 round, Round memory r, bytes32 digest, uint256 samples, uint256 epochs) internal virtual;

    // ------------------------------------------------------------------ hooks: verdict

    /// @dev Count a revealed ballot or refuse it, and return the option that the voter is held to have chosen. May
    /// change `leadingCount`, `leadingOption` and `options` of `r`, which the caller writes back. `r.reveals` were
    /// counted before.
    function _count(uint256 round, Round memory r, bytes calldata ballot) internal virtual returns (uint16);

    /// @dev The verdict on round `r`, never `None`. An accepted candidate becomes the head.
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

    /// @dev The rewards of round `r`, whose outcome is known, and the pool afterwards. Rewards are floored, and the
    /// pool pays no more than their sum: remainders stay in it.
    function _reward(uint256 round, Round memory r, uint256 pool_) internal virtual returns (Payout memory);

    /// @dev What `account`, whose record is `m`, gained or lost in the settled round `r` in which it last acted.
    function _due(address account, Member memory m, Round memory r) internal view virtual returns (int256);

    // ------------------------------------------------------------------ hooks: admission

    /// @dev The fee that `account` pays into the pool to join, above its stake. Reverts if `account` may not join.
    function _admission(address account) internal view virtual returns (uint256 fee);

    /// @dev Whether `account` may not act, whatever it did before.
    function _barred(address account) internal view virtual returns (bool);

    /// @dev Give the caller its place: it has just joined, and stands last in the registry. May change `index` of its
    /// record `m`, which the caller of the hook writes.
    function _giveWay(Member memory m) internal virtual;

    /// @dev Before the member of record `m` is removed, keep the order of those who are in and those who wait. May
    /// change `index` of `m` to the place that the last of the registry is to fill.
    function _closeUp(Member memory m) internal virtual;

    /// @dev Let in who may come in with the round that opens, if that makes enough; return how many members would be
    /// in, the first ones of the registry, and how many the round needs. Whoever else waits may come in with the next.
    function _letIn() internal virtual returns (uint256 count, uint256 fewest);

    /// @dev How many members are in, and don't wait.
    function _countInside() internal view virtual returns (uint256);

    /// @dev The earliest round that the member of record `m` can come in with; 0 if it doesn't wait.
    function _waitsFor(Member memory m) internal view virtual returns (uint256);

    // ------------------------------------------------------------------ hooks: task

    /// @dev Revert if no round may be opened yet.
    function _checkOpen() internal view virtual;

    /// @dev Revert if members may not leave yet.
    function _checkExit() internal view virtual;

    // ------------------------------------------------------------------ hooks: guard

    /// @dev In phase Commit of a round of record `r`, revert while evidence may still come: evidence precedes votes.
    function _checkCommit(Round memory r) internal view virtual;

    /// @dev Whether the account of record `m`, as booked after round `r`, is banned. May change `strikes` of `m`.
    function _guard(Member memory m, Round memory r) internal view virtual returns (bool);

    // ------------------------------------------------------------------ hooks: duty

    /// @dev The rounds in a row that `account`, of record `m`, is reported to have missed: how many, and the last.
    function _missed(address account, Member memory m) internal view virtual returns (uint16 count, uint40 round);

    /// @dev Whether it missed enough of them, and anybody may put it out now.
    function _isAbsent(address account, Member memory m) internal view virtual returns (bool);

    /// @dev Note that `account` is put out, and forget what it missed.
    function _putOut(address account) internal virtual;

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
