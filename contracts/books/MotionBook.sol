// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {RoundBook} from "../RoundBook.sol";
import {IManagers} from "../interfaces/IManagers.sol";
import {Bitmap} from "../libraries/Bitmap.sol";

/// @title The managers, and the accounts that they allow and expel. They act by motion: a call takes effect when more
/// than half of them have made it with the same arguments. Without managers, anyone is allowed.
abstract contract MotionBook is IManagers, RoundBook {
    uint256 private constant MAX_MANAGERS = 255;
    uint256 private constant NEVER = type(uint256).max;

    bool private immutable _isManaged;

    address[] internal _managers;
    mapping(address account => uint256) private _placeOf; // from 1; 0: no manager
    mapping(bytes32 motion => Bitmap places) private _ayes;
    /// @dev The first round from which an account is barred. `NEVER`: it is allowed; 0: no motion named it.
    mapping(address account => uint256 round) private _barredFrom;

    constructor(address[] memory managers) {
        _requireTerm(managers.length <= MAX_MANAGERS, "managers", managers.length);
        for (uint256 i = 0; i < managers.length; ++i) {
            address manager = managers[i];
            _requireTerm(manager != address(0) && _placeOf[manager] == 0, "managers", i);
            _placeOf[manager] = i + 1;
        }
        _managers = managers;
        _isManaged = managers.length != 0;
    }

    /// @inheritdoc IManagers
    function allow(address[] calldata accounts) external {
        _list(accounts);
    }

    /// @inheritdoc IManagers
    function expel(address[] calldata accounts) external {
        _list(accounts);
    }

    /// @inheritdoc IManagers
    function isAllowed(address account) public view returns (bool) {
        return _barredFrom[account] == NEVER;
    }

    /// @inheritdoc IManagers
    function isExpelled(address account) public view returns (bool) {
        uint256 from = _barredFrom[account];
        return from != 0 && from != NEVER;
    }

    /// @dev Refuse `account` if there are managers and they don't allow it.
    function _requireAllowed(address account) internal view {
        if (_isManaged && !isAllowed(account)) revert NotAdmitted(account);
    }

    /// @dev Whether `account` is barred from the round in progress; between rounds, from the next.
    function _isBarred(address account) internal view returns (bool) {
        if (!_isManaged || !isExpelled(account)) return false;
        uint256 round = _current.round;
        Round storage r = _rounds[round];
        bool running = r.members != 0 && r.outcome == Outcome.None;
        return !running || _barredFrom[account] <= round;
    }

    /// @dev Count the caller's aye for this call; return whether the motion carries.
    function _carry(address[] calldata accounts) internal returns (bool carried) {
        uint256 place = _requireManager();
        bytes32 motion = keccak256(abi.encodeWithSelector(msg.sig, accounts));
        Bitmap ayes = _ayes[motion];
        if (ayes.has(place)) revert AlreadyMoved(msg.sender, motion);
        ayes = ayes.with(place);
        uint256 count = ayes.count();
        carried = count * 2 > _managers.length;
        _ayes[motion] = carried ? Bitmap.wrap(0) : ayes;
        emit Moved(msg.sender, motion, msg.sig, accounts, count);
    }

    /// @dev Allow or expel `accounts`, as the caller asked, if the motion is carried.
    function _list(address[] calldata accounts) private {
        if (!_carry(accounts)) return;
        bool allowed = msg.sig == IManagers.allow.selector;
        // not within a round: a voter kept from revealing would lose its stake
        uint256 from = allowed ? NEVER : _current.round + 1;
        for (uint256 i = 0; i < accounts.length; ++i) {
            address account = accounts[i];
            // expelling a barred account again doesn't let it back into the round in progress
            if (allowed || !isExpelled(account)) _barredFrom[account] = from;
            if (allowed) emit Allowed(account);
            else emit Expelled(account);
        }
    }

    function _requireManager() internal view returns (uint256 place) {
        place = _placeOf[msg.sender];
        if (place == 0) revert NotManager(msg.sender);
    }
}
