// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Axes} from "../Axes.sol";

/// @title Whose proposers have to pay. A verdict says which updates are blamed, a payout reads it.
abstract contract BlameBook is Axes {
    /// @dev Whether update `updateNumber` of `round` is blamed, if a round of its outcome blames any.
    function _isBlamed(uint256 round, uint256 updateNumber) internal view virtual returns (bool);

    /// @dev How many updates of `round`, of record `r`, are blamed, if a round of its outcome blames any.
    function _countBlamed(uint256 round, Round memory r) internal view virtual returns (uint256);

    /// @dev How many updates of round `r` were pledged and not proposed; none where nothing is pledged.
    function _brokenPledges(Round memory r) internal pure returns (uint256) {
        return r.pledges > r.proposals ? r.pledges - r.proposals : 0;
    }
}
