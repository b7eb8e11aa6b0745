// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Axes} from "../Axes.sol";
import {IBflc} from "../interfaces/IBflc.sol";
import {Bitmap} from "../libraries/Bitmap.sol";
import {StakeBook} from "../libraries/StakeBook.sol";

/// @title Admission: whom the managers allow, for a fee, until they expel it (Li et al., arXiv 2004.00773, IV-A).
/// @notice Managers act by motion: whatever more than half of them call with the same arguments takes effect.
abstract contract Managers is IBflc, Axes {
    using Bitmap for uint256;

    uint256 private constant MAX_MANAGERS = 255;

    uint96 internal immutable _fee;
    address[] internal _managers;

    /// @inheritdoc IBflc
    mapping(address account => bool) public isAllowed;
    /// @inheritdoc IBflc
    mapping(address account => bool) public isExpelled;
    mapping(address account => uint256) private _placeOf; // from 1; 0: no manager
    mapping(bytes32 motion => uint256 places) private _ayes;

    constructor(BflcTerms memory t) {
        uint256 count = t.managers.length;
        _requireTerm(count != 0 && count <= MAX_MANAGERS, "managers", count);
        for (uint256 i = 0; i < count; ++i) {
            address manager = t.managers[i];
            _requireTerm(manager != address(0) && _placeOf[manager] == 0, "managers", i);
            _placeOf[manager] = i + 1;
        }
        _requireTerm(t.fee <= StakeBook.MAX_STAKE, "fee", t.fee);
        _managers = t.managers;
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

    /// @inheritdoc Axes
    function _guard(Member memory, Round memory) internal pure override returns (bool) {}

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

    /// @dev Count the caller's aye for the motion that its call with `accounts` is. Whether that carries it.
    function _carry(address[] calldata accounts) internal returns (bool carried) {
        uint256 place = _requireManager();
        bytes32 motion = keccak256(abi.encodeWithSelector(msg.sig, accounts));
        uint256 ayes = _ayes[motion];
        if (ayes.has(place)) revert AlreadyMoved(msg.sender, motion);
        ayes |= 1 << place;
        uint256 count = ayes.count();
        carried = count * 2 > _managers.length;
        _ayes[motion] = carried ? 0 : ayes;
        emit Moved(msg.sender, motion, msg.sig, accounts, count);
    }

    function _requireManager() internal view returns (uint256 place) {
        place = _placeOf[msg.sender];
        if (place == 0) revert NotManager(msg.sender);
    }
}
