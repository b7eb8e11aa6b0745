// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Axes} from "../Axes.sol";
import {UpdateBook} from "../books/UpdateBook.sol";
import {Acts} from "../libraries/Flags.sol";
import {StakeBook} from "../libraries/StakeBook.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @title Payout: an accepted round shares out a part of the pool by the scores of the selected updates ("profit
/// sharing by contribution", Li et al., arXiv 2004.00773, IV-A).
abstract contract ProfitByScore is UpdateBook {
    uint16 internal immutable _profitBps;

    constructor(uint16 profitBps) {
        _requireTerm(profitBps <= WHOLE_BPS, "profitBps", profitBps);
        _profitBps = profitBps;
    }

    /// @inheritdoc Axes
    function _reward(uint256 round, Round memory r, uint256 pool) internal view override returns (Payout memory p) {
        p.pool = pool;
        if (r.outcome != Outcome.Accepted) return p;
        uint256 scores = _totalWeight(round);
        if (scores == 0) return p;
        p.proposerReward = Math.min(pool * _profitBps / WHOLE_BPS / scores, StakeBook.MAX_STAKE);
        p.pool -= p.proposerReward * scores;
    }

    /// @inheritdoc Axes
    function _due(address, Member memory m, Round memory r) internal view override returns (int256) {
        if (r.outcome != Outcome.Accepted || m.acts & Acts.PROPOSED == 0) return 0;
        return int256(_selectedWeight(m) * r.proposerReward);
    }
}
