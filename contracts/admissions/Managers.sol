// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Axes} from "../Axes.sol";
import {Membership} from "../Membership.sol";
import {MotionBook} from "../books/MotionBook.sol";
import {StakeBook} from "../libraries/StakeBook.sol";

/// @title Admission: whom the managers allow, for a fee, until they expel it (Li et al., arXiv 2004.00773, IV-A).
/// Without managers anyone who stakes the bond, and pays the fee, may join, and nobody is barred.
/// @notice If the terms limit newcomers, who joins waits: it isn't drawn before a whole round and a pause have passed
/// in which everybody else could see it and leave. Founders who join before the first round are in at once.
/// @dev The registry has three zones then: members who are in, those who joined before the last round opened and may
/// come in with the next, and those who joined since. The last of each zone moves to where a place becomes free in it.
abstract contract Managers is Membership, MotionBook {
    using StakeBook for StakeBook.Book;

    struct AdmissionTerms {
        uint256 fee; // for joining, above the stake
        address[] founders;
        uint16 newcomers;
    }

    uint96 internal immutable _fee;
    /// @dev The most members who come in when a round opens; 0: nobody waits, and there are no zones.
    uint16 internal immutable _newcomers;

    address[] internal _founders;
    mapping(address account => bool) private _isFounder;
    /// @dev How many are in: the index of the last of them.
    uint16 private _inside;
    /// @dev How many are in or may come in with the next round.
    uint16 private _eligible;

    constructor(AdmissionTerms memory t) {
        _requireTerm(t.fee <= StakeBook.MAX_STAKE, "fee", t.fee);
        _fee = uint96(t.fee);
        (address[] memory founders, uint16 newcomers) = (t.founders, t.newcomers);
        // where nobody waits, founders would have nothing that others don't; where all wait, there is no first round
        bool needed = newcomers != 0 && _managers.length == 0;
        bool valid = founders.length == 0 ? !needed : newcomers != 0;
        _requireTerm(valid, "founders", founders.length);
        for (uint256 i = 0; i < founders.length; ++i) {
            address founder = founders[i];
            _requireTerm(founder != address(0) && !_isFounder[founder], "founders", i);
            _isFounder[founder] = true;
        }
        _founders = founders;
        _newcomers = newcomers;
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

    /// @inheritdoc Axes
    function _giveWay(Member memory m) internal override {
        if (_newcomers == 0 || _current.round != 0) return;
        // without founders in the terms, managers vouch for the first members
        if (_founders.length != 0 && !_isFounder[msg.sender]) return;
        // before the first round nobody stands between those who are in and the latest
        uint16 index = _inside + 1;
        (_inside, _eligible) = (index, index);
        _book.move(index, m.index);
        _book.registry[index - 1] = msg.sender;
        m.index = index;
    }

    /// @inheritdoc Axes
    function _closeUp(Member memory m) internal override {
        if (_newcomers == 0) return;
        (uint16 inside, uint16 eligible) = (_inside, _eligible);
        if (m.index > eligible) return;
        if (m.index <= inside) {
            _book.move(inside, m.index);
            m.index = inside;
            _inside = inside - 1;
        }
        _book.move(eligible, m.index);
        m.index = eligible;
        _eligible = eligible - 1;
    }

    /// @inheritdoc Axes
    function _letIn() internal override returns (uint256 count) {
        count = memberCount();
        if (_newcomers == 0) return count;
        (uint256 inside, uint256 eligible) = (uint256(_inside) + _newcomers, _eligible);
        if (inside > eligible) inside = eligible;
        (_inside, _eligible) = (uint16(inside), uint16(count));
        return inside;
    }

    /// @inheritdoc Axes
    function _waitsFor(Member memory m) internal view override returns (uint256) {
        uint256 inside = _inside;
        if (_newcomers == 0 || m.index <= inside) return 0;
        uint256 rounds = (m.index - inside - 1) / _newcomers + 1;
        if (rounds == 1 && m.index > _eligible) rounds = 2;
        return _current.round + rounds;
    }

    /// @dev For the leaf's constructor, when the panel's terms are set: only founders can be in the first round.
    function _requireEnoughFounders() internal view {
        uint256 count = _founders.length;
        _requireTerm(count == 0 || count >= _fewestMembers(), "founders", count);
    }
}
