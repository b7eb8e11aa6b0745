// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Axes} from "../Axes.sol";
import {BlockBook} from "../books/BlockBook.sol";
import {UpdateBook} from "../books/UpdateBook.sol";
import {Acts} from "../libraries/Flags.sol";
import {StakeBook} from "../libraries/StakeBook.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @title Payout: a unit for each sample visited, signature verified and vote cast (formulas (1) to (3) of Chen et
/// al., arXiv 2101.03300).
/// @notice The terms set the unit; it is smaller if the pool doesn't hold enough. Undecided rounds pay nothing. Nobody
/// can check the samples that a worker claims: the terms can set what a selected update earns in place of formula (1).
/// @dev 256 updates of 32 bits each: sums of units need 40 bits, and units times the reward are at most the pool.
abstract contract UnitRewards is BlockBook, UpdateBook {
    uint96 internal immutable _unitReward;
    uint32 internal immutable _updateUnits;

    constructor(uint256 unitReward, uint32 updateUnits) {
        _requireTerm(unitReward <= StakeBook.MAX_STAKE, "unitReward", unitReward);
        _unitReward = uint96(unitReward);
        _updateUnits = updateUnits;
    }

    /// @inheritdoc Axes
    function _reward(uint256 round, Round memory r, uint256 pool) internal view override returns (Payout memory p) {
        p.pool = pool;
        if (r.outcome == Outcome.Undecided) return p;
        uint256 units = _updateUnits == 0 ? _totalWeight(round) : _updateUnits * _selection(round).count();
        units += _validatorUnits(r) * r.reveals + _minerUnits(r) * _minersOf(r);
        p.proposerReward = Math.min(_unitReward, pool / units);
        p.pool -= p.proposerReward * units;
    }

    /// @inheritdoc Axes
    function _due(address, Member memory m, Round memory r) internal view override returns (int256) {
        if (r.outcome == Outcome.Undecided) return 0;
        uint256 units = 0;
        if (m.acts & Acts.PROPOSED != 0) units = _workerUnits(m);
        if (m.acts & Acts.REVEALED != 0) units += _validatorUnits(r);
        if (m.acts & Acts.PUBLISHED != 0 && m.option == r.leadingOption) units += _minerUnits(r);
        return int256(units * r.proposerReward);
    }

    /// @dev Formula (1), or what the terms set instead.
    function _workerUnits(Member memory m) private view returns (uint256) {
        if (_updateUnits == 0) return _selectedWeight(m);
        return _isSelected(m) ? _updateUnits : 0;
    }

    /// @dev Formula (2): a signature verified and a vote, for each update.
    function _validatorUnits(Round memory r) private pure returns (uint256) {
        return 2 * uint256(r.proposals);
    }

    /// @dev Formula (3): a signature verified for each vote.
    function _minerUnits(Round memory r) private pure returns (uint256) {
        return uint256(r.proposals) * r.reveals;
    }
}
