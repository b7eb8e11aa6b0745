// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Axes} from "../Axes.sol";
import {Weights} from "../libraries/Weights.sol";
import {EachUpdate} from "../subjects/EachUpdate.sol";

/// @title Verdict: the first so many updates whose median score is high enough (Li et al., arXiv 2004.00773, III-B).
/// @notice A ballot is a score for each update, in hundredths of a percent and 16 bits.
abstract contract MedianScore is EachUpdate {
    using Weights for Weights.Book;

    uint256 private constant LANES = 16;

    uint32 internal immutable _updates;
    uint16 internal immutable _minScore;
    /// @dev The ballots of the round in progress, in order of reveal; what is left of earlier rounds is overwritten.
    mapping(uint256 reveal => mapping(uint256 word => uint256)) private _scores;

    constructor(uint32 updates, uint16 minScore) {
        _requireTerm(minScore <= WHOLE_BPS, "minScore", minScore);
        _updates = updates;
        _minScore = minScore;
    }

    /// @inheritdoc Axes
    function _count(uint256, Round memory r, bytes calldata ballot) internal override returns (uint16) {
        if (ballot.length != 2 * uint256(r.proposals)) revert InvalidBallot(ballot);
        uint256 lanes = 0;
        for (uint256 n = 0; n < r.proposals; ++n) {
            uint256 score = uint16(bytes2(ballot[2 * n:]));
            if (score > WHOLE_BPS) revert InvalidBallot(ballot);
            lanes |= score << (n % LANES * 16);
            if (n % LANES == LANES - 1 || n == uint256(r.proposals) - 1) {
                _scores[r.reveals][n / LANES] = lanes;
                lanes = 0;
            }
        }
        return 0;
    }

    /// @dev Too few, or too few ballots: nothing passes. An update weighs its median.
    /// @inheritdoc EachUpdate
    function _select(uint256 round, Round memory r) internal override returns (uint256 selection) {
        if (uint256(r.reveals) * 2 <= _voters(r)) return 0;
        uint256 passed = 0;
        for (uint256 n = 0; n < r.proposals; ++n) {
            uint256 median = _median(n, r.reveals);
            _weights.set(round, n, median);
            if (median < _minScore || passed == _updates) continue;
            selection |= 1 << n;
            ++passed;
        }
        if (passed < _updates) return 0;
    }

    /// @dev The median of update `n`'s scores; of an even number, the lower middle one.
    function _median(uint256 n, uint256 reveals) private view returns (uint256) {
        uint256[] memory sorted = new uint256[](reveals);
        for (uint256 i = 0; i < reveals; ++i) {
            uint256 score = uint16(_scores[i][n / LANES] >> (n % LANES * 16));
            uint256 j = i;
            for (; j != 0 && sorted[j - 1] > score; --j) {
                sorted[j] = sorted[j - 1];
            }
            sorted[j] = score;
        }
        return sorted[(reveals - 1) / 2];
    }
}
