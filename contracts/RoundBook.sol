// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Axes} from "./Axes.sol";
import {IFederation} from "./interfaces/IFederation.sol";
import {RoundClock} from "./libraries/RoundClock.sol";

/// @title The records of rounds, and the phase and the seed of the current one.
abstract contract RoundBook is Axes {
    /// @dev What the core keeps of now, beside the records; one slot. Only a token
    /// of more than 2^128 units could overflow the pool.
    struct Current {
        uint40 round;
        uint40 restUntil;
        uint48 sealBlock;
        uint128 pool;
    }

    /// @dev What an action in a round asks for, and what it counts as. Passed in memory: literal arguments would make
    /// the compiler duplicate the callee.
    struct Part {
        Phase phase;
        uint8 role;
        uint8 act;
    }

    uint32 private immutable _openSeconds;
    uint32 private immutable _pledgeSeconds;
    uint32 private immutable _proposeSeconds;
    uint32 private immutable _commitSeconds;
    uint32 private immutable _revealSeconds;
    uint32 private immutable _publishSeconds;
    uint32 internal immutable _unbondingSeconds;

    Current internal _current;
    /// @dev The seed of the round in progress, or of the last one.
    bytes32 internal _seed;
    mapping(uint256 round => Round) internal _rounds;

    /// @dev Its terms are checked by `Federation`, in the order of the core's terms.
    constructor(Schedule memory s) {
        _openSeconds = s.open;
        _pledgeSeconds = s.pledge;
        _proposeSeconds = s.propose;
        _commitSeconds = s.commit;
        _revealSeconds = s.reveal;
        _publishSeconds = s.publish;
        _unbondingSeconds = s.unbonding;
    }

    /// @inheritdoc IFederation
    function pool() external view returns (uint256) {
        return _current.pool;
    }

    /// @inheritdoc IFederation
    function phase() public view returns (Phase) {
        uint256 round = _current.round;
        return _phaseOf(_record(round));
    }

    /// @inheritdoc IFederation
    function roundOf(uint256 round) public view returns (Round memory r) {
        r = _record(round);
        Round storage kept = _rounds[round];
        (r.proposerReward, r.voterReward) = (kept.proposerReward, kept.voterReward);
    }

    /// @dev The phase of a round of record `r`, the current one.
    function _phaseOf(Round memory r) internal view virtual returns (Phase) {
        return RoundClock.phase({
            r: r,
            s: _schedule(),
            proposers: _proposers(r),
            voters: _voters(r),
            publishers: _publishers(r),
            sealBlock: r.drawnAt == 0 ? _current.sealBlock : 0,
            time: block.timestamp,
            blockNumber: block.number
        });
    }

    function _requirePhase(Phase needed) internal view {
        _requirePhase(_record(_current.round), needed);
    }

    function _requirePhase(Round memory r, Phase needed) internal view {
        Phase current = _phaseOf(r);
        if (current != needed) revert WrongPhase(current, needed);
    }

    /// @dev The record of `round`, if it is the current one and in the phase of `part`.
    function _requireRound(uint256 round, Part memory part) internal view returns (Round memory r) {
        r = _requireCurrent(round);
        _requirePhase(r, part.phase);
    }

    /// @dev Skip loading `_current.round` when `round` is drawn and unsettled: only the current round can be.
    function _requireCurrent(uint256 round) internal view returns (Round memory r) {
        r = _record(round);
        bool running = r.drawnAt != 0 && r.outcome == Outcome.None;
        if (!running && round != _current.round) revert WrongRound(round, _current.round);
    }

    /// @dev The record of `round` without its rewards: one slot.
    function _record(uint256 round) internal view returns (Round memory r) {
        Round storage kept = _rounds[round];
        r.drawnAt = kept.drawnAt;
        r.members = kept.members;
        r.pledges = kept.pledges;
        r.proposals = kept.proposals;
        r.commits = kept.commits;
        r.reveals = kept.reveals;
        r.publications = kept.publications;
        r.leadingCount = kept.leadingCount;
        r.options = kept.options;
        r.leadingOption = kept.leadingOption;
        r.outcome = kept.outcome;
    }

    function _schedule() internal view returns (Schedule memory) {
        return Schedule({
            open: _openSeconds,
            pledge: _pledgeSeconds,
            propose: _proposeSeconds,
            commit: _commitSeconds,
            reveal: _revealSeconds,
            publish: _publishSeconds,
            unbonding: _unbondingSeconds
        });
    }
}
