// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {BlameBook} from "../books/BlameBook.sol";
import {NameBook} from "../books/NameBook.sol";
import {Bitmap, Bitmaps} from "../libraries/Bitmap.sol";

/// @title Whom to blame for a rejected aggregate: the updates that more than half of the rejecting ballots name, or,
/// without attribution, all of them (as in Dong et al., arXiv 2307.00543).
abstract contract Attribution is BlameBook, NameBook {
    bool internal immutable _attribution;
    mapping(uint256 round => Bitmap) private _blamed;

    /// @param proposers the most proposals of a round
    constructor(uint256 proposers, bool attribution) {
        _requireTerm(!attribution || proposers <= Bitmaps.SIZE, "proposers", proposers);
        _attribution = attribution;
    }

    function _ballotLength() internal view returns (uint256) {
        return _attribution ? NAMING_BALLOT : 32;
    }

    /// @dev Count the part of `ballot` behind its `digest`.
    function _countBlame(Round memory r, bytes32 digest, bytes calldata ballot) internal {
        if (_attribution && !_countNamed(r, ballot).isEmpty() && digest != 0) revert InvalidBallot(ballot);
    }

    /// @dev Fix whom the rejected round `r` blames.
    function _fixBlame(uint256 round, Round memory r) internal {
        if (_attribution) _blamed[round] = _namedByMost(r, r.leadingCount);
    }

    /// @inheritdoc BlameBook
    function _isBlamed(uint256 round, uint256 updateNumber) internal view override returns (bool) {
        return !_attribution || _blamed[round].has(updateNumber);
    }

    /// @inheritdoc BlameBook
    function _countBlamed(uint256 round, Round memory r) internal view override returns (uint256) {
        return _attribution ? _blamed[round].count() : r.proposals;
    }
}
