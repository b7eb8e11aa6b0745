// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Axes} from "../Axes.sol";
import {IBflc} from "../interfaces/IBflc.sol";
import {Bitmap} from "../libraries/Bitmap.sol";

/// @title Managers, who act by motion: whatever more than half of them call with the same arguments takes effect.
abstract contract MotionBook is IBflc, Axes {
    using Bitmap for uint256;

    uint256 private constant MAX_MANAGERS = 255;

    address[] internal _managers;
    mapping(address account => uint256) private _placeOf; // from 1; 0: no manager
    mapping(bytes32 motion => uint256 places) private _ayes;

    constructor(address[] memory managers) {
        _requireTerm(managers.length != 0 && managers.length <= MAX_MANAGERS, "managers", managers.length);
        for (uint256 i = 0; i < managers.length; ++i) {
            address manager = managers[i];
            _requireTerm(manager != address(0) && _placeOf[manager] == 0, "managers", i);
            _placeOf[manager] = i + 1;
        }
        _managers = managers;
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
