// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Axes} from "../Axes.sol";
import {IBlade} from "../interfaces/IBlade.sol";

/// @title The bids, and the least that bids and proposals may offer.
abstract contract BidBook is IBlade, Axes {
    uint32 internal immutable _minSamples;

    mapping(address account => BidRecord) internal _bids;

    /// @dev The auction checks this term.
    constructor(uint32 minSamples) {
        _minSamples = minSamples;
    }

    /// @inheritdoc IBlade
    function bidOf(address account) public view returns (BidRecord memory) {
        return _bids[account];
    }

    function _requireSamples(uint256 samples, uint256 most) internal view {
        if (samples < _minSamples || samples > most) revert SamplesOutOfRange(samples, most);
    }

    function _requireBefore(uint256 end) internal view {
        if (block.timestamp >= end) revert TooLate(block.timestamp, end);
    }
}
