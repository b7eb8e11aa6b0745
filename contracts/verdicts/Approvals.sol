// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Axes} from "../Axes.sol";
import {UpdateBook} from "../books/UpdateBook.sol";
import {Bitmap} from "../libraries/Bitmap.sol";
import {Marks} from "../libraries/Marks.sol";

/// @title Verdict: whether an update passes depends on how many of the revealed ballots approve of it.
/// @notice A ballot is the bitmap of the updates that the voter finds good.
abstract contract Approvals is UpdateBook {
    using Marks for Marks.Book;

    bool private immutable _tiePasses;
    Marks.Book private _approvals;

    constructor(bool tiePasses) {
        _tiePasses = tiePasses;
    }

    /// @dev The length of a ballot, whose first word is the bitmap.
    function _ballotLength() internal pure virtual returns (uint256) {
        return 32;
    }

    /// @inheritdoc Axes
    function _count(uint256, Round memory r, bytes calldata ballot) internal virtual override returns (uint16) {
        Bitmap bitmap = Bitmap.wrap(uint256(bytes32(ballot)));
        if (ballot.length != _ballotLength() || !bitmap.fits(r.proposals)) revert InvalidBallot(ballot);
        _approvals.add(bitmap, r.proposals, r.reveals == 0);
        return 0;
    }

    /// @inheritdoc UpdateBook
    function _select(uint256, Round memory r) internal virtual override returns (Bitmap) {
        uint256 majority = Marks.majority(r.reveals);
        bool tie = _tiePasses && r.reveals % 2 == 0;
        return _approvals.reaching(r.proposals, tie ? majority - 1 : majority);
    }
}
