// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Axes} from "../Axes.sol";
import {Bitmaps} from "../libraries/Bitmap.sol";
import {Roles} from "../libraries/Flags.sol";
import {StakeBook} from "../libraries/StakeBook.sol";

/// @title Panel: workers propose, validators vote, miners publish, validators check what is published.
/// @notice If members are few, there are fewer proposers; validators and miners are never fewer.
abstract contract WorkerPanel is Axes {
    uint32 internal immutable _mostProposers;
    uint32 internal immutable _validators;
    uint32 internal immutable _miners;

    constructor(uint32 proposers, uint32 validators, uint32 miners) {
        _requireTerm(proposers != 0 && proposers <= Bitmaps.SIZE, "proposers", proposers);
        _requireTerm(validators != 0, "validators", validators);
        // with a worker, a registry must have room for them
        _requireTerm(miners != 0 && uint256(validators) + miners < StakeBook.MAX_MEMBERS, "miners", miners);
        _mostProposers = proposers;
        _validators = validators;
        _miners = miners;
    }

    /// @inheritdoc Axes
    function _fewestMembers() internal view override returns (uint256) {
        return uint256(_validators) + _miners + 1;
    }

    /// @inheritdoc Axes
    function _proposers(Round memory r) internal view override returns (uint256) {
        uint256 jury = uint256(_validators) + _miners;
        uint256 left = r.members > jury ? r.members - jury : 0;
        return left < _mostProposers ? left : _mostProposers;
    }

    /// @inheritdoc Axes
    function _voters(Round memory) internal view override returns (uint256) {
        return _validators;
    }

    /// @inheritdoc Axes
    function _publishers(Round memory) internal view override returns (uint256) {
        return uint256(_validators) + _miners;
    }

    /// @inheritdoc Axes
    function _rolesAt(Round memory r, address, uint256 position) internal view override returns (uint8) {
        uint256 proposers = _proposers(r);
        if (position < proposers) return Roles.PROPOSER;
        if (position < proposers + _validators) return Roles.VOTER | Roles.PUBLISHER;
        return position < proposers + _validators + _miners ? Roles.PUBLISHER : 0;
    }
}
