// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Axes} from "../Axes.sol";
import {Federation} from "../Federation.sol";
import {Managers} from "../admissions/Managers.sol";
import {IBflc} from "../interfaces/IBflc.sol";
import {Bitmap} from "../libraries/Bitmap.sol";
import {Draw} from "../libraries/Draw.sol";
import {Roles} from "../libraries/Flags.sol";
import {NumberedRecords} from "../publications/NumberedRecords.sol";

/// @title Panel: a committee votes and publishes, all others propose. The committee is elected from those whose updates
/// made the last model (Li et al., arXiv 2004.00773, IV-B).
/// @notice Managers name the first one. After an undecided round, which may mean that the committee is gone, and where
/// none was named, the draw decides.
abstract contract ElectedCommittee is Federation, Managers, NumberedRecords {
    using Bitmap for uint256;

    /// @dev The last update that an account proposed.
    struct Provided {
        uint40 round;
        uint16 number;
    }

    uint256 private constant MAX_COMMITTEE = 32;
    uint256 private constant WHOLE = 10_000;

    uint32 internal immutable _committee;
    uint32 internal immutable _mostProposals;
    uint16 internal immutable _speedBps;
    Election internal immutable _election;

    /// @dev The accepted round that the committee is elected from; 0: it is named or drawn.
    uint40 private _electedFrom;
    bool private _isDrawn;
    uint40 private _namings;
    mapping(address account => uint256 naming) private _namedIn;
    mapping(address account => Provided) private _provided;

    constructor(BflcTerms memory t) Managers(t) {
        _requireTerm(t.committee != 0 && t.committee <= MAX_COMMITTEE, "committee", t.committee);
        _requireTerm(t.updates >= t.committee, "updates", t.updates);
        _requireTerm(t.seats >= t.updates && t.seats <= MAX_UPDATES, "seats", t.seats);
        _requireTerm(t.election <= uint8(type(Election).max), "election", t.election);
        _requireTerm(t.speedBps <= WHOLE, "speedBps", t.speedBps);
        _committee = t.committee;
        _mostProposals = t.seats;
        _speedBps = t.speedBps;
        _election = Election(t.election);
    }

    /// @inheritdoc IBflc
    function nameCommittee(address[] calldata accounts) external {
        _requireManager();
        if (_clock.round != 0) revert AlreadyStarted(_clock.round);
        if (accounts.length != _committee) revert InvalidCommittee(accounts.length, _committee);
        if (!_carry()) return;
        ++_namings;
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
        return _sits(account, position) ? Roles.VOTER | Roles.PUBLISHER : Roles.PROPOSER;
    }

    /// @inheritdoc Axes
    function _admit(uint256 round, Round memory r, bytes32 digest, uint256 samples, uint256 epochs)
        internal
        override(Axes, NumberedRecords)
    {
        NumberedRecords._admit(round, r, digest, samples, epochs);
        _provided[msg.sender] = Provided(uint40(round), r.proposals);
    }

    /// @inheritdoc Axes
    function _verdict(uint256 round, Round memory r)
        internal
        override(Axes, NumberedRecords)
        returns (Verdict memory v)
    {
        v = NumberedRecords._verdict(round, r);
        if (v.outcome == Outcome.Rejected) return v;
        _isDrawn = v.outcome == Outcome.Undecided;
        _electedFrom = _isDrawn ? 0 : uint40(round);
    }

    function _sits(address account, uint256 position) private view returns (bool) {
        if (_electedFrom != 0) {
            Provided memory last = _provided[account];
            return last.round == _electedFrom && _isElected(last.number);
        }
        if (_isDrawn || _namings == 0) return position < _committee;
        return _namedIn[account] == _namings;
    }

    /// @dev Whether the provider of update `number` of the round that elects has a seat.
    function _isElected(uint256 number) private view returns (bool) {
        uint256 selection = _selection(_electedFrom);
        if (!selection.has(number)) return false;
        if (_election == Election.Random) {
            uint256 place = (selection & ((1 << number) - 1)).count();
            return Draw.position(_seed, place, _updates) < _committee;
        }
        uint256 own = _merit(number);
        uint256 better;
        for (uint256 n = 0; selection >> n != 0; ++n) {
            if (!selection.has(n) || n == number) continue;
            uint256 other = _merit(n);
            if (other > own || (other == own && n < number)) ++better;
        }
        return better < _committee;
    }

    /// @dev What an election goes by: the score, or score and speed: an update that came early has a fast network.
    function _merit(uint256 number) private view returns (uint256) {
        uint256 score = _weightOf(_electedFrom, number);
        if (_election == Election.Score) return score;
        uint256 proposals = _record(_electedFrom).proposals;
        return score * (WHOLE - _speedBps) + _speedBps * (WHOLE * (proposals - number) / proposals);
    }
}
