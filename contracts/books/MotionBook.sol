// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {RoundBook} from "../RoundBook.sol";
import {IManagers} from "../interfaces/IManagers.sol";
import {Bitmap} from "../libraries/Bitmap.sol";

/// @title The managers, their motions, and the accounts that they allow and expel. Without managers, anyone is allowed.
/// @dev Who opens a motion doesn't choose its number: otherwise one manager could take the number that another's call
/// names, each time, and nothing would be carried. No two open motions have the same content: otherwise one of them
/// could be carried while the ayes for the other wait for one manager alone to carry the same again.
abstract contract MotionBook is IManagers, RoundBook {
    /// @dev A motion that isn't carried ends so long after it was opened.
    uint256 private constant MOTION_SECONDS = 7 days;
    /// @dev So many ayes share a slot with the end of their motion.
    uint256 private constant MAX_MANAGERS = 200;
    uint256 private constant NEVER = type(uint256).max;

    /// @dev Two slots.
    struct Kept {
        bytes32 content;
        uint216 movers; // a `Bitmap` of managers' places
        uint40 end;
    }

    /// @dev 0: anyone is allowed.
    uint256 private immutable _managerCount;

    mapping(address account => uint256) private _placeOf; // from 1; 0: no manager
    mapping(uint256 motionNumber => Kept) private _motions;
    uint256 private _motionCount;
    /// @dev The latest motion with a content; 0: there was none.
    mapping(bytes32 content => uint256 motionNumber) private _latest;
    /// @dev The first round from which an account is barred. `NEVER`: it is allowed; 0: no motion named it.
    mapping(address account => uint256 round) private _barredFrom;

    constructor(address[] memory managers) {
        _requireTerm(managers.length <= MAX_MANAGERS, "managers", managers.length);
        for (uint256 i = 0; i < managers.length; ++i) {
            address manager = managers[i];
            _requireTerm(manager != address(0) && _placeOf[manager] == 0, "managers", i);
            _placeOf[manager] = i + 1;
        }
        _managerCount = managers.length;
    }

    /// @inheritdoc IManagers
    function allow(uint256 motionNumber, address[] calldata accounts) external {
        _list(motionNumber, accounts);
    }

    /// @inheritdoc IManagers
    function expel(uint256 motionNumber, address[] calldata accounts) external {
        _list(motionNumber, accounts);
    }

    /// @inheritdoc IManagers
    function motionCount() external view returns (uint256) {
        return _motionCount;
    }

    /// @inheritdoc IManagers
    function motionOf(uint256 motionNumber) external view returns (Motion memory) {
        Kept storage kept = _motion(motionNumber);
        uint256 ayes = Bitmap.wrap(kept.movers).count();
        return Motion({content: kept.content, ayes: uint16(ayes), end: kept.end, carried: _isMajority(ayes)});
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
        if (_managerCount != 0 && !isAllowed(account)) revert NotAdmitted(account);
    }

    /// @dev Whether `account` is barred from the round in progress; between rounds, from the next.
    function _isBarred(address account) internal view returns (bool) {
        if (_managerCount == 0 || !isExpelled(account)) return false;
        uint256 round = _current.round;
        Round storage r = _rounds[round];
        bool running = r.members != 0 && r.outcome == Outcome.None;
        return !running || _barredFrom[account] <= round;
    }

    /// @dev Count the caller's aye for this call, by motion `motionNumber` or, if that is 0, by a new one; return
    /// whether the motion carries. A carried motion ends at once.
    function _carry(uint256 motionNumber, address[] calldata accounts) internal returns (bool carried) {
        uint256 place = _requireManager() - 1;
        bytes32 content = keccak256(abi.encodeWithSelector(msg.sig, accounts));
        if (motionNumber == 0) motionNumber = _open(content);
        Kept storage kept = _motion(motionNumber);
        uint256 end = kept.end;
        if (block.timestamp >= end) revert MotionOver(motionNumber, end);
        if (content != kept.content) revert MotionMismatch(motionNumber, kept.content, content);
        Bitmap movers = Bitmap.wrap(kept.movers);
        if (movers.has(place)) revert AlreadyMoved(msg.sender, motionNumber);
        movers = movers.with(place);
        uint256 ayes = movers.count();
        carried = _isMajority(ayes);
        if (carried) end = block.timestamp;
        (kept.movers, kept.end) = (uint216(Bitmap.unwrap(movers)), uint40(end));
        emit Moved(msg.sender, motionNumber, msg.sig, accounts, ayes, end);
    }

    /// @dev Open a motion, without ayes; refuse that while one of the same content is open.
    function _open(bytes32 content) private returns (uint256 motionNumber) {
        uint256 latest = _latest[content];
        uint256 end = _motions[latest].end; // 0 of number 0
        if (block.timestamp < end) revert MotionOpen(latest, end);
        motionNumber = ++_motionCount;
        _latest[content] = motionNumber;
        _motions[motionNumber] = Kept({content: content, movers: 0, end: uint40(block.timestamp + MOTION_SECONDS)});
    }

    /// @dev Allow or expel `accounts`, as the caller asked, if the motion is carried.
    function _list(uint256 motionNumber, address[] calldata accounts) private {
        if (!_carry(motionNumber, accounts)) return;
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

    function _isMajority(uint256 ayes) private view returns (bool) {
        return ayes * 2 > _managerCount;
    }

    function _motion(uint256 motionNumber) private view returns (Kept storage kept) {
        kept = _motions[motionNumber];
        if (kept.end == 0) revert NoSuchMotion(motionNumber, _motionCount);
    }
}
