// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Axes} from "../Axes.sol";
import {RecordBook} from "../books/RecordBook.sol";
import {Bitmap} from "../libraries/Bitmap.sol";
import {MajorityPublication} from "./MajorityPublication.sol";

/// @title Publication on numbered records: the selected updates with their scores, then their model.
/// @notice A round that isn't accepted leaves records of updates that the next one overwrites.
abstract contract NumberedRecords is RecordBook, MajorityPublication {
    constructor(BflcTerms memory t) RecordBook(t) MajorityPublication(t.schedule.publish) {}

    /// @inheritdoc Axes
    function _publish(uint256 round, Round memory r, Member memory m, uint8 roles, Publication memory p)
        internal
        override(Axes, MajorityPublication)
        returns (uint16)
    {
        // after the publication's own checks, its selection is the round's
        uint16 option = MajorityPublication._publish(round, r, m, roles, p);
        if (r.publications == 0) _recordUpdates(round, p.selection);
        return option;
    }

    /// @dev Put the accepted model `digest` on record.
    function _recordModel(bytes32 digest) internal {
        _records[++height * (_updates + 1)].digest = digest;
    }

    function _recordUpdates(uint256 round, Bitmap selection) private {
        uint256 recordNumber = height * (_updates + 1);
        for (uint256 n = 0; !selection.fits(n); ++n) {
            if (!selection.has(n)) continue;
            Record memory update = _pending[n];
            update.score = uint16(_weightOf(round, n));
            _records[++recordNumber] = update;
        }
    }
}
