// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Axes} from "../Axes.sol";

/// @title What a proposal may claim to have been trained on.
abstract contract Claims is Axes {
    /// @dev The claims of a round add up to a weight below this: aggregation is in integers of fixed size.
    uint256 private constant SAMPLES_LIMIT = 1 << 31;
    /// @dev A proposal's samples times epochs are below this.
    uint256 private constant VISITS_LIMIT = 1 << 32;

    uint32 internal immutable _maxSamples;
    uint32 internal immutable _maxEpochs;

    /// @param seats the most proposals of a round
    constructor(uint256 seats, uint32 maxSamples, uint32 maxEpochs) {
        _requireTerm(maxSamples != 0 && seats * maxSamples < SAMPLES_LIMIT, "maxSamples", maxSamples);
        _requireTerm(maxEpochs != 0 && uint256(maxSamples) * maxEpochs < VISITS_LIMIT, "maxEpochs", maxEpochs);
        _maxSamples = maxSamples;
        _maxEpochs = maxEpochs;
    }

    function _checkClaims(uint256 samples, uint256 epochs) internal view {
        if (samples == 0 || samples > _maxSamples) revert SamplesOutOfRange(samples, _maxSamples);
        if (epochs == 0 || epochs > _maxEpochs) revert EpochsOutOfRange(epochs, _maxEpochs);
    }
}
