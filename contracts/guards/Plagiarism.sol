// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Axes} from "../Axes.sol";
import {Auction} from "../admissions/Auction.sol";
import {IBlade} from "../interfaces/IBlade.sol";
import {Bitmap} from "../libraries/Bitmap.sol";
import {Acts} from "../libraries/Flags.sol";
import {RoundClock} from "../libraries/RoundClock.sol";
import {EachUpdate} from "../subjects/EachUpdate.sol";
import {Approvals} from "../verdicts/Approvals.sol";
import {Naming} from "../verdicts/Naming.sol";

/// @title Guard: out, and the deposit forfeited, where the jury holds an accused update to be a copy (Ma et al., arXiv
/// 2009.09338, III-C).
/// @notice Evidence is a pseudo-noise seed that the accuser was bound to before the round. It comes before any vote;
/// a ballot's second word names the copies.
abstract contract Plagiarism is Auction, Approvals, Naming {
    using Bitmap for uint256;

    uint32 internal immutable _challengeSeconds;
    /// @dev The accused of a round; of them only the convicted once its selection is fixed.
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
    function _guard(Member memory m, Round memory r) internal view override returns (bool) {
        return _isConvicted(m, r);
    }

    /// @inheritdoc Approvals
    function _ballotLength() internal pure override returns (uint256) {
        return NAMING_BALLOT;
    }

    /// @inheritdoc Axes
    function _count(uint256 round, Round memory r, bytes calldata ballot)
        internal
        override(Axes, Approvals)
        returns (uint16 option)
    {
        option = Approvals._count(round, r, ballot);
        _countNamed(r, ballot);
    }

    /// @dev Whether the jury of round `r` held the update that entry `m` proposed in it to be a copy.
    function _isConvicted(Member memory m, Round memory r) internal view returns (bool) {
        if (m.acts & Acts.PROPOSED == 0 || r.outcome == Outcome.Undecided) return false;
        return _accused[m.round].has(m.number);
    }

    /// @dev Copies don't pass. An accused update is one if more than half of those drawn to judge name it: who stayed
    /// away convicts nobody.
    /// @inheritdoc Approvals
    function _select(uint256 round, Round memory r) internal override(EachUpdate, Approvals) returns (uint256) {
        uint256 convicted = _accused[round];
        if (convicted != 0) {
            convicted &= _namedByMost(r, _voters(r));
            _accused[round] = convicted;
        }
        return Approvals._select(round, r) & ~convicted;
    }

    /// @dev How many updates the jury of `round` held to be copies.
    function _countConvicted(uint256 round) internal view returns (uint256) {
        return _accused[round].count();
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
