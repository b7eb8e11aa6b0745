// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Axes} from "../Axes.sol";
import {UpdateBook} from "../books/UpdateBook.sol";
import {Bitmap} from "../libraries/Bitmap.sol";
import {Tally} from "../libraries/Tally.sol";

/// @title Publication: the model that more than half of the drawn publishers make of the selected updates.
/// @notice Each publishes the digest that it computed itself, so each checks the others. The selection is the chain's:
/// a publisher who states another is refused.
abstract contract MajorityPublication is UpdateBook {
    using Tally for Tally.Book;

    Tally.Book private _tally;

    /// @param seconds_ for how long publishers can publish
    constructor(uint32 seconds_) {
        _requireTerm(seconds_ != 0, "publish", 0);
    }

    /// @inheritdoc Axes
    function _publish(uint256 round, Round memory r, Member memory, uint8, Publication memory p)
        internal
        virtual
        override
        returns (uint16)
    {
        Bitmap selection = r.publications == 0 ? _fixSelection(round, r) : _selection(round);
        uint256 counted = Bitmap.unwrap(selection);
        if (!p.selection.equals(selection)) revert WrongSelection(Bitmap.unwrap(p.selection), counted);
        if ((p.digest == 0) != selection.isEmpty()) revert DigestMismatch(p.digest, counted);
        return _tally.add(round, r, p.digest);
    }

    /// @dev What a round of record `r` comes to by what was published, for the leaf to give as its verdict.
    function _verdictOfPublishers(Round memory r) internal view returns (Verdict memory v) {
        v.votesFor = r.leadingCount;
        v.votesAgainst = r.publications - r.leadingCount;
        if (r.publications != 0) v.candidate = _tally.leadingDigest;
        if (uint256(r.leadingCount) * 2 <= _publishers(r)) v.outcome = Outcome.Undecided;
        else v.outcome = v.candidate == 0 ? Outcome.Rejected : Outcome.Accepted;
    }
}
