// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Axes} from "../Axes.sol";
import {BlameBook} from "../books/BlameBook.sol";
import {Acts} from "../libraries/Flags.sol";
import {StakeBook} from "../libraries/StakeBook.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @title Payout: rejected proposers fill the pool that accepted ones share, and outvoted voters pay the majority
/// (algorithms 1 and 2 of Dong et al., arXiv 2307.00543).
/// @notice Whatever the outcome, a voter that commits and doesn't reveal pays as if outvoted, and a proposer that
/// pledges and doesn't propose pays as if rejected.
abstract contract StakeRedistribution is BlameBook {
    uint96 internal immutable _proposerStake;
    uint96 internal immutable _voterStake;

    constructor(uint256 proposerStake, uint256 voterStake, uint256 bond) {
        _requireTerm(proposerStake <= bond, "proposerStake", proposerStake);
        _requireTerm(voterStake <= bond, "voterStake", voterStake);
        // the core has checked that the bond fits
        _proposerStake = uint96(proposerStake);
        _voterStake = uint96(voterStake);
    }

    /// @inheritdoc Axes
    function _reward(uint256 round, Round memory r, uint256 pool) internal view override returns (Payout memory p) {
        p.pool = pool + uint256(_proposerStake) * _brokenPledges(r);
        if (r.outcome == Outcome.Undecided) {
            p.pool += uint256(_voterStake) * (r.commits - r.reveals);
            return p;
        }
        if (r.outcome == Outcome.Accepted) {
            p.proposerReward = Math.min(pool / r.proposals, StakeBook.MAX_STAKE);
            p.pool -= p.proposerReward * r.proposals;
        } else {
            p.pool += uint256(_proposerStake) * _countBlamed(round, r);
        }
        // outvoted voters and those who didn't reveal: neither counts for the leading option
        uint256 lost = uint256(_voterStake) * (r.commits - r.leadingCount);
        p.voterReward = Math.min(lost / r.leadingCount, StakeBook.MAX_STAKE);
        p.pool += lost - p.voterReward * r.leadingCount;
    }

    /// @inheritdoc Axes
    function _due(address, Member memory m, Round memory r) internal view override returns (int256) {
        if (m.acts & Acts.PROPOSED != 0) {
            if (r.outcome != Outcome.Rejected) return int256(uint256(r.proposerReward));
            return _isBlamed(m.round, m.updateNumber) ? -int256(uint256(_proposerStake)) : int256(0);
        }
        if (m.acts & Acts.PLEDGED != 0) return -int256(uint256(_proposerStake));
        if (m.acts & Acts.REVEALED != 0) {
            if (r.outcome == Outcome.Undecided) return 0;
            if (m.option == r.leadingOption) return int256(uint256(r.voterReward));
        }
        // outvoted, or committed and not revealed
        return -int256(uint256(_voterStake));
    }
}
