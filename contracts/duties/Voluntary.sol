// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Axes} from "../Axes.sol";

/// @title Duty: none. Whoever is drawn may stay away.
abstract contract Voluntary is Axes {
    /// @inheritdoc Axes
    function _missed(address, Member memory) internal pure override returns (uint16, uint40) {}

    /// @inheritdoc Axes
    function _isAbsent(address, Member memory) internal pure override returns (bool) {}

    /// @inheritdoc Axes
    function _putOut(address) internal pure override {}
}
