// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {RoundBook} from "../RoundBook.sol";
import {Bitmap} from "../libraries/Bitmap.sol";
import {Draw} from "../libraries/Draw.sol";
import {RecordBook} from "./RecordBook.sol";
import {UpdateBook} from "./UpdateBook.sol";

/// @title Election of a committee from those whose updates made the last model: by score, at random, or by score and
/// speed (Li et al., arXiv 2004.00773, IV-B).
/// @dev Elections aren't stored: whether a member has a seat is computed when it acts.
abstract contract ElectionBook is RoundBook, RecordBook, UpdateBook {
    /// @dev An account's last update and, if that is newer than the electing round, its update in that round: after a
    /// rejected round the next seed elects from the same updates.
    struct Provided {
        uint40 round;
        uint16 updateNumber;
        uint40 electingRound;
        uint16 electingUpdate;
    }

    uint32 internal immutable _committee;
    uint16 internal immutable _speedBps;
    /// @dev An `Election`.
    uint8 internal immutable _election;

    mapping(address account => Provided) private _provided;
    /// @dev The accepted round that the committee is elected by; 0: it is named or drawn.
    uint40 internal _electedBy;
    /// @dev Whether the draw decides, whoever was named or elected before.
    bool internal _isDrawn;
    /// @dev How often managers named a committee.
    uint40 internal _namings;

    /// @dev The panel checks these terms.
    constructor(BflcTerms memory t) {
        _committee = t.committee;
        _election = t.election;
        _speedBps = t.speedBps;
    }

    /// @dev Note that the caller proposed update `updateNumber` of `round`.
    function _noteProvider(uint256 round, uint16 updateNumber) internal {
        Provided memory p = _provided[msg.sender];
        if (p.round == _electedBy) (p.electingRound, p.electingUpdate) = (p.round, p.updateNumber);
        (p.round, p.updateNumber) = (uint40(round), updateNumber);
        _provided[msg.sender] = p;
    }

    /// @dev Record how the next committee is found, now that `round` has its `outcome`. An accepted round elects it.
    /// After a round that the committee left undecided the draw decides, since the committee may be gone.
    function _noteElection(uint256 round, Round memory r, Outcome outcome) internal {
        if (outcome == Outcome.Accepted) (_electedBy, _isDrawn) = (uint40(round), false);
        else if (outcome == Outcome.Undecided && r.proposals != 0) _isDrawn = true;
    }

    /// @dev Whether `account` is elected, where there was an election.
    function _isElected(address account) internal view returns (bool) {
        Provided memory p = _provided[account];
        if (p.round == _electedBy) return _isElected(p.updateNumber);
        return p.electingRound == _electedBy && _isElected(p.electingUpdate);
    }

    /// @dev Whether the provider of update `updateNumber` of the round that elects is elected.
    function _isElected(uint256 updateNumber) private view returns (bool) {
        uint256 round = _electedBy;
        Bitmap selection = _selection(round);
        if (!selection.has(updateNumber)) return false;
        if (_election == uint8(Election.Random)) {
            uint256 place = selection.below(updateNumber).count();
            return Draw.position(_seed, place, _updates) < _committee;
        }
        uint256 own = _merit(round, updateNumber);
        uint256 better = 0;
        for (uint256 n = 0; !selection.fits(n); ++n) {
            if (!selection.has(n) || n == updateNumber) continue;
            uint256 other = _merit(round, n);
            if (other > own || (other == own && n < updateNumber)) ++better;
        }
        return better < _committee;
    }

    /// @dev What an election goes by: the score, or score and speed: an update that came early has a fast network.
    function _merit(uint256 round, uint256 updateNumber) private view returns (uint256) {
        uint256 score = _weightOf(round, updateNumber);
        if (_election == uint8(Election.Score)) return score;
        uint256 proposals = _record(round).proposals;
        return score * (WHOLE_BPS - _speedBps) + _speedBps * (WHOLE_BPS * (proposals - updateNumber) / proposals);
    }
}
