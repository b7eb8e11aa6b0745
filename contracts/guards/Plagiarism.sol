// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Axes} from "../Axes.sol";
import {Membership} from "../Membership.sol";
import {BidBook} from "../books/BidBook.sol";
import {CopyBook} from "../books/CopyBook.sol";
import {IBlade} from "../interfaces/IBlade.sol";
import {Acts} from "../libraries/Flags.sol";
import {RoundClock} from "../libraries/RoundClock.sol";

/// @title Guard: a member whose accused update the jury convicts as a copy is banned, and forfeits its deposit (Ma et
/// al., arXiv 2009.09338, III-C).
/// @notice Evidence is a pseudo-noise seed to which the accuser was bound before the round. It comes before any vote.
abstract contract Plagiarism is Membership, BidBook, CopyBook {
    uint32 internal immutable _challengeSeconds;

    constructor(BladeTerms memory t) {
        _requireTerm(t.challenge < t.schedule.commit, "challenge", t.challenge);
        _challengeSeconds = t.challenge;
    }

    /// @inheritdoc IBlade
    function accuse(uint256 round, uint256 updateNumber, bytes32 seed, uint256 correlation) external {
        Round memory r = _requireCurrent(round);
        Phase current = _phaseOf(r);
        if (current != Phase.Propose && current != Phase.Commit) revert WrongPhase(current, Phase.Commit);
        _requireBefore(_challengeEnd(r));
        Member memory m = _requireMember();
        if (m.round != round || m.acts & Acts.PROPOSED == 0) revert NotProposed(msg.sender, round);
        if (updateNumber >= r.proposals || updateNumber == m.updateNumber) {
            revert NoSuchUpdate(updateNumber, r.proposals);
        }
        _requireAtMost(correlation, WHOLE_BPS);
        bytes32 anchor = bidOf(msg.sender).anchor;
        if (_hashed(seed, round) != anchor) revert BadSeed(seed, anchor);

        _accused[round] = _accused[round].with(updateNumber);
        emit Accused(round, msg.sender, updateNumber, seed, correlation);
    }

    /// @inheritdoc Axes
    function _checkCommit(Round memory r) internal view override {
        _requireTime(_challengeEnd(r));
    }

    /// @inheritdoc Axes
    function _guard(Member memory m, Round memory r) internal view override returns (bool) {
        return _isConvicted(m, r);
    }

    function _challengeEnd(Round memory r) private view returns (uint256) {
        return RoundClock.proposeEnd(r, _schedule()) + _challengeSeconds;
    }

    function _hashed(bytes32 seed, uint256 times) private pure returns (bytes32) {
        for (; times != 0; --times) {
            assembly ("memory-safe") {
                // seed = keccak256(abi.encode(seed)), for many rounds at a third of the cost
                mstore(0, seed)
                seed := keccak256(0, 0x20)
            }
        }
        return seed;
    }
}
