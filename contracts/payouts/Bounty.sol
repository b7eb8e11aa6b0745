// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Axes} from "../Axes.sol";
import {Membership} from "../Membership.sol";
import {BlockBook} from "../books/BlockBook.sol";
import {CopyBook} from "../books/CopyBook.sol";
import {TaskBook} from "../books/TaskBook.sol";
import {UpdateBook} from "../books/UpdateBook.sol";
import {Acts} from "../libraries/Flags.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @title Payout: a part of an accepted round's bounty goes to the block's winner, the rest to proposers by the samples
/// that the jury verified (Ma et al., arXiv 2009.09338, II-C). A plagiarist's deposit goes to the pool.
abstract contract Bounty is Membership, TaskBook, BlockBook, CopyBook, UpdateBook {
    uint16 internal immutable _blockBps;

    constructor(uint16 blockBps) {
        _requireTerm(blockBps <= WHOLE_BPS, "blockBps", blockBps);
        _blockBps = blockBps;
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
            ++_acceptedRounds;
        }
        p.pool += bond * _countConvicted(round);
    }

    /// @inheritdoc Axes
    function _due(address account, Member memory m, Round memory r) internal view override returns (int256 due) {
        if (_isConvicted(m, r)) due = -int256(bond);
        if (r.outcome != Outcome.Accepted) return due;
        if (m.acts & Acts.PROPOSED != 0) due += int256(_selectedWeight(m) * r.proposerReward);
        if (winnerOf[m.round] == account) due += int256(uint256(r.voterReward));
    }
}
