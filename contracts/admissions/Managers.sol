// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Axes} from "../Axes.sol";
import {MotionBook} from "../books/MotionBook.sol";
import {StakeBook} from "../libraries/StakeBook.sol";

/// @title Admission: whom the managers allow, for a fee, until they expel it (Li et al., arXiv 2004.00773, IV-A).
/// Without managers anyone who stakes the bond, and pays the fee, may join, and nobody is barred.
abstract contract Managers is MotionBook {
    uint96 internal immutable _fee;

    constructor(uint256 fee) {
        _requireTerm(fee <= StakeBook.MAX_STAKE, "fee", fee);
        _fee = uint96(fee);
    }

    /// @inheritdoc Axes
    function _admission(address account) internal view override returns (uint256) {
        _requireAllowed(account);
        return _fee;
    }

    /// @inheritdoc Axes
    function _barred(address account) internal view override returns (bool) {
        return _isBarred(account);
    }
}
