// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Axes} from "../Axes.sol";
import {Federation} from "../Federation.sol";
import {Bitmap} from "../libraries/Bitmap.sol";
import {Draw} from "../libraries/Draw.sol";
import {NumberedRecords} from "../publications/NumberedRecords.sol";

/// @title Election of a committee from those whose updates made the last model: by score, at random, or by score and
/// speed (Li et al., arXiv 2004.00773, IV-B).
/// @dev Nobody's election is stored: whether a member has a seat is worked out when it acts.
abstract contract ProviderElection is Federation, NumberedRecords {
    using Bitmap for uint256;

    /// @dev The last update that an account proposed; and if that is a later one, the one that it can be elected for:
    /// after a rejected round the seed of the next elects from the same updates.
    struct Provided {
        uint40 round;
        uint16 number;
        uint40 electingRound;
        uint16 electingNumber;
    }

    uint256 private constant MAX_COMMITTEE = 32;
    /// @dev A round's records have to fit a transaction, at two slots each.
    uint256 private constant MAX_UPDATES = 128;
    uint32 internal immutable _committee;
    uint16 internal immutable _speedBps;
    Election internal immutable _election;

    mapping(address account => Provided) private _provided;
    /// @dev The accepted round that the committee is elected by; 0: it is named or drawn.
    uint40 internal _electedBy;

    constructor(BflcTerms memory t) {
        _requireTerm(t.committee != 0 && t.committee <= MAX_COMMITTEE, "committee", t.committee);
        _requireTerm(t.updates >= t.committee && t.updates <= MAX_UPDATES, "updates", t.updates);
        _requireTerm(t.election <= uint8(type(Election).max), "election", t.election);
        _requireTerm(t.speedBps <= WHOLE_BPS, "speedBps", t.speedBps);
        _committee = t.committee;
        _speedBps = t.speedBps;
        _election = Election(t.election);
    }

    /// @inheritdoc Axes
    function _admit(uint256 round, Round memory r, bytes32 digest, uint256 samples, uint256 epochs)
        internal
        override(Axes, NumberedRecords)
    {
        NumberedRecords._admit(round, r, digest, samples, epochs);
        Provided memory p = _provided[msg.sender];
        if (p.round == _electedBy) (p.electingRound, p.electingNumber) = (p.round, p.number);
        (p.round, p.number) = (uint40(round), r.proposals);
        _provided[msg.sender] = p;
    }

    /// @dev Whether `account` is elected, where there was an election.
    function _isElected(address account) internal view returns (bool) {
        Provided memory p = _provided[account];
        if (p.round == _electedBy) return _isElected(p.number);
        return p.electingRound == _electedBy && _isElected(p.electingNumber);
    }

    /// @dev Whether the provider of update `number` of the round that elects is elected.
    function _isElected(uint256 number) private view returns (bool) {
        uint256 round = _electedBy;
        uint256 selection = _selection(round);
        if (!selection.has(number)) return false;
        if (_election == Election.Random) {
            uint256 place = (selection & ((1 << number) - 1)).count();
            return Draw.position(_seed, place, _updates) < _committee;
        }
        uint256 own = _merit(round, number);
        uint256 better = 0;
        for (uint256 n = 0; selection >> n != 0; ++n) {
            if (!selection.has(n) || n == number) continue;
            uint256 other = _merit(round, n);
            if (other > own || (other == own && n < number)) ++better;
        }
        return better < _committee;
    }

    /// @dev What an election goes by: the score, or score and speed: an update that came early has a fast network.
    function _merit(uint256 round, uint256 number) private view returns (uint256) {
        uint256 score = _weightOf(round, number);
        if (_election == Election.Score) return score;
        uint256 proposals = _record(round).proposals;
        return score * (WHOLE_BPS - _speedBps) + _speedBps * (WHOLE_BPS * (proposals - number) / proposals);
    }
}
