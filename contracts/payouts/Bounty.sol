// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Axes} from "../Axes.sol";
import {Plagiarism} from "../guards/Plagiarism.sol";
import {Acts} from "../libraries/Flags.sol";
import {BlockWinner} from "../publications/BlockWinner.sol";
import {Claims} from "../subjects/Claims.sol";
import {PublishedTask} from "../tasks/PublishedTask.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @title Payout: an accepted round's bounty goes to the block's winner in part, the rest to the proposers by the
/// samples that the jury verified (Ma et al., arXiv 2009.09338, II-C). A plagiarist's deposit goes to the pool.
/// @dev `Claims` stands first because its terms are checked before the task's.
abstract contract Bounty is Claims, PublishedTask, BlockWinner, Plagiarism {
    uint16 internal immutable _blockBps;

    constructor(BladeTerms memory t) PublishedTask(t) BlockWinner(t.powBits) Plagiarism(t) {
        _requireTerm(t.blockBps <= WHOLE_BPS, "blockBps", t.blockBps);
        _blockBps = t.blockBps;
    }

    /// @inheritdoc Axes
    function _reward(uint256 round, Round memory r, uint256 pool) internal override returns (Payout memory p) {
        p.pool = pool;
        if (r.outcome == Outcome.Undecided) return p;
        if (r.outcome == Outcome.Accepted) {
            uint256 bounty = Math.min(pool, _bounty / _taskRounds);
            if (winnerOf[round] != address(0)) p.voterReward = bounty * _blockBps / WHOLE_BPS;
            uint256 samples = _totalWeight(round);
            p.proposerReward = (bounty - p.voterReward) / samples;
            p.pool -= p.proposerReward * samples + p.voterReward;
            _noteAccepted();
        }
        p.pool += bond * _countConvicted(round);
    }

    /// @dev Whoever is convicted wins no block.
    /// @inheritdoc BlockWinner
    function _mayMine(Member memory m, Round memory r, uint8) internal view override returns (bool) {
        return !_isConvicted(m, r);
    }

    /// @inheritdoc Axes
    function _due(address account, Member memory m, Round memory r) internal view override returns (int256 due) {
        if (_isConvicted(m, r)) due = -int256(bond);
        if (r.outcome != Outcome.Accepted) return due;
        if (m.acts & Acts.PROPOSED != 0) due += int256(_selectedWeight(m) * r.proposerReward);
        if (winnerOf[m.round] == account) due += int256(uint256(r.voterReward));
    }
}
