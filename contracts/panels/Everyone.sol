// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Axes} from "../Axes.sol";
import {Bitmaps} from "../libraries/Bitmap.sol";
import {Roles} from "../libraries/Flags.sol";

/// @title Panel: every member proposes, votes and publishes.
abstract contract Everyone is Axes {
    uint32 internal immutable _minMembers;

    /// @param mostMembers bounds a round's updates too
    constructor(uint32 mostMembers, uint32 minMembers) {
        _requireTerm(mostMembers != 0 && mostMembers <= Bitmaps.SIZE, "winners", mostMembers);
        _requireTerm(minMembers != 0 && minMembers <= mostMembers, "minWinners", minMembers);
        _minMembers = minMembers;
    }

    /// @inheritdoc Axes
    function _fewestMembers() internal view override returns (uint256) {
        return _minMembers;
    }

    /// @inheritdoc Axes
    function _proposers(Round memory r) internal pure override returns (uint256) {
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
