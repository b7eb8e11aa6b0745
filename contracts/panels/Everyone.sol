// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Axes} from "../Axes.sol";
import {Bitmap} from "../libraries/Bitmap.sol";
import {Roles} from "../libraries/Flags.sol";

/// @title Panel: every member proposes, votes and publishes.
abstract contract Everyone is Axes {
    uint32 internal immutable _minMembers;

    /// @param seats the most members
    constructor(uint32 seats, uint32 minMembers) {
        _requireTerm(seats != 0 && seats <= Bitmap.SIZE, "winners", seats);
        _requireTerm(minMembers != 0 && minMembers <= seats, "minWinners", minMembers);
        _minMembers = minMembers;
    }

    /// @inheritdoc Axes
    function _fewestMembers() internal view override returns (uint256) {
        return _minMembers;
    }

    /// @inheritdoc Axes
    function _seats(Round memory r) internal pure override returns (uint256) {
        return r.members;
    }

    /// @inheritdoc Axes
    function _voters(Round memory r) internal pure override returns (uint256) {
        return r.members;
    }

    /// @inheritdoc Axes
    function _publishers(Round memory r) internal pure override returns (uint256) {
        return r.members;
    }

    /// @inheritdoc Axes
    function _rolesAt(Round memory, address, uint256) internal pure override returns (uint8) {
        return Roles.PROPOSER | Roles.VOTER | Roles.PUBLISHER;
    }
}
