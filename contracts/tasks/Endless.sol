// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Axes} from "../Axes.sol";

/// @title Task: rounds continue for as long as there are members, who may leave between any two.
abstract contract Endless is Axes {
    /// @inheritdoc Axes
    function _checkOpen() internal pure override {}

    /// @inheritdoc Axes
    function _checkExit() internal pure override {}
}
