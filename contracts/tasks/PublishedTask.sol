// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Axes} from "../Axes.sol";
import {Membership} from "../Membership.sol";
import {TaskBook} from "../books/TaskBook.sol";
import {IBlade} from "../interfaces/IBlade.sol";
import {StakeBook} from "../libraries/StakeBook.sol";
import {SafeERC20, IERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

/// @title Task: a given number of accepted rounds for a bounty, between the bidding and a deadline.
/// @notice Deposits stay until the task is over; then the publisher gets the rest of the pool.
abstract contract PublishedTask is IBlade, Membership, TaskBook {
    using SafeERC20 for IERC20;

    address internal immutable _publisher;
    uint40 private immutable _start;
    uint40 internal immutable _deadline;

    constructor(BladeTerms memory t) TaskBook(t) {
        _requireTerm(t.publisher != address(0), "publisher", 0);
        _requireTerm(t.bounty <= StakeBook.MAX_STAKE, "bounty", t.bounty);
        _requireTerm(t.rule != 0, "rule", 0);
        _requireTerm(t.rounds != 0, "rounds", t.rounds);
        _requireTerm(t.deadline > t.biddingEnds, "deadline", t.deadline);
        _publisher = t.publisher;
        _start = t.biddingEnds;
        _deadline = t.deadline;
    }

    /// @inheritdoc IBlade
    function reclaim() external nonReentrant {
        _requirePhase(Phase.Open);
        _requireOver();
        uint256 amount = _current.pool;
        if (amount == 0) revert NothingToClaim(_publisher);

        _current.pool = 0;
        emit Reclaimed(_publisher, amount);
        token.safeTransfer(_publisher, amount);
    }

    /// @inheritdoc Axes
    function _checkOpen() internal view override {
        _requireTime(_start);
        if (_current.round == 0 && _current.pool < _bounty) revert NotFunded(_current.pool, _bounty);
        if (_isOver()) revert TaskOver(_acceptedRounds, block.timestamp);
    }

    /// @inheritdoc Axes
    function _checkExit() internal view override {
        _requireOver();
    }

    function _isOver() private view returns (bool) {
        if (_acceptedRounds >= _taskRounds || block.timestamp >= _deadline) return true;
        // a task that can't begin binds nobody
        bool unable = _current.pool < _bounty || memberCount() < _fewestMembers();
        return unable && _current.round == 0 && block.timestamp >= _start;
    }

    function _requireOver() private view {
        if (!_isOver()) revert TooEarly(block.timestamp, _deadline);
    }
}
