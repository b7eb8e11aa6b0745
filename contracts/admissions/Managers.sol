// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Axes} from "../Axes.sol";
import {MotionBook} from "../books/MotionBook.sol";
import {IBflc} from "../interfaces/IBflc.sol";
import {StakeBook} from "../libraries/StakeBook.sol";

/// @title Admission: whom the managers allow, for a fee, until they expel it (Li et al., arXiv 2004.00773, IV-A).
abstract contract Managers is MotionBook {
    uint96 internal immutable _fee;

    /// @inheritdoc IBflc
    mapping(address account => bool) public isAllowed;
    /// @inheritdoc IBflc
    mapping(address account => bool) public isExpelled;

    constructor(BflcTerms memory t) MotionBook(t.managers) {
        _requireTerm(t.fee <= StakeBook.MAX_STAKE, "fee", t.fee);
        _fee = uint96(t.fee);
    }

    /// @inheritdoc IBflc
    function allow(address[] calldata accounts) external {
        _list(accounts, true);
    }

    /// @inheritdoc IBflc
    function expel(address[] calldata accounts) external {
        _list(accounts, false);
    }

    /// @inheritdoc Axes
    function _admission(address account) internal view override returns (uint256) {
        if (!isAllowed[account]) revert NotAdmitted(account);
        return _fee;
    }

    /// @inheritdoc Axes
    function _barred(address account) internal view override returns (bool) {
        return isExpelled[account];
    }

    /// @dev Put `accounts` on the allow-list and off the blacklist if the motion is carried, or the other way round.
    function _list(address[] calldata accounts, bool allowed) private {
        if (!_carry(accounts)) return;
        for (uint256 i = 0; i < accounts.length; ++i) {
            address account = accounts[i];
            (isAllowed[account], isExpelled[account]) = (allowed, !allowed);
            if (allowed) emit Allowed(account);
            else emit Expelled(account);
        }
    }
}
