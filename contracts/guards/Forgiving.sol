// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Axes} from "../Axes.sol";

/// @title Guard: no round bans anybody.
abstract contract Forgiving is Axes {
    /// @inheritdoc Axes
    function _guard(Member memory, Round memory) internal pure override returns (bool) {}

    /// @inheritdoc Axes
    function _checkCommit(Round memory) internal pure override {}
}
