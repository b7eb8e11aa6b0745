// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Axes} from "../Axes.sol";
import {IBlade} from "../interfaces/IBlade.sol";

/// @title What a task is worth, for how many accepted rounds, and how many there were.
abstract contract TaskBook is Axes {
    uint96 internal immutable _bounty;
    uint32 internal immutable _taskRounds;

    uint256 internal _acceptedRounds;

    /// @dev The task checks these terms.
    constructor(IBlade.BladeTerms memory t) {
        _bounty = uint96(t.bounty);
        _taskRounds = t.rounds;
    }
}
