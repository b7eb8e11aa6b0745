// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Axes} from "../Axes.sol";
import {UpdateBook} from "../books/UpdateBook.sol";
import {IBflc} from "../interfaces/IBflc.sol";
import {Bitmap} from "../libraries/Bitmap.sol";

/// @title Verdict: selects the first `updates` updates with a high enough median score (Li et al., arXiv 2004.00773,
/// III-B).
/// @notice A ballot is a score for each update, of 16 bits, in hundredths of a percent.
abstract contract MedianScore is UpdateBook {
    uint256 private constant LANES = 16;
    /// @dev A 1 in each lane; the highest bit of each lane; the highest bit of a score.
    uint256 private constant ONES = type(uint256).max / type(uint16).max;
    uint256 private constant TOPS = ONES << 15;
    uint256 private constant TOP_BIT = 1 << 13;

    /// @dev How many updates have to pass; no more are selected.
    uint32 private immutable _passing;
    uint16 internal immutable _minScore;
    /// @dev The ballots of the round in progress, in order of reveal; they overwrite those of earlier rounds.
    mapping(uint256 reveal => mapping(uint256 word => uint256)) private _scores;

    constructor(IBflc.BflcTerms memory t) {
        _requireTerm(t.minScore <= WHOLE_BPS, "minScore", t.minScore);
        _passing = t.updates;
        _minScore = t.minScore;
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

    /// @dev An update's weight is its median. If too few pass, nothing does.
    /// @inheritdoc UpdateBook
    function _select(uint256 round, Round memory r) internal override returns (Bitmap selection) {
        uint256 passed = 0;
        uint256 medians = 0;
        for (uint256 n = 0; n < r.proposals; ++n) {
            medians = n % LANES == 0 ? _medians(n / LANES, r.reveals) : medians >> 16;
            uint256 median = uint16(medians);
            _weigh(round, n, median);
            if (median < _minScore || passed == _passing) continue;
            selection = selection.with(n);
            ++passed;
        }
        if (passed < _passing) return Bitmap.wrap(0);
    }

    /// @dev The medians of 16 updates at once, a lane each; of an even number of scores, the lower middle one.
    /// A lane's median is found bit by bit from the highest: it has the bit if at most half of the scores are below the
    /// value with that bit. No lane borrows from the next: scores have 14 bits, and the highest of a lane's 16 bits is
    /// set before anything is subtracted.
    function _medians(uint256 word, uint256 reveals) private view returns (uint256 medians) {
        uint256[] memory scores = new uint256[](reveals);
        for (uint256 i = 0; i < reveals; ++i) {
            scores[i] = _scores[i][word];
        }
        unchecked {
            uint256 half = (reveals - 1) / 2 * ONES | TOPS;
            for (uint256 bit = TOP_BIT; bit != 0; bit >>= 1) {
                uint256 tried = medians | bit * ONES;
                uint256 lower = 0;
                for (uint256 i = 0; i < reveals; ++i) {
                    lower += ((tried | TOPS) - scores[i] - ONES) >> 15 & ONES;
                }
                medians |= ((half - lower) >> 15 & ONES) * bit;
            }
        }
    }
}
