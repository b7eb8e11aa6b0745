// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Axes} from "../Axes.sol";

/// @title Subject: the aggregate of all proposed updates is judged, each weighted by the samples it claims.
/// @notice The chain keeps no list of updates: their events name them, and whoever judges aggregates them.
abstract contract Aggregate is Axes {
    uint32 internal immutable _maxSamples;

    constructor(uint32 maxSamples) {
        _requireTerm(maxSamples != 0, "maxSamples", maxSamples);
        _maxSamples = maxSamples;
    }

    /// @inheritdoc Axes
    function _admit(uint256, Round memory, uint256, bytes32, uint256 samples) internal view override {
        if (samples == 0 || samples > _maxSamples) revert SamplesOutOfRange(samples, _maxSamples);
    }
}
