// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Axes} from "../Axes.sol";
import {Bitmap} from "../libraries/Bitmap.sol";
import {Marks} from "../libraries/Marks.sol";

/// @title The updates that ballots name: a ballot's second word is a bitmap of updates to hold against their proposers.
abstract contract NameBook is Axes {
    using Marks for Marks.Book;

    uint256 internal constant NAMING_BALLOT = 64;

    Marks.Book private _names;

    /// @dev Count the updates that `ballot` names, and refuse it if it names others than it may.
    function _countNamed(Round memory r, bytes calldata ballot) internal returns (Bitmap named) {
        named = Bitmap.wrap(uint256(bytes32(ballot[32:])));
        if (!named.fits(r.proposals)) revert InvalidBallot(ballot);
        _names.add(named, r.proposals, r.reveals == 0);
    }

    /// @dev The updates that more than half of `ballots` of the round in progress, of record `r`, name.
    function _namedByMost(Round memory r, uint256 ballots) internal view returns (Bitmap) {
        return _names.reaching(r.proposals, Marks.majority(ballots));
    }
}
