// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Axes} from "../Axes.sol";
import {Auction} from "../admissions/Auction.sol";
import {IBlade} from "../interfaces/IBlade.sol";
import {Bitmap} from "../libraries/Bitmap.sol";
import {Acts} from "../libraries/Flags.sol";
import {RoundClock} from "../libraries/RoundClock.sol";

/// @title Guard: out, and the deposit forfeited, where the jury finds an accused update to be a copy (Ma et al., arXiv
/// 2009.09338, III-C).
/// @notice Evidence is a pseudo-noise seed that the accuser was bound to before the round. It comes before any vote.
abstract contract Plagiarism is Auction {
    using Bitmap for uint256;

    uint256 private constant WHOLE_BPS = 10_000;

    uint32 internal immutable _challengeSeconds;
    mapping(uint256 round => uint256 bitmap) private _accused;

    constructor(BladeTerms memory t) Auction(t) {
        _requireTerm(t.challenge < t.schedule.commit, "challenge", t.challenge);
        _challengeSeconds = t.challenge;
    }

    /// @inheritdoc IBlade
    function accuse(uint256 round, uint256 number, bytes32 seed, uint256 correlation) external {
        Round memory r = _requireCurrent(round);
        Phase current = _phaseOf(r);
        if (current != Phase.Propose && current != Phase.Commit) revert WrongPhase(current, Phase.Commit);
        _requireBefore(_challengeEnd(r));
        Member memory m = _requireMember();
        if (m.round != round || m.acts & Acts.PROPOSED == 0) revert NotProposed(msg.sender, round);
        if (number >= r.proposals || number == m.number) revert NoSuchUpdate(number, r.proposals);
        _requireAtMost(correlation, WHOLE_BPS);
        bytes32 anchor = bidOf(msg.sender).anchor;
        if (_hashed(seed, round) != anchor) revert BadSeed(seed, anchor);

        _accused[round] |= 1 << number;
        emit Accused(round, msg.sender, number, seed, correlation);
    }

    /// @inheritdoc Axes
    function _checkCommit(Round memory r) internal view override {
        _requireTime(_challengeEnd(r));
    }

    /// @inheritdoc Axes
    function _mustLeave(Member memory m, Round memory r) internal view override returns (bool) {
        return _isConvicted(m, r);
    }

    /// @dev Whether the jury of the settled round `r` found the update that entry `m` proposed in it to be a copy.
    function _isConvicted(Member memory m, Round memory r) internal view returns (bool) {
        if (m.acts & Acts.PROPOSED == 0 || r.outcome == Outcome.Undecided) return false;
        return _accused[m.round].has(m.number) && !_isSelected(m);
    }

    /// @dev How many updates of `round` are accused and not selected.
    function _countConvicted(uint256 round) internal view returns (uint256) {
        return (_accused[round] & ~_selection(round)).count();
    }

    function _challengeEnd(Round memory r) private view returns (uint256) {
        return RoundClock.proposeEnd(r, _schedule()) + _challengeSeconds;
    }

    function _hashed(bytes32 seed, uint256 times) private pure returns (bytes32) {
        for (; times != 0; --times) {
            seed = keccak256(abi.encode(seed));
        }
        return seed;
    }
}
