// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Axes} from "../Axes.sol";
import {ElectionBook} from "../books/ElectionBook.sol";
import {MotionBook} from "../books/MotionBook.sol";
import {IBflc} from "../interfaces/IBflc.sol";
import {Bitmaps} from "../libraries/Bitmap.sol";
import {Roles} from "../libraries/Flags.sol";

/// @title Panel: a committee votes and publishes, all others propose (Li et al., arXiv 2004.00773, III-B).
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
        _requireTerm(t.election <= uint8(type(Election).max), "election", t.election);
        _requireTerm(t.speedBps <= WHOLE_BPS, "speedBps", t.speedBps);
        _requireTerm(t.proposers >= t.updates && t.proposers <= Bitmaps.SIZE, "proposers", t.proposers);
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
        uint256 others = r.members > _committee ? r.members - _committee : 0;
        return others < _mostProposers ? others : _mostProposers;
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
        if (_isDrawn || (_electedBy | _namings) == 0) sits = position < _committee;
        else if (_electedBy != 0) sits = _isElected(account);
        else sits = _namedIn[account] == _namings;
        return sits ? Roles.VOTER | Roles.PUBLISHER : Roles.PROPOSER;
    }
}
