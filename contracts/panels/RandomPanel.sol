// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Axes} from "../Axes.sol";
import {Roles} from "../libraries/Flags.sol";
import {StakeBook} from "../libraries/StakeBook.sol";

/// @title Panel: the first positions of the draw propose, all others vote.
abstract contract RandomPanel is Axes {
    uint32 internal immutable _proposers;
    uint32 internal immutable _minVoters;

    constructor(uint32 proposers, uint32 minVoters) {
        _requireTerm(proposers != 0, "seats", proposers);
        bool fits = uint256(proposers) + minVoters <= StakeBook.MAX_MEMBERS;
        _requireTerm(minVoters != 0 && fits, "minVoters", minVoters);
        _proposers = proposers;
        _minVoters = minVoters;
    }

    /// @inheritdoc Axes
    function _fewestMembers() internal view override returns (uint256) {
        return uint256(_proposers) + _minVoters;
    }

    /// @inheritdoc Axes
    function _seats(Round memory) internal view override returns (uint256) {
        return _proposers;
    }

    /// @inheritdoc Axes
    function _voters(Round memory r) internal view override returns (uint256) {
        return r.members < _proposers ? 0 : r.members - _proposers;
    }

    /// @inheritdoc Axes
    function _rolesAt(Round memory, address, uint256 position) internal view override returns (uint8) {
        return position < _proposers ? Roles.PROPOSER : Roles.VOTER;
    }
}
