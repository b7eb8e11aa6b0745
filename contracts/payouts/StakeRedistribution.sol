// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Axes} from "../Axes.sol";
import {StakeBook} from "../libraries/StakeBook.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @title Payout: rejected proposers fill the pool that accepted ones share, and outvoted voters pay the majority
/// (algorithms 1 and 2 of Dong et al., arXiv 2307.00543).
/// @notice Whoever commits and doesn't reveal pays as if outvoted, whatever the outcome.
abstract contract StakeRedistribution is Axes {
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
    function _reward(uint256, Round memory r, uint256 pool) internal view override returns (Payout memory p) {
        p.pool = pool;
        if (r.outcome == Outcome.Undecided) {
            p.pool += uint256(_voterStake) * (r.commits - r.reveals);
            return p;
        }
        if (r.outcome == Outcome.Accepted) {
            p.proposerReward = Math.min(pool / r.proposals, StakeBook.MAX_STAKE);
            p.pool -= p.proposerReward * r.proposals;
        } else {
            p.pool += uint256(_proposerStake) * r.proposals;
        }
        uint256 lost = uint256(_voterStake) * (r.commits - r.lead);
        p.voterReward = Math.min(lost / r.lead, StakeBook.MAX_STAKE);
        p.pool += lost - p.voterReward * r.lead;
    }

    /// @inheritdoc Axes
    function _due(address, Member memory m, Round memory r) internal view override returns (int256) {
        if (m.act == Act.Proposed) {
            return r.outcome == Outcome.Rejected ? -int256(uint256(_proposerStake)) : int256(uint256(r.proposerReward));
        }
        if (m.act == Act.Revealed) {
            if (r.outcome == Outcome.Undecided) return 0;
            if (m.option == r.leader) return int256(uint256(r.voterReward));
        }
        return -int256(uint256(_voterStake));
    }
}
