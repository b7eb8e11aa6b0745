// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Axes} from "../Axes.sol";
import {Membership} from "../Membership.sol";
import {MotionBook} from "../books/MotionBook.sol";
import {StakeBook} from "../libraries/StakeBook.sol";

/// @title Admission: whom the managers allow, for a fee, until they expel it (Li et al., arXiv 2004.00773, IV-A).
/// Without managers anyone who stakes the bond, and pays the fee, may join, and nobody is barred.
/// @notice If the terms limit newcomers, who joins waits: it isn't drawn before a whole round and a pause have passed
/// in which everybody else could see it and leave. Founders are in at once when they join for the first time.
/// @dev The registry has three zones then: members who are in, those who joined before the last round opened and may
/// come in with the next, and those who joined since. The last of each zone moves to where a place becomes free in it.
abstract contract Managers is Membership, MotionBook {
    using StakeBook for StakeBook.Book;

    struct AdmissionTerms {
        uint256 fee; // for joining, above the stake
        address[] managers;
        address[] founders;
        uint16 newcomers;
    }

    uint96 internal immutable _fee;
    /// @dev How many come in when a round opens, at most unless it lacks more; 0: nobody waits, and there are no zones.
    uint16 internal immutable _newcomers;
    /// @dev 0: all who join before the first round are founders.
    uint256 private immutable _founderCount;

    mapping(address account => bool) private _isFounder;
    /// @dev How many are in: the index of the last of them.
    uint16 private _inside;
    /// @dev How many are in or may come in with the next round.
    uint16 private _eligible;

    constructor(AdmissionTerms memory t) MotionBook(t.managers) {
        _requireTerm(t.fee <= StakeBook.MAX_STAKE, "fee", t.fee);
        _fee = uint96(t.fee);
        address[] memory founders = t.founders;
        // where nobody waits, founders would have nothing that others don't
        _requireTerm(founders.length == 0 || t.newcomers != 0, "founders", founders.length);
        for (uint256 i = 0; i < founders.length; ++i) {
            address founder = founders[i];
            _requireTerm(founder != address(0) && !_isFounder[founder], "founders", i);
            _isFounder[founder] = true;
        }
        _founderCount = founders.length;
        _newcomers = t.newcomers;
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
        if (_newcomers == 0) return;
        // where nobody is named, all who join before the first round are founders; after it none passes others twice
        bool first = _current.round == 0;
        if (!first && m.unbondsAt != 0) return;
        if (!_isFounder[msg.sender] && !(first && _founderCount == 0)) return;
        // the first of each zone behind makes room at the zone's end
        (uint16 inside, uint16 eligible) = (_inside + 1, _eligible + 1);
        (_inside, _eligible) = (inside, eligible);
        _book.move(eligible, m.index);
        _book.move(inside, eligible);
        _book.registry[inside - 1] = msg.sender;
        m.index = inside;
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
    function _letIn() internal override returns (uint256 count, uint256 fewest) {
        count = memberCount();
        fewest = _fewestMembers();
        if (_newcomers == 0) return (count, fewest);
        bool first = _current.round == 0;
        if (first && _current.restUntil == 0) {
            // or some founders could come first, open at once, and be the majority
            uint256 most = (3 * _founderCount + 3) / 4;
            if (fewest < most) fewest = most;
        }
        (uint256 inside, uint256 eligible, uint256 all) = (_inside, _eligible, count);
        count = inside + _limit(inside, fewest);
        if (count > eligible) count = eligible;
        bool opens = count >= fewest;
        if (opens) _inside = uint16(count);
        // in the first round there are founders alone, however late it opens
        if (opens || !first) _eligible = uint16(all);
    }

    /// @inheritdoc Axes
    function _waitsFor(Member memory m) internal view override returns (uint256) {
        (uint256 inside, uint256 eligible, uint256 round) = (_inside, _eligible, _current.round);
        if (_newcomers == 0 || m.index <= inside) return 0;
        uint256 fewest = round == 0 ? 0 : _fewestMembers();
        uint256 ahead = m.index - inside - 1;
        uint256 first = _limit(inside, fewest);
        uint256 rounds = ahead < first ? 1 : (ahead - first) / _newcomers + 2;
        // the latest can come in with the next round only if that is to be put off for them
        if (rounds == 1 && m.index > eligible && eligible >= fewest) rounds = 2;
        return round + rounds;
    }

    /// @inheritdoc Axes
    function _countInside() internal view override returns (uint256) {
        return _newcomers == 0 ? memberCount() : _inside;
    }

    /// @dev How many of those who may come in do so with the next round: as many as are missing from `fewest`, if those
    /// are more than usual.
    function _limit(uint256 inside, uint256 fewest) private view returns (uint256) {
        return inside + _newcomers < fewest ? fewest - inside : _newcomers;
    }

    /// @dev For the leaf's constructor, when the panel's terms are set: only founders can be in the first round.
    function _requireEnoughFounders() internal view {
        uint256 count = _founderCount;
        _requireTerm(count == 0 || count >= _fewestMembers(), "founders", count);
    }
}
