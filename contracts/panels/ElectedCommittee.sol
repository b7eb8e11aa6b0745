// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Axes} from "../Axes.sol";
import {Federation} from "../Federation.sol";
import {Managers} from "../admissions/Managers.sol";
import {ProviderElection} from "../elections/ProviderElection.sol";
import {IBflc} from "../interfaces/IBflc.sol";
import {Bitmap} from "../libraries/Bitmap.sol";
import {Roles} from "../libraries/Flags.sol";
import {NumberedRecords} from "../publications/NumberedRecords.sol";

/// @title Panel: a committee votes and publishes, all others propose (Li et al., arXiv 2004.00773, III-B).
/// @notice Managers may name a committee between rounds; an accepted round elects the next. The draw decides before the
/// first, and after a round that the committee left undecided, which may mean that it is gone.
abstract contract ElectedCommittee is Federation, Managers, ProviderElection {
    uint32 internal immutable _mostProposals;

    bool private _isDrawn;
    uint40 private _namings;
    mapping(address account => uint256 naming) private _namedIn;

    constructor(BflcTerms memory t) Managers(t) ProviderElection(t) {
        _requireTerm(t.seats >= t.updates && t.seats <= Bitmap.SIZE, "seats", t.seats);
        _mostProposals = t.seats;
    }

    /// @inheritdoc IBflc
    function nameCommittee(address[] calldata accounts) external {
        _requirePhase(Phase.Open);
        _requireManager();
        if (accounts.length != _committee) revert InvalidCommittee(accounts.length, _committee);
        if (!_carry(accounts)) return;
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
    function _seats(Round memory r) internal view override returns (uint256) {
        uint256 others = r.members > _committee ? r.members - _committee : 0;
        return others < _mostProposals ? others : _mostProposals;
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

    /// @inheritdoc Axes
    function _verdict(uint256 round, Round memory r)
        internal
        override(Axes, NumberedRecords)
        returns (Verdict memory v)
    {
        v = NumberedRecords._verdict(round, r);
        if (v.outcome == Outcome.Accepted) (_electedBy, _isDrawn) = (uint40(round), false);
        else if (v.outcome == Outcome.Undecided && r.proposals != 0) _isDrawn = true;
    }
}
