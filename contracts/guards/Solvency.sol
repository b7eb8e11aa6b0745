// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Axes} from "../Axes.sol";

/// @title Guard: a member whose stake is below the floor after a booking is banned.
abstract contract Solvency is Axes {
    uint256 internal immutable _floor;

    /// @param floor at most the bond, which the leaf checks: whoever joins isn't banned
    constructor(uint256 floor) {
        _floor = floor;
    }

    /// @inheritdoc Axes
    function _guard(Member memory m, Round memory) internal view override returns (bool) {
        return m.stake < _floor;
    }

    /// @inheritdoc Axes
    function _checkCommit(Round memory) internal pure override {}
}
