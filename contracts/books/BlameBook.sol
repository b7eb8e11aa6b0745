// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Axes} from "../Axes.sol";

/// @title Who has to pay for a rejected round. A verdict writes it, a payout reads it.
abstract contract BlameBook is Axes {
    /// @dev Whether update `updateNumber` of the rejected `round` is blamed.
    function _isBlamed(uint256 round, uint256 updateNumber) internal view virtual returns (bool);

    /// @dev How many updates of the rejected `round`, of record `r`, are blamed.
    function _countBlamed(uint256 round, Round memory r) internal view virtual returns (uint256);
}
