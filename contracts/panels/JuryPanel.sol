// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Axes} from "../Axes.sol";
import {IStakeJury} from "../interfaces/IStakeJury.sol";
import {Roles} from "../libraries/Flags.sol";
import {RandomPanel} from "./RandomPanel.sol";

/// @title Panel: the first positions of the draw propose; the next ones, up to a limit, are a jury that votes and
/// publishes, and is odd unless the terms want another; all others rest.
abstract contract JuryPanel is RandomPanel {
    /// @dev 0: all who don't propose, or one fewer.
    uint32 internal immutable _mostVoters;

    constructor(IStakeJury.StakeJuryTerms memory t) RandomPanel(t.proposers, t.minVoters) {
        _requireTerm(t.voters == 0 || t.voters >= t.minVoters, "voters", t.voters);
        _mostVoters = t.voters;
    }

    /// @dev Where fewer are there than the limit, the largest odd number of them: half of an even jury is enough to let
    /// nothing pass.
    /// @inheritdoc Axes
    function _voters(Round memory r) internal view override returns (uint256) {
        uint256 others = RandomPanel._voters(r);
        if (_mostVoters != 0 && others >= _mostVoters) return _mostVoters;
        return others == 0 ? 0 : (others - 1) | 1;
    }

    /// @inheritdoc Axes
    function _publishers(Round memory r) internal view override returns (uint256) {
        return _voters(r);
    }

    /// @inheritdoc Axes
    function _rolesAt(Round memory r, address, uint256 position) internal view override returns (uint8) {
        if (position < _mostProposers) return Roles.PROPOSER;
        return position < _mostProposers + _voters(r) ? Roles.VOTER | Roles.PUBLISHER : 0;
    }
}
