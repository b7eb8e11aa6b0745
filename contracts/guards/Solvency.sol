// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Axes} from "../Axes.sol";
import {Membership} from "../Membership.sol";

/// @title Guard: banned when too poor to stake.
abstract contract Solvency is Membership {
    /// @inheritdoc Axes
    function _guard(Member memory m, Round memory) internal view override returns (bool) {
        return m.stake < bond;
    }

    /// @inheritdoc Axes
    function _checkCommit(Round memory) internal pure override {}
}
