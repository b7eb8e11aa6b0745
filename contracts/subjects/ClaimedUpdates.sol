// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Axes} from "../Axes.sol";
import {Claims} from "../books/Claims.sol";

/// @title Subject: the proposed updates, each weighted by the samples it claims.
/// @notice The chain keeps no list of updates: their events name them, and whoever judges them, or their aggregate,
/// reads those.
abstract contract ClaimedUpdates is Claims {
    /// @inheritdoc Axes
    function _admit(uint256, Round memory, bytes32, uint256 samples, uint256 epochs) internal view override {
        _checkClaims(samples, epochs);
    }
}
