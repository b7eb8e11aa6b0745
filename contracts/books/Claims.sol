// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Axes} from "../Axes.sol";

/// @title The limits of a proposal's claims about its training.
abstract contract Claims is Axes {
    struct ClaimTerms {
        uint256 proposers; // the most proposals of a round
        uint32 maxSamples;
        uint32 maxEpochs;
    }

    /// @dev The claims of a round add up to a weight below this: aggregation is in integers of fixed size.
    uint256 private constant SAMPLES_LIMIT = 1 << 31;
    /// @dev A proposal's samples times epochs are below this.
    uint256 private constant VISITS_LIMIT = 1 << 32;

    uint32 internal immutable _maxSamples;
    uint32 internal immutable _maxEpochs;

    constructor(ClaimTerms memory t) {
        _requireTerm(t.maxSamples != 0 && t.proposers * t.maxSamples < SAMPLES_LIMIT, "maxSamples", t.maxSamples);
        bool few = uint256(t.maxSamples) * t.maxEpochs < VISITS_LIMIT;
        _requireTerm(t.maxEpochs != 0 && few, "maxEpochs", t.maxEpochs);
        _maxSamples = t.maxSamples;
        _maxEpochs = t.maxEpochs;
    }

    function _checkClaims(uint256 samples, uint256 epochs) internal view {
        if (samples == 0 || samples > _maxSamples) revert SamplesOutOfRange(samples, _maxSamples);
        if (epochs == 0 || epochs > _maxEpochs) revert EpochsOutOfRange(epochs, _maxEpochs);
    }
}
