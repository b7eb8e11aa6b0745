// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Axes} from "../Axes.sol";
import {CopyBook} from "../books/CopyBook.sol";
import {NameBook} from "../books/NameBook.sol";
import {Bitmap} from "../libraries/Bitmap.sol";
import {Approvals} from "./Approvals.sol";

/// @title Verdict: approvals, except that copies don't pass (Ma et al., arXiv 2009.09338, III-C).
/// @notice A ballot's second word names the copies. An accused update is a copy if more than half of the drawn voters
/// name it: absent voters convict nobody.
abstract contract ApprovalsOfOriginals is CopyBook, NameBook, Approvals {
    /// @inheritdoc Approvals
    function _ballotLength() internal pure override returns (uint256) {
        return NAMING_BALLOT;
    }

    /// @inheritdoc Axes
    function _count(uint256 round, Round memory r, bytes calldata ballot)
        internal
        override(Axes, Approvals)
        returns (uint16 option)
    {
        option = Approvals._count(round, r, ballot);
        _countNamed(r, ballot);
    }

    /// @inheritdoc Approvals
    function _select(uint256 round, Round memory r) internal override returns (Bitmap selection) {
        selection = Approvals._select(round, r);
        if (_accused[round].isEmpty()) return selection;
        return selection.without(_convict(round, _namedByMost(r, _voters(r))));
    }
}
