// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Axes} from "../Axes.sol";

/// @title Admission: anyone who stakes the bond may join, and nobody is barred.
abstract contract Anyone is Axes {
    /// @inheritdoc Axes
    function _admission(address) internal pure override returns (uint256 fee) {}

    /// @inheritdoc Axes
    function _barred(address) internal pure override returns (bool) {}
}
