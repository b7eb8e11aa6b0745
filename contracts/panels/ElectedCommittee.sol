// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Axes} from "../Axes.sol";
import {ElectionBook} from "../books/ElectionBook.sol";
import {MotionBook} from "../books/MotionBook.sol";
import {IBflc} from "../interfaces/IBflc.sol";
import {Bitmaps} from "../libraries/Bitmap.sol";
import {Roles} from "../libraries/Flags.sol";

/// @title Panel: a committee votes and publishes; others propose, as many as are drawn, or all of them (Li et al.,
/// arXiv 2004.00773, III-B).
/// @notice Managers may name a committee between rounds; an accepted round elects the next. The draw decides before the
/// first, and after a round that the committee left undecided, which may mean that it is gone.
abstract contract ElectedCommittee is ElectionBook, MotionBook {
    uint256 private constant MAX_COMMITTEE = 32;
    /// @dev A round's records have to fit a transaction, at two slots each.
    uint256 private constant MAX_UPDATES = 128;

    uint32 internal immutable _mostProposers;

    mapping(address account => uint256 naming) private _namedIn;

    constructor(BflcTerms memory t) ElectionBook(t) {
        _requireTerm(t.managers.length != 0, "managers", 0); // who else names a committee?
        _requireTerm(t.committee != 0 && t.committee <= MAX_COMMITTEE, "committee", t.committee);
        _requireTerm(t.updates >= t.committee && t.updates <= MAX_UPDATES, "updates", t.updates);
        // who is elected by speed came first
        Election last = t.race ? Election.Factors : Election.Random;
        _requireTerm(t.election <= uint8(last), "election", t.election);
        _requireTerm(t.speedBps <= WHOLE_BPS, "speedBps", t.speedBps);
        uint256 most = uint256(t.proposers) + (t.race ? 0 : t.committee);
        _requireTerm(t.proposers >= t.updates && most <= Bitmaps.SIZE, "proposers", t.proposers);
        _mostProposers = t.proposers;
    }

    /// @inheritdoc IBflc
    function nameCommittee(uint256 motionNumber, address[] calldata accounts) external {
        _requirePhase(Phase.Open);
        _requireManager();
        if (accounts.length != _committee) revert InvalidCommittee(accounts.length, _committee);
        if (!_carry(motionNumber, accounts)) return;
        ++_namings;
        (_electedBy, _isDrawn) = (0, false);
        for (uint256 i = 0; i < accounts.length; ++i) {
            address account = accounts[i];
            if (account == address(0) || _namedIn[account] == _namings) revert InvalidCommittee(i, _committee);
            _namedIn[account] = _namings;
        }
        emit CommitteeNamed(accounts);
    }

    /// @inheritdoc Axes
    function _fewestMembers() internal view override returns (uint256) {
        return uint256(_committee) + _updates;
    }

    /// @inheritdoc Axes
    function _proposers(Round memory r) internal view override returns (uint256) {
        (uint256 most, uint256 others) = (_mostProposers, r.members);
        // Whoever was named or elected may sit at any position, or have left: then all may propose whose positions are
        // drawn, and if some of these sit, the round waits until the phase ends.
        if (_race || _isByDraw()) others = others > _committee ? others - _committee : 0;
        else most += _committee;
        return others < most ? others : most;
    }

    /// @inheritdoc Axes
    function _voters(Round memory) internal view override returns (uint256) {
        return _committee;
    }

    /// @inheritdoc Axes
    function _publishers(Round memory) internal view override returns (uint256) {
        return _committee;
    }

    /// @inheritdoc Axes
    function _rolesAt(Round memory, address account, uint256 position) internal view override returns (uint8) {
        bool sits;
        if (_isByDraw()) sits = position < _committee;
        else if (_electedBy != 0) sits = _isElected(account);
        else sits = _namedIn[account] == _namings;
        if (sits) return Roles.VOTER | Roles.PUBLISHER;
        return _race || position < uint256(_mostProposers) + _committee ? Roles.PROPOSER : 0;
    }

    /// @dev Whether the draw decides who sits.
    function _isByDraw() private view returns (bool) {
        return _isDrawn || (_electedBy | _namings) == 0;
    }
}
