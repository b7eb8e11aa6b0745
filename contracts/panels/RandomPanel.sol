// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Axes} from "../Axes.sol";
import {Roles} from "../libraries/Flags.sol";
import {StakeBook} from "../libraries/StakeBook.sol";

/// @title Panel: the first positions of the draw propose, all others vote.
abstract contract RandomPanel is Axes {
    uint32 internal immutable _mostProposers;
    uint32 internal immutable _minVoters;

    constructor(uint32 proposers, uint32 minVoters) {
        _requireTerm(proposers != 0, "proposers", proposers);
        bool fits = uint256(proposers) + minVoters <= StakeBook.MAX_MEMBERS;
        _requireTerm(minVoters != 0 && fits, "minVoters", minVoters);
        _mostProposers = proposers;
        _minVoters = minVoters;
    }

    /// @inheritdoc Axes
    function _fewestMembers() internal view override returns (uint256) {
        return uint256(_mostProposers) + _minVoters;
    }

    /// @inheritdoc Axes
    function _proposers(Round memory) internal view override returns (uint256) {
        return _mostProposers;
    }

    /// @inheritdoc Axes
    function _voters(Round memory r) internal view virtual override returns (uint256) {
        return r.members < _mostProposers ? 0 : r.members - _mostProposers;
    }

    /// @inheritdoc Axes
    function _rolesAt(Round memory, address, uint256 position) internal view virtual override returns (uint8) {
        return position < _mostProposers ? Roles.PROPOSER : Roles.VOTER;
    }
}
